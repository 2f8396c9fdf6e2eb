//! The command `connect-operator plan`: what it says is what the operator then does. That its calls are those of each field's change,
//! the table of `fields.rs` tests.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    process::{Output, Stdio},
};

use connect_api::OperationName;
use connect_operator::api::ConnectUser;
use serde_json::{Value, json};

use super::{harness::Harness, orphans::tagged_in, tools::program};

/// Runs the command with the operator's own rights in the cluster.
pub fn plan(harness: &Harness<'_>, arguments: &[&str], input: &str) -> Output {
    let mut command = program(harness, &["plan"]);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

/// Returns whether an operation of Connect changes something.
pub fn changes_something(operation: &str) -> bool {
    OperationName::ALL.iter().any(|name| name.as_str() == operation && name.is_write())
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns the manifests as one stream of documents.
fn stream(manifests: &[Value]) -> String {
    manifests.iter().map(|manifest| format!("---\n{manifest}\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operator_does_what_the_plan_says() {
    let harness = Harness::builder("plan").flag("--cluster-name=blue").start().await;
    for name in ["same", "moved", "tagged"] {
        harness.apply_until_ready(name, &json!({})).await;
    }
    for username in ["found", "found.too", "taken"] {
        harness.create_by_hand(username, |_| {}).await;
    }
    harness.sim.advance(std::time::Duration::from_secs(60));
    let sales = json!({ "routingProfileArn": null, "routingProfileName": "Sales" });
    let adopt = |username: &str| json!({ "username": username, "adoptionPolicy": "Adopt", "identityInfo": null, "passwordSecretRef": null });
    let manifests = [
        harness.manifest("same", &json!({})),
        harness.manifest("moved", &sales),
        harness.manifest("tagged", &json!({ "tags": { "team": "blue" } })),
        harness.manifest(
            "new",
            &json!({ "userProficiencies": [{ "attributeName": "Language", "attributeValue": "French", "level": 3 }] }),
        ),
        harness.manifest("found", &adopt("found")),
        harness.manifest("found-too", &adopt("Found.Too")),
        harness.manifest("taken", &json!({})),
        harness.manifest("missing", &adopt("not.there")),
        harness.manifest("unknown", &json!({ "routingProfileArn": null, "routingProfileName": "Salse" })),
        harness.manifest("twice", &json!({ "username": "MOVED" })),
    ];
    let planned = plan(&harness, &["-f", "-", "--cluster-name=blue", "-o", "json"], &stream(&manifests));
    assert_eq!(planned.status.code(), Some(1), "{}", error(&planned));
    let json: Value = serde_json::from_str(&text(&planned)).unwrap();
    let rows: BTreeMap<&str, &Value> =
        json["users"].as_array().unwrap().iter().map(|row| (row["name"].as_str().unwrap(), row)).collect();
    let said = |name: &str| {
        let row = rows.get(name)?;
        let reason = row.get("reason").and_then(Value::as_str).unwrap_or_default();
        Some((row["action"].as_str().unwrap().to_owned(), reason.to_owned()))
    };
    let expected = |action: &str, reason: &str| Some((action.to_owned(), reason.to_owned()));
    assert_eq!(said("same"), None);
    assert_eq!(said("moved"), expected("update", ""));
    assert_eq!(
        rows["moved"]["changes"],
        json!([{ "field": "routingProfileName", "from": "Basic Routing Profile", "to": "Sales" }])
    );
    assert_eq!(said("tagged"), expected("update", ""));
    assert_eq!(said("new"), expected("create", ""));
    assert_eq!(rows["new"]["calls"], json!({ "AssociateUserProficiencies": 1, "CreateUser": 1 }));
    assert_eq!(said("found"), expected("adopt", ""));
    assert_eq!(said("found-too"), expected("adopt", ""));
    assert_eq!(said("taken"), expected("refuse", "Conflict"));
    assert_eq!(said("missing"), expected("refuse", "DependencyNotFound"));
    assert_eq!(said("unknown"), expected("refuse", "DependencyNotFound"));
    assert!(rows["unknown"]["message"].as_str().unwrap().contains("Near names: \"Sales\""), "{}", rows["unknown"]);
    assert_eq!(said("twice"), expected("refuse", "Conflict"));

    // The operator says and does the same.
    harness.sim.reset_calls();
    for manifest in &manifests {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        let user: ConnectUser = serde_json::from_value(manifest.clone()).unwrap();
        harness
            .users()
            .patch(
                name,
                &kube::api::PatchParams::apply("git").force(),
                &kube::api::Patch::Apply(serde_json::to_value(user).unwrap()),
            )
            .await
            .unwrap();
    }
    let refused = ["taken", "missing", "unknown", "twice"];
    for (name, row) in &rows {
        if refused.contains(name) {
            harness.wait_for_condition(name, "Ready", "False", row["reason"].as_str().unwrap()).await;
        }
    }
    harness.wait_until_all_ready(&["same", "moved", "tagged", "new", "found", "found-too"]).await;
    let writes: BTreeMap<String, u64> = harness
        .sim
        .calls()
        .operations
        .iter()
        .map(|(operation, calls)| (operation.to_string(), calls.total()))
        .filter(|(operation, _)| changes_something(operation))
        .collect();
    let mut planned: BTreeMap<String, u64> = serde_json::from_value(json["calls"].clone()).unwrap();
    planned.retain(|operation, _| changes_something(operation));
    // CreateUser is tried for users that cannot be had, since it also finds out whether they exist.
    let tried = writes["CreateUser"] - planned["CreateUser"];
    assert!(tried <= 2, "{writes:?}");
    planned.insert("CreateUser".into(), writes["CreateUser"]);
    assert_eq!(writes, planned);

    // Now nothing is left to do, in the cluster as it is too.
    harness.sim.advance(std::time::Duration::from_secs(60));
    let done: Vec<Value> =
        manifests.iter().filter(|m| !refused.contains(&m["metadata"]["name"].as_str().unwrap())).cloned().collect();
    for arguments in [&["-f", "-", "--full"][..], &["-f", "-", "--with-cluster"]] {
        let again = plan(&harness, &[arguments, &["--cluster-name=blue"]].concat(), &stream(&done));
        assert_eq!(
            (again.status.code(), text(&again).lines().next()),
            (Some(0), Some("Plan: 6 as they should be.")),
            "{again:?}"
        );
    }
    harness.route("same", "Sales").await;
    harness.sim.advance(std::time::Duration::from_secs(60));
    let namespace = format!("--namespace={}", harness.namespace());
    let drift = plan(&harness, &[&namespace, "--cluster-name=blue", "-o", "json"], "");
    let json: Value = serde_json::from_str(&text(&drift)).unwrap();
    let changed: Vec<&Value> = json["users"].as_array().unwrap().iter().filter(|row| row["action"] != "refuse").collect();
    assert!(matches!(&changed[..], [one] if one["name"] == "same" && one["action"] == "update"), "{json:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pruned_users_and_held_deletions_are_shown() {
    let harness = Harness::builder("prune").flag("--cluster-name=blue").start().await;
    let names: Vec<String> = (0..13).map(|n| format!("u{n}")).collect();
    harness.apply_all_until_ready(&names, &json!({})).await;
    harness.apply_until_ready("kept", &json!({ "deletionPolicy": "Retain" })).await;
    harness.sim.advance(std::time::Duration::from_secs(60));
    let stays = stream(&[harness.manifest("u0", &json!({}))]);
    let pruned = |flags: &[&str]| plan(&harness, &[&["-f", "-", "--cluster-name=blue"], flags].concat(), &stays);
    let without = pruned(&[]);
    assert_eq!((without.status.code(), text(&without).as_str()), (Some(0), "Plan: 1 as they should be.\n"));
    let with = pruned(&["--prune"]);
    let shown = text(&with);
    assert_eq!(with.status.code(), Some(2), "{shown}");
    assert!(shown.contains("Plan: 1 to release, 12 to delete, 1 as they should be.\n"), "{shown}");
    assert!(shown.contains("12 of 14 users of namespace") && shown.contains("holds 12 of the deletions"), "{shown}");
    // A namespace that is held on its own does not hold another one.
    tagged_in(&harness, "theirs", "blue", "small").await;
    let mut small = harness.manifest("new", &json!({}));
    small["metadata"]["namespace"] = json!("small");
    let both = text(&plan(
        &harness,
        &["-f", "-", "--cluster-name=blue", "--prune"],
        &stream(&[harness.manifest("u0", &json!({})), small]),
    ));
    assert!(both.contains("13 to delete") && both.contains("holds 12 of the deletions"), "{both}");
    let free = text(&pruned(&["--prune", "--deletion-guard-count=12"]));
    assert!(!free.contains("holds"), "{free}");
    let markdown = text(&pruned(&["--prune", "-o", "markdown"]));
    assert!(markdown.contains("<details><summary>12 users</summary>"), "{markdown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn mistakes_in_manifests_are_named() {
    let harness = Harness::builder("mistakes").start().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let run = |path: &str| plan(&harness, &["-f", path, "--cluster-name=blue"], "");
    let one_line = |path: &str| {
        let output = run(path);
        let error = error(&output);
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
        error
    };
    let torn = one_line(&file("torn.yaml", "---\nkind: ConnectUser\n---\nspec: {a: [1}\n"));
    assert!(torn.contains("torn.yaml") && torn.contains("line 4"), "{torn}");
    assert!(one_line("/not/there").contains("--filename /not/there"));
    assert!(one_line(&file("other.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n")).contains("no ConnectUsers"));
    let mut manifest = harness.manifest("jane", &json!({ "usernam": "x", "phoneConfig": { "afterContactWorkTimeLimit": "30" } }));
    let broken = run(&file("broken.json", &manifest.to_string()));
    let shown = text(&broken);
    assert_eq!(broken.status.code(), Some(1), "{shown}");
    for part in
        ["InvalidSpec: ", "spec.usernam: unknown field", "spec.phoneConfig.afterContactWorkTimeLimit: must be of type integer"]
    {
        assert!(shown.contains(part), "{shown}");
    }
    manifest["spec"] = harness.manifest("jane", &json!({ "username": "jane doe" }))["spec"].clone();
    let rule = text(&run(&file("rule.json", &manifest.to_string())));
    assert!(rule.contains("spec.username: username must be 1 to 64 letters"), "{rule}");
    // The API server finds the same.
    let applied = harness.users().create(&kube::api::PostParams::default(), &serde_json::from_value(manifest).unwrap()).await;
    assert!(applied.unwrap_err().to_string().contains("username must be 1 to 64 letters"));
}
