//! The cases of `cases.yaml`, whose head describes the format.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::harness::Harness;

/// A field, with the members of the manifest at each step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldCase {
    #[serde(rename = "field")]
    pub path: String,
    #[serde(default)]
    pub unset: Map<String, Value>,
    pub set: Map<String, Value>,
    pub changed: Option<Map<String, Value>>,
    pub cleared: Option<Map<String, Value>>,
    /// The last segment of a call's path, and its body.
    pub drift: Option<(String, Value)>,
    #[serde(default)]
    pub shown: bool,
}

pub fn cases() -> Vec<FieldCase> {
    serde_saphyr::from_str(include_str!("cases.yaml")).unwrap()
}

/// Returns a path as a JSON pointer.
pub fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Replaces the texts that stand for ARNs and ids of the harness's instance.
pub fn resolved(harness: &Harness<'_>, value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let Some((kind, name)) = text.strip_prefix('@').and_then(|named| named.split_once('/')) else { return value.clone() };
            let arn = match kind.trim_end_matches("-id") {
                "routing-profile" => harness.routing_profile(name),
                "security-profile" => harness.security_profile(name),
                "hierarchy-group" => harness.hierarchy_group(&format!("/{name}")),
                other => panic!("{other}"),
            };
            if kind.ends_with("-id") { arn.rsplit('/').next().into() } else { arn.into() }
        }
        Value::Array(elements) => elements.iter().map(|element| resolved(harness, element)).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), resolved(harness, member))).collect(),
        value => value.clone(),
    }
}
