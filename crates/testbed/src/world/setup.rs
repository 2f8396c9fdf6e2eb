//! What a simulation starts with.

use std::time::Duration;

use connect_operator::reconcile::{DeletionGuard, NamespacedName};
use connect_sim::{Config, DescribeLagCovers, InstanceConfig, Throttling};

use super::{
    gate::Fault,
    kube::NAMESPACE,
    mutation::Mutation,
    specs::{ATTRIBUTE, SECRET},
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
    /// Every lag.
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
    /// How far Connect's reads are behind.
    pub lag: Lag,
    /// Faults, by the number of the call.
    pub faults: Vec<(u64, Fault)>,
    /// The ingredient of the protocol that is left out.
    pub mutation: Option<Mutation>,
    /// A restarted operator's cache shows an older state at first.
    pub travel: bool,
    /// The operators are configured to sweep: the status of a user then counts as a read for a while.
    pub sweeps: bool,
    /// The operators also make the sweeps that they are configured for. Otherwise no sweep finds anything.
    pub scans: bool,
    /// Sweeps delete the orphans that they find.
    pub delete_orphans: bool,
    /// The operators delete the quick connects of users that they delete.
    pub quick_connects: bool,
    /// The guard against mass deletion counts.
    pub guard: Option<DeletionGuard>,
    /// How far the clock of every second operator is from the others', in seconds.
    pub skew: i64,
}

/// Returns the simulator's configuration: an instance with the profiles, groups and attributes of [`specs`](super::specs).
pub fn config(lag: Lag) -> Config {
    let seconds = Duration::from_secs;
    Config {
        search_lag: lag.of_search(),
        describe_lag: if lag == Lag::Reads { seconds(60) } else { seconds(0) },
        describe_lag_covers: DescribeLagCovers::Creates,
        throttling: Throttling::off(),
        instances: vec![InstanceConfig {
            routing_profiles: ["Basic", "Voice"].map(Into::into).into(),
            security_profiles: ["Agent", "Lead"].map(Into::into).into(),
            hierarchy_groups: ["/North", "/South"].map(Into::into).into(),
            predefined_attributes: [(ATTRIBUTE.0.to_owned(), ATTRIBUTE.1.map(str::to_owned).into())].into(),
            ..InstanceConfig::default()
        }],
        ..Config::manual()
    }
}

/// Returns the Secret with the initial password of [`jane`](super::jane).
pub fn secret() -> NamespacedName {
    NamespacedName { namespace: NAMESPACE.into(), name: SECRET.into() }
}
