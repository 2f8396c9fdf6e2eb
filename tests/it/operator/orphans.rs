//! Users that carry this cluster's tags and whose ConnectUser does not exist: found, reported, and deleted only on request.

use std::{
    path::Path,
    process::{Command, Output},
};

use connect_api::{OperationName, TagResource};
use connect_operator::api::PAUSED;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{
    harness::Harness,
    sweeps::{next_sweep, swept},
    tools::program,
};
use crate::support::{eventually, own_plane, plane};

/// Creates a user with the tags that the operator of this cluster would set.
pub(super) async fn tagged(harness: &Harness<'_>, username: &str, cluster: &str) -> String {
    tagged_in(harness, username, cluster, harness.namespace()).await
}

/// Creates a user with the tags that the operator of this cluster would set for a ConnectUser of this namespace.
pub(super) async fn tagged_in(harness: &Harness<'_>, username: &str, cluster: &str, namespace: &str) -> String {
    harness.create_by_hand(username, |_| {}).await;
    let arn = harness.live(username).user.arn;
    let tags = [("cluster", cluster), ("namespace", namespace), ("name", username), ("uid", "of-a-former-resource")];
    let tags = tags.map(|(key, value)| (format!("connect-operator.dev/{key}"), value.to_owned())).into();
    harness.call_at_console(TagResource { arn: arn.clone(), tags }).await;
    // SearchUsers lags.
    harness.sim.advance(std::time::Duration::from_secs(10));
    arn
}

fn counted(harness: &Harness<'_>) -> f64 {
    harness
        .operator
        .metric(&format!("connect_operator_orphaned_users{{connect_instance=\"{}\",region=\"us-west-2\"}}", harness.instance()))
}

/// Runs `connect-operator orphans` with the operator's rights.
fn orphans(harness: &Harness<'_>, cluster: &str, arguments: &[&str]) -> Output {
    command(harness, cluster, harness.operators_kubeconfig()).args(arguments).output().unwrap()
}

