//! Users as ConnectUsers: their names, namespaces and files. The same users give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::api::{ConnectUser, ConnectUserSpec, ManagementPolicy};

/// A ConnectUser to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Manifest {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) spec: ConnectUserSpec,
}

/// Returns the name of the ConnectUser of a user. It depends on the username alone, so a user that is added later changes no other
/// name: a username that is not a name of a Kubernetes object gets a hash, by which two of them differ.
pub(super) fn resource_name(username: &str) -> String {
    let lower = username.to_lowercase();
    // An e-mail address stays readable. No other username may become the same name.
    let written = lower.replacen('@', "-at-", 1);
    let is_ambiguous = lower.contains("-at-");
    if is_object_name(&written) && !is_ambiguous {
        return written;
    }
    let kept: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let labels: Vec<&str> = kept.split('.').map(|label| label.trim_matches('-')).filter(|label| !label.is_empty()).collect();
    let hash: String = Sha256::digest(lower.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let stem: String = labels.join(".").chars().take(200).collect();
    let stem = stem.trim_end_matches(['.', '-']);
    if stem.is_empty() { format!("user-{hash}") } else { format!("{stem}-{hash}") }
}

/// Returns whether Kubernetes takes a name: labels of letters, digits and `-`, separated by dots.
fn is_object_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Returns a word as the name of a namespace: a label. None if nothing is left of it.
pub(super) fn namespace_name(word: &str) -> Option<String> {
    let kept: String = word.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = kept.split('-').filter(|part| !part.is_empty()).collect();
    let name: String = parts.join("-").chars().take(63).collect();
    Some(name.trim_end_matches('-').to_owned()).filter(|name| !name.is_empty())
}

impl Manifest {
    /// Returns the object without what Kubernetes fills in.
    pub(super) fn object(&self) -> serde_json::Result<Value> {
        let mut object = json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": { "name": self.name },
            "spec": self.spec,
        });
        if let Some(namespace) = &self.namespace {
            object["metadata"]["namespace"] = json!(namespace);
        }
        if self.spec.management_policy == ManagementPolicy::default()
            && let Some(spec) = object["spec"].as_object_mut()
        {
            spec.remove("managementPolicy");
        }
        Ok(object)
    }

    /// Returns the resource, to check it against the rules of the definition.
    pub(super) fn resource(&self) -> ConnectUser {
        ConnectUser::new(&self.name, self.spec.clone())
    }
}

/// Sorts manifests by instance, namespace and name.
pub(super) fn sort(manifests: &mut [Manifest]) {
    manifests.sort_by(|a, b| (&a.spec.instance_arn, &a.namespace, &a.name).cmp(&(&b.spec.instance_arn, &b.namespace, &b.name)));
}

/// Returns all manifests as one stream of YAML documents.
pub(super) fn stream(manifests: &[Manifest]) -> anyhow::Result<String> {
    let documents =
        manifests.iter().map(|manifest| anyhow::Ok(format!("---\n{}", serde_saphyr::to_string(&manifest.object()?)?)));
    documents.collect()
}

/// Which values of a spec a kustomization holds for its group of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shared {
    /// The instance.
    Instance,
    /// The instance, and the routing profile if all users of the group have the same.
    RoutingProfile,
}

impl Shared {
    /// Returns the values of the spec that the kustomization of these users holds.
    fn of(self, users: &[Value]) -> Map<String, Value> {
        let may = ["instanceArn", "routingProfileName", "routingProfileArn"];
        let may = if self == Self::Instance { &may[..1] } else { &may };
        let value = |field: &str| {
            let value = users.first()?["spec"].get(field)?;
            users.iter().all(|user| user["spec"].get(field) == Some(value)).then(|| value.clone())
        };
        may.iter().filter_map(|field| Some(((*field).to_owned(), value(field)?))).collect()
    }
}

