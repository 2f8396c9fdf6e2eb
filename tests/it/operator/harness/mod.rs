//! The surroundings of a test: a namespace, a simulated instance, an operator between them, and the actions that tests perform.

mod builder;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, OnceLock},
};

use connect_api::{Arn, CreateUser, InstanceId, Operation, Resource, UpdateUserRoutingProfile, UserId};
use connect_operator::api::{ConnectUser, RECONCILE_REQUESTED_AT};
use connect_sim::{Effect, Server, Sim, UserView};
use control_plane::{ControlPlane, Namespace};
use futures::StreamExt;
use k8s_openapi::{
    api::{core::v1::Secret, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use kube_runtime::{WatchStreamExt, wait::await_condition, watcher::watch_object};
use serde_json::{Value, json};
use testbed::{at_console, create_by_hand};

pub use self::builder::HarnessBuilder;
use self::builder::{ConfigFile, install_rights};
use super::process::Operator;
use crate::support::{PATIENCE, POLL, eventually, plane, repository};

/// The Secret that every namespace has, with the password in its key `password`.
pub const SECRET: &str = "initial";
/// A password that Connect accepts.
pub const PASSWORD: &str = "Initial-Passw0rd-5150";

/// The instance that most tests use.
pub const FIRST: &str = "5a1e0000-c0ff-4eee-8000-000000000001";
/// The instance whose users sign in with SAML.
pub const SAML: &str = "5a1e0000-c0ff-4eee-8000-000000000002";
/// The instance whose users come from a directory, which Connect cannot reach.
pub const DIRECTORY: &str = "5a1e0000-c0ff-4eee-8000-000000000003";

/// The instance of another account and Region.
pub const ELSEWHERE: &str = "5a1e0000-c0ff-4eee-8000-000000000004";
/// That account.
pub const OTHER_ACCOUNT: &str = "210987654321";
/// A role of that account, which asks for this external id.
pub const OTHER_ROLE: (&str, &str) = ("arn:aws:iam::210987654321:role/connect-operator", "7f3c-example");

/// A namespace, an instance and an operator. Everything that the test created in them is deleted with it.
pub struct Harness<'plane> {
    pub operator: Operator,
    file: Option<ConfigFile>,
    pub sim: Sim,
    server: Arc<Server>,
    client: Client,
    namespace: Namespace<'plane>,
    plane: &'plane ControlPlane,
    kubeconfig: PathBuf,
}

/// Starts a harness with the default settings on the control plane of all tests.
pub async fn harness(prefix: &'static str) -> Harness<'static> {
    Harness::builder(prefix).start().await
}

/// Returns the kubeconfig of the operators on the shared control plane.
pub fn operators_kubeconfig() -> PathBuf {
    static KUBECONFIG: OnceLock<PathBuf> = OnceLock::new();
    KUBECONFIG.get_or_init(|| install_rights(plane())).clone()
}

impl Harness<'static> {
    /// Builds a harness on the shared control plane.
    pub fn builder(prefix: &'static str) -> HarnessBuilder<'static> {
        HarnessBuilder::new(plane(), prefix, operators_kubeconfig())
    }
}

impl<'plane> Harness<'plane> {
    /// Builds a harness on a control plane of the test's own.
    pub fn builder_on(plane: &'plane ControlPlane, prefix: &'static str) -> HarnessBuilder<'plane> {
        HarnessBuilder::new(plane, prefix, install_rights(plane))
    }
}

/// Returns Connect's reply to a call above its rates.
pub fn throttled() -> Effect {
    Effect::Error { status: 429, code: Some("ThrottlingException".into()), message: "Rate exceeded".into() }
}

/// Server-side apply, as a GitOps tool does it.
fn apply() -> PatchParams {
    PatchParams::apply("git").force()
}

pub fn condition<'a>(user: &'a ConnectUser, kind: &str) -> Option<&'a Condition> {
    user.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)
}

/// Returns whether a condition has this status and reason for the current spec.
pub fn has_condition(user: &ConnectUser, kind: &str, status: &str, reason: &str) -> bool {
    condition(user, kind).is_some_and(|condition| {
        condition.status == status && condition.reason == reason && condition.observed_generation == user.metadata.generation
    })
}

