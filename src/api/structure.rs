//! The structure that the CustomResourceDefinition asks for, checked without an API server: unknown fields, types and bounds. What spans
//! several fields is in the CEL rules, which [`Rules`](super::Rules) checks too.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

use super::crd;

/// The schema of the spec.
pub(super) static SCHEMA: LazyLock<JSONSchemaProps> = LazyLock::new(|| {
    let schema = crd().spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema);
    schema.and_then(|schema| schema.properties?.remove("spec")).unwrap_or_default()
});

/// A rule that an object breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRule {
    /// The field's path, such as `spec.username`.
    pub field: String,
    /// What the API server would say.
    pub message: String,
}

/// Returns where the spec of an object has another structure than the definition asks for, as strict validation of the API server does.
/// Where it breaks a rule, others may break too once that is mended.
pub fn broken_by(object: &Value) -> Vec<BrokenRule> {
    let mut broken = Vec::new();
    check("spec", &SCHEMA, object.get("spec").unwrap_or(&Value::Null), &mut broken);
    broken
}

fn check(path: &str, schema: &JSONSchemaProps, value: &Value, broken: &mut Vec<BrokenRule>) {
    let mut breaks = |message: String| broken.push(BrokenRule { field: path.to_owned(), message });
    if value.is_null() && schema.nullable == Some(true) {
        return;
    }
    let kind = schema.type_.as_deref().unwrap_or_default();
    let has_type = match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    };
    if !has_type {
        return breaks(if value.is_null() { "required".to_owned() } else { format!("must be of type {kind}") });
    }
    let options = schema.enum_.iter().flatten().map(|option| &option.0);
    if schema.enum_.is_some() && !options.clone().any(|option| option == value) {
        let options: Vec<String> = options.map(ToString::to_string).collect();
        breaks(format!("unsupported value {value}: supported values: {}", options.join(", ")));
    }
    match value {
        Value::String(text) => {
            let bounds = [schema.min_length, schema.max_length];
            if let Some(message) = beyond(text.chars().count(), bounds, "characters") {
                breaks(message);
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            if schema.minimum.is_some_and(|least| number < least) || schema.maximum.is_some_and(|most| number > most) {
                let show = |bound: Option<f64>| bound.map_or_else(String::new, |bound| bound.to_string());
                breaks(format!("{value} is not in {}..={}", show(schema.minimum), show(schema.maximum)));
            }
        }
        Value::Array(items) => {
            if let Some(message) = beyond(items.len(), [schema.min_items, schema.max_items], "items") {
                breaks(message);
            }
            if schema.x_kubernetes_list_type.as_deref() == Some("set")
                && let Some(twice) = items.iter().enumerate().find_map(|(at, item)| items[..at].contains(item).then_some(item))
            {
                breaks(format!("duplicate value {twice}"));
            }
            if let Some(JSONSchemaPropsOrArray::Schema(of_item)) = &schema.items {
                for (at, item) in items.iter().enumerate() {
                    check(&format!("{path}[{at}]"), of_item, item, broken);
                }
            }
        }
        Value::Object(members) => {
            if let Some(message) = beyond(members.len(), [schema.min_properties, schema.max_properties], "members") {
                breaks(message);
            }
            let required = schema.required.iter().flatten().filter(|name| !members.contains_key(*name));
            broken.extend(required.map(|name| BrokenRule { field: format!("{path}.{name}"), message: "required".into() }));
            for (name, member) in members {
                let of_member =
                    schema.properties.iter().flatten().find(|(property, _)| *property == name).map(|(_, schema)| schema);
                match (of_member, &schema.additional_properties) {
                    (Some(of_member), _) => check(&format!("{path}.{name}"), of_member, member, broken),
                    (None, Some(JSONSchemaPropsOrBool::Schema(of_member))) => {
                        check(&format!("{path}.{name}"), of_member, member, broken);
                    }
                    (None, _) => broken.push(BrokenRule { field: format!("{path}.{name}"), message: "unknown field".into() }),
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Returns what is wrong with a length.
fn beyond(length: usize, [least, most]: [Option<i64>; 2], unit: &str) -> Option<String> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    match (least.filter(|least| length < *least), most.filter(|most| length > *most)) {
        (Some(least), _) => Some(format!("has {length} {unit}, fewer than {least}")),
        (None, Some(most)) => Some(format!("has {length} {unit}, more than {most}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::api::fixtures;

    #[test]
    fn structure_is_checked_as_the_api_server_does() {
        let broken = |spec: Value| {
            let object = fixtures::json_of(json!({ "spec": spec }));
            broken_by(&object).into_iter().map(|rule| format!("{}: {}", rule.field, rule.message)).collect::<Vec<_>>()
        };
        let table = [
            (json!({}), ""),
            (json!({ "tags": { "team": "billing" } }), ""),
            (json!({ "user": "jane" }), "spec.user: unknown field"),
            (json!({ "phoneConfig": { "phonetype": "SOFT_PHONE" } }), "spec.phoneConfig.phonetype: unknown field"),
            (json!({ "username": null }), "spec.username: required"),
            (json!({ "username": 42 }), "spec.username: must be of type string"),
            (json!({ "tags": ["team"] }), "spec.tags: must be of type object"),
            (json!({ "tags": { "team": 1 } }), "spec.tags.team: must be of type string"),
            (json!({ "managementPolicy": "Ful" }), "spec.managementPolicy: unsupported value \"Ful\": supported values: "),
            (
                json!({ "userProficiencies": [{ "attributeName": "a", "attributeValue": "b", "level": 9 }] }),
                "spec.userProficiencies[0].level: 9 is not in 1..=5",
            ),
            (
                json!({ "tags": (0..=100).map(|n| (format!("k{n}"), json!(""))).collect::<serde_json::Map<_, _>>() }),
                "spec.tags: has 101 members, more than 100",
            ),
            (json!({ "securityProfileArns": [] }), "spec.securityProfileArns: has 0 items, fewer than 1"),
            (
                json!({ "identityInfo": { "firstName": "x".repeat(256) } }),
                "spec.identityInfo.firstName: has 256 characters, more than",
            ),
        ];
        for (spec, expected) in table {
            let broken = broken(spec.clone());
            match expected {
                "" => assert_eq!(broken, [""; 0], "{spec}"),
                expected => assert!(matches!(&broken[..], [one] if one.starts_with(expected)), "{spec}: {broken:?}"),
            }
        }
    }

    #[test]
    fn definition_has_no_keyword_that_is_not_checked() {
        let mut keywords = BTreeSet::new();
        collect(&serde_json::to_value(&*SCHEMA).unwrap(), &mut keywords);
        let known = [
            "additionalProperties",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "nullable",
            "properties",
            "required",
            "type",
            "x-kubernetes-list-type",
            "x-kubernetes-validations",
        ];
        let unknown: Vec<_> = keywords.iter().filter(|keyword| !known.contains(&keyword.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    fn collect(schema: &Value, keywords: &mut BTreeSet<String>) {
        let Value::Object(members) = schema else { return };
        for (keyword, value) in members {
            keywords.insert(keyword.clone());
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => properties.values().for_each(|schema| collect(schema, keywords)),
                ("items" | "additionalProperties", schema) => collect(schema, keywords),
                _ => {}
            }
        }
    }
}
