//! A simulation of one resource: its API server, Connect, a clock, people, and operators that make passes when a cache or a timer
//! wakes them. It is single-threaded and deterministic.

use std::{
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use connect_api::InstanceId;
use connect_operator::{
    api::{ConnectUser, ConnectUserSpec},
    plan::QuickConnects,
    reconcile::{Clock, NamespacedName, Reconciler, Settings, Verdict},
    telemetry::Metrics,
};
use connect_sim::{Config, DescribeLagCovers, InstanceConfig, Sim, Throttling, UserView};
use jiff::Timestamp;
use kube::ResourceExt;
use testbed::{ExtraTags, user_matches};

use crate::{
    connect::{CLUSTER, CheckedConnect, SingleClient, is_ours},
    gate::{Fault, Gate, Schedule},
    kube::{FakeCluster, Store},
    mutation::Mutation,
    quick_connects::UserLedger,
    specs::{PASSWORD, SECRET, first},
};

/// How far Connect's reads are behind its writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// Not at all.
    #[default]
    None,
    /// The search index.
    Search,
    /// All reads.
    Reads,
}

impl Lag {
    pub const ALL: [Self; 3] = [Self::None, Self::Search, Self::Reads];

    /// Returns how far the search index is behind.
    pub fn of_search(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Search | Self::Reads => Duration::from_secs(90),
        }
    }
}

/// What a simulation starts with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub lag: Lag,
    pub faults: Vec<(u64, Fault)>,
    pub mutation: Option<Mutation>,
    /// A restarted operator's cache shows an older state at first.
    pub travel: bool,
    /// The operators are configured to sweep: the status of a user then counts as a read for a while. The simulation makes no
    /// sweeps, so they find nothing.
    pub sweeps: bool,
    /// The operators delete the quick connects of users that they delete.
    pub quick_connects: bool,
}

struct SimClock(Sim);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.0.now() - Config::manual().start).unwrap()
    }
}

/// The process of an operator.
pub struct Operator {
    reconciler: Arc<Reconciler>,
    pub cache: Arc<Mutex<Option<ConnectUser>>>,
    gate: Gate,
    running: Option<Pin<Box<dyn Future<Output = Verdict> + Send>>>,
    due: Option<Timestamp>,
    /// The cache changed during the pass under way, so another pass follows, as in a real queue.
    again: bool,
    /// When the pass under way began.
    pub since: Timestamp,
    /// The process and its cache are paused.
    pub frozen: bool,
}

/// Everything around the operators.
pub struct World {
    pub sim: Sim,
    pub instance: InstanceId,
    pub store: Mutex<Store>,
    pub schedule: Mutex<Schedule>,
    pub violations: Mutex<Vec<String>>,
    pub ledger: Mutex<UserLedger>,
    pub setup: Setup,
}

/// The whole simulation.
pub struct Simulation {
    world: Arc<World>,
    pub operators: Vec<Operator>,
}

impl Deref for Simulation {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// Longer than the settle window and every backoff, except for the hourly ones.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

impl Simulation {
    pub fn new(setup: Setup, operators: usize) -> Self {
        let config = Config {
            search_lag: setup.lag.of_search(),
            describe_lag: if setup.lag == Lag::Reads { Duration::from_secs(60) } else { Duration::ZERO },
            describe_lag_covers: DescribeLagCovers::Creates,
            throttling: Throttling::off(),
            instances: vec![InstanceConfig {
                routing_profiles: ["Basic", "Voice"].map(Into::into).into(),
                security_profiles: ["Agent", "Lead"].map(Into::into).into(),
                hierarchy_groups: ["/North", "/South"].map(Into::into).into(),
                predefined_attributes: [("Language".to_owned(), vec!["Spanish".into(), "French".into()])].into(),
                ..InstanceConfig::default()
            }],
            ..Config::manual()
        };
        let sim = Sim::new(config).unwrap();
        let instance = sim.instances()[0].id.clone();
        let schedule = Schedule { faults: setup.faults.iter().copied().collect(), ..Schedule::default() };
        let world = World {
            sim,
            instance,
            store: Mutex::default(),
            schedule: Mutex::new(schedule),
            violations: Mutex::default(),
            ledger: Mutex::default(),
            setup,
        };
        let mut simulation = Self { world: Arc::new(world), operators: Vec::new() };
        simulation.store.lock().unwrap().secrets.insert(SECRET.into(), [("password".to_owned(), PASSWORD.to_owned())].into());
        simulation.add_bystanders();
        for _ in 0..operators {
            let operator = simulation.start(None);
            simulation.operators.push(operator);
        }
        simulation
    }

    /// Starts a simulation with one operator, and waits until the user of the first spec exists.
    pub fn with_user(setup: Setup) -> Self {
        let mut simulation = Self::new(setup, 1);
        simulation.apply(first(&simulation.sim));
        simulation.run_until("created", World::is_ready);
        simulation
    }

    /// Applies a spec, and waits until it is in effect.
    pub fn edit(&mut self, spec: ConnectUserSpec) {
        self.apply(spec);
        self.run_until("updated", World::is_ready);
        self.check_converged();
    }

