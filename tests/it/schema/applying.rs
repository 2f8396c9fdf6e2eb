//! Server-side apply, as GitOps tools use it: nothing changes without an edit, typing errors are reported, appliers share a
//! resource.

use connect_operator::api::crd_yaml;
use serde_json::{Value, json};

use super::manifest::{full_spec, least_spec, resource};
use crate::support::{namespace, plane, read};

/// kubectl in one namespace.
struct Person<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Person<'_> {
    fn apply(&self, resource: &Value) -> anyhow::Result<String> {
        let manager = format!("--field-manager={}", self.name);
        let arguments = ["apply", "--server-side", "--filename=-", "--validate=strict", &manager, "--namespace", self.namespace];
        plane().kubectl().run_with_input(&arguments, &resource.to_string())
    }

    fn get(&self, name: &str) -> Value {
        let arguments = ["get", "cuser", name, "--output=json", "--show-managed-fields", "--namespace", self.namespace];
        serde_json::from_str(&plane().kubectl().run(&arguments).unwrap()).unwrap()
    }
}

#[test]
fn definition_is_applied_without_warnings_and_idempotently() {
    let kubectl = plane().kubectl();
    let version = || {
        let definition = "customresourcedefinition/connectusers.connect-operator.dev";
        kubectl.run(&["get", definition, "--output=jsonpath={.metadata.resourceVersion}"]).unwrap()
    };
    let before = version();
    let output = kubectl.output_with_input(&["apply", "--server-side", "--filename=-"], &crd_yaml().unwrap()).unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(version(), before);
}

