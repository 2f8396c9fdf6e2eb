//! Flags that define which users belong to this operator: the cluster's name in their tags, and the namespaces.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use clap::Args;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};

use crate::{plan::ClusterNames, runtime::config::is_tag_text};

#[derive(Debug, Args)]
pub(super) struct Scope {
    /// The cluster's name in the ownership tags of Connect users. Clusters that share a Connect instance must have different
    /// names. Default: the UID of the namespace kube-system.
    #[arg(long, env = "CONNECT_OPERATOR_CLUSTER_NAME", value_parser = cluster_name)]
    cluster_name: Option<ClusterName>,

    /// Names that this cluster had before, or that a cluster had which this one replaces. Users with one of these names in their
    /// tags belong to the ConnectUser of the same namespace and name here, and get the present name. Never give the name of a
    /// cluster in which an operator still runs. May be given more than once; in the environment, separate the names by commas.
    #[arg(long, env = "CONNECT_OPERATOR_FORMER_CLUSTER_NAMES", value_name = "NAMES", value_delimiter = ',',
          value_parser = cluster_name)]
    former_cluster_names: Vec<ClusterName>,

    /// Limits the operator to the ConnectUsers of this namespace and their users. May be given more than once; in the
    /// environment, separate the namespaces by commas.
    #[arg(long, short, env = "CONNECT_OPERATOR_NAMESPACE", value_delimiter = ',')]
    namespace: Vec<String>,
}

/// A name for ownership tags. None if the variable is set but empty.
type ClusterName = Option<String>;

fn cluster_name(text: &str) -> Result<ClusterName, String> {
    if text.chars().count() > 256 || !is_tag_text(text) {
        return Err("must be valid in an AWS tag: up to 256 letters, digits, spaces or any of _.:/=+-@".to_owned());
    }
    Ok(Some(text.to_owned()).filter(|name| !name.trim().is_empty()))
}

/// How long to wait for a reply of an API server that accepts the connection.
const TIMEOUT: Duration = Duration::from_secs(15);

impl Scope {
    /// Returns the namespaces without duplicates. Empty: all. Ignores empty names, such as that of an empty variable.
    pub(super) fn namespaces(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.namespace.iter().filter(|name| !name.is_empty()).collect();
        names.into_iter().cloned().collect()
    }

    /// Returns the cluster's names if the flag gives the present one.
    pub(super) fn named(&self) -> Option<ClusterNames> {
        Some(self.with_present(self.cluster_name.clone()??))
    }

    fn with_present(&self, present: String) -> ClusterNames {
        ClusterNames { present, former: self.former_cluster_names.iter().flatten().cloned().collect() }
    }

    /// Returns the cluster's names. The present one is that of the flag, or else the UID of kube-system, which exists as long as
    /// the cluster.
    ///
    /// # Errors
    /// An API server that cannot be reached or refuses the read. The message says what to do.
    pub(super) async fn cluster(&self, client: &Client) -> anyhow::Result<ClusterNames> {
        if let Some(named) = self.named() {
            return Ok(named);
        }
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let reply = tokio::time::timeout(TIMEOUT, namespaces.get("kube-system")).await;
        let reply = reply.map_err(|_| anyhow::anyhow!("no reply in {} s", TIMEOUT.as_secs()));
        let system = reply.and_then(|reply| Ok(reply?)).context(
            "could not read the namespace kube-system, whose UID names this cluster: check that the API server is reachable and \
             allows the operator to get it, or set --cluster-name",
        )?;
        Ok(self.with_present(system.uid().context("the namespace kube-system has no UID")?))
    }
}
