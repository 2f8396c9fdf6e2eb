//! Users of Crossplane's AWS provider: `User` of connect.aws.upbound.io, or with namespaces of connect.aws.m.upbound.io.

use connect_api::Arn;
use serde_json::{Map, Value, json};

use super::{
    known::{Known, refer, without_lists},
    record::{Imported, Record, Wishes, missing},
    text::Broken,
    words::{in_our_words, tags},
    yaml,
};
use crate::plan::ReferenceKind;

/// The provider's groups of custom resources: for the whole cluster, and with namespaces.
const GROUPS: [&str; 2] = ["connect.aws.upbound.io", "connect.aws.m.upbound.io"];

/// Reads the users among the objects of a file.
pub(super) fn read(text: &str, instance: Option<&Arn>, wishes: &Wishes) -> Result<Imported, Broken> {
    let objects: Vec<Value> = yaml::documents(text)?.into_iter().flat_map(in_list).collect();
    let file = File::of(&objects, instance);
    let users = objects.iter().filter(|object| is(object, "User"));
    Ok(Imported { records: users.map(|user| file.record(user, wishes)).collect(), ..Imported::default() })
}

/// Returns the elements of a list as `kubectl get` prints it, or the object itself.
fn in_list(mut object: Value) -> Vec<Value> {
    match object.get_mut("items") {
        Some(Value::Array(items)) => std::mem::take(items),
        _ => vec![object],
    }
}

fn is(object: &Value, kind: &str) -> bool {
    let group = object["apiVersion"].as_str().and_then(|version| version.split('/').next()).unwrap_or_default();
    object["kind"] == kind && GROUPS.contains(&group)
}

struct File<'a> {
    objects: &'a [Value],
    known: Known,
    instance: Option<&'a Arn>,
}

