//! Users that carry this cluster's tags and whose ConnectUser does not exist: found, reported, and deleted only on request.

use std::{
    path::Path,
    process::{Command, Output},
};

use connect_api::{OperationName, TagResource};
use serde_json::Value;
use serde_json::json;

use super::{
    outages::{define, definition},
    policies::by_hand,
    scene::{Scene, Setting, control_plane},
    sweeping::{next_sweep, swept},
};
use crate::support::{eventually, plane};

/// Creates a user with the tags that the operator of this cluster would set.
async fn tagged(scene: &Scene<'_>, username: &str, cluster: &str) -> String {
    by_hand(scene, username).await;
    let arn = scene.live(username).user.arn;
    let tags = [("cluster", cluster), ("namespace", scene.namespace()), ("name", username), ("uid", "of-a-former-resource")];
    let tags = tags.map(|(key, value)| (format!("connect-operator.dev/{key}"), value.to_owned())).into();
    scene.console(TagResource { arn: arn.clone(), tags }).await;
    // SearchUsers lags.
    scene.sim.advance(std::time::Duration::from_secs(10));
    arn
}

fn counted(scene: &Scene<'_>) -> f64 {
    scene.operator.metric(&format!("connect_operator_orphaned_users{{connect_instance=\"{}\"}}", scene.instance()))
}

/// Runs `connect-operator orphans` with the operator's rights.
fn orphans(scene: &Scene<'_>, cluster: &str, arguments: &[&str]) -> Output {
    command(scene, cluster, scene.operators_kubeconfig()).args(arguments).output().unwrap()
}

/// Returns the command `connect-operator orphans` with this kubeconfig.
fn command(scene: &Scene<'_>, cluster: &str, kubeconfig: &Path) -> Command {
    let url = scene.url();
    let mut command = Command::new(env!("CARGO_BIN_EXE_operator-under-test"));
    command
        .arg("orphans")
        .args([format!("--cluster-name={cluster}"), format!("--aws-endpoint-url={url}"), "--calls-per-second=1000".to_owned()])
        .arg(format!("--instance={}", scene.instance_arn()))
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "an-example-and-no-secret")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_are_reported_and_left_alone() {
    let scene = swept().flag("--cluster-name=lossy").start().await;
    scene.applied("kept", &json!({})).await;
    let lost = tagged(&scene, "lost", "lossy").await;
    eventually("it is counted", || counted(&scene) == 1.0);
    assert!(scene.operator.log_tail().contains(&lost));
    next_sweep(&scene);
    assert_eq!(scene.live("lost").user.arn, lost);

    // Applied again, the resource takes its user over.
    scene.applied("lost", &json!({})).await;
    assert_eq!(scene.live("lost").user.arn, lost);
    eventually("it is no longer counted", || counted(&scene) == 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphan_is_reported_if_its_resource_asks_for_another_username() {
    let scene = swept().flag("--cluster-name=reused").start().await;
    let left = tagged(&scene, "reused", "reused").await;
    scene.applied("reused", &json!({ "username": "newcomer" })).await;
    eventually("it is counted", || counted(&scene) == 1.0);
    assert!(scene.operator.log_tail().contains(&left));
    scene.live("newcomer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn delete_orphans_deletes_orphans_and_no_other_user() {
    let scene = swept().flag("--cluster-name=tidy").flag("--delete-orphans").start().await;
    scene.applied("kept", &json!({})).await;
    tagged(&scene, "lost", "tidy").await;
    tagged(&scene, "theirs", "another").await;
    by_hand(&scene, "nobodys").await;
    let names = || scene.sim.users(&scene.instance()).into_iter().map(|user| user.user.username).collect::<Vec<_>>();
    eventually("it is deleted", || !names().contains(&"lost".to_owned()));
    next_sweep(&scene);
    assert_eq!(names(), ["kept", "nobodys", "theirs"]);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 1);
    assert_eq!(counted(&scene), 0.0);
    assert_eq!(scene.operator.metric("connect_operator_orphans_resolved_total{result=\"deleted\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_are_listed_and_deleted_by_the_command() {
    // The command reads all namespaces, and resources in those of other tests record users with the same ids.
    let plane = control_plane();
    define(&plane, &definition());
    // The operator stands by: only the command acts.
    let scene = Setting::on(&plane, "orphans").flag("--cluster-name=manual").start().await;
    scene.applied("kept", &json!({})).await;
    let lost = tagged(&scene, "lost", "manual").await;
    tagged(&scene, "theirs", "another").await;

    let listed = orphans(&scene, "manual", &["--output=json"]);
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let found: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let of_lost = json!([{
        "username": "lost", "userArn": lost, "namespace": scene.namespace(), "name": "lost", "uid": "of-a-former-resource",
    }]);
    assert_eq!(found, of_lost);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);
    let shown = text(&orphans(&scene, "manual", &[]).stdout);
    assert!(shown.starts_with("USERNAME") && shown.contains(&lost), "{shown}");

    // An incomplete list lists and deletes no user.
    scene.sim.deny([OperationName::ListUsers]);
    let failed = orphans(&scene, "manual", &["--delete"]);
    assert!(!failed.status.success() && text(&failed.stderr).contains("ListUsers"), "{}", text(&failed.stderr));
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);

    scene.sim.deny::<OperationName>([]);
    let deleted = orphans(&scene, "manual", &["--delete"]);
    assert!(deleted.status.success() && text(&deleted.stdout).contains("deleted"), "{deleted:?}");
    let names: Vec<_> = scene.sim.users(&scene.instance()).into_iter().map(|user| user.user.username).collect();
    assert_eq!(names, ["kept", "theirs"]);
    scene.sim.advance(std::time::Duration::from_secs(10));
    assert_eq!(text(&orphans(&scene, "manual", &["--delete"]).stdout), "No users without a ConnectUser found.\n");
}

/// Set up as the chart does with `scopedNamespaces`: rights in these namespaces only, which are named in the environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orphans_command_is_limited_to_the_permitted_namespace() {
    let scene = Setting::shared("orphans").flag("--cluster-name=tenants").start().await;
    scene.applied("kept", &json!({})).await;
    let lost = tagged(&scene, "lost", "tenants").await;
    let theirs = tagged(&scene, "theirs", "tenants").await;
    let namespace = [("connect-operator.dev/namespace".to_owned(), "another-tenant".to_owned())];
    scene.console(TagResource { arn: theirs, tags: namespace.into() }).await;
    scene.sim.advance(std::time::Duration::from_secs(10));

    let account = format!("--serviceaccount={}:tenant", scene.namespace());
    scene.kubectl(&["create", "serviceaccount", "tenant"]);
    scene.kubectl(&["create", "rolebinding", "tenant", "--clusterrole=connect-operator", &account]);
    let kubeconfig = plane().service_account_kubeconfig(scene.namespace(), "tenant").unwrap();
    let tenant = plane().kubectl().with_kubeconfig(&kubeconfig);
    let may = ["auth", "can-i", "list", "connectusers", "-n", scene.namespace()];
    eventually("the tenant's rights are in force", || tenant.run(&may).is_ok());

    let refused = command(&scene, "tenants", &kubeconfig).arg("--delete").output().unwrap();
    let error = text(&refused.stderr);
    assert!(!refused.status.success() && error.contains("of all namespaces") && error.contains("--namespace"), "{error}");
    let mut scoped = command(&scene, "tenants", &kubeconfig);
    let listed = scoped.arg("--output=json").env("CONNECT_OPERATOR_NAMESPACE", scene.namespace()).output().unwrap();
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let found: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["userArn"]), (1, &json!(lost)), "{found}");
}
