//! ConnectUsers in a namespace, and their comparison with Connect.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use connect_api::OperationName;
use connect_operator::api::{ConnectUser, PREFIX};
use connect_sim::UserView;
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use testbed::{ExtraTags, user_matches};

use super::cluster::{Cluster, PROFILES};
use super::release::CLUSTER;
use super::steps::{PATIENCE, shown, within};

/// Requests to the API server at once.
const AT_ONCE: usize = 16;
const SECRET: &str = "initial";
const PASSWORD: &str = "Initial-Passw0rd-5150";

/// The ConnectUsers of a namespace. They have numbers, and a kind that tells those of one scenario from those of another.
pub(super) struct Fleet<'a> {
    cluster: &'a Cluster,
    namespace: &'static str,
    api: Api<ConnectUser>,
}

impl<'a> Fleet<'a> {
    /// Creates the namespace, with the Secret of the initial password.
    pub(super) fn create(cluster: &'a Cluster, namespace: &'static str) -> Result<Self> {
        cluster.restricted_namespace(namespace)?;
        cluster.apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": SECRET, "namespace": namespace },
            "stringData": { "password": PASSWORD },
        }))?;
        let api = {
            let _entered = cluster.runtime.enter();
            Api::namespaced(cluster.client.clone(), namespace)
        };
        Ok(Self { cluster, namespace, api })
    }

    fn manifest(&self, name: &str, profile: usize) -> Value {
        manifest(self.cluster, self.namespace, name, profile)
    }

    /// Applies ConnectUsers with this routing profile.
    pub(super) fn apply(&self, kind: &str, numbers: Range<usize>, profile: usize) -> Result<()> {
        let params = PatchParams::apply("e2e").force();
        let apply = async |number: usize| {
            let name = name(kind, number);
            let manifest = self.manifest(&name, profile);
            self.api.patch(&name, &params, &Patch::Apply(manifest)).await.map(drop).context(name)
        };
        self.cluster.runtime.block_on(stream::iter(numbers).map(apply).buffer_unordered(AT_ONCE).try_collect())
    }

    /// Deletes ConnectUsers, and does not wait until they are gone.
    pub(super) fn delete(&self, kind: &str, numbers: Range<usize>) -> Result<()> {
        let params = DeleteParams::default();
        let delete = async |number: usize| {
            let name = name(kind, number);
            self.api.delete(&name, &params).await.map(drop).context(name)
        };
        self.cluster.runtime.block_on(stream::iter(numbers).map(delete).buffer_unordered(AT_ONCE).try_collect())
    }

    /// Creates ConnectUsers, edits them, and deletes the first half of them, ten at a time with a pause after each ten.
    pub(super) fn churn(&self, kind: &str, numbers: Range<usize>, pause: Duration) -> Result<()> {
        let middle = numbers.start + numbers.len() / 2;
        let by_ten = |numbers: Range<usize>, change: &dyn Fn(Range<usize>) -> Result<()>| {
            for start in numbers.step_by(10) {
                change(start..start + 10)?;
                thread::sleep(pause);
            }
            anyhow::Ok(())
        };
        by_ten(numbers.clone(), &|ten| self.apply(kind, ten, 0))?;
        by_ten(numbers.clone(), &|ten| self.apply(kind, ten, 1))?;
        by_ten(numbers.start..middle, &|ten| self.delete(kind, ten))
    }

    /// Makes edits, one after the other, while `act` runs. Says how many there were, and how long the slowest took to be in Connect.
    pub(super) fn edits_during(&self, act: impl FnOnce() -> Result<()>) -> Result<String> {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let edits = scope.spawn(|| {
                let mut edits = Vec::new();
                while edits.is_empty() || !done.load(Ordering::Relaxed) {
                    edits.push(self.toggle()?);
                }
                anyhow::Ok(edits)
            });
            let result = act();
            done.store(true, Ordering::Relaxed);
            let edits = edits.join().ok().context("the edits have ended early")?;
            result?;
            let edits = edits?;
            let longest = shown(edits.iter().max().copied().unwrap_or_default());
            Ok(format!("the longest of {} edits meanwhile was in Connect after {longest}", edits.len()))
        })
    }

    /// Gives a ConnectUser another routing profile, and returns the time until Connect has it.
    pub(super) fn edit(&self, kind: &str, number: usize, profile: usize) -> Result<Duration> {
        let started = Instant::now();
        self.apply(kind, number..number + 1, profile)?;
        let wanted = self.cluster.sim.routing_profile_id(&self.cluster.instance, PROFILES[profile]);
        let name = name(kind, number);
        within(PATIENCE, &format!("the edit of {name} is in Connect"), || {
            let profile = self.cluster.sim.user(&self.cluster.instance, &name).map(|view| view.user.routing_profile_id);
            Ok(if profile.as_ref().is_some_and(|profile| *profile == wanted) { Ok(()) } else { Err(format!("{profile:?}")) })
        })
        .with_context(|| self.conditions(&name))?;
        Ok(started.elapsed())
    }

    /// Returns what a ConnectUser reports, for an error.
    fn conditions(&self, name: &str) -> String {
        let status = self.cluster.runtime.block_on(self.api.get(name)).map(|resource| resource.status.unwrap_or_default());
        let conditions = status.map(|status| status.conditions).unwrap_or_default();
        let each = |c: &Condition| format!("{}={} {}: {}", c.type_, c.status, c.reason, c.message);
        format!("{name} reports {:?}", conditions.iter().map(each).collect::<Vec<_>>())
    }

    /// Gives the first agent the other routing profile, and returns the time until Connect has it.
    pub(super) fn toggle(&self) -> Result<Duration> {
        self.edit("agent", 0, 1 - self.profile("agent", 0)?)
    }

    /// Returns the routing profile that a ConnectUser asks for.
    fn profile(&self, kind: &str, number: usize) -> Result<usize> {
        let resource = self.cluster.runtime.block_on(self.api.get(&name(kind, number)))?;
        let (sim, instance) = (&self.cluster.sim, &self.cluster.instance);
        let mut arns = PROFILES.iter().map(|name| sim.routing_profile_arn(instance, name));
        arns.position(|arn| arn == resource.spec.routing_profile_arn).context("a routing profile of these")
    }

    /// Waits until all ConnectUsers are in sync, and Connect holds their users and no others of this cluster. Returns their number.
    pub(super) fn settled(&self, patience: Duration) -> Result<usize> {
        let (users, _) = within(patience, "Connect is as the ConnectUsers ask", || {
            let resources = self.list()?;
            let mut wrong = differences(self.cluster, &resources);
            wrong.truncate(5);
            Ok(if wrong.is_empty() { Ok(resources.len()) } else { Err(wrong.join("\n")) })
        })?;
        Ok(users)
    }

    fn list(&self) -> Result<Vec<ConnectUser>> {
        let all: Api<ConnectUser> = Api::all(self.cluster.client.clone());
        Ok(self.cluster.runtime.block_on(all.list(&ListParams::default()))?.items)
    }
}