impl<'a> File<'a> {
    fn of(objects: &'a [Value], instance: Option<&'a Arn>) -> Self {
        let mut known = Known::new(instance);
        let text = |object: &'a Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        for object in objects {
            text(object, "/status/atProvider/arn").into_iter().for_each(|arn| known.see(arn));
            let kinds = [
                ("RoutingProfile", ReferenceKind::RoutingProfile, "/status/atProvider/routingProfileId"),
                ("SecurityProfile", ReferenceKind::SecurityProfile, "/status/atProvider/securityProfileId"),
            ];
            let Some((_, kind, id)) = kinds.into_iter().find(|(kind, ..)| is(object, kind)) else { continue };
            let [instance, name] = ["/status/atProvider/instanceId", "/spec/forProvider/name"].map(|at| text(object, at));
            if let (Some(instance), Some(id), Some(name)) = (instance, text(object, id), name) {
                known.name(instance, kind, id, vec![name.to_owned()]);
            }
        }
        Self { objects, known, instance }
    }

    fn record(&self, user: &Value, wishes: &Wishes) -> Record {
        let (metadata, spec) = (&user["metadata"], &user["spec"]);
        let own_namespace = metadata["namespace"].as_str();
        let name = metadata["name"].as_str().unwrap_or_default();
        let place = own_namespace.map_or(format!("User {name}"), |namespace| format!("User {namespace}/{name}"));
        let mut members = spec["forProvider"].as_object().cloned().unwrap_or_default();
        let secret = members.remove("passwordSecretRef");
        let place_of_secret = secret.as_ref().and_then(|secret| secret["namespace"].as_str()).or(own_namespace);
        // An object without a namespace must go where its Secret is.
        let namespace = wishes.namespace.as_deref().or(own_namespace).or(place_of_secret);
        let mut record =
            Record { place, namespace: namespace.map(str::to_owned), has_password: secret.is_some(), ..Record::default() };
        self.take_references(user, &mut members, &mut record);
        let instance = self.take_instance(user, &mut members, &mut record);
        members.remove("region");
        without_lists(&mut members);
        let given = members.remove("tags");
        let by_name = members.remove("routingProfileName");
        record.spec = in_our_words(members, &mut record.lost);
        if let Some(username) = record.spec.remove("name") {
            record.spec.insert("username".into(), username);
        }
        if let Some(Value::Object(mut given)) = given {
            // Crossplane's marks on what it manages.
            given.retain(|key, _| !key.starts_with("crossplane-"));
            let tags = tags(given, &mut record.lost);
            record.spec.extend((!tags.is_empty()).then(|| ("tags".to_owned(), tags.into())));
        }
        if let Some(arn) = instance {
            let id = arn.rsplit('/').next().unwrap_or_default();
            refer(&mut record, &arn, &self.known.index(id));
            record.spec.insert("instanceArn".into(), arn.into());
        }
        record.spec.extend(by_name.map(|name| ("routingProfileName".to_owned(), name)));
        if let Some(secret) = &secret {
            if place_of_secret == namespace {
                let reference = json!({ "name": secret["name"], "key": secret["key"] });
                record.spec.insert("passwordSecretRef".into(), reference);
            } else {
                let [name, place] = [secret["name"].as_str(), place_of_secret].map(Option::unwrap_or_default);
                let why = "and a ConnectUser takes one of its own namespace";
                record.lost.push(format!("passwordSecretRef: the Secret {name} is in the namespace {place}, {why}"));
            }
        }
        take_policies(spec, &mut record);
        take_rest(user, &mut record);
        record
    }

    /// Replaces references by what the objects of the file say.
    fn take_references(&self, user: &Value, members: &mut Map<String, Value>, record: &mut Record) {
        let is_reference = |key: &&String| key.ends_with("Ref") || key.ends_with("Selector");
        // That of the instance is for `take_instance`.
        let references = members.keys().filter(|key| is_reference(key) && !key.starts_with("instanceId"));
        for key in references.cloned().collect::<Vec<_>>() {
            let reference = members.remove(&key).unwrap_or_default();
            let Some(member) = key.strip_suffix("Ref").or(key.strip_suffix("Selector")) else { continue };
            // Crossplane keeps the reference beside the value that it has found.
            if members.contains_key(member) || members.contains_key("routingProfileName") {
                continue;
            }
            let found = (member == "routingProfileId").then(|| self.find(user, "RoutingProfile", &reference)).flatten();
            match found.and_then(|profile| profile.pointer("/spec/forProvider/name")) {
                Some(name) => drop(members.insert("routingProfileName".into(), name.clone())),
                None => record.lost.push(format!("{key}: the file has no object that it refers to")),
            }
        }
    }

    /// Returns the ARN of the user's instance.
    fn take_instance(&self, user: &Value, members: &mut Map<String, Value>, record: &mut Record) -> Option<String> {
        let [id, reference, selector] = ["instanceId", "instanceIdRef", "instanceIdSelector"].map(|key| members.remove(key));
        let own =
            || user.pointer("/status/atProvider/arn")?.as_str()?.split_once("/agent/").map(|(instance, _)| instance.to_owned());
        let by_id = || self.known.instance(id.as_ref()?.as_str()?).map(str::to_owned);
        let by_reference = || {
            let found = self.find(user, "Instance", reference.as_ref().or(selector.as_ref())?)?;
            found.pointer("/status/atProvider/arn")?.as_str().map(str::to_owned)
        };
        // With an id, the flag's instance is among the known ones.
        let by_flag = || self.instance.filter(|_| id.is_none()).map(ToString::to_string);
        let instance = own().or_else(by_id).or_else(by_reference).or_else(by_flag);
        if instance.is_none() {
            record.lost.push("instanceId: the file does not show the ARN of the instance: give --instance".into());
        }
        instance
    }

    /// Returns the one object that a reference or a selector means.
    fn find(&self, user: &Value, kind: &str, reference: &Value) -> Option<&Value> {
        let namespace = reference.get("namespace").unwrap_or(&user["metadata"]["namespace"]);
        let mut found = self.objects.iter().filter(|object| {
            let metadata = &object["metadata"];
            let is_meant = match (reference.get("name"), reference.get("matchLabels").and_then(Value::as_object)) {
                (Some(name), _) => metadata["name"] == *name,
                (None, Some(labels)) => labels.iter().all(|(key, value)| metadata["labels"].get(key) == Some(value)),
                (None, None) => false,
            };
            is(object, kind) && is_meant && metadata["namespace"] == *namespace
        });
        found.next().filter(|_| found.next().is_none())
    }
}

/// Takes over what becomes of the user when its object is deleted, and whether it is only observed.
fn take_policies(spec: &Value, record: &mut Record) {
    let policies: Option<Vec<&str>> =
        spec["managementPolicies"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect());
    let may = |what: &str| policies.as_ref().is_none_or(|policies| policies.contains(&"*") || policies.contains(&what));
    if policies.as_deref() == Some(&["Observe"]) {
        record.spec.insert("managementPolicy".into(), "Observe".into());
        return;
    }
    if spec["deletionPolicy"] == "Orphan" || !may("Delete") {
        record.spec.insert("deletionPolicy".into(), "Retain".into());
    }
    let others = ["Create", "Update"].into_iter().filter(|what| !may(what));
    record.lost.extend(others.map(|what| format!("managementPolicies: a ConnectUser cannot leave out {what}")));
}