/// Returns the files of a directory for kustomize, by path: one for each user, and a kustomization for each group of users, which holds
/// their namespace and what is `shared`. Users of one instance and one namespace are a group. Other values are in the files even if all
/// users have them: kustomize would give them to users that are added later, and would overwrite their own. Each file begins with
/// `header`.
pub(super) fn files(manifests: &[Manifest], header: &str, shared: Shared) -> anyhow::Result<BTreeMap<String, String>> {
    let instances: BTreeSet<&str> = manifests.iter().map(|manifest| manifest.spec.instance_arn.as_str()).collect();
    let mut groups: BTreeMap<Vec<String>, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        let id = manifest.spec.instance_arn.rsplit('/').next().unwrap_or_default().to_owned();
        let place = (instances.len() > 1).then_some(id).into_iter().chain(manifest.namespace.clone()).collect();
        groups.entry(place).or_default().push(manifest);
    }
    let mut files = BTreeMap::new();
    for (place, manifests) in &groups {
        let at = |file: &str| place.iter().map(String::as_str).chain([file]).collect::<Vec<_>>().join("/");
        let mut resources = Vec::new();
        let objects: Vec<Value> = manifests.iter().map(|manifest| manifest.object()).collect::<Result<_, _>>()?;
        let shared = shared.of(&objects);
        for (manifest, mut object) in manifests.iter().zip(objects) {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove("namespace");
            }
            if let Some(spec) = object["spec"].as_object_mut() {
                spec.retain(|field, _| !shared.contains_key(field));
            }
            let file = format!("{}.yaml", manifest.name);
            files.insert(at(&file), format!("{header}{}", serde_saphyr::to_string(&object)?));
            resources.push(file);
        }
        let patch: Vec<Value> = shared
            .iter()
            .map(|(field, value)| json!({ "op": "add", "path": format!("/spec/{field}"), "value": value }))
            .collect();
        let patch = serde_saphyr::to_string(&patch)?;
        let mut kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": resources,
            "patches": [{ "target": { "group": "connect-operator.dev", "kind": "ConnectUser" }, "patch": patch }],
        });
        if let Some(namespace) = manifests.first().and_then(|manifest| manifest.namespace.as_ref()) {
            kustomization["namespace"] = json!(namespace);
        }
        files.insert(at("kustomization.yaml"), format!("{header}{}", serde_saphyr::to_string(&kustomization)?));
    }
    if !groups.contains_key(&Vec::new()) {
        let resources: Vec<String> = groups.keys().map(|place| place.join("/")).collect();
        let kustomization =
            json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources });
        files.insert("kustomization.yaml".into(), format!("{header}{}", serde_saphyr::to_string(&kustomization)?));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_valid_and_different() {
        let table = [
            ("jane", "jane"),
            ("jane.doe", "jane.doe"),
            ("42", "42"),
            ("Jane.Doe", "jane.doe"),
            ("jane.doe@example.com", "jane.doe-at-example.com"),
            ("jane_doe", "jane-doe-"),
            ("jane-doe", "jane-doe"),
            ("jane-at-example.com", "jane-at-example.com-"),
            ("..", "user-"),
            ("_x_", "x-"),
            ("김민준", "user-"),
            ("이서연", "user-"),
        ];
        let mut seen = BTreeSet::new();
        for (username, expected) in table {
            let name = resource_name(username);
            let is_hashed = expected.ends_with('-');
            assert!(
                if is_hashed { name.starts_with(expected) && name.len() == expected.len() + 10 } else { name == expected },
                "{name}"
            );
            assert!(is_object_name(&name), "{name}");
            assert!(seen.insert(name) || username == "Jane.Doe", "{username}");
        }
        assert!(is_object_name(&resource_name(&"a".repeat(300))), "a long one");
    }

    #[test]
    fn namespaces_are_labels() {
        for (word, expected) in [("Billing", Some("billing")), ("Nord/West 2", Some("nord-west-2")), ("--", None), ("北", None)]
        {
            assert_eq!(namespace_name(word).as_deref(), expected);
        }
        assert_eq!(namespace_name(&"x".repeat(80)).unwrap().len(), 63);
    }
}