    /// Deletes the resource, and waits until it is gone.
    pub fn end(&mut self) {
        self.delete();
        self.run_until("deleted", |w| w.object().is_none());
        self.check_gone();
    }

    /// Starts a process with this cache.
    fn start(&self, cache: Option<ConnectUser>) -> Operator {
        let gate = Gate::new(self.world.clone());
        let cache = Arc::new(Mutex::new(cache));
        let cluster = FakeCluster { cache: cache.clone(), gate: gate.clone() };
        let connect = CheckedConnect(gate.clone());
        let settings = Settings {
            cluster: CLUSTER.into(),
            call_timeout: Duration::from_secs(10),
            settle_window: Duration::from_secs(600),
            longest_stall: Duration::from_secs(20),
            sweep_interval: self.setup.sweeps.then_some(Duration::from_secs(300)),
            drift_interval: Duration::from_secs(700),
            deletion_policy: Default::default(),
            quick_connects: if self.setup.quick_connects { QuickConnects::Go } else { QuickConnects::Stay },
            deletion_guard: Default::default(),
        };
        let reconciler = Reconciler::new(
            Arc::new(cluster),
            Arc::new(SingleClient(Arc::new(connect))),
            Arc::new(SimClock(self.sim.clone())),
            settings,
            Arc::new(Metrics::default()),
        );
        Operator {
            reconciler: Arc::new(reconciler),
            cache,
            gate,
            running: None,
            due: Some(self.sim.now()),
            since: self.sim.now(),
            again: false,
            frozen: false,
        }
    }

    /// Replaces a process with a new one.
    pub fn restart(&mut self, k: usize) {
        let store = self.store.lock().unwrap();
        let past = if self.setup.travel && store.past.len() > 2 {
            store.past[store.past.len() - 3].clone()
        } else {
            store.object.clone()
        };
        drop(store);
        self.operators[k] = self.start(past);
    }

    /// Returns whether a cache differs from the API server.
    pub fn is_behind(&self, k: usize) -> bool {
        let real = self.store.lock().unwrap().object.clone();
        !self.operators[k].frozen && *self.operators[k].cache.lock().unwrap() != real
    }

    /// Updates a cache from the API server, as the watch does.
    pub fn sync(&mut self, k: usize) {
        let (real, now) = (self.object(), self.sim.now());
        let operator = &mut self.operators[k];
        let before = std::mem::replace(&mut *operator.cache.lock().unwrap(), real.clone());
        if let (Some(before), true) = (&before, before.as_ref().map(ResourceExt::uid) != real.as_ref().map(ResourceExt::uid)) {
            operator.reconciler.forget(&before.uid().unwrap_or_default(), &before.spec.instance_arn);
        }
        operator.due = Some(now);
        operator.again = operator.running.is_some();
    }

    /// Wakes the resource for a reason that no watch reports.
    pub fn wake(&self, k: usize) {
        let object = self.object().unwrap();
        self.operators[k].reconciler.requeue(&object.uid().unwrap(), NamespacedName::of(&object));
    }

    /// Returns whether a pass of this operator is under way or due.
    pub fn is_runnable(&self, k: usize) -> bool {
        let operator = &self.operators[k];
        if operator.frozen {
            return false;
        }
        operator.running.is_some()
            || (operator.cache.lock().unwrap().is_some() && operator.due.is_some_and(|due| due <= self.sim.now()))
    }

    /// Continues a pass up to its next call, or begins one.
    pub fn step(&mut self, k: usize) {
        let now = self.sim.now();
        let operator = &mut self.operators[k];
        let running = operator.running.get_or_insert_with(|| {
            operator.since = now;
            let (reconciler, cached) = (operator.reconciler.clone(), operator.cache.lock().unwrap().clone());
            Box::pin(async move {
                match cached {
                    Some(object) => reconciler.reconcile(&object).await,
                    None => Verdict { after: None, result: "nothing", held: false },
                }
            })
        });
        match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => {
                operator.running = None;
                operator.due =
                    if std::mem::take(&mut operator.again) { Some(now) } else { verdict.after.map(|after| now + after) };
            }
            Poll::Pending => {
                if *operator.gate.dead.lock().unwrap() {
                    self.restart(k);
                }
            }
        }
    }