/// Reports what a ConnectUser has no place for.
fn take_rest(user: &Value, record: &mut Record) {
    let only_first = missing("", &user["spec"]["initProvider"], &user["spec"]["forProvider"]);
    record
        .lost
        .extend(only_first.iter().map(|path| format!("initProvider.{path}: values for the creation alone are not carried over")));
    if user["metadata"]["annotations"]["crossplane.io/paused"] == "true" {
        record.lost.push("crossplane.io/paused: annotate the ConnectUser with connect-operator.dev/paused: \"true\"".into());
    }
    if let Some(name) = user["spec"]["providerConfigRef"]["name"].as_str().filter(|name| *name != "default") {
        record.notes.push(format!("providerConfigRef: the role of {name} belongs in the operator's configuration file"));
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::record::tests::{INSTANCE, converted, specs},
        *,
    };

    const OBJECTS: &str = include_str!("../../../tests/import/crossplane.yaml");

    fn imported(wishes: &Wishes) -> Imported {
        read(OBJECTS, None, wishes).unwrap()
    }

    #[test]
    fn users_with_and_without_namespaces_are_carried_over() {
        let (specs, _) = specs(imported(&Wishes::default()));
        let jane = json!({
            "username": "jane.doe",
            "passwordSecretRef": { "name": "connect-passwords", "key": "jane" },
            "identityInfo": { "firstName": "Jane", "lastName": "Doe", "email": "jane.doe@example.com" },
            "phoneConfig": { "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 30 },
            "routingProfileName": "Sales",
            "securityProfileNames": ["Agent"],
            "hierarchyGroupArn": format!("{INSTANCE}/agent-group/dddddddd-0000-4000-8000-000000000002"),
            "tags": { "team": "blue" },
            "deletionPolicy": "Retain",
        });
        let profile = |id: &str| format!("{INSTANCE}/security-profile/bbbbbbbb-0000-4000-8000-00000000000{id}");
        let omar = json!({
            "username": "omar@example.com",
            "passwordSecretRef": { "name": "omar-password", "key": "value" },
            "identityInfo": { "firstName": "Omar", "lastName": "Haddad" },
            "phoneConfig": { "phoneType": "DESK_PHONE", "deskPhoneNumber": "+12065550199" },
            "routingProfileArn": format!("{INSTANCE}/routing-profile/aaaaaaaa-0000-4000-8000-000000000009"),
            "securityProfileArns": [profile("1"), profile("8")],
            "deletionPolicy": "Retain",
        });
        assert_eq!(specs, [("jane.doe".to_owned(), jane), ("omar-at-example.com".to_owned(), omar)].into());
    }

    #[test]
    fn what_no_connect_user_can_say_is_listed() {
        let conversion = converted(imported(&Wishes::default()), &Wishes::default());
        let lost: Vec<&str> = conversion.lost.iter().map(|line| line.strip_prefix("file: User ").unwrap()).collect();
        let expected = [
            "care/omar: omar@example.com: managementPolicies: a ConnectUser cannot leave out Update",
            "care/omar: omar@example.com: initProvider.directoryUserId: values for the creation alone are not carried over",
            "care/omar: omar@example.com: initProvider.identityInfo.email: values for the creation alone are not carried over",
            "care/omar: omar@example.com: crossplane.io/paused: annotate the ConnectUser with connect-operator.dev/paused: \"true\"",
            "lost: lost: routingProfileIdSelector: the file has no object that it refers to",
            "lost: lost: instanceId: the file does not show the ARN of the instance: give --instance",
            "lost: lost: left out: spec: missing field `instanceArn`",
        ];
        assert_eq!(lost, expected);
        let notes = [
            "file: User care/omar: omar@example.com: providerConfigRef: the role of other-account belongs in the operator's configuration file",
        ];
        assert_eq!(conversion.notes, notes);
        let namespaces: Vec<_> = conversion.manifests.iter().map(|manifest| manifest.namespace.as_deref()).collect();
        assert_eq!(namespaces, [Some("care"), Some("sales")], "that of the object, or of its Secret");
    }

    #[test]
    fn secret_of_another_namespace_is_listed() {
        let wishes = Wishes { namespace: Some("sales".into()), ..Wishes::default() };
        let conversion = converted(imported(&wishes), &wishes);
        let secrets: Vec<_> = conversion
            .manifests
            .iter()
            .map(|manifest| manifest.spec.password_secret_ref.as_ref().map(|secret| secret.name.as_str()).unwrap_or_default())
            .collect();
        assert_eq!(secrets, ["connect-passwords", "omar-at-example.com"]);
        assert!(conversion.lost.iter().any(|line| line.contains("the Secret omar-password is in the namespace care")));
    }

    #[test]
    fn observed_users_stay_observed() {
        let objects = OBJECTS.replace("[Create, Observe]", "[Observe]");
        let (specs, lost) = specs(read(&objects, None, &Wishes::default()).unwrap());
        assert_eq!(specs["omar-at-example.com"]["managementPolicy"], "Observe");
        assert!(!lost.iter().any(|line| line.contains("managementPolicies")), "{lost:?}");
    }

    #[test]
    fn id_that_is_none_is_lost() {
        let objects = OBJECTS.replace("name: somewhere-else", "name: acme");
        let (_, lost) = specs(read(&objects, None, &Wishes::default()).unwrap());
        assert!(lost.iter().any(|line| line.contains("securityProfileIds: \"${aws_connect_security_profile")), "{lost:?}");
    }
}
