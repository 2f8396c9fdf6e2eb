//! Sweeps: a whole instance is read in two calls, and only users that may have drifted are read one by one. Users in sync cost
//! nothing. docs/fields.md has the drift of each field.

use std::time::Duration;

use connect_api::{DeleteUser, IdentityInfo, OperationName, UpdateUserIdentityInfo};
use connect_sim::Calls;
use serde_json::json;

use super::{
    channels::rests,
    harness::{FIRST, Harness, HarnessBuilder, harness, is_ready},
};
use crate::support::eventually;

const COMPLETE: &str = "connect_operator_sweeps_total{result=\"complete\"}";

/// Sweeps often, and reads no user individually on a schedule.
pub fn swept() -> HarnessBuilder<'static> {
    Harness::builder("sweeping").flag("--sweep-interval=1s")
}

/// Waits for a sweep that began after this call.
pub fn next_sweep(harness: &Harness<'_>) {
    // The sweep that is under way may have read the state before this call.
    let after = harness.operator.metric(COMPLETE) + 2.0;
    eventually("a sweep", || harness.operator.metric(COMPLETE) >= after);
}

fn reads(calls: &Calls) -> u64 {
    calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sweep_finds_changes_and_reads_only_changed_users() {
    let harness = swept().start().await;
    let agents = ["rerouted", "renamed", "one", "two", "three"];
    for agent in agents {
        harness
            .apply_until_ready(agent, &json!({ "identityInfo": { "firstName": "A", "lastName": "B", "email": "a@example.com" } }))
            .await;
    }
    next_sweep(&harness);
    assert_eq!(reads(&harness.sim.calls()), 0, "the operator's own writes are not drift: {:#?}", harness.sim.calls());

    let before = agents.map(|agent| harness.live(agent).user.routing_profile_id);
    harness.sim.advance(Duration::from_secs(5));
    harness.sim.reset_calls();
    // SearchUsers shows the first change. For the second, only the time in ListUsers shows that something changed.
    harness.route("rerouted", "Sales").await;
    let user = harness.live("renamed").user;
    let identity_info = IdentityInfo { email: Some("meddled@example.com".into()), ..user.identity_info };
    harness.call_at_console(UpdateUserIdentityInfo { instance: harness.instance(), user: user.id, identity_info }).await;

    assert!(harness.wait_for_event("rerouted", "DriftCorrected").await.contains("routingProfileArn"));
    assert!(harness.wait_for_event("renamed", "DriftCorrected").await.contains("identityInfo.email"));
    assert_eq!(agents.map(|agent| harness.live(agent).user.routing_profile_id), before);
    assert_eq!(harness.live("renamed").user.identity_info.email.as_deref(), Some("a@example.com"));
    // Until then the index still shows the corrected users as they were before.
    harness.sim.advance(Duration::from_secs(5));
    next_sweep(&harness);
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 2, "{calls:#?}");
    // Each is read once before it is corrected, and again by sweeps for which the index still shows the old state.
    assert!((2..=6).contains(&calls.of(OperationName::DescribeUser)), "{calls:#?}");
    harness.sim.reset_calls();
    next_sweep(&harness);
    assert_eq!(reads(&harness.sim.calls()), 0, "{:#?}", harness.sim.calls());
}

