//! What a file of Terraform or Crossplane says about instances: their ARNs, and the names of their profiles and hierarchy groups.

use std::{collections::BTreeMap, sync::Arc};

use connect_api::Arn;
use serde_json::{Map, Value};

use super::record::Record;
use crate::plan::{Catalog, NameIndex, ReferenceKind};

/// The resources that have names and the members of the spec that refer to them by their ids.
const KINDS: [(ReferenceKind, &str, &str); 3] = [
    (ReferenceKind::RoutingProfile, "routingProfileId", "routing-profile"),
    (ReferenceKind::SecurityProfile, "securityProfileIds", "security-profile"),
    (ReferenceKind::HierarchyGroup, "hierarchyGroupId", "agent-group"),
];

#[derive(Debug, Default)]
pub(super) struct Known {
    /// The ARNs of instances by their ids.
    instances: BTreeMap<String, String>,
    /// The names by instance and kind.
    names: BTreeMap<(String, ReferenceKind), BTreeMap<String, Vec<String>>>,
}

impl Known {
    /// Starts with an instance that a flag names.
    pub(super) fn new(instance: Option<&Arn>) -> Self {
        let mut known = Self::default();
        instance.into_iter().for_each(|instance| known.see(&instance.to_string()));
        known
    }

    /// Takes the ARN of an instance from that of anything in it.
    pub(super) fn see(&mut self, arn: &str) {
        // What follows the instance may be something that no operation here knows.
        let Some((start, rest)) = arn.split_once(":instance/") else { return };
        let instance = format!("{start}:instance/{}", rest.split('/').next().unwrap_or_default());
        if let Ok(arn) = instance.parse::<Arn>() {
            self.instances.insert(arn.instance.to_string(), instance);
        }
    }

    /// Takes a name: for a hierarchy group the names from the top level down to it.
    pub(super) fn name(&mut self, instance: &str, kind: ReferenceKind, id: &str, path: Vec<String>) {
        self.names.entry((instance.to_owned(), kind)).or_default().insert(id.to_owned(), path);
    }

    /// Returns the ARN of an instance.
    pub(super) fn instance(&self, id: &str) -> Option<&str> {
        self.instances.get(id).map(String::as_str)
    }

    /// Returns the names of an instance. Build it once for many users.
    pub(super) fn index(&self, instance: &str) -> NameIndex {
        let mut index = NameIndex::default();
        for ((_, kind), names) in self.names.iter().filter(|((of, _), _)| of == instance) {
            let own = names.iter().filter_map(|(id, path)| Some((id.clone(), path.last()?.clone())));
            let mut catalog: Catalog = own.collect();
            if *kind == ReferenceKind::HierarchyGroup {
                names.iter().for_each(|(id, path)| catalog.place(id, path.clone()));
            }
            index.insert(*kind, Arc::new(catalog));
        }
        index
    }
}

/// Replaces the ids of a spec by names, where a name means one thing, or else by ARNs. A value that is not an id is lost.
pub(super) fn refer(record: &mut Record, instance: &str, names: &NameIndex) {
    let Record { spec, lost, .. } = record;
    for (kind, member, resource) in KINDS {
        let Some(given) = spec.remove(member) else { continue };
        let is_list = given.is_array();
        let ids: Vec<String> = match &given {
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        };
        if let Some(id) = ids.iter().find(|id| !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')) {
            lost.push(format!("{member}: {id:?} is not an id"));
            continue;
        }
        let named: Option<Vec<String>> = ids.iter().map(|id| names.name_for_specs(kind, id)).collect();
        let (field, mut values) = match named {
            Some(mut names) => {
                names.sort();
                (kind.name_field(), names)
            }
            None => (kind.arn_field(), ids.iter().map(|id| format!("{instance}/{resource}/{id}")).collect()),
        };
        let value = if is_list { Some(values.into()) } else { values.pop().map(Value::from) };
        spec.extend(value.map(|value| (field.to_owned(), value)));
    }
}

/// Returns the first element of a block that the provider's schema has as a list of one.
pub(super) fn without_lists(members: &mut Map<String, Value>) {
    for block in ["identity_info", "phone_config", "identityInfo", "phoneConfig"] {
        let Some(Value::Array(list)) = members.get_mut(block) else { continue };
        let first = list.drain(..).next().unwrap_or_default();
        members.insert(block.to_owned(), first);
    }
}