/// Returns the command `connect-operator orphans` with this kubeconfig.
fn command(harness: &Harness<'_>, cluster: &str, kubeconfig: &Path) -> Command {
    let (cluster, instance) = (format!("--cluster-name={cluster}"), format!("--instance={}", harness.instance_arn()));
    let mut command = program(harness, &["orphans", &cluster, &instance]);
    command.env("KUBECONFIG", kubeconfig);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_are_reported_and_left_alone() {
    let harness = swept().flag("--cluster-name=lossy").start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    let lost = tagged(&harness, "lost", "lossy").await;
    eventually("it is counted", || counted(&harness) == 1.0);
    assert!(harness.operator.log_tail().contains(&lost));
    next_sweep(&harness);
    assert_eq!(harness.live("lost").user.arn, lost);

    // Applied again, the resource takes its user over.
    harness.apply_until_ready("lost", &json!({})).await;
    assert_eq!(harness.live("lost").user.arn, lost);
    eventually("it is no longer counted", || counted(&harness) == 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphan_is_reported_if_its_resource_asks_for_another_username() {
    let harness = swept().flag("--cluster-name=reused").start().await;
    let left = tagged(&harness, "reused", "reused").await;
    harness.apply_until_ready("reused", &json!({ "username": "newcomer" })).await;
    eventually("it is counted", || counted(&harness) == 1.0);
    assert!(harness.operator.log_tail().contains(&left));
    harness.live("newcomer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn delete_orphans_deletes_orphans_and_no_other_user() {
    let harness = swept().flag("--cluster-name=tidy").flag("--delete-orphans").start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    tagged(&harness, "lost", "tidy").await;
    tagged(&harness, "theirs", "another").await;
    harness.create_by_hand("nobodys", |_| {}).await;
    eventually("it is deleted", || !harness.usernames().contains(&"lost".to_owned()));
    next_sweep(&harness);
    assert_eq!(harness.usernames(), ["kept", "nobodys", "theirs"]);
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 1);
    assert_eq!(counted(&harness), 0.0);
    assert_eq!(harness.operator.metric("connect_operator_orphans_resolved_total{result=\"deleted\"}"), 1.0);
}

/// The annotation that may have said that the user stays went with the namespace.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphan_of_a_namespace_that_is_gone_is_kept() {
    let flags = ["--cluster-name=moved", "--delete-orphans", "--namespace=there-is-none"];
    let harness = flags.into_iter().fold(swept(), |builder, flag| builder.flag(flag)).start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    tagged_in(&harness, "lost", "moved", "there-is-none").await;
    let kept = || harness.operator.metric("connect_operator_orphans_resolved_total{result=\"namespace_gone\"}") >= 1.0;
    eventually("it is kept", kept);
    assert_eq!(harness.usernames(), ["kept", "lost"]);
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleted_orphans_and_other_deletions_count_together() {
    let flags = ["--cluster-name=slow", "--delete-orphans", "--deletion-guard-count=2", "--deletion-guard-share=0.01"];
    let setting = flags.into_iter().fold(swept(), |builder, flag| builder.flag(flag));
    let harness = setting.start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    for name in ["one", "two"] {
        tagged(&harness, name, "slow").await;
        eventually("it is deleted", || !harness.usernames().contains(&name.to_owned()));
    }
    tagged(&harness, "three", "slow").await;
    eventually("it is reported", || harness.operator.log_tail().contains("1 users have no ConnectUser and are not deleted yet"));
    next_sweep(&harness);
    assert_eq!(harness.usernames(), ["kept", "three"]);
    harness.delete("kept").await;
    harness.wait_for_condition("kept", "Ready", "False", "DeletionHeld").await;
    assert_eq!(harness.usernames(), ["kept", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn instance_is_swept_after_its_last_resource_went_by_force() {
    let harness = swept().flag("--cluster-name=forced").flag("--delete-orphans").start().await;
    harness.apply_until_ready("lost", &json!({})).await;
    next_sweep(&harness);
    harness.annotate("lost", PAUSED, json!("true")).await;
    harness.wait_for_condition("lost", "Synced", "False", "Paused").await;
    harness.delete("lost").await;
    let stripped = json!({ "metadata": { "finalizers": null } });
    harness.users().patch("lost", &PatchParams::default(), &Patch::Merge(&stripped)).await.unwrap();
    harness.wait_until_gone("lost").await;
    harness.sim.advance(std::time::Duration::from_secs(10));
    eventually("its user is deleted", || harness.usernames().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_are_listed_and_deleted_by_the_command() {
    // The command reads all namespaces, and resources in those of other tests record users with the same ids.
    let plane = own_plane();
    // The operator stands by: only the command acts.
    let harness = Harness::builder_on(&plane, "orphans").flag("--cluster-name=manual").start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    let lost = tagged(&harness, "lost", "manual").await;
    tagged(&harness, "theirs", "another").await;

    let listed = orphans(&harness, "manual", &["--output=json"]);
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let found: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let of_lost = json!([{
        "username": "lost", "userArn": lost, "namespace": harness.namespace(), "name": "lost", "uid": "of-a-former-resource",
    }]);
    assert_eq!(found, of_lost);
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);
    let shown = text(&orphans(&harness, "manual", &[]).stdout);
    assert!(shown.starts_with("USERNAME") && shown.contains(&lost), "{shown}");

    // An incomplete list lists and deletes no user.
    harness.sim.deny([OperationName::ListUsers]);
    let failed = orphans(&harness, "manual", &["--delete"]);
    assert!(!failed.status.success() && text(&failed.stderr).contains("ListUsers"), "{}", text(&failed.stderr));
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);

    harness.sim.deny::<OperationName>([]);
    let deleted = orphans(&harness, "manual", &["--delete"]);
    assert!(deleted.status.success() && text(&deleted.stdout).contains("deleted"), "{deleted:?}");
    assert_eq!(harness.usernames(), ["kept", "theirs"]);
    harness.sim.advance(std::time::Duration::from_secs(10));
    assert_eq!(text(&orphans(&harness, "manual", &["--delete"]).stdout), "No users without a ConnectUser found.\n");
}

/// Set up as the chart does with `scopedNamespaces`: rights in these namespaces only, which are named in the environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_command_is_limited_to_the_permitted_namespace() {
    let harness = Harness::builder("orphans").flag("--cluster-name=tenants").start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    let lost = tagged(&harness, "lost", "tenants").await;
    let theirs = tagged(&harness, "theirs", "tenants").await;
    let namespace = [("connect-operator.dev/namespace".to_owned(), "another-tenant".to_owned())];
    harness.call_at_console(TagResource { arn: theirs, tags: namespace.into() }).await;
    harness.sim.advance(std::time::Duration::from_secs(10));

    let account = format!("--serviceaccount={}:tenant", harness.namespace());
    harness.kubectl(&["create", "serviceaccount", "tenant"]);
    harness.kubectl(&["create", "rolebinding", "tenant", "--clusterrole=connect-operator", &account]);
    let kubeconfig = plane().service_account_kubeconfig(harness.namespace(), "tenant").unwrap();
    let tenant = plane().kubectl().with_kubeconfig(&kubeconfig);
    let may = ["auth", "can-i", "list", "connectusers", "-n", harness.namespace()];
    eventually("the tenant's rights are in force", || tenant.run(&may).is_ok());

    let refused = command(&harness, "tenants", &kubeconfig).arg("--delete").output().unwrap();
    let error = text(&refused.stderr);
    assert!(!refused.status.success() && error.contains("of all namespaces") && error.contains("--namespace"), "{error}");
    let mut scoped = command(&harness, "tenants", &kubeconfig);
    let listed = scoped.arg("--output=json").env("CONNECT_OPERATOR_NAMESPACE", harness.namespace()).output().unwrap();
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let found: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["userArn"]), (1, &json!(lost)), "{found}");
}
