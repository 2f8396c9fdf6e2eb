//! Plays a life: carries out its acts, and checks what must hold after each.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_api::OperationName;
use connect_operator::{
    api::{CONFIRM_DELETION, ConnectUserSpec, ConnectUserStatus, PAUSED, RECONCILE_REQUESTED_AT},
    plan::ClusterNames,
    reconcile::{DeletionGuard, NamespacedName},
};
use connect_sim::{Rules, UserView};
use kube::ResourceExt;

use super::{
    act::{Act, Around, Life, NewName, Person, RESOURCES, resource, username},
    edit::{Edit, base},
    promises::Promises,
};
use crate::world::{CLUSTER, Lag, Operator, Setup, Simulation, Store, config, lock, specs::PASSWORD};

/// A guard that admits one deletion in an hour, of the few resources that there are.
const GUARD: DeletionGuard = DeletionGuard { share: 0.2, count: 1, window: Duration::from_secs(3600) };

/// A life that broke an invariant.
#[derive(Clone, Debug)]
pub struct Failed {
    /// What is wrong.
    pub violation: String,
    /// What happened: the acts, and the calls that followed each.
    pub story: String,
}

impl Failed {
    /// Returns the kind of the violation: its text without what differs from life to life.
    pub fn kind(&self) -> String {
        self.violation.chars().filter(|c| !c.is_ascii_digit()).take(48).collect()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.violation)
    }
}

/// A life under way.
pub(super) struct Player {
    pub(super) simulation: Simulation,
    /// Whether each call and act is noted for the story.
    story: Vec<String>,
    printed: usize,
    pub(super) promises: Promises,
    pub(super) rules: Rules,
    /// The API servers of all clusters that live.
    pub(super) clusters: Vec<Arc<Mutex<Store>>>,
    /// The manifests in Git, by resource.
    manifests: BTreeMap<NamespacedName, ConnectUserSpec>,
    pub(super) renamed: bool,
    pub(super) group_renamed: bool,
    pub(super) attribute_exists: bool,
    /// Profiles and groups that were renamed keep their new names to the end.
    pub(super) names_stay: bool,
    people: u64,
    /// How many names the first cluster has got.
    names: u32,
    /// Something went by force, so that a user may be left without its resource.
    pub(super) forced: bool,
    /// People changed what should happen to users, or what is known of them, perhaps in the middle of a deletion.
    pub(super) keeps: bool,
}

/// Plays a life to its end.
///
/// # Errors
/// The first violation.
pub fn play(life: &Life) -> Result<(), Failed> {
    let mut player = Player::new(life);
    for act in &life.acts {
        player.note(act.to_string());
        player.perform(*act);
        player.check_promises();
        player.failed()?;
    }
    player.note("the ending".to_owned());
    player.end();
    player.failed()
}

impl Player {
    fn new(life: &Life) -> Self {
        let mut config = config(life.lag);
        config.rules = life.rules.clone();
        let setup = Setup {
            lag: life.lag,
            mutation: life.mutation,
            travel: life.travel,
            sweeps: life.sweeps,
            scans: life.sweeps,
            delete_orphans: life.delete_orphans,
            quick_connects: life.quick_connects,
            guard: life.guard.then_some(GUARD),
            skew: life.skew,
            faults: vec![],
        };
        let simulation = Simulation::with(config, setup, life.operators);
        let clusters = vec![simulation.store.clone()];
        let player = Self {
            simulation,
            story: Vec::new(),
            printed: 0,
            promises: Promises::new(life.rules.clone()),
            rules: life.rules.clone(),
            clusters,
            manifests: BTreeMap::new(),
            renamed: false,
            group_renamed: false,
            attribute_exists: true,
            names_stay: life.names_stay,
            people: 0,
            names: 0,
            forced: false,
            keeps: false,
        };
        for namespace in ["sales", "support"] {
            player.write_secret(namespace, PASSWORD);
        }
        player
    }

    /// Adds a line to the story, after the calls that were made since the last one.
    fn note(&mut self, line: String) {
        let schedule = lock(&self.simulation.schedule);
        let calls = schedule.log[self.printed..].iter().map(|call| format!("        {call}"));
        self.story.extend(calls);
        self.printed = schedule.log.len();
        self.story.push(format!("    {} {line}", self.simulation.sim.now()));
    }