/// Returns the manifest of a ConnectUser. It has fields that the definition in the previous chart knows, too.
pub(super) fn manifest(cluster: &Cluster, namespace: &str, name: &str, profile: usize) -> Value {
    json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "instanceArn": cluster.instance_arn,
            "username": name,
            "passwordSecretRef": { "name": SECRET },
            "identityInfo": { "firstName": "Given", "lastName": name },
            "phoneConfig": { "phoneType": "SOFT_PHONE", "afterContactWorkTimeLimit": 30 },
            "routingProfileArn": cluster.sim.routing_profile_arn(&cluster.instance, PROFILES[profile]),
            "securityProfileArns": [cluster.sim.security_profile_arn(&cluster.instance, "Agent")],
            "tags": { "team": "billing" },
        },
    })
}

fn name(kind: &str, number: usize) -> String {
    format!("{kind}-{number:05}")
}

/// Returns what differs between ConnectUsers and Connect: missing, doubled and orphaned users, users that are not as their specs
/// ask or are still to be deleted, and ConnectUsers that are not in sync.
pub(super) fn differences(cluster: &Cluster, resources: &[ConnectUser]) -> Vec<String> {
    let mut wrong = Vec::new();
    let tag = |view: &UserView, key: &str| view.user.tags.get(&format!("{PREFIX}{key}")).cloned().unwrap_or_default();
    let mut users: BTreeMap<String, Vec<UserView>> = BTreeMap::new();
    for view in cluster.sim.users(&cluster.instance) {
        if tag(&view, "cluster") == CLUSTER {
            users.entry(tag(&view, "uid")).or_default().push(view);
        }
    }
    for resource in resources {
        let name = resource.name_any();
        if resource.metadata.deletion_timestamp.is_some() {
            // Without a user, it may wait until it is certain that an attempt to create one, which was cut off, has no effect.
            let users = users.remove(&resource.uid().unwrap_or_default()).unwrap_or_default();
            wrong.extend((!users.is_empty()).then(|| format!("{name} is being deleted, and its user exists")));
            continue;
        }
        if !in_sync(resource) {
            wrong.push(format!("{name} is not in sync: {:?}", resource.status.as_ref().map(|status| &status.conditions)));
        }
        match &users.remove(&resource.uid().unwrap_or_default()).unwrap_or_default()[..] {
            [view] => {
                let difference = user_matches(&resource.spec, view, &cluster.sim, ExtraTags::Refused);
                wrong.extend(difference.err().map(|difference| format!("{name}: {difference}")));
            }
            views => wrong.push(format!("{name} has {} users", views.len())),
        }
    }
    wrong.extend(users.values().flatten().map(|view| format!("{} has no ConnectUser", view.user.username)));
    wrong
}

/// Returns the usernames for which Connect has created more than one user.
pub(super) fn doubled(cluster: &Cluster) -> Vec<String> {
    let creates = cluster.sim.calls().creates.into_iter();
    creates.filter(|(_, creates)| creates.created > 1).map(|(username, _)| username).collect()
}

/// Returns how often Connect has created a user.
pub(super) fn created(cluster: &Cluster) -> u64 {
    cluster.sim.calls().operations.get(&OperationName::CreateUser.to_string()).map_or(0, |calls| calls.succeeded)
}

/// Returns whether a ConnectUser is Ready and Synced with its present spec.
fn in_sync(resource: &ConnectUser) -> bool {
    let Some(status) = &resource.status else { return false };
    let holds = |kind: &str| status.conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True");
    let is_current = Some(status.observed_generation) == resource.metadata.generation;
    is_current && holds("Ready") && holds("Synced")
}