    /// Runs the operators until `done`, or records a violation.
    pub fn run_until(&mut self, what: &str, done: impl Fn(&World) -> bool) {
        let end = self.sim.now() + PATIENCE;
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > 20_000 {
                self.violated(format!("{what}: the operators never come to rest"));
                return;
            }
            if let Some(k) = (0..self.operators.len()).find(|k| self.is_runnable(*k)) {
                self.step(k);
                continue;
            }
            if let Some(k) = (0..self.operators.len()).find(|k| self.is_behind(*k)) {
                self.sync(k);
                continue;
            }
            if done(self) {
                return;
            }
            let next = self.operators.iter().filter_map(|o| o.due).min();
            match next.filter(|next| *next <= end) {
                Some(next) if next > self.sim.now() => self.sim.advance(Duration::try_from(next - self.sim.now()).unwrap()),
                _ => {
                    let status = self.object().and_then(|o| o.status).map(|s| s.conditions);
                    self.violated(format!("{what}: this state was not reached; conditions: {status:?}"));
                    return;
                }
            }
        }
    }

    /// Returns whether a pass is under way.
    pub fn is_running(&self, k: usize) -> bool {
        self.operators[k].running.is_some()
    }

    /// Checks a resource that is in sync: its user must match the spec, and further passes must write nothing.
    pub fn check_converged(&mut self) {
        let Some(object) = self.object() else { return self.violated("the resource is gone".into()) };
        let ours = self.ours();
        match &ours[..] {
            [user] => {
                let extra = if self.operators.len() > 1 { ExtraTags::Allowed } else { ExtraTags::Refused };
                if let Err(difference) = user_matches(&object.spec, user, &self.sim, extra) {
                    self.violated(format!("ready, but {difference}"));
                }
                let status = object.status.unwrap_or_default();
                if status.user_id.as_deref() != Some(user.user.id.as_str()) {
                    self.violated(format!("the status records {:?}, the user is {}", status.user_id, user.user.id));
                }
            }
            other => self.violated(format!("{} users for one resource that is ready", other.len())),
        }
        self.check_quick_connects();
        self.check_rest();
    }

    /// Checks that a further pass, and one after the drift interval, write nothing to either side.
    fn check_rest(&mut self) {
        self.schedule.lock().unwrap().faults.clear();
        // The first read after a write may still bring values that Connect filled in into the status.
        self.requeue(700);
        let before = (self.store.lock().unwrap().writes, self.sim.calls().writes());
        self.requeue(0);
        self.requeue(700);
        let after = (self.store.lock().unwrap().writes, self.sim.calls().writes());
        if before != after {
            self.violated(format!("a pass with nothing to do wrote: (Kubernetes, Connect) {before:?} → {after:?}"));
        }
    }

    fn requeue(&mut self, after: u64) {
        self.sim.advance(Duration::from_secs(after));
        for k in 0..self.operators.len() {
            self.sync(k);
            while self.is_runnable(k) {
                self.step(k);
            }
        }
    }

    /// Asserts that a resource in sync is so, and that nothing was violated on the way.
    pub fn assert_converged(&mut self) {
        self.check_converged();
        self.result().unwrap();
    }

    /// Ends a life. Returns the number of calls, or the violations.
    pub fn finish(self) -> Result<u64, String> {
        self.check_secrecy();
        self.result()?;
        let calls = self.schedule.lock().unwrap().calls;
        Ok(calls)
    }
}

impl World {
    pub fn violated(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    pub fn object(&self) -> Option<ConnectUser> {
        self.store.lock().unwrap().object.clone()
    }

    pub fn apply(&self, spec: ConnectUserSpec) {
        self.store.lock().unwrap().apply(spec);
    }

    pub fn delete(&self) {
        let now = self.sim.now();
        self.store.lock().unwrap().delete(now);
    }

    /// Returns the users that carry this resource's tags.
    pub fn ours(&self) -> Vec<UserView> {
        self.sim.users(&self.instance).into_iter().filter(|u| is_ours(&u.user.tags)).collect()
    }

    /// Returns whether the status says that the spec is in effect.
    pub fn is_ready(&self) -> bool {
        self.object().is_some_and(|o| {
            let status = o.status.clone().unwrap_or_default();
            let holds = |t: &str| status.conditions.iter().any(|c| c.type_ == t && c.status == "True");
            status.observed_generation == o.metadata.generation.unwrap() && holds("Ready") && holds("Synced")
        })
    }

    /// Checks that no user is left of a resource that is gone.
    pub fn check_gone(&self) {
        // No call is under way any more, so a lost call cannot bring back a user.
        let left = self.ours().len();
        if left > 0 {
            self.violated(format!("{left} users without an owner after the resource was deleted"));
        }
        self.check_quick_connects();
    }

    /// Checks that no password is where people can read it.
    pub fn check_secrecy(&self) {
        if self.store.lock().unwrap().leaked {
            self.violated("the password is in a status or an Event".into());
        }
    }

    /// Returns whether a fault has happened.
    pub fn had_fault(&self) -> bool {
        let schedule = self.schedule.lock().unwrap();
        schedule.faults.keys().next().is_some_and(|at| *at < schedule.calls)
    }

    /// Injects a fault into the next call of any operator.
    pub fn fault_next_call(&self, fault: Fault) {
        let mut schedule = self.schedule.lock().unwrap();
        let next = schedule.calls;
        schedule.faults.insert(next, fault);
    }

    /// Returns the violations, with the calls that led to them.
    pub fn result(&self) -> Result<(), String> {
        let violations = self.violations.lock().unwrap();
        if violations.is_empty() {
            return Ok(());
        }
        let log = self.schedule.lock().unwrap().log.join("\n  ");
        Err(format!("{:?}\n{}\n  {log}", self.setup, violations.join("\n")))
    }
}