    fn failed(&mut self) -> Result<(), Failed> {
        let violations = lock(&self.simulation.violations).clone();
        let Some(violation) = violations.first().cloned() else { return Ok(()) };
        self.note(format!("VIOLATED: {}", violations.join("; ")));
        Err(Failed { violation, story: self.story.join("\n") })
    }

    /// Returns the operator that an act names, if any runs.
    fn operator(&self, k: u8) -> Option<usize> {
        usize::from(k).checked_rem(self.simulation.operators.len())
    }

    /// Returns whether an operator is in the middle of a pass.
    pub(super) fn is_pass_under_way(&self) -> bool {
        (0..self.simulation.operators.len()).any(|k| self.simulation.running_since(k).is_some())
    }

    pub(super) fn perform(&mut self, act: Act) {
        // What was asked before an act and what is asked after it differ in time.
        self.simulation.sim.advance(Duration::from_millis(1));
        match act {
            Act::Person(person) => self.person(person),
            Act::Console(console) => self.console(console),
            Act::Around(around) => self.around(around),
            Act::Step(k, choice) => {
                if let Some(k) = self.operator(k).filter(|k| self.simulation.is_runnable(*k)) {
                    self.simulation.step_at(k, choice.into());
                }
            }
            Act::Sync(k) => {
                if let Some(k) = self.operator(k).filter(|k| self.simulation.is_behind(*k)) {
                    self.simulation.sync(k);
                }
            }
            Act::Wait(seconds) => self.wait(seconds),
            Act::Settle => self.settle(),
        }
    }

    /// Lets time pass, unless a pass under way would last longer than the protocol allows for.
    fn wait(&mut self, seconds: u16) {
        const LONGEST_PASS: Duration = Duration::from_secs(300);
        let by = Duration::from_secs(seconds.into());
        let then = self.simulation.sim.now() + by;
        let passes = (0..self.simulation.operators.len()).filter_map(|k| self.simulation.running_since(k));
        if passes.map(|since| Duration::try_from(then - since)).all(|lasts| lasts.is_ok_and(|lasts| lasts <= LONGEST_PASS)) {
            self.simulation.sim.advance(by);
        }
    }

    /// Does all that is due now.
    pub(super) fn settle(&mut self) {
        for _ in 0..5_000 {
            if !self.simulation.advance_work() {
                return self.promises.resume();
            }
        }
        self.simulation.violated("passes follow each other without an end".to_owned());
    }

    fn store(&self, change: impl FnOnce(&mut Store)) {
        change(&mut lock(&self.simulation.store));
    }

    fn write_secret(&self, namespace: &str, password: &str) {
        let name = NamespacedName { namespace: namespace.into(), name: crate::world::specs::SECRET.into() };
        self.store(|store| store.write_secret(&name, "password", password));
    }

    fn apply(&mut self, o: u8, edit: Option<Edit>) {
        let name = resource(o);
        let (sim, instance) = (self.simulation.sim.clone(), self.simulation.instance.clone());
        let spec = self.manifests.entry(name.clone()).or_insert_with(|| base(&sim, &instance, username(o)));
        if let Some(edit) = edit {
            edit.make(spec, &sim, &instance);
        }
        let spec = spec.clone();
        self.store(|store| store.apply(&name, spec));
    }

