//! Connect as one operator reaches it: the simulator behind a gate, with checks of every write.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use connect_api::{Call, Caller, Connect, Error, InstanceId, Page, Reply, Tags, User, UserId};
use connect_operator::{
    api::{AdoptionPolicy, CONFIRM_DELETION, ConnectUser, DeletionPolicy, ManagementPolicy, PAUSED, PREFIX},
    plan::ClusterNames,
    reconcile::{Connections, DeletionGuard, NamespacedName},
};
use connect_sim::{Sim, UserView};
use futures::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use super::{
    gate::{Acting, Gate, GateResult},
    kube::{Snapshot, Store, jane},
    ledger::UserLedger,
    lock::lock,
    mutation::Mutation,
    view::{changed_paths, is_managed},
};

/// The name of the cluster in simulations that have only one.
pub const CLUSTER: &str = "blue";

/// Returns the cluster and the resource that a user's tags name.
pub fn owner_of(tags: &Tags) -> Option<(String, NamespacedName)> {
    let tag = |name: &str| tags.get(&format!("{PREFIX}{name}")).cloned();
    Some((tag("cluster")?, NamespacedName { namespace: tag("namespace")?, name: tag("name")? }))
}

/// Returns whether a user's tags name [`jane`], with any UID.
pub fn is_ours(tags: &Tags) -> bool {
    owner_of(tags) == Some((CLUSTER.to_owned(), jane()))
}

/// Returns whether a person has paused a resource, in any usual spelling.
pub(crate) fn is_paused(object: &ConnectUser) -> bool {
    let value = object.annotations().get(PAUSED).map(|value| value.trim().to_lowercase());
    value.is_some_and(|value| ["true", "yes", "on", "1"].contains(&value.as_str()))
}

/// Connect, with checks of every call.
pub struct CheckedConnect {
    /// The simulator.
    pub sim: Sim,
    /// The instance.
    pub instance: InstanceId,
    /// The names of the operator's cluster.
    pub cluster: ClusterNames,
    /// The API server of the operator's cluster.
    pub store: Arc<Mutex<Store>>,
    /// The gate of the operator's calls.
    pub gate: Gate,
    /// What was found to be wrong.
    pub violations: Arc<Mutex<Vec<String>>>,
    /// The users that operators created and deleted.
    pub ledger: Arc<Mutex<UserLedger>>,
    /// The operator's number.
    pub operator: usize,
    /// Whether the operator deletes quick connects.
    pub quick_connects: bool,
    /// The guard against mass deletion.
    pub guard: Option<DeletionGuard>,
    /// The deletions of this process that were not confirmed: when each was requested and made, by the UID of the resource.
    pub admitted: Mutex<BTreeMap<String, (Timestamp, Timestamp)>>,
    /// The ingredient of the protocol that is left out.
    pub mutation: Option<Mutation>,
}

impl CheckedConnect {
    pub(super) fn violated(&self, what: String) {
        lock(&self.violations).push(what);
    }

    fn view(&self, user: &UserId) -> Option<UserView> {
        self.sim.users(&self.instance).into_iter().find(|u| u.user.id == *user)
    }

    /// Returns the user that a write changes, if it changes one.
    pub(super) fn target(call: &Call) -> Option<UserId> {
        match call {
            Call::DeleteUser(c) => Some(c.user.clone()),
            Call::UpdateUserIdentityInfo(c) => Some(c.user.clone()),
            Call::UpdateUserPhoneConfig(c) => Some(c.user.clone()),
            Call::UpdateUserConfig(c) => Some(c.user.clone()),
            Call::UpdateUserRoutingProfile(c) => Some(c.user.clone()),
            Call::UpdateUserSecurityProfiles(c) => Some(c.user.clone()),
            Call::UpdateUserHierarchy(c) => Some(c.user.clone()),
            Call::AssociateUserProficiencies(c) => Some(c.user.clone()),
            Call::DisassociateUserProficiencies(c) => Some(c.user.clone()),
            Call::UpdateUserProficiencies(c) => Some(c.user.clone()),
            Call::TagResource(c) => c.arn.rsplit('/').next().map(UserId::new),
            Call::UntagResource(c) => c.arn.rsplit('/').next().map(UserId::new),
            _ => None,
        }
    }

