//! The states in docs/states.md: a real ConnectUser is brought into each state, and compared with what tools and people see of
//! it.

use connect_api::{DeleteUser, OperationName, UserId};
use connect_operator::api::{PAUSED, Reason};
use connect_sim::{Effect, Fault};
use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use super::harness::{FIRST, Harness, PASSWORD, SAML, condition, has_condition, is_ready, throttled};
use crate::{golden, health_checkers::judge, support::read};

const FILE: &str = "docs/states.md";

/// The order of the conditions in the table.
const ORDER: [&str; 6] = ["Ready", "Synced", "ReferencesResolved", "Reconciling", "Stalled", "PasswordChangeIgnored"];

/// The table as it grows.
struct Table<'harness> {
    harness: &'harness Harness<'harness>,
    rows: Vec<String>,
}

impl Table<'_> {
    /// Waits until Synced has this status and reason, and records the state.
    async fn synced(&mut self, state: &str, name: &str, status: &str, reason: &str) {
        self.when(state, name, |user| has_condition(user, "Synced", status, reason)).await;
    }

    /// Waits for a state and records it. States in which the operator retries change for moments.
    async fn when(&mut self, state: &str, name: &str, holds: impl Fn(&connect_operator::api::ConnectUser) -> bool) {
        loop {
            let before = self.harness.wait_until(name, state, &holds).await;
            let row = self.seen(state, name);
            if self.harness.users().get(name).await.unwrap().resource_version() == before.resource_version() {
                self.rows.push(row);
                return;
            }
        }
    }

    /// Returns the row for a state.
    fn seen(&self, state: &str, name: &str) -> String {
        let object: Value = serde_json::from_str(&self.harness.kubectl(&["get", "cuser", name, "--output=json"])).unwrap();
        let generation = object["metadata"]["generation"].as_i64().unwrap();
        let observed = match object["status"]["observedGeneration"].as_i64().unwrap() {
            -1 => "−1",
            observed if observed == generation => "=",
            observed if observed < generation => "older",
            observed => panic!("{state}: observed {observed} of {generation}"),
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut conditions: Vec<_> = object["status"]["conditions"].as_array().into_iter().flatten().collect();
        // The API server returns them in the order in which they were first set.
        conditions.sort_by_key(|c| ORDER.iter().position(|kind| c["type"] == *kind));
        let shown = |c: &&Value| format!("{}={}/{}", text(&c["type"]), text(&c["status"]), text(&c["reason"]));
        let columns = self.columns(name).map(|cell| if cell.is_empty() { "–".to_owned() } else { cell }).join(" ");
        let verdicts = judge(&object);
        let waited = self.harness.try_kubectl(&["wait", "--for=condition=Ready", "--timeout=0", "cuser", name]);
        if !conditions.is_empty() && observed != "older" {
            let messages: Vec<_> = conditions.iter().map(|c| text(&c["message"])).collect();
            assert!(messages.contains(&verdicts.argo.message), "{state}: Argo CD says {:?}", verdicts.argo);
        }
        [
            state.to_owned(),
            observed.to_owned(),
            conditions.iter().map(shown).collect::<Vec<_>>().join("<br>"),
            columns,
            verdicts.kstatus.status,
            verdicts.argo.status,
            if waited.is_ok() { "met" } else { "not met" }.to_owned(),
        ]
        .join(" | ")
    }

    /// Returns READY, SYNCED and REASON as `kubectl get` shows them.
    fn columns(&self, name: &str) -> [String; 3] {
        let table = self.harness.kubectl(&["get", "cuser", name]);
        let (head, line) = table.trim_end().split_once('\n').unwrap();
        ["READY", "SYNCED", "REASON"].map(|column| {
            let start = head.find(column).unwrap();
            line[start..].split("  ").next().unwrap().trim().to_owned()
        })
    }

    fn text(&self) -> String {
        let head = [
            "State",
            "`observedGeneration`",
            "Conditions",
            "READY SYNCED REASON",
            "kstatus (Flux, Helm 4)",
            "Argo CD",
            "`kubectl wait` for Ready",
        ];
        let line = |cells: &str| format!("| {cells} |\n");
        let rule = head.map(|_| "---").join("|");
        [line(&head.join(" | ")), format!("|{rule}|\n")].into_iter().chain(self.rows.iter().map(|row| line(row))).collect()
    }
}

/// Bounds what may be done in the first instance, and allows nothing in the second one.
fn configuration(bounds: &str) -> String {
    let instance = "arn:aws:connect:us-west-2:123456789012:instance";
    format!(
        "instances:\n  {instance}/{SAML}: {{ namespaces: [others] }}\n  {instance}/{FIRST}:\n    namespaces: ['*']\n    \
         bounds: {{ '*': {{ {bounds} }} }}\n"
    )
}

