//! The end of a life: what is broken around is mended, the dust settles, and what is left is compared with what people asked for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_operator::{
    api::{AdoptionPolicy, ConnectUser, ConnectUserSpec, FINALIZER, ManagementPolicy, PREFIX},
    plan::ClusterNames,
    reconcile::NamespacedName,
};
use connect_sim::{UnknownReference, UserView};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::{
    act::{Around, Console},
    player::Player,
    promises::without_ignored,
    readings,
};
use crate::{
    ExtraTags, user_matches,
    world::{Snapshot, Store, is_paused, is_ready, lock, owner_of, specs::PASSWORD},
};

/// Longer than every back-off, the settle window and the drift interval together.
const REST: Duration = Duration::from_secs(3 * 3600);
/// The time in which nothing may be written any more.
const QUIET: Duration = Duration::from_secs(5000);
/// AWS' limit on tags of a resource.
const MAX_TAGS: usize = 50;

impl Player {
    /// Ends the life.
    pub(super) fn end(&mut self) {
        self.mend();
        if self.simulation.setup.guard.is_some() {
            // No clock may show a confirmation as one from the future.
            self.rest(REST);
            self.clusters.iter().for_each(|cluster| lock(cluster).confirm_deletions());
        }
        let begun = (self.writes(), self.simulation.sim.calls().total());
        self.rest(REST);
        self.check_costs(begun);
        self.check_end();
        let before = self.writes();
        self.rest(QUIET);
        let after = self.writes();
        if before != after && !self.is_refusal_retried() {
            self.simulation
                .violated(format!("at rest, something was written (Kubernetes, Connect, Events): {before:?} → {after:?}"));
        }
        if !self.keeps && !self.forced {
            self.simulation.check_quick_connects();
        }
        self.simulation.check_secrecy();
    }

    /// Checks that what is left to do was done with a bounded number of writes, Events and calls: nothing alternates, and no failure is
    /// retried at a fast pace for hours. A sweep every five minutes costs two calls.
    fn check_costs(&self, (before, calls): ((u64, u64, usize), u64)) {
        const WRITES: u64 = 40;
        const EVENTS: usize = 20;
        const CALLS: u64 = 200;
        let after = self.writes();
        let resources: usize = self.clusters.iter().map(|store| lock(store).snapshot().objects.len()).sum();
        let passes = resources.max(1) * self.simulation.operators.len();
        let (writes, events) = (after.0 - before.0, after.2 - before.2);
        let calls = self.simulation.sim.calls().total() - calls;
        if writes > WRITES * passes as u64 || events > EVENTS * passes || calls > CALLS * (passes + resources) as u64 {
            self.simulation.violated(format!("{writes} writes, {events} Events and {calls} calls for {resources} resources"));
        }
    }

    /// Mends all that is broken around, but nothing that people did to objects and users.
    fn mend(&mut self) {
        lock(&self.simulation.schedule).faults.clear();
        self.simulation.operators.iter_mut().for_each(|operator| operator.frozen = false);
        self.perform(super::Act::Around(Around::Deny(0)));
        self.perform(super::Act::Around(Around::Quota(false)));
        for console in [Console::Profile(true), Console::HierarchyGroup(true), Console::Attribute(true)] {
            self.perform(super::Act::Console(console));
        }
        if !self.names_stay {
            self.restore_names();
        }
        // The end of a deletion is checked, so none stays paused.
        self.clusters.iter().for_each(|cluster| lock(cluster).resume_deletions());
        for namespace in ["sales", "support"] {
            for cluster in &self.clusters {
                let mut store = lock(cluster);
                store.change_namespace(namespace, |namespace| namespace.forbidden = false);
                let name = NamespacedName { namespace: namespace.into(), name: crate::world::specs::SECRET.into() };
                if !store.secrets.contains_key(&name) {
                    store.write_secret(&name, "password", PASSWORD);
                }
            }
        }
    }

    /// Lets time pass, with all that is due in it.
    fn rest(&mut self, time: Duration) {
        let end = self.simulation.sim.now() + time;
        for _ in 0..100_000 {
            if self.simulation.advance_work() {
                continue;
            }
            let now = self.simulation.sim.now();
            match self.simulation.next_due().filter(|due| *due <= end) {
                Some(due) if due > now => self.simulation.advance_to(due),
                Some(_) => return self.simulation.violated("something is due that cannot be done".to_owned()),
                None => return self.simulation.advance_to(end),
            }
        }
        self.simulation.violated("the operators never come to rest".to_owned());
    }

    /// Returns whether a call that Connect refuses is made again from time to time.
    fn is_refusal_retried(&self) -> bool {
        let refused = |object: &ConnectUser| {
            let status = object.status.clone().unwrap_or_default();
            let reasons = match names_by_arn(&object.spec) && self.refers_to_nothing(&object.spec) {
                true => &["InvalidSpec", "AccessDenied", "DependencyNotFound"][..],
                false => &["InvalidSpec", "AccessDenied"],
            };
            let is_refusal = |c: &Condition| c.type_ == "Ready" && reasons.contains(&c.reason.as_str());
            status.conditions.iter().any(is_refusal)
        };
        let has_one = |store: &Arc<Mutex<Store>>| lock(store).snapshot().objects.values().any(|object| refused(object));
        self.clusters.iter().any(has_one)
    }