/// AWS does not document every difference between SearchUsers and DescribeUser: each user is read once because of one, and no
/// more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lasting_search_difference_costs_one_read_and_hides_no_change() {
    let rules = connect_sim::Rules { search_lists_in_milliseconds: false, ..connect_sim::Rules::default() };
    let harness = swept().rules(rules).start().await;
    // A thousand seconds: taken for a thousand milliseconds, if these lists are in seconds.
    let work = json!([{ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1000 } }]);
    harness.apply_until_ready("agent", &json!({ "afterContactWorkConfigs": work })).await;
    // SearchUsers shows it a little later.
    harness.sim.advance(Duration::from_secs(5));
    eventually("it is read", || reads(&harness.sim.calls()) > 0);
    next_sweep(&harness);
    harness.sim.reset_calls();
    next_sweep(&harness);
    next_sweep(&harness);
    assert_eq!(reads(&harness.sim.calls()), 0, "{:#?}", harness.sim.calls());
    assert!(harness.operator.log_tail().contains("\"disputed\":1"), "{}", harness.operator.log_tail());

    harness.route("agent", "Sales").await;
    harness.sim.advance(Duration::from_secs(5));
    assert!(harness.wait_for_event("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleted_user_is_found_missing_and_created_again() {
    let harness = swept().flag("--settle-window=1s").start().await;
    let first = harness.apply_until_ready("phoenix", &json!({})).await.status.unwrap().user_id.unwrap();
    harness.call_at_console(DeleteUser { instance: harness.instance(), user: first.as_str().into() }).await;
    let recorded = |user: &connect_operator::api::ConnectUser| user.status.as_ref().and_then(|s| s.user_id.clone());
    harness.wait_until("phoenix", "another", |user| is_ready(user) && recorded(user).is_some_and(|id| id != first)).await;
    assert_eq!(harness.sim.users(&harness.instance()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn restart_with_users_in_sync_reads_only_changed_ones() {
    let mut harness = swept().start().await;
    for agent in ["one", "two", "three", "four", "five"] {
        harness.apply_until_ready(agent, &json!({})).await;
    }
    harness.operator.stop();
    harness.sim.advance(Duration::from_secs(300));
    harness.route("three", "Sales").await;
    harness.sim.reset_calls();
    harness.operator.start_again();
    assert!(
        harness.wait_for_event("three", "DriftCorrected").await.contains("routingProfileArn"),
        "a change during the downtime is found"
    );
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 1, "{calls:#?}");
    assert!((1..=2).contains(&reads(&calls)), "only the changed user is read: {calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_are_read_one_by_one_if_sweeps_are_denied() {
    let harness = swept().flag("--drift-interval=3s").start().await;
    harness.sim.deny([OperationName::SearchUsers]);
    harness.apply_until_ready("agent", &json!({})).await;
    harness.sim.reset_calls();
    eventually("it is read", || harness.sim.calls().of(OperationName::DescribeUser) >= 2);
    assert!(harness.operator.log_tail().contains("connect:SearchUsers"), "{}", harness.operator.log_tail());
    assert!(harness.operator.metric("connect_operator_sweeps_total{result=\"failed\"}") >= 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_is_read_at_its_interval_even_if_recently_seen() {
    let harness = Harness::builder("sweeping").flag("--sweep-interval=1h").flag("--drift-interval=2s").start().await;
    harness.apply_until_ready("agent", &json!({})).await;
    harness.route("agent", "Sales").await;
    assert!(harness.wait_for_event("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_based_on_an_outdated_status_still_reaches_the_spec() {
    let harness = Harness::builder("sweeping").flag("--sweep-interval=1h").flag("--settle-window=1s").start().await;
    let first = harness.apply_until_ready("agent", &json!({})).await.status.unwrap().user_id.unwrap();
    harness.call_at_console(DeleteUser { instance: harness.instance(), user: first.as_str().into() }).await;
    harness.apply_until_ready("agent", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    assert_ne!(harness.live("agent").user.id.as_str(), first, "the edit notices that the user was deleted");
    assert!(harness.is_routed("agent", "Sales"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn passes_over_a_user_in_sync_write_nothing() {
    let harness = Harness::builder("quiet").flag("--drift-interval=300ms").start().await;
    let spec = json!({
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "billing" },
    });
    harness.apply_until_ready("still", &spec).await;
    rests(&harness, "still", 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn reconcile_request_costs_one_read() {
    let harness = harness("asked").await;
    harness.apply_until_ready("asked", &json!({})).await;
    harness.sim.reset_calls();
    for looks in 1..=3 {
        harness.requeue("asked").await;
        let calls = harness.sim.calls();
        assert_eq!(calls.of(OperationName::DescribeUser), looks, "{calls:#?}");
        assert_eq!(calls.total(), looks, "{calls:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn administrators_and_the_quota_are_metrics() {
    let config =
        "instances:\n  arn:aws:connect:us-west-2:123456789012:instance/INSTANCE: { namespaces: ['*'], usersQuota: 700 }\n";
    let harness = swept().config_file(&config.replace("INSTANCE", FIRST)).start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    let of_instance = |name: &str, more: &str| {
        let labels = format!("connect_instance=\"{FIRST}\",region=\"us-west-2\"{more}");
        harness.operator.metric(&format!("connect_operator_instance_{name}{{{labels}}}"))
    };
    let administrators = || ["here", "no"].map(|managed| of_instance("administrators", &format!(",managed=\"{managed}\"")));
    harness.sim.advance(Duration::from_secs(5));
    next_sweep(&harness);
    assert_eq!((administrators(), of_instance("users_quota", "")), ([0.0, 0.0], 700.0));

    let helpers = harness.sim.create_security_profile(&harness.instance(), "Helpers");
    harness.sim.set_permissions(&harness.instance(), &helpers, ["Users.EditPermission"]);
    let by_hand = testbed::create_by_hand(&harness.sim, &harness.instance(), "by.hand", "Sales", "Helpers");
    harness.call_at_console(by_hand).await;
    harness.sim.advance(Duration::from_secs(5));
    eventually("the administrator is counted", || administrators() == [0.0, 1.0]);
    let calls = harness.sim.calls();
    assert_eq!(calls.of(OperationName::ListSecurityProfilePermissions), 2, "one for each profile: {calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quota_is_read_from_service_quotas_once() {
    let config = "instances:\n  arn:aws:connect:us-west-2:123456789012:instance/INSTANCE: { namespaces: ['*'], usersQuota: ServiceQuotas }\n";
    let harness = swept().config_file(&config.replace("INSTANCE", FIRST)).start().await;
    let sample = format!("connect_operator_instance_users_quota{{connect_instance=\"{FIRST}\",region=\"us-west-2\"}}");
    eventually("the quota is known", || harness.operator.metric(&sample) == 500.0);
    next_sweep(&harness);
    assert_eq!(harness.sim.calls().of("GetServiceQuota"), 1);
}
