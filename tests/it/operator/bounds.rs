//! What the configuration file allows a namespace: which profiles users may have, and what may be done with users of others. Each
//! attempt to get around that is refused before anything in Connect is changed.

use connect_api::{OperationName, UpdateUserSecurityProfiles};
use connect_operator::api::ConnectUser;
use connect_sim::UserView;
use serde_json::{Value, json};

use super::harness::{Harness, condition, has_condition};
use crate::support::eventually;

const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/5a1e0000-c0ff-4eee-8000-000000000001";

/// Bounds every namespace in the first instance.
fn bounds(body: &str) -> String {
    format!("instances:\n  {INSTANCE}:\n    namespaces: ['*']\n    bounds:\n      '*': {{ {body} }}\n")
}

async fn bounded(body: &str) -> Harness<'static> {
    Harness::builder("bounds").config_file(&bounds(body)).start().await
}

/// Returns the key of the configuration file that allows more to the harness's namespace.
fn key(harness: &Harness<'_>, member: &str) -> String {
    format!("operator's configuration, instances.{INSTANCE}.bounds.{}.{member}", harness.namespace())
}

/// Waits until a resource is refused for this reason, and checks that its message has these parts.
async fn refused(harness: &Harness<'_>, name: &str, reason: &str, parts: &[&str]) {
    let message = harness.wait_for_condition(name, "Ready", "False", reason).await;
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
    let user = harness.users().get(name).await.unwrap();
    assert!(has_condition(&user, "Stalled", "True", reason), "{:?}", user.status);
    // The pass is counted after its status is written.
    let counted = format!("connect_operator_reconcile_total{{result=\"{reason}\"}}");
    eventually("the refusal is counted", || harness.operator.metric(&counted) > 0.0);
}

/// Gives a user these security profiles at Connect's console.
async fn give(harness: &Harness<'_>, username: &str, profiles: &[&str]) {
    let (instance, user) = (harness.instance(), harness.live(username).user.id);
    let ids = profiles.iter().map(|name| harness.sim.security_profile_id(&instance, name).unwrap()).collect();
    harness.call_at_console(UpdateUserSecurityProfiles { instance, user, security_profile_ids: ids }).await;
}

/// Creates an administrator at Connect's console, with a mobile number and an e-mail address of its own.
async fn administrator(harness: &Harness<'_>) -> UserView {
    harness
        .create_by_hand("root", |create| {
            let info = create.identity_info.as_mut().unwrap();
            info.email = Some("root@example.com".into());
            info.mobile = Some("+12065550111".into());
        })
        .await;
    harness.live("root")
}