    fn person(&mut self, person: Person) {
        self.people += 1;
        self.keeps |= match person {
            Person::Edit(_, edit) => matches!(edit, Edit::Deletion(_) | Edit::Management(_)),
            // Only the status says which user was deleted.
            Person::NamespacePolicy(..) | Person::LoseStatus(_) | Person::RestoreStatus(..) | Person::EditStatus(..) => true,
            _ => false,
        };
        self.forced |= matches!(person, Person::Replace(_) | Person::StripFinalizers(_) | Person::ForceDelete(_));
        let (now, people) = (self.simulation.sim.now(), self.people);
        // While no read shows a new user, only the status says that there is one.
        let (sim, lag) = (&self.simulation.sim, self.simulation.setup.lag);
        let is_new = |view: &UserView| lag == Lag::Reads && view.created + lag.of_search() > now;
        self.forced |= matches!(person, Person::LoseStatus(_) | Person::RestoreStatus(..))
            && sim.users(&self.simulation.instance).iter().any(is_new);
        match person {
            Person::Apply(o) => self.apply(o, None),
            Person::Edit(o, edit) => self.apply(o, Some(edit)),
            Person::Replace(o) => self.store(|store| {
                store.change(&resource(o), |object| {
                    object.metadata.finalizers = None;
                    object.metadata.annotations = None;
                });
            }),
            Person::StripFinalizers(o) => self.store(|store| store.strip_finalizers(&resource(o))),
            Person::LoseStatus(o) => self.store(|store| {
                let status = ConnectUserStatus { observed_generation: -1, ..ConnectUserStatus::default() };
                store.change(&resource(o), |object| object.status = Some(status));
            }),
            Person::RestoreStatus(o, back) => self.store(|store| {
                let name = resource(o);
                let uid = store.get(&name).and_then(ResourceExt::uid);
                let older: Vec<_> = store
                    .past
                    .iter()
                    .filter_map(|snapshot| snapshot.objects.get(&name))
                    .filter(|object| object.uid() == uid)
                    .map(|object| object.status.clone())
                    .collect();
                let Some(status) = older.into_iter().rev().nth(back.into()) else { return };
                store.change(&name, |object| object.status = status);
            }),
            Person::EditStatus(o, what) => self.store(|store| {
                store.change(&resource(o), |object| {
                    let Some(status) = &mut object.status else { return };
                    match what {
                        0 => status.conditions.clear(),
                        1 => status.applied_tag_keys.clear(),
                        _ => status.observed = None,
                    }
                });
            }),
            Person::Pause(o, spelling) => self.annotate(o, PAUSED, ["true", "True", "yes", "1"][usize::from(spelling)]),
            Person::Resume(o) => self.store(|store| {
                store.change(&resource(o), |object| {
                    object.annotations_mut().remove(PAUSED);
                });
            }),
            Person::Request(o, n) => self.annotate(o, RECONCILE_REQUESTED_AT, &n.to_string()),
            Person::Annotate(o) => self.annotate(o, "note", &people.to_string()),
            Person::Delete(o) => {
                self.manifests.remove(&resource(o));
                self.store(|store| store.delete(&resource(o), now));
            }
            Person::ForceDelete(o) => self.store(|store| {
                store.strip_finalizers(&resource(o));
                store.delete(&resource(o), now);
            }),
            Person::Confirm(o) => self.annotate(o, CONFIRM_DELETION, &now.to_string()),
            Person::NamespaceGone(o) => self.store(|store| store.delete_namespace(&resource(o).namespace, now)),
            Person::NamespacePolicy(o, n) => {
                let policy = [None, Some("Delete"), Some("Retain"), Some("Retian")][usize::from(n)];
                let namespace = resource(o).namespace;
                self.store(|store| {
                    store.change_namespace(&namespace, |namespace| {
                        namespace.gone = false;
                        namespace.deletion_policy = policy.map(str::to_owned);
                    });
                });
            }
            Person::NamespaceForbidden(o, forbidden) => {
                self.store(|store| store.change_namespace(&resource(o).namespace, |ns| ns.forbidden = forbidden));
            }
            Person::SecretGone(o) => {
                let name = NamespacedName { name: crate::world::specs::SECRET.into(), ..resource(o) };
                self.store(|store| drop(store.secrets.remove(&name)));
            }
            Person::SecretRestored(o, n) => {
                let NamespacedName { namespace, name } = resource(o);
                let name = NamespacedName { namespace, name: format!("{name}-initial-password") };
                let owner = (n == 1).then(|| "uid-of-another".to_owned());
                self.store(|store| store.restore_secret(&name, "password", "From-A-Backup-1", owner));
            }
            Person::SecretWritten(o, n) => {
                self.write_secret(&resource(o).namespace, [PASSWORD, "An0ther-Whistle"][usize::from(n)]);
            }
        }
    }

    fn annotate(&self, o: u8, key: &str, value: &str) {
        self.store(|store| {
            store.change(&resource(o), |object| {
                object.annotations_mut().insert(key.to_owned(), value.to_owned());
            });
        });
    }