    fn writes(&self) -> (u64, u64, usize) {
        let stores: Vec<_> = self.clusters.iter().map(|store| lock(store)).collect();
        let kubernetes = stores.iter().map(|store| store.writes).sum();
        (kubernetes, self.simulation.sim.calls().writes(), stores.iter().map(|store| store.events.len()).sum())
    }

    fn check_end(&mut self) {
        let users = self.simulation.sim.users(&self.simulation.instance);
        for cluster in self.clusters.clone() {
            let operator = self.simulation.operators.iter().find(|operator| Arc::ptr_eq(&operator.store, &cluster));
            let Some(name_of_cluster) = operator.map(|operator| operator.cluster.clone()) else { continue };
            let (store, cluster) = (lock(&cluster), name_of_cluster);
            for (name, object) in &store.snapshot().objects {
                if let Err(wrong) = self.check_object(&cluster, name, object, &users, &store) {
                    let status = object.status.clone().unwrap_or_default();
                    let conditions: Vec<_> = status
                        .conditions
                        .iter()
                        .map(|c| format!("{}={} {}: {}", c.type_, c.status, c.reason, c.message))
                        .collect();
                    self.simulation
                        .violated(format!("{wrong} ({}/{} of {}: {conditions:?})", name.namespace, name.name, cluster.present));
                }
            }
            self.check_users(&cluster, store.snapshot(), &users);
        }
    }

    /// Checks that no user carries the tags of a resource that is gone, unless it went by force.
    fn check_users(&self, cluster: &ClusterNames, snapshot: &Snapshot, users: &[UserView]) {
        for view in users {
            let Some((of, name)) = owner_of(&view.user.tags).filter(|(of, _)| cluster.contain(of)) else { continue };
            let wants = |object: &ConnectUser| object.spec.username == view.user.username;
            if snapshot.objects.get(&name).is_none_or(|object| !wants(object)) && !self.forced {
                self.simulation
                    .violated(format!("the user {} carries the tags of {of}'s {name:?}, which is gone", view.user.username));
            }
        }
    }

    /// Returns whether the spec names a routing profile or a hierarchy group that does not exist, or no longer.
    fn refers_to_nothing(&self, spec: &ConnectUserSpec) -> bool {
        let (sim, instance) = (&self.simulation.sim, &self.simulation.instance);
        let is_id_of_none = |wanted: &Option<String>, known: &[Option<String>]| {
            // Both an ARN and an id end with the id.
            let id = wanted.as_ref().and_then(|arn| arn.rsplit('/').next()).filter(|id| !id.is_empty());
            id.is_some_and(|id| !known.iter().flatten().any(|arn| arn.ends_with(id)))
        };
        let profiles = ["Basic", "Voice", "Video"].map(|name| sim.routing_profile_arn(instance, name));
        let groups = ["/North", "/South", "/West"].map(|path| sim.hierarchy_group_arn(instance, path));
        let is_name_of_none =
            spec.routing_profile_name.as_ref().is_some_and(|name| sim.routing_profile_id(instance, name).is_none());
        let is_path_of_none =
            spec.hierarchy_group_path.as_ref().is_some_and(|path| sim.hierarchy_group_id(instance, path).is_none());
        is_name_of_none
            || is_path_of_none
            || is_id_of_none(&spec.routing_profile_arn, &profiles)
            || is_id_of_none(&spec.hierarchy_group_arn, &groups)
    }

