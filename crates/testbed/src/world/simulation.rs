//! A simulation: API servers, Connect, a clock, and operators that make passes when a cache, a timer or a wake-up is due.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use connect_api::{Arn, InstanceId};
use connect_operator::{
    api::{ConnectUser, ConnectUserSpec},
    plan::ClusterNames,
    reconcile::{NamespacedName, Verdict},
};
use connect_sim::{Config, Sim, UserView};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    connect::{CLUSTER, is_ours},
    gate::{Acting, Fault, Schedule},
    kube::{Snapshot, Store, jane},
    ledger::UserLedger,
    lock::lock,
    operator::{Operator, SWEEP_INTERVAL, Turn},
    setup::{Setup, config, secret},
    specs::{PASSWORD, first},
};

/// The whole simulation.
pub struct Simulation {
    /// Connect.
    pub sim: Sim,
    /// Its instance.
    pub instance: InstanceId,
    /// The API server of the first cluster.
    pub store: Arc<Mutex<Store>>,
    /// Which calls fail, and all calls so far.
    pub schedule: Arc<Mutex<Schedule>>,
    /// What was found to be wrong.
    pub violations: Arc<Mutex<Vec<String>>>,
    /// The operators of all clusters.
    pub operators: Vec<Operator>,
    /// The users that operators created and deleted.
    pub ledger: Arc<Mutex<UserLedger>>,
    /// What the simulation started with.
    pub setup: Setup,
}

/// Longer than the settle window and every backoff, except for the hourly ones.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

impl Simulation {
    /// Starts a simulation with this many operators.
    pub fn new(setup: Setup, operators: usize) -> Self {
        Self::with(config(setup.lag), setup, operators)
    }

    /// Starts a simulation with this configuration of the simulator.
    ///
    /// # Panics
    /// If the configuration is invalid.
    pub fn with(config: Config, setup: Setup, operators: usize) -> Self {
        let sim = Sim::new(config).expect("a valid configuration");
        let instance = sim.instances()[0].id.clone();
        let schedule = Schedule { faults: setup.faults.iter().copied().collect(), ..Schedule::default() };
        let mut simulation = Self {
            sim,
            instance,
            store: Arc::default(),
            schedule: Arc::new(Mutex::new(schedule)),
            violations: Arc::default(),
            operators: Vec::new(),
            ledger: Arc::default(),
            setup,
        };
        lock(&simulation.store).write_secret(&secret(), "password", PASSWORD);
        simulation.add_bystanders();
        for _ in 0..operators {
            simulation.add_operator(CLUSTER.into(), simulation.store.clone());
        }
        simulation
    }

    /// Starts a simulation with one operator, and waits until the user of the first spec exists.
    pub fn with_user(setup: Setup) -> Self {
        let mut simulation = Self::new(setup, 1);
        simulation.apply(first(&simulation.sim));
        simulation.run_until("created", Self::is_ready);
        simulation
    }

    /// Applies a spec to [`jane`], and waits until it is in effect.
    pub fn edit(&mut self, spec: ConnectUserSpec) {
        self.apply(spec);
        self.run_until("updated", Self::is_ready);
        self.check_converged();
    }

    /// Deletes [`jane`], and waits until it is gone.
    pub fn end(&mut self) {
        self.delete();
        self.run_until("deleted", |w| w.object().is_none());
        self.check_gone();
    }

    /// Starts another operator, of this cluster.
    pub fn add_operator(&mut self, cluster: ClusterNames, store: Arc<Mutex<Store>>) {
        let operator = self.start(self.operators.len(), cluster, store, Snapshot::default());
        self.operators.push(operator);
    }

    /// Replaces a process with a new one.
    pub fn restart(&mut self, k: usize) {
        let (cluster, store) = (self.operators[k].cluster.clone(), self.operators[k].store.clone());
        let past = {
            let store = lock(&store);
            let older = store.past.len().checked_sub(3).filter(|_| self.setup.travel);
            older.map_or_else(|| store.snapshot().clone(), |revision| store.past[revision].clone())
        };
        self.operators[k] = self.start(k, cluster, store, past);
    }

    /// Returns whether a cache differs from the API server.
    pub fn is_behind(&self, k: usize) -> bool {
        let operator = &self.operators[k];
        let (store, cache) = (lock(&operator.store), lock(&operator.cache));
        let (real, cached) = (&store.snapshot().objects, &cache.objects);
        let same = real.len() == cached.len()
            && real.iter().all(|(name, object)| cached.get(name).is_some_and(|other| Arc::ptr_eq(object, other)));
        !operator.frozen && !same
    }