    fn around(&mut self, act: Around) {
        self.forced |= matches!(act, Around::RestoreEtcd(..) | Around::CloneCluster | Around::RebuildCluster(_));
        match act {
            Around::Restart(k) => {
                if let Some(k) = self.operator(k) {
                    self.simulation.restart(k);
                }
            }
            Around::Freeze(k, frozen) => {
                if let Some(k) = self.operator(k) {
                    self.simulation.operators[k].frozen = frozen;
                }
            }
            Around::Fault(fault) => self.simulation.fault_next_call(fault),
            Around::Quota(reached) => {
                let users = self.simulation.sim.users(&self.simulation.instance).len();
                let quota = if reached { users } else { 500 };
                self.simulation.sim.set_users_quota(&self.simulation.instance.clone(), quota);
            }
            Around::Deny(n) => {
                let all = OperationName::ALL.to_vec();
                let denied = match n {
                    0 => vec![],
                    1 => vec![OperationName::CreateUser],
                    2 => vec![OperationName::UpdateUserIdentityInfo],
                    3 => vec![OperationName::TagResource],
                    _ => all,
                };
                self.simulation.sim.deny(denied);
            }
            Around::RestoreEtcd(back, counts_on_from_there) => {
                self.store(|store| {
                    if let Some(revision) = store.past.len().checked_sub(usize::from(back) + 1) {
                        store.restore(revision, counts_on_from_there);
                    }
                });
                self.adopt_manifests();
                // The restored status is believed until the next pass.
                self.promises.forget();
                if counts_on_from_there && self.is_pass_under_way() {
                    self.promises.suspend();
                }
            }
            Around::CloneCluster => {
                if self.clusters.len() == 1 {
                    let copy = Arc::new(Mutex::new(lock(&self.simulation.store).clone()));
                    self.simulation.add_operator("clone".into(), copy.clone());
                    self.clusters.push(copy);
                }
            }
            Around::RebuildCluster(name) => self.rebuild(name),
            Around::RenameCluster => {
                let renamed = self.names_after(NewName::Renamed);
                for k in 0..self.simulation.operators.len() {
                    if Arc::ptr_eq(&self.simulation.operators[k].store, &self.simulation.store) {
                        self.simulation.operators[k].cluster = renamed.clone();
                        self.simulation.restart(k);
                    }
                }
            }
        }
    }

    /// Git follows the cluster after a restore: nothing else was applied yet.
    fn adopt_manifests(&mut self) {
        let store = lock(&self.simulation.store);
        for o in 0..RESOURCES.len() as u8 {
            let name = resource(o);
            match store.get(&name) {
                Some(object) => drop(self.manifests.insert(name, object.spec.clone())),
                None => drop(self.manifests.remove(&name)),
            }
        }
    }

    /// Loses the cluster with its operators, and applies the same manifests to a new one.
    fn rebuild(&mut self, name: NewName) {
        let names = self.names_after(name);
        let mut fresh = Store::default();
        fresh.uid_prefix = "again-".into();
        for (name, object) in &lock(&self.simulation.store).snapshot().objects {
            if object.metadata.deletion_timestamp.is_none() {
                fresh.apply(name, object.spec.clone());
            }
        }
        let fresh = Arc::new(Mutex::new(fresh));
        let count =
            self.simulation.operators.iter().filter(|operator| Arc::ptr_eq(&operator.store, &self.simulation.store)).count();
        self.simulation.operators.retain(|operator| !Arc::ptr_eq(&operator.store, &self.simulation.store));
        self.clusters[0] = fresh.clone();
        self.simulation.store = fresh.clone();
        for _ in 0..count {
            self.simulation.add_operator(names.clone(), fresh.clone());
        }
        for namespace in ["sales", "support"] {
            self.write_secret(namespace, PASSWORD);
        }
        self.promises.forget();
    }

    /// Returns the names of the first cluster after it gets another name, or none.
    fn names_after(&mut self, name: NewName) -> ClusterNames {
        let of_first = |operator: &&Operator| Arc::ptr_eq(&operator.store, &self.simulation.store);
        let names = self.simulation.operators.iter().find(of_first).expect("an operator").cluster.clone();
        if name == NewName::Same {
            return names;
        }
        self.names += 1;
        let former =
            if name == NewName::Renamed { names.former.iter().cloned().chain([names.present]).collect() } else { [].into() };
        ClusterNames { present: format!("{CLUSTER}-{}", self.names), former }
    }

    fn check_promises(&mut self) {
        // With two operators, one that acts on an older state may still be at work.
        if self.simulation.operators.len() == 1 {
            self.promises.check(&self.simulation);
        }
        self.simulation.check_secrecy();
    }
}