/// The attempt to get an administrator's password reset: its profiles are left alone, and its e-mail address is changed.
fn hostile(adoption: &str) -> Value {
    json!({
        "adoptionPolicy": adoption,
        "ignoreDrift": ["securityProfileArns"],
        "identityInfo": { "firstName": "By", "lastName": "Hand", "email": "mallory@example.com" },
        "passwordSecretRef": null,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn administrator_cannot_be_taken_over() {
    let harness = bounded("securityProfiles: [Agent]").await;
    let before = administrator(&harness).await;
    let adoption = ["\"root\"", harness.namespace(), &key(&harness, "adoption")];
    harness.apply("root", &hostile("Adopt")).await;
    refused(&harness, "root", "AdoptionNotAllowed", &adoption).await;
    let note = harness.wait_for_event("root", "CreateFailed").await;
    assert!(note.starts_with("AdoptionNotAllowed: "), "{note}");
    let user = harness.users().get("root").await.unwrap();
    assert_eq!(user.metadata.finalizers, None);
    assert!(user.status.unwrap().observed.is_none(), "nothing of it is shown");

    // Not by observing it first, and not if a missing user would be created.
    let mut observing = hostile("Never");
    observing["managementPolicy"] = json!("Observe");
    harness.apply("root", &observing).await;
    harness.wait_for_condition("root", "Synced", "False", "Drifted").await;
    for policy in ["Adopt", "AdoptOrCreate"] {
        harness.apply("root", &hostile(policy)).await;
        refused(&harness, "root", "AdoptionNotAllowed", &adoption).await;
    }

    // Even where users may be adopted, this one has more than the namespace may give.
    harness.configure(&bounds("securityProfiles: [Agent], adoption: Allow"));
    let profiles = ["\"Admin\"", "\"root\"", harness.namespace(), &key(&harness, "securityProfiles")];
    for policy in ["Adopt", "AdoptOrCreate"] {
        harness.apply("root", &hostile(policy)).await;
        refused(&harness, "root", "ProfileNotAllowed", &profiles).await;
    }
    let mut asks = hostile("Adopt");
    asks["securityProfileArns"] = json!([harness.security_profile("Admin")]);
    harness.apply("root", &asks).await;
    refused(&harness, "root", "ProfileNotAllowed", &profiles[..1]).await;
    assert_eq!((harness.live("root"), harness.sim.calls().writes()), (before, 0), "{:#?}", harness.sim.calls());

    harness.configure(&bounds("securityProfiles: [Agent, 'Adm*'], adoption: Allow"));
    harness.wait_until_ready("root").await;
    assert_eq!(harness.live("root").user.identity_info.email.as_deref(), Some("mallory@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn listed_instance_allows_no_adoption_unless_it_says_so() {
    let harness =
        Harness::builder("bounds").config_file(&format!("instances:\n  {INSTANCE}:\n    namespaces: ['*']\n")).start().await;
    let before = administrator(&harness).await;
    harness.apply("root", &hostile("Adopt")).await;
    refused(&harness, "root", "AdoptionNotAllowed", &[]).await;
    harness.apply("root", &hostile("Never")).await;
    let advice = harness.wait_for_condition("root", "Ready", "False", "Conflict").await;
    assert!(!advice.contains("adoptionPolicy"), "{advice}");
    assert_eq!(harness.live("root"), before);
    harness.apply_until_ready("agent", &json!({ "securityProfileArns": [harness.security_profile("Admin")] })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn profiles_beyond_the_bounds_are_not_given() {
    let harness = bounded("securityProfiles: ['*Agent', 'Call*'], routingProfiles: [Basic*], hierarchyGroups: [/North/*]").await;
    let by_name = |names: &[&str]| json!({ "securityProfileArns": null, "securityProfileNames": names });
    let profiles = key(&harness, "securityProfiles");
    let attempts = [
        (
            "arn",
            json!({ "securityProfileArns": [harness.security_profile("Admin")] }),
            ["Admin", "securityProfileArns", &profiles],
        ),
        ("name", by_name(&["Admin"]), ["Admin", "securityProfileNames", &profiles]),
        ("beside", by_name(&["Agent", "QualityAnalyst"]), ["QualityAnalyst", "securityProfileNames", &profiles]),
        (
            "routing",
            json!({ "routingProfileArn": harness.routing_profile("Sales") }),
            ["Sales", "routingProfileArn", &key(&harness, "routingProfiles")],
        ),
        (
            "group",
            json!({ "hierarchyGroupArn": harness.hierarchy_group("/South/Munich") }),
            ["/South/Munich", "hierarchyGroupArn", &key(&harness, "hierarchyGroups")],
        ),
        (
            "path",
            json!({ "hierarchyGroupPath": "/South/Munich" }),
            ["/South/Munich", "hierarchyGroupPath", &key(&harness, "hierarchyGroups")],
        ),
    ];
    for (name, spec, parts) in &attempts {
        let mut spec = spec.clone();
        spec["generatePassword"] = json!(true);
        spec["passwordSecretRef"] = Value::Null;
        harness.apply(name, &spec).await;
        refused(&harness, name, "ProfileNotAllowed", parts).await;
        let user = harness.users().get(name).await.unwrap();
        assert!(user.metadata.finalizers.is_none() && user.status.unwrap().create_attempt.is_none(), "{name}");
    }
    assert_eq!(harness.sim.calls().writes(), 0, "{:#?}", harness.sim.calls());

    let allowed = json!({
        "securityProfileArns": [harness.security_profile("Agent"), harness.security_profile("CallCenterManager")],
        "hierarchyGroupArn": harness.hierarchy_group("/North/Hamburg"),
    });
    harness.apply_until_ready("allowed", &allowed).await;
    let before = harness.live("allowed");
    harness.sim.reset_calls();
    for (_, spec, parts) in &attempts {
        harness.apply("allowed", spec).await;
        refused(&harness, "allowed", "ProfileNotAllowed", parts).await;
    }
    assert_eq!((harness.live("allowed"), harness.sim.calls().writes()), (before, 0));
    harness.apply_until_ready("allowed", &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_that_got_more_rights_is_not_edited() {
    let harness = bounded("securityProfiles: [Agent]").await;
    harness.apply_until_ready("promoted", &json!({})).await;
    give(&harness, "promoted", &["Agent", "Admin"]).await;
    let before = harness.live("promoted");
    harness.sim.reset_calls();
    let mut edited = hostile("Never");
    for ignored in [json!(["securityProfileArns"]), json!([])] {
        edited["ignoreDrift"] = ignored;
        harness.apply("promoted", &edited).await;
        refused(&harness, "promoted", "ProfileNotAllowed", &["\"Admin\"", &key(&harness, "securityProfiles")]).await;
    }
    assert_eq!((harness.live("promoted"), harness.sim.calls().writes()), (before, 0));

    give(&harness, "promoted", &["Agent"]).await;
    harness.requeue("promoted").await;
    harness.wait_until_ready("promoted").await;
    give(&harness, "promoted", &["Admin"]).await;
    harness.delete_until_gone("promoted").await;
    assert_eq!(harness.usernames(), [""; 0], "the bounds do not keep a resource from leaving");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_that_follows_a_sweep_reads_the_user_first() {
    let harness =
        Harness::builder("bounds").config_file(&bounds("securityProfiles: [Agent]")).flag("--sweep-interval=1h").start().await;
    harness.apply_until_ready("promoted", &json!({})).await;
    give(&harness, "promoted", &["Admin"]).await;
    let before = harness.live("promoted");
    harness.apply("promoted", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    refused(&harness, "promoted", "ProfileNotAllowed", &["\"Admin\""]).await;
    assert_eq!(harness.live("promoted"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_that_had_to_wait_reads_the_user_again() {
    let harness = Harness::builder("bounds")
        .config_file(&bounds("securityProfiles: [Agent]"))
        .flag("--operation-quota=UpdateUserRoutingProfile=0.2:1")
        .start()
        .await;
    harness.apply_until_ready("promoted", &json!({})).await;
    let routing = |profile: &str| json!({ "routingProfileArn": harness.routing_profile(profile) });
    harness.apply_until_ready("promoted", &routing("Sales")).await;
    harness.sim.reset_calls();
    harness.apply("promoted", &routing("Basic Routing Profile")).await;
    eventually("the user was read", || harness.sim.calls().of(OperationName::DescribeUser) > 0);
    give(&harness, "promoted", &["Admin"]).await;
    refused(&harness, "promoted", "ProfileNotAllowed", &["\"Admin\""]).await;
    assert_eq!(harness.sim.calls().writes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rename_of_a_profile_does_not_widen_rights() {
    let harness = Harness::builder("bounds").config_file("{}").start().await;
    let sales = json!({ "routingProfileArn": harness.routing_profile("Sales") });
    harness.apply_until_ready("jane", &sales).await;
    let id = harness.sim.routing_profile_id(&harness.instance(), "Sales").unwrap();
    harness.sim.rename_routing_profile(&harness.instance(), &id, "Executives");
    harness.sim.create_routing_profile(&harness.instance(), "Sales");
    harness.configure(&bounds("routingProfiles: [Sales]"));
    // The user was in sync, and is still as its spec asks.
    refused(&harness, "jane", "ProfileNotAllowed", &["Executives", &key(&harness, "routingProfiles")]).await;
    harness.sim.reset_calls();
    let mut edited = sales.clone();
    edited["identityInfo"] = json!({ "firstName": "New" });
    harness.apply("jane", &edited).await;
    refused(&harness, "jane", "ProfileNotAllowed", &["Executives"]).await;
    harness.apply("another", &sales).await;
    refused(&harness, "another", "ProfileNotAllowed", &["Executives"]).await;
    assert_eq!(harness.sim.calls().writes(), 0);

    harness.configure(&bounds("routingProfiles: [Exec*]"));
    for name in ["jane", "another"] {
        harness.wait_until_ready(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn own_bounds_of_a_namespace_come_before_those_of_all() {
    let harness = bounded("securityProfiles: [Agent], adoption: Refuse").await;
    administrator(&harness).await;
    let own = format!("{}      {}: {{ adoption: Allow }}\n", bounds("securityProfiles: [Agent]"), harness.namespace());
    harness.configure(&own);
    harness.apply("root", &hostile("Adopt")).await;
    refused(&harness, "root", "ProfileNotAllowed", &[]).await;
    harness.configure(&own.replace("adoption: Allow", "adoption: Allow, securityProfiles: ['*']"));
    harness.wait_until_ready("root").await;
}

/// Returns the texts of everything that shows the state of a resource.
async fn shown(harness: &Harness<'_>, name: &str) -> String {
    let user: ConnectUser = harness.users().get(name).await.unwrap();
    let events: Vec<_> = harness.events(name).await.into_iter().filter_map(|event| event.note).collect();
    format!("{}{events:?}", serde_json::to_string(&user.status).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_of_others_users_sees_no_addresses() {
    let harness = Harness::builder("bounds").config_file("{}").flag("--sweep-interval=1s").start().await;
    administrator(&harness).await;
    let observer = json!({
        "managementPolicy": "Observe",
        "identityInfo": { "firstName": "Other", "email": "guess@example.com", "mobile": "" },
    });
    harness.apply("root", &observer).await;
    let message = harness.wait_for_condition("root", "Synced", "False", "Drifted").await;
    assert!(message.contains("identityInfo.email: \"(not shown)\" → \"guess@example.com\""), "{message}");
    assert!(message.contains("identityInfo.firstName: \"By\" → \"Other\""), "{message}");
    harness.wait_for_event("root", "DriftDetected").await;
    harness.requeue("root").await;
    let text = shown(&harness, "root").await;
    assert!(
        text.contains("\"username\":\"root\"") && !text.contains("root@example.com") && !text.contains("2065550111"),
        "{text}"
    );
    assert!(!harness.operator.log().contains("root@example.com"));

    let same = json!({
        "managementPolicy": "Observe",
        "identityInfo": { "firstName": "By", "lastName": "Hand", "email": "root@example.com", "mobile": "+12065550111" },
        "routingProfileArn": null, "routingProfileName": "Sales", "securityProfileArns": [harness.security_profile("Admin")],
    });
    harness.apply_until_ready("root", &same).await;
    let observed = harness.users().get("root").await.unwrap().status.unwrap().observed.unwrap();
    assert_eq!((observed.identity_info.email, observed.identity_info.mobile), (None, None));
    // What the status does not show is not taken for a name that stands for something else.
    let sweeps = || harness.sim.calls().of(OperationName::SearchUsers);
    let before = sweeps();
    eventually("the instance is swept", || sweeps() >= before + 3);
    assert_eq!(harness.operator.metric("connect_operator_sweep_candidates_total{reason=\"renamed\"}"), 0.0);

    harness.configure(&bounds("observeOthers: Allow"));
    harness
        .wait_until("root", "shown", |user| {
            let observed = user.status.as_ref().and_then(|status| status.observed.as_ref());
            observed.is_some_and(|observed| observed.identity_info.email.as_deref() == Some("root@example.com"))
        })
        .await;

    harness.configure(&bounds("observeOthers: Refuse"));
    refused(&harness, "root", "ObservationNotAllowed", &["\"root\"", &key(&harness, "observeOthers")]).await;
    let user = harness.users().get("root").await.unwrap();
    assert!(condition(&user, "Synced").is_some_and(|synced| synced.status == "False"));
    let status = user.status.unwrap();
    assert!(status.observed.is_none() && status.drift.is_empty(), "{status:?}");
    assert_eq!(harness.sim.calls().writes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_of_its_own_user_sees_everything() {
    let harness = bounded("observeOthers: Refuse").await;
    let identity = json!({ "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com" });
    harness.apply_until_ready("jane", &json!({ "identityInfo": identity })).await;
    harness.apply_until_ready("jane", &json!({ "identityInfo": identity, "managementPolicy": "Observe" })).await;
    let observed = harness.users().get("jane").await.unwrap().status.unwrap().observed.unwrap();
    assert_eq!(observed.identity_info.email.as_deref(), Some("jane@example.com"));
}
