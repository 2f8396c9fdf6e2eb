//! Each release of the CustomResourceDefinition only adds to the one before it: manifests in Git stay valid, stored objects stay
//! readable, and the columns and fields that tools use stay.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparations fail")]

use std::{collections::BTreeSet, path::PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// Returns the parts of `old` that are missing or narrower in `new`, a line each.
fn incompatibilities(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Incompatibilities::default();
    for path in ["/metadata/name", "/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural"] {
        found.same(path, old.pointer(path), new.pointer(path));
    }
    for path in ["/spec/names/shortNames", "/spec/names/categories"] {
        found.kept(path, old.pointer(path), new.pointer(path));
    }
    for before in items(&old["spec"]["versions"]) {
        let version = text(&before["name"]);
        let Some(after) = items(&new["spec"]["versions"]).find(|after| after["name"] == before["name"]) else {
            found.say(&version, "the version is gone");
            continue;
        };
        if before["served"] == true && after["served"] != true {
            found.say(&version, "is no longer served");
        }
        for path in ["/additionalPrinterColumns", "/selectableFields"] {
            found.kept(&format!("{version}{path}"), before.pointer(path), after.pointer(path));
        }
        for subresource in object(&before["subresources"]).keys() {
            if after["subresources"].get(subresource).is_none() {
                found.say(&version, &format!("the subresource {subresource} is gone"));
            }
        }
        found.schema(&version, &before["schema"]["openAPIV3Schema"], &after["schema"]["openAPIV3Schema"]);
    }
    found.0
}

#[derive(Default)]
struct Incompatibilities(Vec<String>);

/// Lower bounds, which may only decrease.
const LEAST: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];
/// Upper bounds, which may only increase.
const MOST: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
/// Keywords that may be removed, which accepts more, but not added or changed.
const LIMITS: [&str; 10] =
    ["pattern", "format", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "allOf", "anyOf", "oneOf", "not"];
/// Keywords that must not change, since they decide what a stored object means or how appliers merge it.
const MEANING: [&str; 6] = [
    "type",
    "default",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
];
/// Keywords that may be added, but not removed.
const LENIENCE: [&str; 2] = ["nullable", "x-kubernetes-preserve-unknown-fields"];
/// New or reworded rules that a person has reviewed: they accept all that the released rules accept, or refuse what never worked.
const REVIEWED_RULES: [&str; 4] = [
    // Before, a number and DESK_PHONE were both set, or neither.
    "!has(self.deskPhoneNumber) || has(self.phoneType)",
    "has(self.deskPhoneNumber) || !has(self.phoneType) || self.phoneType != 'DESK_PHONE'",
    // No instance has another id. The API server does not check an ARN that is stored already.
    "self.matches('^arn:aws(-[a-z]+)*:connect:[a-z]+(-[a-z]+)+-[0-9]+:[0-9]{12}:instance/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",
    "has(self.phoneNumber) || self.phoneType != 'DESK_PHONE'",
];
const COMPARED: [&str; 8] =
    ["properties", "required", "items", "additionalProperties", "enum", "x-kubernetes-validations", "description", "title"];

impl Incompatibilities {
    fn say(&mut self, path: &str, what: &str) {
        self.0.push(format!("{path}: {what}"));
    }

    fn same(&mut self, path: &str, old: Option<&Value>, new: Option<&Value>) {
        if old != new {
            let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            self.say(path, &format!("was {}, is {}", shown(old), shown(new)));
        }
    }

    /// Every item of the old list must be in the new one; descriptions may differ.
    fn kept(&mut self, path: &str, old: Option<&Value>, new: Option<&Value>) {
        let new: Vec<&Value> = new.into_iter().flat_map(items).collect();
        for item in old.into_iter().flat_map(items) {
            if !new.iter().any(|other| same_but_for_description(item, other)) {
                self.say(path, &format!("{item} is gone"));
            }
        }
    }