    /// Updates a cache from the API server, as the watch does.
    pub fn sync(&mut self, k: usize) {
        let now = self.sim.now();
        let operator = &mut self.operators[k];
        let real = lock(&operator.store).snapshot().clone();
        let before = std::mem::replace(&mut *lock(&operator.cache), real.clone());
        for (name, old) in &before.objects {
            if real.objects.get(name).is_none_or(|new| new.uid() != old.uid()) {
                operator.reconciler.forget(&old.uid().unwrap_or_default(), &old.spec.instance_arn);
            }
        }
        operator.turns.retain(|name, turn| turn.running.is_some() || real.objects.contains_key(name));
        for (name, new) in &real.objects {
            if before.objects.get(name).is_some_and(|old| Arc::ptr_eq(old, new)) {
                continue;
            }
            let turn = operator.turns.entry(name.clone()).or_insert_with(|| Turn::due(now));
            turn.due = Some(now);
            turn.again = turn.running.is_some();
        }
    }

    /// Makes every resource of an operator due.
    pub(super) fn make_due(&mut self, k: usize) {
        let now = self.sim.now();
        self.operators[k].turns.values_mut().for_each(|turn| turn.due = Some(now));
    }

    /// Wakes [`jane`] for a reason that no watch reports.
    ///
    /// # Panics
    /// If the resource does not exist.
    pub fn wake(&self, k: usize) {
        let object = self.object().expect("the resource exists");
        self.operators[k].reconciler.requeue(&object.uid().expect("it has a UID"), NamespacedName::of(&object));
    }

    /// Returns the resources of an operator with a pass that is under way or due.
    fn runnable(&self, k: usize) -> Vec<NamespacedName> {
        let (operator, now) = (&self.operators[k], self.sim.now());
        if operator.frozen {
            return vec![];
        }
        let cache = lock(&operator.cache);
        let can_run = |name: &NamespacedName, turn: &Turn| {
            turn.running.is_some() || (cache.objects.contains_key(name) && turn.due.is_some_and(|due| due <= now))
        };
        operator.turns.iter().filter(|(name, turn)| can_run(name, turn)).map(|(name, _)| name.clone()).collect()
    }

    fn can_sweep(&self, k: usize) -> bool {
        let operator = &self.operators[k];
        !operator.frozen && (operator.sweep.is_some() || operator.sweep_due.is_some_and(|due| due <= self.sim.now()))
    }

    /// Returns whether a pass or a sweep of this operator is under way or due.
    pub fn is_runnable(&self, k: usize) -> bool {
        !self.runnable(k).is_empty() || self.can_sweep(k)
    }

    /// Continues a pass or a sweep up to its next call, or begins one.
    pub fn step(&mut self, k: usize) {
        self.step_at(k, 0);
    }