async fn pause(harness: &Harness<'_>, name: &str) {
    harness.annotate(name, PAUSED, json!("true")).await;
}

fn user_of(harness: &Harness<'_>, username: &str) -> UserId {
    harness.live(username).user.id
}

/// Adds states in which the operator continues without help.
async fn on_the_way(harness: &Harness<'_>, table: &mut Table<'_>) {
    // Each attempt takes longer than it takes to record the state, and is followed by another.
    for effect in [Effect::Delay { milliseconds: 8_000 }, Effect::internal_error()] {
        harness.sim.inject(Fault::on(OperationName::CreateUser, effect).always().about("creating"));
    }
    harness.apply("creating", &json!({})).await;
    table.synced("being created", "creating", "False", "Creating").await;

    harness.sim.inject(Fault::on(OperationName::CreateUser, throttled()).always().about("throttled"));
    harness.apply("throttled", &json!({})).await;
    table.synced("to be created, the rate limit is reached", "throttled", "Unknown", "Throttled").await;

    harness.sim.inject(Fault::on(OperationName::CreateUser, Effect::internal_error()).always().about("failing"));
    harness.apply("failing", &json!({})).await;
    table.synced("to be created, Connect fails temporarily", "failing", "Unknown", "Transient").await;

    harness.apply("secretless", &json!({ "passwordSecretRef": { "name": "absent" } })).await;
    table.synced("the Secret is missing", "secretless", "False", "SecretNotFound").await;

    let missing = format!("{}-gone", harness.routing_profile("Sales"));
    harness.apply("lost", &json!({ "routingProfileArn": missing })).await;
    table.synced("a profile, group or attribute is missing", "lost", "False", "DependencyNotFound").await;

    harness.apply_until_ready("edited", &json!({})).await;
    let id = user_of(harness, "edited");
    harness.sim.inject(Fault::on(OperationName::UpdateUserRoutingProfile, throttled()).always().about(id.as_str()));
    harness.apply("edited", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    table.synced("edited, the rate limit is reached", "edited", "Unknown", "Throttled").await;

    harness.apply_until_ready("vanished", &json!({})).await;
    harness.call_at_console(DeleteUser { instance: harness.instance(), user: user_of(harness, "vanished") }).await;
    harness.requeue("vanished").await;
    table.synced("no longer shown by Connect, soon after its creation", "vanished", "Unknown", "Settling").await;
}

/// States that last until a person helps.
async fn stalled(harness: &Harness<'_>, table: &mut Table<'_>) {
    harness.secret("weak", json!({ "password": "weak" })).await;
    harness.apply("invalid", &json!({ "passwordSecretRef": { "name": "weak" } })).await;
    table.synced("refused by Connect as invalid", "invalid", "False", "InvalidSpec").await;

    harness.sim.deny([OperationName::CreateUser]);
    harness.apply("denied", &json!({})).await;
    table.synced("denied by AWS", "denied", "False", "AccessDenied").await;
    harness.sim.deny::<OperationName>([]);

    harness.apply("rival", &json!({ "username": "synced" })).await;
    table.synced("the username belongs to another owner", "rival", "False", "Conflict").await;

    harness.apply("uninvited", &harness.in_instance(SAML)).await;
    table.synced("its namespace may not use the instance", "uninvited", "False", "InstanceNotAllowed").await;

    harness.apply("mighty", &json!({ "securityProfileArns": [harness.security_profile("Admin")] })).await;
    table.synced("its namespace may not give this profile", "mighty", "False", "ProfileNotAllowed").await;

    harness.create_by_hand("legacy", |_| {}).await;
    harness.apply("legacy", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null })).await;
    table.synced("the user exists, and its namespace may not take users over", "legacy", "False", "AdoptionNotAllowed").await;

    harness.sim.set_users_quota(&harness.instance(), harness.sim.users(&harness.instance()).len());
    harness.apply("surplus", &json!({})).await;
    table.synced("the quota is reached", "surplus", "False", "QuotaExceeded").await;
    harness.sim.set_users_quota(&harness.instance(), 1000);
}

async fn observed(harness: &Harness<'_>, table: &mut Table<'_>) {
    let observe = |last_name: &str| {
        let identity = json!({ "firstName": "Given", "lastName": last_name });
        json!({ "username": "synced", "managementPolicy": "Observe", "identityInfo": identity })
    };
    harness.apply("observer", &observe("synced")).await;
    table.when("only observed, as the spec asks", "observer", is_ready).await;
    harness.apply("observer", &observe("another")).await;
    table.synced("only observed, and different from the spec", "observer", "False", "Drifted").await;
    harness.configure(&configuration("observeOthers: Refuse"));
    let state = "only observed, and its namespace may not observe users of others";
    table.synced(state, "observer", "False", "ObservationNotAllowed").await;
}