/// Returns whether a user is as its current spec asks.
pub fn is_ready(user: &ConnectUser) -> bool {
    has_condition(user, "Ready", "True", "Available")
        && has_condition(user, "Synced", "True", "InSync")
        && user.status.as_ref().map(|status| status.observed_generation) == user.metadata.generation
}

impl Harness<'_> {
    /// Replaces the configuration file, as the kubelet does when its ConfigMap has changed.
    pub fn configure(&self, yaml: &str) {
        self.file.as_ref().unwrap().write(yaml);
    }

    /// Returns the members of a spec that name the instance, for another instance.
    pub fn in_instance(&self, id: &str) -> Value {
        let instance = InstanceId::new(id);
        let arn = self.sim.instances().into_iter().find(|view| view.id == instance).unwrap().arn;
        json!({
            "instanceArn": arn,
            "routingProfileArn": self.sim.routing_profile_arn(&instance, "Basic Routing Profile").unwrap(),
            "securityProfileArns": [self.sim.security_profile_arn(&instance, "Agent").unwrap()],
        })
    }

    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Returns a client that may do everything.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.plane.admin_kubeconfig()
    }

    pub fn operators_kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub fn url(&self) -> String {
        self.server.url().to_string()
    }

    /// Runs kubectl as the administrator in this namespace.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap()
    }

    /// Runs kubectl like [`Harness::kubectl`], but may fail.
    pub fn try_kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.plane.kubectl().run(&[&["--namespace", self.namespace()], arguments].concat())
    }

    /// Lets the operator create Secrets in this namespace.
    pub fn allow_generated_passwords(&self) {
        let rights = repository("deploy/rbac-generate-password.yaml");
        self.kubectl(&["apply", "--filename", rights.to_str().unwrap()]);
        let operator = self.plane.kubectl().with_kubeconfig(&self.kubeconfig);
        let asked = ["auth", "can-i", "create", "secrets", "--namespace", self.namespace()];
        eventually("the operator may create Secrets", || operator.run(&asked).is_ok());
    }

    pub fn users(&self) -> Api<ConnectUser> {
        Api::namespaced(self.client(), self.namespace())
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client(), self.namespace())
    }

    pub fn instance(&self) -> InstanceId {
        self.instance_arn().instance
    }

    pub fn instance_arn(&self) -> Arn {
        self.sim.instances()[0].arn.parse().unwrap()
    }

    /// Returns the ARN of a routing profile of the first instance.
    pub fn routing_profile(&self, name: &str) -> String {
        self.sim.routing_profile_arn(&self.instance(), name).unwrap()
    }

    /// Returns the ARN of a security profile of the first instance.
    pub fn security_profile(&self, name: &str) -> String {
        self.sim.security_profile_arn(&self.instance(), name).unwrap()
    }

    /// Returns the ARN of a hierarchy group of the first instance.
    pub fn hierarchy_group(&self, path: &str) -> String {
        self.sim.hierarchy_group_arn(&self.instance(), path).unwrap()
    }

    pub fn manifest(&self, name: &str, other: &Value) -> Value {
        manifest(&self.sim, self.namespace(), name, other)
    }

    /// Applies [`Harness::manifest`] by server-side apply.
    pub async fn apply(&self, name: &str, other: &Value) -> ConnectUser {
        let manifest = self.manifest(name, other);
        self.users().patch(name, &apply(), &Patch::Apply(manifest)).await.unwrap()
    }

    /// Applies the manifest and waits until the user is as it asks.
    pub async fn apply_until_ready(&self, name: &str, other: &Value) -> ConnectUser {
        let generation = self.apply(name, other).await.metadata.generation;
        self.wait_until(name, "Ready", |user| user.metadata.generation == generation && is_ready(user)).await
    }

    /// Applies the manifests of these users at once, and waits until all are as they ask. Returns the ids that their statuses record.
    pub async fn apply_all_until_ready(&self, names: &[impl AsRef<str>], other: &Value) -> BTreeSet<String> {
        for name in names {
            self.apply(name.as_ref(), other).await;
        }
        self.wait_until_all_ready(names).await
    }

    /// Waits until these users are as their specs ask. Returns the ids that their statuses record.
    pub async fn wait_until_all_ready(&self, names: &[impl AsRef<str>]) -> BTreeSet<String> {
        let mut recorded = BTreeSet::new();
        for name in names {
            recorded.extend(self.wait_until_ready(name.as_ref()).await.status.unwrap().user_id);
        }
        recorded
    }

    /// Applies a Secret with this text.
    pub async fn secret(&self, name: &str, content: Value) {
        let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": content });
        self.secrets().patch(name, &apply(), &Patch::Apply(secret)).await.unwrap();
    }

    pub async fn password(&self, secret: &str) -> String {
        let value = self.secrets().get(secret).await.unwrap().data.unwrap().remove("password").unwrap();
        String::from_utf8(value.0).unwrap()
    }

    pub async fn delete_secret(&self) {
        self.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    }

    pub async fn wait_until(&self, name: &str, what: &str, holds: impl Fn(&ConnectUser) -> bool) -> ConnectUser {
        self.watched(name, what, |user| user.filter(|user| holds(user)).cloned()).await
    }

    /// Waits until a user is as its spec asks.
    pub async fn wait_until_ready(&self, name: &str) -> ConnectUser {
        self.wait_until(name, "Ready", is_ready).await
    }

    /// Waits until a condition has this status and reason. Returns its message.
    pub async fn wait_for_condition(&self, name: &str, kind: &str, status: &str, reason: &str) -> String {
        let user =
            self.wait_until(name, &format!("{kind}={status}/{reason}"), |user| has_condition(user, kind, status, reason)).await;
        condition(&user, kind).unwrap().message.clone()
    }

    pub async fn wait_until_gone(&self, name: &str) {
        self.watched(name, "gone", |user| user.is_none().then_some(())).await;
    }

    /// Waits until the namespace, which the test has deleted, is gone.
    pub async fn wait_until_namespace_gone(&self) {
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client());
        let ended = await_condition(namespaces, self.namespace(), |namespace: Option<&_>| namespace.is_none());
        tokio::time::timeout(PATIENCE, ended).await.expect("the namespace ends in time").unwrap();
    }

    async fn watched<T>(&self, name: &str, what: &str, found: impl Fn(Option<&ConnectUser>) -> Option<T>) -> T {
        let mut seen = None;
        // Watches one name, so that an unreadable object with another name does not matter.
        let states = watch_object(self.users(), name).default_backoff();
        let search = async {
            let mut states = pin!(states);
            loop {
                // A broken watch restarts automatically.
                let Ok(state) = states.next().await.unwrap() else { continue };
                if let Some(found) = found(state.as_ref()) {
                    return found;
                }
                seen = state;
            }
        };
        let result = tokio::time::timeout(PATIENCE, search).await;
        result.unwrap_or_else(|_| {
            let (status, log) = (seen.and_then(|user| user.status), self.operator.log_tail());
            panic!("{name} was not {what} within {} s: {status:#?}\nThe operator's log ends with:\n{log}", PATIENCE.as_secs())
        })
    }

    pub async fn delete(&self, name: &str) {
        self.users().delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub async fn delete_until_gone(&self, name: &str) {
        self.delete(name).await;
        self.wait_until_gone(name).await;
    }

    /// Sets an annotation of a ConnectUser; null removes it.
    pub async fn annotate(&self, name: &str, annotation: &str, value: Value) {
        let patch = json!({ "metadata": { "annotations": { annotation: value } } });
        self.users().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    }

    /// Requests a reconcile of a user and waits until it is done.
    pub async fn requeue(&self, name: &str) -> ConnectUser {
        let before = self.users().get(name).await.unwrap();
        // Any new value is a new request.
        let asked = format!("after {}", before.resource_version().unwrap());
        self.annotate(name, RECONCILE_REQUESTED_AT, json!(asked)).await;
        self.wait_until(name, "reconciled again", |user| {
            user.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref()) == Some(&asked)
        })
        .await
    }

    /// Returns the notes of the Events about a ConnectUser that have this reason.
    pub async fn event_notes(&self, name: &str, reason: &str) -> Vec<String> {
        let events: Vec<Event> = self.events(name).await;
        let of_reason = events.into_iter().filter(|event| event.reason.as_deref() == Some(reason));
        of_reason.filter_map(|event| event.note).collect()
    }

    pub async fn events(&self, name: &str) -> Vec<Event> {
        let events: Api<Event> = Api::namespaced(self.client(), self.namespace());
        let all = events.list(&ListParams::default()).await.unwrap();
        let about = |event: &Event| event.regarding.as_ref().is_some_and(|object| object.name.as_deref() == Some(name));
        all.into_iter().filter(about).collect()
    }

    /// Waits for an Event with this reason. Returns its note.
    pub async fn wait_for_event(&self, name: &str, reason: &str) -> String {
        for _ in 0..PATIENCE.as_millis() / POLL.as_millis() {
            if let Some(note) = self.event_notes(name, reason).await.pop() {
                return note;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("no Event {reason} within {} s, but {:#?}", PATIENCE.as_secs(), self.events(name).await)
    }

    /// Returns the live user of this name in the first instance.
    pub fn live(&self, username: &str) -> UserView {
        let users = self.sim.users(&self.instance());
        users.into_iter().find(|user| user.user.username == username).unwrap()
    }

    /// Returns the usernames in the first instance, in order.
    pub fn usernames(&self) -> Vec<String> {
        let mut names: Vec<_> = self.sim.users(&self.instance()).into_iter().map(|user| user.user.username).collect();
        names.sort();
        names
    }

    pub fn user_ids(&self) -> BTreeSet<String> {
        self.sim.users(&self.instance()).iter().map(|user| user.user.id.to_string()).collect()
    }

    pub fn is_routed(&self, username: &str, routing_profile: &str) -> bool {
        self.live(username).user.routing_profile_id == self.sim.routing_profile_id(&self.instance(), routing_profile)
    }

    /// Makes a call as Connect's console would, without the operator's knowledge.
    pub async fn call_at_console<O>(&self, request: O) -> O::Output
    where
        O: Operation,
        O::Output: Send,
    {
        at_console(&self.sim, request).unwrap()
    }

    /// Changes a user's routing profile at Connect's console.
    pub async fn route(&self, username: &str, routing_profile: &str) {
        let routing_profile_id = self.sim.routing_profile_id(&self.instance(), routing_profile).unwrap();
        let user = self.live(username).user.id;
        self.call_at_console(UpdateUserRoutingProfile { instance: self.instance(), user, routing_profile_id }).await;
    }

    /// Creates a user at Connect's console, with a few values of which the manifests here have others.
    pub async fn create_by_hand(&self, username: &str, change: impl FnOnce(&mut CreateUser)) {
        let mut create = create_by_hand(&self.sim, &self.instance(), username, "Sales", "Admin");
        change(&mut create);
        self.call_at_console(create).await;
    }

    pub fn arn_of(&self, user: &UserId) -> String {
        self.instance_arn().sibling(Resource::User(user.clone())).to_string()
    }
}

/// Returns a manifest of a ConnectUser of the first instance: the required members, overlaid with others. Null removes one.
pub fn manifest(sim: &Sim, namespace: &str, name: &str, other: &Value) -> Value {
    let instance = &sim.instances()[0];
    let mut spec = json!({
        "instanceArn": instance.arn,
        "username": name,
        "passwordSecretRef": { "name": SECRET },
        "identityInfo": { "firstName": "Given", "lastName": name },
        "routingProfileArn": sim.routing_profile_arn(&instance.id, "Basic Routing Profile"),
        "securityProfileArns": [sim.security_profile_arn(&instance.id, "Agent")],
    });
    let members = spec.as_object_mut().unwrap();
    members.extend(other.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": name, "namespace": namespace },
        "spec": spec,
    })
}
