//! The cases of `cases.yaml`, whose head describes the format.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Captures, Regex};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::manifest::{INSTANCE, OTHER_INSTANCE, full_spec, least_spec, move_to};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// The spec with names in place of ARNs.
    names: Change,
    pub cases: Vec<Case>,
}

/// A spec, and the API server's reply to it.
#[derive(Deserialize)]
pub struct Case {
    #[serde(rename = "case")]
    pub name: String,
    existing: Option<Change>,
    /// The field of the refusal and a part of its message.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    pub applying: Option<String>,
    #[serde(flatten)]
    change: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    from: Option<String>,
    instance: Option<String>,
    remove: Vec<String>,
    set: BTreeMap<String, Value>,
}

impl Cases {
    pub fn read() -> Self {
        serde_saphyr::from_str(include_str!("cases.yaml")).unwrap()
    }

    /// The specs of a case: of the existing resource, if there is one, and the one to send.
    pub fn specs(&self, case: &Case) -> (Option<Value>, Value) {
        let existing = case.existing.as_ref().map(|change| self.changed(full_spec(), change));
        let change = serde_json::from_value(Value::Object(case.change.clone())).unwrap();
        let sent = self.changed(existing.clone().unwrap_or_else(full_spec), &change);
        (existing, sent)
    }

    fn changed(&self, mut spec: Value, change: &Change) -> Value {
        match change.from.as_deref() {
            None => {}
            Some("least") => spec = least_spec(),
            Some("names") => spec = self.changed(full_spec(), &self.names),
            Some(other) => panic!("{other}"),
        }
        if let Some(instance) = &change.instance {
            move_to(&mut spec, &expanded_text(instance));
        }
        for pointer in &change.remove {
            let (parent, member) = split(pointer);
            spec.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(&member).unwrap();
        }
        for (pointer, value) in &change.set {
            let value = expanded(value);
            match spec.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => {
                    let (parent, member) = split(pointer);
                    spec.pointer_mut(parent).unwrap()[member] = value;
                }
            }
        }
        spec
    }
}

/// A JSON pointer's parent and its last member.
fn split(pointer: &str) -> (&str, String) {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    (parent, member.replace("~1", "/"))
}

fn expanded(value: &Value) -> Value {
    match value {
        Value::String(text) => expanded_text(text).into(),
        Value::Array(elements) => elements.iter().map(expanded).collect(),
        Value::Object(members) => {
            let count = || members["count"].as_u64().unwrap();
            let nth = |template: &Value, n: u64| {
                serde_json::from_str::<Value>(&template.to_string().replace("${n}", &n.to_string())).unwrap()
            };
            if let Some(element) = members.get("$list") {
                return (0..count()).map(|n| expanded(&nth(element, n))).collect();
            }
            if let Some(member) = members.get("$map") {
                let numbered = (0..count()).map(|n| nth(member, n));
                return numbered.flat_map(|value| value.as_object().unwrap().clone()).collect();
            }
            members.iter().map(|(name, member)| (expanded_text(name), expanded(member))).collect()
        }
        value => value.clone(),
    }
}

fn expanded_text(text: &str) -> String {
    static REPEATED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{(.)\*(\d+)\}").unwrap());
    let text = text.replace("${INSTANCE}", INSTANCE).replace("${OTHER}", OTHER_INSTANCE);
    REPEATED.replace_all(&text, |found: &Captures<'_>| found[1].repeat(found[2].parse().unwrap())).into_owned()
}
