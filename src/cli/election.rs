//! Flags for leader election.

use std::{sync::Arc, time::Duration};

use clap::{ArgAction, Args, builder::NonEmptyStringValueParser};
use kube::Client;

use super::durations::duration;
use crate::{
    reconcile::SystemClock,
    runtime::{Candidate, Elector, Timing},
};

#[derive(Debug, Args)]
pub(super) struct Election {
    /// Work only while holding a Lease, so that of several replicas, one works.
    #[arg(
        long,
        env = "CONNECT_OPERATOR_LEADER_ELECT",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true"
    )]
    leader_elect: bool,

    /// The Lease's name. Operators that watch different namespaces must use different Leases, so that all of them work.
    #[arg(long, env = "CONNECT_OPERATOR_LEASE_NAME", default_value = "connect-operator", value_parser = NonEmptyStringValueParser::new())]
    lease_name: String,

    /// The Lease's namespace. Default: that of the pod or of the kubeconfig.
    #[arg(long, env = "CONNECT_OPERATOR_LEADER_ELECTION_NAMESPACE")]
    leader_election_namespace: Option<String>,

    /// How long other replicas wait before they replace a leader that does not renew the Lease. Whole seconds.
    #[arg(long, env = "CONNECT_OPERATOR_LEASE_DURATION", default_value = "15s", value_parser = duration)]
    lease_duration: Duration,

    /// How long a leader that cannot renew the Lease continues before its process ends.
    #[arg(long, env = "CONNECT_OPERATOR_LEASE_RENEW_DEADLINE", default_value = "10s", value_parser = duration)]
    lease_renew_deadline: Duration,

    /// How often a leader renews the Lease and other replicas read it.
    #[arg(long, env = "CONNECT_OPERATOR_LEASE_RETRY_PERIOD", default_value = "2s", value_parser = duration)]
    lease_retry_period: Duration,
}

impl Election {
    /// Returns the times of the election, or None without leader election.
    pub(super) fn timing(&self) -> anyhow::Result<Option<Timing>> {
        if !self.leader_elect {
            return Ok(None);
        }
        let timing = Timing::new(self.lease_duration, self.lease_renew_deadline, self.lease_retry_period);
        timing.map(Some).map_err(anyhow::Error::msg)
    }

    /// Returns an elector with this process as the candidate.
    pub(super) fn elector(&self, client: &Client, timing: Timing) -> Elector {
        // In a pod, the default is the pod's namespace, which kube reads from the service account's directory.
        let namespace = self.leader_election_namespace.as_deref().unwrap_or_else(|| client.default_namespace());
        Elector::new(client.clone(), namespace, &self.lease_name, Candidate::new(identity(), timing), Arc::new(SystemClock))
    }
}

/// Returns the pod's or the host's name with a random suffix: a restarted container has the same pod as its predecessor.
fn identity() -> String {
    let host = || hostname::get().ok().and_then(|name| name.into_string().ok());
    let name = std::env::var("POD_NAME").ok().or_else(host).unwrap_or_else(|| "connect-operator".to_owned());
    format!("{name}_{:016x}", fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        election: Election,
    }

    fn parsed(flags: &[&str]) -> Election {
        Flags::try_parse_from([&["connect-operator"], flags].concat()).unwrap().election
    }

    #[test]
    fn leader_election_is_off_by_default() {
        assert_eq!(parsed(&[]).timing().unwrap(), None);
        assert_eq!(parsed(&["--leader-elect=false"]).timing().unwrap(), None);
        for flag in ["--leader-elect", "--leader-elect=true"] {
            let s = Duration::from_secs;
            assert_eq!(parsed(&[flag]).timing().unwrap(), Some(Timing::new(s(15), s(10), s(2)).unwrap()));
        }
        let refusal = parsed(&["--leader-elect", "--lease-duration=5s"]).timing().unwrap_err();
        assert!(refusal.to_string().starts_with("--lease-renew-deadline must"), "{refusal}");
    }

    #[test]
    fn two_processes_of_one_pod_have_different_identities() {
        assert_ne!(identity(), identity());
    }
}