    /// Returns the states of the resource of the pass since the pass began. A pass reads the resource before it writes, so one of
    /// these is the state that it acts on.
    fn states<'a>(past: &'a [Snapshot], acting: &Acting) -> Vec<(&'a Snapshot, &'a ConnectUser)> {
        let Some(name) = &acting.resource else { return vec![] };
        // The pass acts on one object, even if another of the same name replaces it meanwhile.
        let snapshots = past.get(acting.revision..).unwrap_or_default();
        snapshots.iter().filter_map(|snapshot| Some((snapshot, snapshot.objects.get(name)?.as_ref()))).collect()
    }

    /// Returns whether the call takes over a user that no operator owned when the pass began, as the spec asks.
    fn adopts(&self, call: &Call, before: &UserView, states: &[(&Snapshot, &ConnectUser)], acting: &Acting) -> bool {
        let is_asked_for = states.iter().any(|(_, o)| o.spec.adoption_policy != AdoptionPolicy::Never);
        if !is_asked_for || !matches!(call, Call::TagResource(_)) {
            return false;
        }
        let User { id, tags, .. } = &before.user;
        let mut ledger = lock(&self.ledger);
        if !tags.keys().any(|key| key.starts_with(PREFIX)) {
            ledger.taken_over.insert(id.clone(), self.sim.now());
            return true;
        }
        // AWS offers no condition for a tag, so of two that take a user over at once the last one gets it.
        let at_once = ledger.taken_over.get(id).is_some_and(|at| *at >= acting.began);
        if at_once {
            ledger.retagged.insert(id.clone(), self.sim.now());
        }
        at_once
    }

    /// Returns whether people changed the tags after the operator may have read them: nothing can prevent a write then. A deletion rests
    /// on a read in its own pass, an edit on one within two sweep intervals.
    fn was_retagged(&self, call: &Call, user: &UserId, acting: &Acting) -> bool {
        const TWO_SWEEPS: SignedDuration = SignedDuration::from_secs(600);
        let since = if matches!(call, Call::DeleteUser(_)) { acting.began } else { acting.began - TWO_SWEEPS };
        let ledger = lock(&self.ledger);
        // A replica without the lease may still be at work on what the leader has just handed back.
        ledger.was_handed_back(user, acting.began) || ledger.retagged.get(user).is_some_and(|at| *at >= since)
    }

    /// Checks a write before it is made.
    fn check(&self, call: &Call) {
        let acting = lock(&self.gate.acting).clone();
        let Some(before) = Self::target(call).and_then(|user| self.view(&user)) else { return };
        let store = lock(&self.store);
        let states = Self::states(&store.past, &acting);
        let tags = &before.user.tags;
        let owner = owner_of(tags);
        let Some(resource) = &acting.resource else {
            drop(states);
            // No call can depend on tags that people change after they were read.
            if self.was_retagged(call, &before.user.id, &acting) {
                return;
            }
            return self.check_sweep(call, &before, &store);
        };
        let is_ours = owner.as_ref().is_some_and(|(cluster, name)| self.cluster.contain(cluster) && name == resource);
        // Another operator may have handed the user back a moment before.
        let is_idle = matches!(call, Call::UntagResource(c) if !c.keys.iter().any(|key| tags.contains_key(key)));
        if !is_ours
            && !is_idle
            && !self.adopts(call, &before, &states, &acting)
            && !self.was_retagged(call, &before.user.id, &acting)
        {
            self.violated(format!("{} for {resource:?} on a user of {owner:?}", call.name()));
        }
        // An observer of a user that was managed before marks it as one that stays, and hands it back in the end.
        let is_proof = match call {
            Call::TagResource(c) => c.tags.keys().all(|key| key.starts_with(PREFIX)),
            Call::UntagResource(c) => c.keys.iter().all(|key| key.starts_with(PREFIX)),
            _ => false,
        };
        let observes = |o: &ConnectUser| o.spec.management_policy == ManagementPolicy::Observe;
        if !states.is_empty() && !is_proof && states.iter().all(|(_, o)| observes(o)) {
            self.violated(format!("{} for a resource that only observes", call.name()));
        }
        if !states.is_empty() && states.iter().all(|(_, o)| is_paused(o)) {
            self.violated(format!("{} for a resource that is paused", call.name()));
        }
        if let Call::DeleteUser(_) = call {
            let may_delete = |(snapshot, o): &(&Snapshot, &ConnectUser)| {
                o.metadata.deletion_timestamp.is_some()
                    && snapshot.deletion_policy(o) == DeletionPolicy::Delete
                    && o.spec.management_policy == ManagementPolicy::Full
            };
            if !states.iter().any(may_delete) {
                self.violated("DeleteUser for a resource that is not being deleted, or whose user must stay".into());
            }
            self.check_guard(&states);
        }
    }

    /// Checks that the guard against mass deletion admits no more than its count, of few users.
    fn check_guard(&self, states: &[(&Snapshot, &ConnectUser)]) {
        let Some((guard, (_, object))) = self.guard.zip(states.last()) else { return };
        let Some(Time(requested)) = object.metadata.deletion_timestamp else { return };
        if states.iter().any(|(_, state)| state.annotations().contains_key(CONFIRM_DELETION)) {
            return;
        }
        let (uid, now) = (object.uid().unwrap_or_default(), self.sim.now());
        let mut admitted = lock(&self.admitted);
        admitted.entry(uid).or_insert((requested, now));
        let apart = |one: Timestamp, other: Timestamp| one.duration_since(other).abs();
        let window = SignedDuration::try_from(guard.window).expect("hours");
        let together = admitted.values().filter(|(of, at)| apart(*of, requested) <= window && apart(*at, now) < window).count();
        if together > guard.count {
            self.violated(format!("{together} users were deleted without a confirmation, and the guard admits {}", guard.count));
        }
    }

    /// Checks that a sweep deletes no user whose resource exists, or wanted the user to stay.
    fn check_sweep(&self, call: &Call, before: &UserView, store: &Store) {
        let Call::DeleteUser(_) = call else { return self.violated(format!("{} in a sweep", call.name())) };
        let Some((cluster, name)) = owner_of(&before.user.tags).filter(|(cluster, _)| self.cluster.contain(cluster)) else {
            return self.violated("DeleteUser in a sweep on a user of another owner".into());
        };
        let same_user = |o: &ConnectUser| o.spec.username.eq_ignore_ascii_case(&before.user.username);
        // A resource that is applied between the last read and the deletion cannot be seen.
        let was_there = match lock(&self.gate.last_read).get(&name) {
            Some(revision) => store.past.get(*revision).and_then(|past| past.objects.get(&name).map(Arc::as_ref)),
            None => store.get(&name),
        };
        if store.get(&name).is_some_and(same_user) && was_there.is_some_and(same_user) {
            self.violated(format!("DeleteUser on the user of {cluster}'s {name:?}, which exists"));
        }
        let states = || store.past.iter().rev().filter_map(|snapshot| Some((snapshot, snapshot.objects.get(&name)?)));
        // No operator can know of a word that came and went between two passes, nor write it on the user if it is paused or denied.
        let was_heard = |last: &ConnectUser| {
            states().any(|(_, o)| {
                let is_heard = |c: &Condition| {
                    let reasons = ["InSync", "Drifted", "NotKept"];
                    reasons.contains(&c.reason.as_str()) && c.observed_generation == o.metadata.generation
                };
                let was_heard = o.status.as_ref().is_some_and(|status| status.conditions.iter().any(is_heard));
                o.metadata.uid == last.metadata.uid && o.spec == last.spec && was_heard
            })
        };
        // A namespace's policy is asked for when the user is deleted. If the namespace is gone, its last word counts.
        let is_gone = |snapshot: &&Snapshot| snapshot.namespaces.get(&name.namespace).is_some_and(|namespace| namespace.gone);
        let namespace_at_last = store.past.iter().rev().find(|snapshot| !is_gone(snapshot)).unwrap_or(store.snapshot());
        if let Some((_, last)) = states().next()
            && same_user(last)
            && was_heard(last)
            && (namespace_at_last.deletion_policy(last) == DeletionPolicy::Retain
                || last.spec.management_policy == ManagementPolicy::Observe)
        {
            self.violated(format!("a sweep deleted the user of {name:?}, whose last word was that the user stays"));
        }
    }

    /// Checks that a write changed nothing that the spec does not manage.
    fn check_effect(&self, call: &Call, before: &UserView) {
        let Some(after) = self.view(&before.user.id) else { return };
        let acting = lock(&self.gate.acting).clone();
        let store = lock(&self.store);
        let states = Self::states(&store.past, &acting);
        // What others changed after the read of this pass is overwritten by a call that replaces a whole structure.
        let is_race = lock(&self.ledger).was_changed_by_others(&before.user.id, self.operator, acting.began);
        if states.is_empty() || is_race {
            return;
        }
        for path in changed_paths(before, &after) {
            let managed = states.iter().any(|(_, object)| {
                let applied = object.status.as_ref().map(|status| status.applied_tag_keys.clone()).unwrap_or_default();
                is_managed(&object.spec, &applied, &path)
            });
            if !managed {
                self.violated(format!("{} changed {path}, which the spec does not manage", call.name()));
            }
        }
    }

    fn execute(&self, mut call: Call) -> Result<Reply, Error> {
        self.check(&call);
        if let (Call::CreateUser(c), Some(Mutation::NoTagsInCreate)) = (&mut call, self.mutation) {
            c.tags.clear();
        }
        let deleting = || {
            let (acting, store) = (lock(&self.gate.acting), lock(&self.store));
            let object = acting.resource.as_ref().and_then(|name| store.get(name));
            object.is_some_and(|o| o.metadata.deletion_timestamp.is_some())
        };
        if self.mutation == Some(Mutation::CleanUpByIdOnly) && deleting() {
            match &call {
                Call::SearchUsers(_) => return Ok(Reply::SearchUsers(Page { items: vec![], next_token: None })),
                Call::ListUsers(_) => return Ok(Reply::ListUsers(Page { items: vec![], next_token: None })),
                _ => {}
            }
        }
        self.check_quick_connect_call(&call);
        let before = Self::target(&call).and_then(|user| self.view(&user));
        let doing = call.clone();
        let result = self.sim.client().call_now(call);
        self.record_users(&doing, &result);
        if let Some(before) = before {
            self.check_effect(&doing, &before);
        }
        if let Call::CreateUser(_) = doing {
            let acting = lock(&self.gate.acting).resource.clone();
            let ours = acting.map(|name| (self.cluster.present.clone(), name));
            let ours = self.sim.users(&self.instance).iter().filter(|u| owner_of(&u.user.tags) == ours).count();
            if ours > 1 {
                self.violated(format!("{ours} users for one resource"));
            }
        }
        result
    }
}

impl Connect for CheckedConnect {
    fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        async move {
            let operation = call.name();
            match self.gate.pass(operation.as_str(), || self.execute(call)).await {
                GateResult::Answered(result) => result,
                GateResult::NoAnswer => Err(Error::no_reply(operation, "the connection was closed")),
                GateResult::Denied => Err(Error::reply(operation, 403, Some("AccessDeniedException"), "not authorized")),
            }
        }
        .boxed()
    }
}

/// Returns the same client for every instance.
pub struct SingleClient(pub Arc<CheckedConnect>);

impl Connections for SingleClient {
    fn client_for(&self, _: &connect_api::Arn) -> Arc<dyn Connect> {
        self.0.clone()
    }
}