/// The user is as the spec asks, but a change of its Secret was ignored.
async fn forgetful(harness: &Harness<'_>, table: &mut Table<'_>) {
    harness.secret("own", json!({ "password": PASSWORD })).await;
    harness.apply_until_ready("hopeful", &json!({ "passwordSecretRef": { "name": "own" } })).await;
    harness.secret("own", json!({ "password": "Another-Passw0rd" })).await;
    harness.requeue("hopeful").await;
    table.when("as the spec asks; the Secret has changed since", "hopeful", is_ready).await;
}

async fn paused(harness: &Harness<'_>, table: &mut Table<'_>) {
    harness.apply_until_ready("resting", &json!({})).await;
    pause(harness, "resting").await;
    table.synced("paused, as the spec asks", "resting", "False", "Paused").await;
    harness.apply("resting", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    table.synced("paused, edited afterwards", "resting", "False", "Paused").await;

    pause(harness, "invalid").await;
    table.synced("paused, refused before", "invalid", "False", "Paused").await;

    let mut unborn = harness.manifest("unborn", &json!({}));
    unborn["metadata"]["annotations"] = json!({ PAUSED: "true" });
    harness.users().patch("unborn", &PatchParams::apply("git"), &Patch::Apply(unborn)).await.unwrap();
    table.synced("paused from the start", "unborn", "False", "Paused").await;
}

async fn deleting(harness: &Harness<'_>, table: &mut Table<'_>) {
    let has_to_wait = [
        ("being deleted, Connect fails temporarily", "stuck", Effect::internal_error(), "Unknown", "Transient"),
        ("being deleted, denied by AWS", "kept", Effect::AccessDenied, "False", "AccessDenied"),
    ];
    for (state, name, effect, status, reason) in has_to_wait {
        harness.apply_until_ready(name, &json!({})).await;
        let id = user_of(harness, name);
        harness.sim.inject(Fault::on(OperationName::DeleteUser, effect).always().about(id.as_str()));
        harness.delete(name).await;
        table.synced(state, name, status, reason).await;
    }
    harness.delete("vanished").await;
    let waits = |user: &_| condition(user, "Ready").is_some_and(|c| c.reason == "Deleting");
    table.when("being deleted, not shown by Connect, soon after its creation", "vanished", waits).await;
    harness.delete("resting").await;
    let waits = |user: &_| condition(user, "Synced").is_some_and(|c| c.message.contains("the deletion waits"));
    table.when("being deleted, paused", "resting", waits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn documented_states_match_what_tools_and_people_see() {
    let mut harness = Harness::builder("states").config_file(&configuration("securityProfiles: [Agent]")).start().await;
    let mut rows = Vec::new();
    {
        let mut table = Table { harness: &harness, rows };
        on_the_way(&harness, &mut table).await;
        harness.apply_until_ready("synced", &json!({})).await;
        stalled(&harness, &mut table).await;
        table.when("as the spec asks", "synced", is_ready).await;
        forgetful(&harness, &mut table).await;
        observed(&harness, &mut table).await;
        paused(&harness, &mut table).await;
        deleting(&harness, &mut table).await;
        rows = table.rows;
    }
    for name in ["leaver", "changed", "many"] {
        harness.apply_until_ready(name, &json!({})).await;
    }
    harness.operator.stop();
    harness.operator.start_again_with(&["--deletion-guard-count=0", "--deletion-guard-share=0.001"]);
    harness.delete("many").await;
    let mut table = Table { harness: &harness, rows };
    table.synced("being deleted, together with more others than usual", "many", "False", "DeletionHeld").await;
    rows = table.rows;
    harness.operator.stop();
    harness.apply("new", &json!({})).await;
    harness.apply("changed", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.delete("leaver").await;
    let mut table = Table { harness: &harness, rows };
    table.when("the operator is down: just applied", "new", |_| true).await;
    table.when("the operator is down: edited", "changed", |_| true).await;
    table.when("the operator is down: deleted", "leaver", |_| true).await;

    // KubernetesError only happens in a cluster in which the operator lacks one of the rights that it is installed with. NotKept needs
    // a rule of the simulator: `lives::value_that_connect_does_not_keep_is_written_twice_at_most` shows it.
    let unseen: Vec<_> = Reason::ALL.iter().filter(|reason| !table.text().contains(reason.as_str())).collect();
    assert_eq!(unseen, [&Reason::KubernetesError, &Reason::NotKept]);
    golden::section(FILE, &table.text());
}

#[test]
fn documentation_explains_every_reason() {
    let text = read(FILE);
    let unexplained: Vec<_> = Reason::ALL.iter().filter(|reason| !text.contains(&format!("| `{reason}`"))).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