/// The API server returns its warnings about a definition at the first apply, not at a second one, which changes nothing.
#[test]
fn the_committed_definition_brings_no_warning_when_it_is_new() {
    let other = read("crds/connectusers.yaml").replace("connect-operator.dev", "warnings.connect-operator.dev");
    let output = plane()
        .kubectl()
        .output_with_input(&["create", "--dry-run=server", "--filename=-", "--validate=strict"], &other)
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn applying_twice_changes_nothing() {
    let namespace = namespace("twice");
    let person = Person { namespace: namespace.name(), name: "flux" };
    for (name, spec) in [("full", full_spec()), ("least", least_spec()), ("defaulted", defaulted()), ("null", nulls())] {
        person.apply(&resource(name, &spec)).unwrap();
        let created = person.get(name);
        // The first write to a new resource also stores the status that the API server has given it.
        person.apply(&resource(name, &spec)).unwrap();
        let applied = person.get(name);
        assert_eq!((&applied["spec"], &applied["status"]), (&created["spec"], &created["status"]), "{name}");
        assert_eq!(applied["metadata"]["generation"], 1, "{name}");

        person.apply(&resource(name, &spec)).unwrap();
        assert_eq!(person.get(name), applied, "{name}");
    }
}

/// Returns a spec with a field that the API server fills in.
fn defaulted() -> Value {
    let mut spec = least_spec();
    spec["passwordSecretRef"] = json!({ "name": "jane-password" });
    spec
}

/// Returns a spec with nulls, as a template renders values that were not given.
fn nulls() -> Value {
    let mut spec = least_spec();
    spec["region"] = json!(null);
    spec["tags"] = json!(null);
    spec["identityInfo"] = json!({ "firstName": "Jane", "email": null });
    spec
}

#[test]
fn the_key_of_a_secret_has_a_default() {
    let namespace = namespace("defaults");
    let person = Person { namespace: namespace.name(), name: "flux" };
    person.apply(&resource("jane", &defaulted())).unwrap();
    assert_eq!(person.get("jane")["spec"]["passwordSecretRef"], json!({ "name": "jane-password", "key": "password" }));
}

#[test]
fn typing_errors_are_refused_with_strict_validation() {
    let namespace = namespace("strict");
    let person = Person { namespace: namespace.name(), name: "flux" };
    for (pointer, member) in [
        ("", "usrename"),
        ("/identityInfo", "firstname"),
        ("/phoneConfig", "phonetype"),
        ("/voiceEnhancementConfigs/0", "mode"),
        ("/userProficiencies/0", "lvl"),
    ] {
        let mut spec = full_spec();
        spec.pointer_mut(pointer).unwrap()[member] = json!("x");
        let refusal = person.apply(&resource("jane", &spec)).unwrap_err().to_string();
        assert!(refusal.contains(member) && refusal.contains("field not declared in schema"), "{refusal}");

        let arguments = ["create", "--filename=-", "--validate=strict", "--namespace", namespace.name()];
        let refusal = plane().kubectl().run_with_input(&arguments, &resource("jane", &spec).to_string()).unwrap_err().to_string();
        assert!(
            refusal.contains(&format!("unknown field \"spec.{}", pointer.trim_start_matches('/').split('/').next().unwrap())),
            "{refusal}"
        );
        assert!(refusal.contains(member), "{refusal}");
    }
}

/// Profiles and tags have owners by element: an applier that adds one does not have to know the others.
#[test]
fn two_appliers_add_to_the_same_profiles_and_tags() {
    let namespace = namespace("shared");
    let [team, platform] = ["team", "platform"].map(|name| Person { namespace: namespace.name(), name });
    let mut base = full_spec();
    base["tags"] = json!({ "team": "Blue" });
    team.apply(&resource("jane", &base)).unwrap();

    let profile = base["securityProfileArns"][0].as_str().unwrap().replace("44444444", "99999999");
    let mut more = least_spec();
    more["securityProfileArns"] = json!([profile]);
    more["tags"] = json!({ "cost-center": "7" });
    platform.apply(&resource("jane", &more)).unwrap();

    let spec = &person_spec(&team);
    assert_eq!(spec["securityProfileArns"].as_array().unwrap().len(), 3);
    assert_eq!(spec["tags"], json!({ "team": "Blue", "cost-center": "7" }));
}

/// Server-side apply removes elements that their last applier no longer names. A list that has lost all its elements must not
/// remain.
#[test]
fn from_arns_to_names_and_back_by_applying() {
    let namespace = namespace("renamed");
    let person = Person { namespace: namespace.name(), name: "flux" };
    let (arns, mut names) = (full_spec(), full_spec());
    for (arn, name, value) in [
        ("routingProfileArn", "routingProfileName", json!("Sales")),
        ("securityProfileArns", "securityProfileNames", json!(["Agent"])),
        ("hierarchyGroupArn", "hierarchyGroupPath", json!("/North")),
    ] {
        names.as_object_mut().unwrap().remove(arn);
        names[name] = value;
    }
    for spec in [&arns, &names, &arns] {
        person.apply(&resource("jane", spec)).unwrap();
        let mut applied = person_spec(&person);
        applied.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        for (member, value) in spec.as_object().unwrap() {
            assert_eq!(&applied[member], value);
        }
    }
}

/// An empty list and an absent one differ: "none" and "not managed".
#[test]
fn removing_all_elements_leaves_an_empty_list() {
    let namespace = namespace("emptied");
    let person = Person { namespace: namespace.name(), name: "flux" };
    let mut spec = full_spec();
    spec.as_object_mut().unwrap().remove("phoneConfig");
    let lists = [
        ("userProficiencies", spec["userProficiencies"].clone()),
        ("autoAcceptConfigs", json!([{ "channel": "CHAT", "autoAccept": true }])),
        ("afterContactWorkConfigs", json!([{ "channel": "TASK", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 5 } }])),
        ("phoneNumberConfigs", json!([{ "channel": "VOICE", "phoneType": "SOFT_PHONE" }])),
        ("persistentConnectionConfigs", json!([{ "channel": "VOICE", "persistentConnection": true }])),
        ("voiceEnhancementConfigs", json!([{ "channel": "VOICE", "voiceEnhancementMode": "NONE" }])),
    ];
    for (name, list) in &lists {
        spec[name] = list.clone();
    }
    person.apply(&resource("jane", &spec)).unwrap();
    for (name, list) in &lists {
        assert_eq!(&person_spec(&person)[name], list, "{name}");
        spec[name] = json!([]);
    }
    person.apply(&resource("jane", &spec)).unwrap();
    for (name, _) in &lists {
        assert_eq!(person_spec(&person)[name], json!([]), "{name}");
    }
}

fn person_spec(person: &Person<'_>) -> Value {
    person.get("jane")["spec"].take()
}
