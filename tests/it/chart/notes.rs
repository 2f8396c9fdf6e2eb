//! What the chart says about rights after an installation.

use serde_json::{Value, json};

use super::{CHART, Helm};

const INSTANCE: &str = "arn:aws:connect:eu-central-1:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

/// Returns the notes of a release with these values.
fn notes(values: &Value) -> String {
    let members = values.as_object().unwrap().iter();
    let flags: Vec<_> = members.map(|(key, value)| format!("--set-json={key}={value}")).collect();
    let install = ["install", "connect-operator", CHART, "--dry-run=client", "--namespace=connect-operator-system"];
    let arguments: Vec<_> = install.into_iter().chain(flags.iter().map(String::as_str)).collect();
    let output = Helm::Four.run(&arguments, None).unwrap();
    output.split_once("\nNOTES:\n").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn missing_bounds_are_named_after_an_installation() {
    let config = |instances: Value| json!({ "config": { "instancesNotListed": "Refuse", "instances": instances } });
    let bounded = json!({ "securityProfiles": ["Agent"] });
    let says = |values: &Value, text: &str| notes(values).contains(text);

    // By default, every instance can be used, and everything in it be given.
    let open = "may give any user of an instance that is not listed any security profile";
    assert!(says(&json!({}), open));
    assert!(!says(&config(json!({})), open));
    // An instance that is listed is bounded namespace by namespace.
    let lists = |bounds: Value| config(json!({ INSTANCE: { "namespaces": ["sales", "support"], "bounds": bounds } }));
    let unbounded = "these namespaces may give any security profile:";
    assert!(says(&lists(json!({})), &format!("{INSTANCE}: {unbounded} sales, support.")));
    assert!(says(&lists(json!({ "sales": bounded })), &format!("{unbounded} support.")));
    assert!(says(&lists(json!({ "sales": bounded, "support": { "adoption": "Allow" } })), &format!("{unbounded} support.")));
    assert!(!says(&lists(json!({ "sales": bounded, "support": bounded })), unbounded));
    assert!(!says(&lists(json!({ "*": bounded })), unbounded));
}

#[test]
fn the_writers_of_connect_users_are_named_after_an_installation() {
    let administrators = "Only administrators of the cluster may write ConnectUsers";
    let editors = "Holders of the roles edit and admin in a namespace may write its ConnectUsers";
    let both = |values: &Value| [administrators, editors].map(|text| notes(values).contains(text));
    assert_eq!(both(&json!({})), [true, false]);
    assert_eq!(both(&json!({ "rbac.aggregateToEdit": true })), [false, true]);
    assert_eq!(both(&json!({ "rbac.create": false })), [false, false]);
}