    /// Continues one of the passes and sweeps that are runnable.
    pub fn step_at(&mut self, k: usize, choice: usize) {
        let runnable = self.runnable(k);
        let count = runnable.len() + usize::from(self.can_sweep(k));
        match runnable.into_iter().nth(choice % count.max(1)) {
            Some(name) => self.step_pass(k, name),
            None if count > 0 => self.step_sweep(k),
            None => {}
        }
        let now = self.sim.now();
        let operator = &mut self.operators[k];
        while let Poll::Ready(Some(name)) = operator.woken.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
            if let Some(turn) = operator.turns.get_mut(&name) {
                turn.due = Some(now);
                turn.again = turn.running.is_some();
            }
        }
    }

    fn step_pass(&mut self, k: usize, name: NamespacedName) {
        let now = self.sim.now();
        let operator = &mut self.operators[k];
        let Some(turn) = operator.turns.get_mut(&name) else { return };
        let running = turn.running.get_or_insert_with(|| {
            turn.since = now;
            let revision = lock(&operator.store).past.len().saturating_sub(1);
            turn.acting = Acting { resource: Some(name.clone()), revision, began: now };
            let (reconciler, cached) = (operator.reconciler.clone(), lock(&operator.cache).objects.get(&name).cloned());
            Box::pin(async move {
                match cached {
                    Some(object) => reconciler.reconcile(&object).await,
                    None => Verdict { after: None, result: "nothing", held: false },
                }
            })
        });
        lock(&operator.gate.acting).clone_from(&turn.acting);
        match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => {
                turn.running = None;
                turn.due = if std::mem::take(&mut turn.again) { Some(now) } else { verdict.after.map(|after| now + after) };
                if !lock(&operator.cache).objects.contains_key(&name) {
                    operator.turns.remove(&name);
                }
            }
            Poll::Pending => self.restart_if_dead(k),
        }
    }

    fn step_sweep(&mut self, k: usize) {
        let (now, deletes) = (self.sim.now(), self.setup.delete_orphans);
        let arn: Arn = self.sim.instances()[0].arn.parse().expect("the instance's ARN");
        let operator = &mut self.operators[k];
        let revision = lock(&operator.store).past.len().saturating_sub(1);
        let running = operator.sweep.get_or_insert_with(|| {
            let (reconciler, cache) = (operator.reconciler.clone(), operator.cache.clone());
            lock(&operator.gate.last_read).clear();
            operator.sweep_due = Some(now);
            Box::pin(async move {
                let cached = || lock(&cache).objects.values().map(|o| o.as_ref().clone()).collect::<Vec<_>>().into_iter();
                let mut scan = reconciler.begin_sweep(&arn, cached());
                let Ok(report) = reconciler.resume_sweep(&mut scan, cached()).await else { return };
                if deletes && let Ok(orphans) = reconciler.confirm(report.orphans).await {
                    for orphan in &orphans {
                        // A failure is reported, and the next sweep finds the orphan again.
                        let _ = reconciler.delete_orphan(orphan).await;
                    }
                }
            })
        });
        *lock(&operator.gate.acting) = Acting { resource: None, revision, began: operator.sweep_due.unwrap_or(now) };
        match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => {
                operator.sweep = None;
                operator.sweep_due = Some(now + SWEEP_INTERVAL);
            }
            Poll::Pending => self.restart_if_dead(k),
        }
    }

    fn restart_if_dead(&mut self, k: usize) {
        if *lock(&self.operators[k].gate.dead) {
            self.restart(k);
        }
    }

    /// Makes one step of any operator, or brings a cache up to date. Returns false if there is nothing to do now.
    pub fn advance_work(&mut self) -> bool {
        if let Some(k) = (0..self.operators.len()).find(|k| self.is_runnable(*k)) {
            self.step(k);
        } else if let Some(k) = (0..self.operators.len()).find(|k| self.is_behind(*k)) {
            self.sync(k);
        } else {
            return false;
        }
        true
    }

    /// Returns when the next pass or sweep is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        let operators = self.operators.iter().filter(|operator| !operator.frozen);
        operators.flat_map(|o| o.turns.values().filter_map(|turn| turn.due).chain(o.sweep_due)).min()
    }

    /// Runs the operators until `done`, or records a violation.
    pub fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.sim.now() + PATIENCE;
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > 20_000 {
                self.violated(format!("{what}: the operators never come to rest"));
                return;
            }
            if self.advance_work() {
                continue;
            }
            if done(self) {
                return;
            }
            match self.next_due().filter(|next| *next <= end) {
                Some(next) if next > self.sim.now() => self.advance_to(next),
                _ => {
                    let status = self.object().and_then(|o| o.status).map(|s| s.conditions);
                    self.violated(format!("{what}: this state was not reached; conditions: {status:?}"));
                    return;
                }
            }
        }
    }

    /// Moves the time forward.
    pub fn advance_to(&self, time: Timestamp) {
        if let Ok(by) = Duration::try_from(time - self.sim.now()) {
            self.sim.advance(by);
        }
    }

    /// Returns [`jane`].
    pub fn object(&self) -> Option<ConnectUser> {
        lock(&self.store).get(&jane()).cloned()
    }

    /// Applies a spec to [`jane`].
    pub fn apply(&self, spec: ConnectUserSpec) {
        lock(&self.store).apply(&jane(), spec);
    }

    /// Deletes [`jane`].
    pub fn delete(&self) {
        let now = self.sim.now();
        lock(&self.store).delete(&jane(), now);
    }

    /// Returns whether a pass is under way.
    pub fn is_running(&self, k: usize) -> bool {
        self.operators[k].turns.values().any(|turn| turn.running.is_some())
    }

    /// Returns when the oldest pass under way began.
    pub fn running_since(&self, k: usize) -> Option<Timestamp> {
        self.operators[k].turns.values().filter(|turn| turn.running.is_some()).map(|turn| turn.since).min()
    }

    /// Returns the users that carry the tags of [`jane`].
    pub fn ours(&self) -> Vec<UserView> {
        self.sim.users(&self.instance).into_iter().filter(|u| is_ours(&u.user.tags)).collect()
    }

    /// Returns whether the status of [`jane`] says that the spec is in effect.
    pub fn is_ready(&self) -> bool {
        self.object().is_some_and(|o| is_ready(&o))
    }

    /// Returns whether a fault has happened.
    pub fn had_fault(&self) -> bool {
        let schedule = lock(&self.schedule);
        schedule.faults.keys().next().is_some_and(|at| *at < schedule.calls)
    }

    /// Injects a fault into the next call of any operator.
    pub fn fault_next_call(&self, fault: Fault) {
        let mut schedule = lock(&self.schedule);
        let next = schedule.calls;
        schedule.faults.insert(next, fault);
    }
}

/// Returns whether the status of a resource says that its spec is in effect.
pub fn is_ready(object: &ConnectUser) -> bool {
    let status = object.status.clone().unwrap_or_default();
    let holds = |t: &str| status.conditions.iter().any(|c| c.type_ == t && c.status == "True");
    status.observed_generation == object.metadata.generation.unwrap_or_default() && holds("Ready") && holds("Synced")
}