    fn check_object(
        &self,
        cluster: &ClusterNames,
        name: &NamespacedName,
        object: &ConnectUser,
        users: &[UserView],
        store: &Store,
    ) -> Result<(), String> {
        if is_paused(object) {
            return Ok(());
        }
        if object.metadata.deletion_timestamp.is_some() {
            return Err("it is still being deleted".into());
        }
        let user = users.iter().find(|view| view.user.username == object.spec.username);
        let status = object.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let reason = ready.map(|condition| condition.reason.clone()).unwrap_or_default();
        let ends_as = |expected: &str, why: &str| {
            if reason == expected { Ok(()) } else { Err(format!("{why}: expected {expected}, not {reason:?}")) }
        };
        let sim = &self.simulation.sim;
        // A profile that is ignored is missed only if its value was not applied yet.
        let ignored = object.spec.ignore_drift.iter().flatten();
        let ignored: Vec<_> = ignored.filter_map(|field| Some((*field, object.spec.text_of(*field)?))).collect();
        let is_unknown = self.refers_to_nothing(&object.spec);
        let is_ignored = user.is_some_and(|view| !self.refers_to_nothing(&without_ignored(&object.spec, view)));
        let was_applied =
            ignored.iter().all(|(field, wanted)| status.applied_values.get(field.path()).is_none_or(|value| value == wanted));
        let is_missing = |reason: &str| match self.rules.unknown_reference {
            UnknownReference::InvalidParameter => ["DependencyNotFound", "InvalidSpec"].contains(&reason),
            _ => reason == "DependencyNotFound",
        };
        if is_unknown && !is_ignored && is_missing(&reason) {
            return Ok(());
        }
        let Some(view) = user else {
            return match (object.spec.management_policy, object.spec.adoption_policy) {
                (ManagementPolicy::Observe, _) | (_, AdoptionPolicy::Adopt) => ends_as("DependencyNotFound", "there is no user"),
                _ if !has_password(object) => ends_as("InvalidSpec", "no password is given"),
                _ if object.spec.generate_password == Some(true) && has_foreign_secret(store, object) => {
                    ends_as("SecretNotFound", "the Secret is another's")
                }
                _ if is_unknown && is_missing(&reason) => Ok(()),
                _ => Err("its user was not created".to_owned()),
            };
        };
        if object.spec.management_policy == ManagementPolicy::Observe {
            let found = status.user_id.as_deref() == Some(view.user.id.as_str());
            return if found { Ok(()) } else { Err("it observes, and does not show the user".into()) };
        }
        let tags = &view.user.tags;
        let owner = owner_of(tags).filter(|(_, of)| of == name).map(|(of, _)| of);
        let is_ours = owner.as_ref() == Some(&cluster.present);
        let has_former_name = !is_ours && owner.is_some_and(|of| cluster.contain(&of));
        let is_unowned = !tags.keys().any(|key| key.starts_with(PREFIX));
        let wanted = object.spec.tags.clone().unwrap_or_default();
        let others = tags.keys().filter(|key| !key.starts_with(PREFIX) && !wanted.contains_key(*key)).count();
        if (is_ours || has_former_name || is_unowned) && others + wanted.len() + 4 > MAX_TAGS {
            let adopts = object.spec.adoption_policy != AdoptionPolicy::Never;
            let said = status.conditions.iter().any(|c| c.type_ == "Ready" && c.message.contains("AWS allows 50 for each user"));
            return if said || (is_unowned && !adopts) {
                Ok(())
            } else {
                Err("there is no room for its tags, and it does not say so".into())
            };
        }
        if has_former_name {
            return Err("its user still carries a former name of its cluster".into());
        }
        if !is_ours {
            return match (is_unowned, object.spec.adoption_policy) {
                (true, AdoptionPolicy::AdoptOrCreate | AdoptionPolicy::Adopt) => Err("the user was not adopted".into()),
                _ => ends_as("Conflict", "the user is not ours"),
            };
        }
        if !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Err("it owns its user, and has no finalizer".into());
        }
        let spec = without_ignored(&object.spec, view);
        let not_kept = status.conditions.iter().any(|c| c.type_ == "Synced" && c.reason == "NotKept");
        if not_kept && user_matches(&spec, view, sim, ExtraTags::Allowed).is_err() {
            // A change in the moment between a correction and the read after it looks as if Connect had made it.
            let is_race = lock(&self.simulation.ledger).touched_midway.contains(&view.user.id);
            let mut kept = spec;
            readings::keep(&self.rules, &mut kept);
            let result = user_matches(&kept, view, sim, ExtraTags::Allowed);
            return result.or_else(|difference| match is_race {
                true => Ok(()),
                false => Err(format!("Connect keeps other values, but {difference}")),
            });
        }
        // A new name that does not exist is an error of its field alone.
        if is_unknown && !(is_ignored && was_applied) {
            if !is_missing(&reason) {
                return Err(format!("what it refers to does not exist, and it says {reason:?}"));
            }
            if !is_ignored {
                return Ok(());
            }
        } else if !is_ready(object) {
            return Err("its user is ours, and it is not ready".into());
        }
        // A user that was taken over need not have a password that the operator knows of.
        user_matches(&spec, view, sim, ExtraTags::Allowed).map_err(|difference| format!("it is ready, but {difference}"))
    }
}

/// Returns whether a spec names a routing profile or a hierarchy group by ARN: no list shows whether it exists.
fn names_by_arn(spec: &ConnectUserSpec) -> bool {
    spec.routing_profile_arn.is_some() || spec.hierarchy_group_arn.is_some()
}

fn has_password(object: &ConnectUser) -> bool {
    object.spec.password_secret_ref.is_some() || object.spec.generate_password == Some(true)
}

fn has_foreign_secret(store: &Store, object: &ConnectUser) -> bool {
    let name = format!("{}-initial-password", object.name_any());
    let secret = store.secrets.get(&NamespacedName { namespace: object.namespace().unwrap_or_default(), name });
    secret.is_some_and(|secret| secret.owner != object.uid())
}