    fn schema(&mut self, path: &str, old: &Value, new: &Value) {
        let keywords: BTreeSet<&str> = object(old).keys().chain(object(new).keys()).map(String::as_str).collect();
        for keyword in keywords {
            let (before, after) = (old.get(keyword), new.get(keyword));
            match keyword {
                name if MEANING.contains(&name) => {}
                name if LIMITS.contains(&name) => match (before, after) {
                    (None, Some(limit)) => self.say(path, &format!("the limit {name} {limit} is new")),
                    (Some(before), Some(after)) if before != after => self.say(path, &format!("{name} changed")),
                    _ => {}
                },
                name if LEAST.contains(&name) => self.bound(path, name, before, after, |old, new| new <= old),
                name if MOST.contains(&name) => self.bound(path, name, before, after, |old, new| new >= old),
                name if LENIENCE.contains(&name) => {
                    if before == Some(&Value::Bool(true)) && after != before {
                        self.say(path, &format!("{name} is gone"));
                    }
                }
                name if COMPARED.contains(&name) => {}
                name => self.say(path, &format!("the check does not know {name}")),
            }
        }
        for keyword in MEANING {
            self.same(&format!("{path} {keyword}"), old.get(keyword), new.get(keyword));
        }
        self.members(path, old, new);
        let (before, after) = (&old["enum"], &new["enum"]);
        if before.is_null() && !after.is_null() {
            self.say(path, &format!("accepts only {after}"));
        } else if !after.is_null() {
            items(before).filter(|value| !items(after).any(|other| other == *value)).for_each(|value| {
                self.say(path, &format!("{value} is no longer accepted"));
            });
        }
        let rules = |schema: &Value| -> BTreeSet<String> {
            items(&schema["x-kubernetes-validations"]).map(|rule| text(&rule["rule"])).collect()
        };
        for rule in rules(new).difference(&rules(old)).filter(|rule| !REVIEWED_RULES.contains(&rule.as_str())) {
            self.say(path, &format!("the rule {rule:?} is new"));
        }
        for (keyword, below) in [("items", "[]"), ("additionalProperties", ".*")] {
            match (&old[keyword], &new[keyword]) {
                (before @ Value::Object(_), after @ Value::Object(_)) => self.schema(&format!("{path}{below}"), before, after),
                (Value::Null, Value::Null) => {}
                (before, after) if before == after => {}
                (before, after) => self.same(&format!("{path} {keyword}"), Some(before), Some(after)),
            }
        }
    }

    fn members(&mut self, path: &str, old: &Value, new: &Value) {
        for (name, before) in object(&old["properties"]) {
            match new["properties"].get(name) {
                Some(after) => self.schema(&format!("{path}.{name}"), before, after),
                None => self.say(&format!("{path}.{name}"), "is gone"),
            }
        }
        for name in items(&new["required"]).filter(|name| !items(&old["required"]).any(|other| other == *name)) {
            self.say(path, &format!("{} is required now", text(name)));
        }
    }

    fn bound(&mut self, path: &str, name: &str, old: Option<&Value>, new: Option<&Value>, wider: fn(f64, f64) -> bool) {
        let number = |value: Option<&Value>| value.and_then(Value::as_f64);
        match (number(old), number(new)) {
            (_, None) => {}
            (None, Some(new)) => self.say(path, &format!("the limit {name} {new} is new")),
            (Some(old), Some(new)) if wider(old, new) => {}
            (Some(old), Some(new)) => self.say(path, &format!("{name} was {old}, is {new}")),
        }
    }
}

fn same_but_for_description(one: &Value, other: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut().map(|members| members.remove("description"));
        value
    };
    bare(one) == bare(other)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn now() -> Value {
    serde_json::to_value(connect_operator::api::crd()).unwrap()
}

#[test]
fn the_definition_only_adds_to_the_last_released_one() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/crds/released");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| version(path.file_stem().unwrap().to_str().unwrap()));
    let read = |path: &PathBuf| serde_saphyr::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap();
    // Each is compared with the one before it. The one about to be released is already among them.
    let newer = files.iter().skip(1).map(read).chain([now()]);
    for (older, newer) in files.iter().zip(newer) {
        let broken = incompatibilities(&read(older), &newer);
        assert!(broken.is_empty(), "what follows is not additive to {}:\n{}", older.display(), broken.join("\n"));
    }
}

/// Parses the version in a file's name, such as v0.10.0-rc.1.
fn version(name: &str) -> semver::Version {
    name.trim_start_matches('v').parse().unwrap_or_else(|error| panic!("{name} is not a version: {error}"))
}

const SPEC: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";

/// Returns the definition with one value added, replaced, or (for null) removed. The parent of `path` must exist.
fn changed(path: &str, value: Value) -> Value {
    let mut crd = now();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = crd.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}"));
    match parent {
        Value::Object(members) if value.is_null() => _ = members.remove(name).unwrap_or_else(|| panic!("there is no {path}")),
        Value::Object(members) => _ = members.insert(name.to_owned(), value),
        Value::Array(list) if value.is_null() => _ = list.remove(name.parse().unwrap()),
        Value::Array(list) if name == "-" => list.push(value),
        other => panic!("{other}"),
    }
    crd
}

/// A change of the definition, from `crd_compatibility.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    path: String,
    value: Value,
    found: Option<String>,
}

#[test]
fn breaking_changes_are_found_and_additions_accepted() {
    let changes: Vec<Change> = serde_saphyr::from_str(include_str!("crd_compatibility.yaml")).unwrap();
    for Change { path, value, found } in changes {
        let broken = incompatibilities(&now(), &changed(&path.replace("SPEC", SPEC), value));
        match found {
            Some(found) => assert!(broken.iter().any(|line| line.contains(&found)), "{path}: {broken:#?}"),
            None => assert!(broken.is_empty(), "{path}: {broken:#?}"),
        }
    }
    assert_eq!(incompatibilities(&now(), &now()), Vec::<String>::new());
}
