//! A fleet: an API server, Connect with its rates, people, and operators that are started and stopped.

use std::time::Duration;

use connect_api::Quotas;
use connect_operator::{api::RECONCILE_REQUESTED_AT, reconcile::DeletionGuard};
use connect_sim::{Client, Config, InstanceConfig, InstanceView, NamedConfig, Sim, Throttling, UserView};
use serde_json::Value;

use crate::{
    Agent, ApiServer, Journal, Operator, VirtualTime,
    agent::{ATTRIBUTE, GROUPS, ROUTING_PROFILES, SECRET, SECURITY_PROFILES},
    checks,
    journal::Remote,
    seeds,
    time::Paced,
};

/// The settings of a fleet.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Connect's rates. Default: those of AWS, 2 per second with bursts of 5 for each operation.
    pub throttling: Throttling,
    /// The quotas that the operator assumes, and its share of them. None: it has no limiter. Default: the defaults of its flags.
    pub quotas: Option<Quotas>,
    /// The users quota of the instance. Default 1,000,000.
    pub users_quota: usize,
    /// How often the operator sweeps the instance. Default 5 min.
    pub sweep_interval: Option<Duration>,
    /// How often it reads each user. Default 24 h.
    pub drift_interval: Duration,
    /// The guard against mass deletion. Default: it holds nothing.
    pub deletion_guard: DeletionGuard,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            throttling: Throttling::default(),
            quotas: Some(Quotas::default()),
            users_quota: 1_000_000,
            sweep_interval: Some(Duration::from_secs(300)),
            drift_interval: Duration::from_secs(24 * 3600),
            deletion_guard: DeletionGuard { share: 1.0, ..DeletionGuard::default() },
        }
    }
}

/// A fleet in virtual time. It must be created and used within [`in_virtual_time`](crate::in_virtual_time).
#[derive(Debug)]
pub struct Fleet {
    setup: Setup,
    pub(crate) time: VirtualTime,
    paced: Paced,
    instance: InstanceView,
    api: ApiServer,
    journal: Journal,
    bystanders: Vec<UserView>,
}

/// The latency of a call to Connect, there and back.
const CONNECT_LATENCY: Duration = Duration::from_millis(50);
/// The latency of a request to the API server.
const API_LATENCY: Duration = Duration::from_millis(5);

/// The polling interval of [`Fleet::until`].
const POLL: Duration = Duration::from_millis(250);

impl Fleet {
    /// Creates an instance with a few foreign users, and a cluster without ConnectUsers.
    ///
    /// # Panics
    /// If the setup is invalid.
    pub fn new(setup: Setup) -> Self {
        let named = |names: &[&str]| names.iter().copied().map(NamedConfig::from).collect::<Vec<_>>();
        let (attribute, values) = ATTRIBUTE;
        let config = Config {
            throttling: setup.throttling.clone(),
            instances: vec![InstanceConfig {
                users_quota: setup.users_quota,
                routing_profiles: named(&ROUTING_PROFILES),
                security_profiles: SECURITY_PROFILES.map(Into::into).into(),
                hierarchy_groups: named(&GROUPS),
                predefined_attributes: [(attribute.to_owned(), values.map(str::to_owned).into())].into(),
                ..InstanceConfig::default()
            }],
            ..Config::manual()
        };
        let time = VirtualTime::starting_at(config.start);
        let sim = Sim::new(config).expect("a valid setup");
        let instance = sim.instances().remove(0);
        let bystanders = checks::add_bystanders(&sim, &instance);
        let api = ApiServer::new(time, API_LATENCY);
        Self { paced: Paced::new(sim, time), time, instance, api, journal: Journal::default(), bystanders, setup }
    }

    /// Returns the simulated Connect at the current time.
    pub fn sim(&self) -> &Sim {
        self.paced.now()
    }

    /// The instance.
    pub fn instance(&self) -> &InstanceView {
        &self.instance
    }

    /// The API server.
    pub fn api(&self) -> &ApiServer {
        &self.api
    }

    /// The calls to Connect that operators have made.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        self.time.elapsed()
    }

    fn remote(&self, client: Client, journal: Journal) -> Remote {
        Remote { client, paced: self.paced.clone(), time: self.time, latency: CONNECT_LATENCY, journal }
    }

    /// Starts an operator.
    pub fn start(&self) -> Operator {
        let connect = self.remote(self.sim().client(), self.journal.clone());
        Operator::start(&self.setup, &self.api, self.time, connect, self.setup.quotas.clone())
    }

    /// Creates a client of another tool: under the same rates, without a limiter, and not in the journal.
    pub fn stranger(&self) -> impl connect_api::Connect {
        self.remote(self.sim().client(), Journal::default())
    }

    /// Applies the ConnectUser of an agent, with the Secret of its namespace. Returns its UID.
    pub fn apply(&self, agent: &Agent) -> String {
        self.add_secret(&agent.namespace);
        self.api.apply(&agent.resource(), self.spec(agent))
    }

    fn add_secret(&self, namespace: &str) {
        self.api.put_secret_once(namespace, SECRET, "password", &format!("{namespace}-Wh1stle-Down-Wind"));
    }

    /// Returns the spec of an agent.
    pub fn spec(&self, agent: &Agent) -> Value {
        agent.spec(&self.paced.sim(), &self.instance)
    }

    /// Waits until this holds. Returns how long that took, or None after the time.
    pub async fn until(&self, patience: Duration, holds: impl Fn(&Self) -> bool) -> Option<Duration> {
        let began = self.elapsed();
        loop {
            let took = self.elapsed() - began;
            if holds(self) {
                return Some(took);
            }
            if took >= patience {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until every ConnectUser is in sync and none is being deleted. Returns how long that took.
    pub async fn settled(&self, patience: Duration) -> Option<Duration> {
        self.until(patience, |fleet| {
            let tally = fleet.api.tally();
            tally.in_sync == tally.objects && tally.deleting == 0
        })
        .await
    }

    /// Stores these agents as if an operator had created their users long ago, and resets all counts. See `seeds`.
    ///
    /// # Panics
    /// If they are not all in sync afterwards.
    pub async fn seed(&self, agents: &[Agent]) {
        let (models, others) = seeds::models(agents);
        models.iter().for_each(|agent| _ = self.apply(agent));
        let setup = Setup { sweep_interval: None, ..self.setup.clone() };
        let connect = self.remote(self.sim().console(), Journal::default());
        let operator = Operator::start(&setup, &self.api, self.time, connect, None);
        let settled = self.settled(Duration::from_secs(3600)).await;
        // Connect fills in values that CreateUser does not return: each user is read once.
        models.iter().for_each(|agent| self.api.annotate(&agent.resource(), RECONCILE_REQUESTED_AT, "created"));
        tokio::time::sleep(Duration::from_secs(60)).await;
        operator.stop().await;
        assert!(settled.is_some(), "not in sync: {:?}", self.api.tally());
        for (model, agent) in others {
            seeds::copy(self, &model, &agent);
        }
        // Longer than the settle window.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        self.api.compact();
        self.reset();
    }

    /// Resets the counts of both sides.
    pub fn reset(&self) {
        self.sim().reset_calls();
        self.api.reset_requests();
    }

    /// Returns the violations: duplicate or orphaned users, changed foreign users, wrong statuses, disclosed passwords.
    pub fn violations(&self) -> Vec<String> {
        checks::violations(self.sim(), &self.instance, &self.api, &self.bystanders)
    }
}
