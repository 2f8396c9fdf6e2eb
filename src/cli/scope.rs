//! Flags of what is this operator's, for all commands that look at users: the cluster's name in their tags, and its namespaces.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use clap::Args;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};

use crate::runtime::config::is_of_tags;

#[derive(Debug, Args)]
pub(super) struct Scope {
    /// The cluster's name in the ownership tags of Connect users. Clusters that share a Connect instance must not share it.
    /// Default: the UID of the namespace kube-system.
    #[arg(long, env = "CONNECT_OPERATOR_CLUSTER_NAME", value_parser = cluster_name)]
    cluster_name: Option<ClusterName>,

    /// Only the ConnectUsers of these namespaces, and their users. May be given more than once; in the environment, separated by
    /// commas.
    #[arg(long, env = "CONNECT_OPERATOR_NAMESPACE", value_delimiter = ',')]
    namespace: Vec<String>,
}

/// A name for ownership tags, or none, as a variable that is set to nothing has it.
type ClusterName = Option<String>;

fn cluster_name(text: &str) -> Result<ClusterName, String> {
    if text.chars().count() > 256 || !is_of_tags(text) {
        return Err("must be what a tag of AWS can hold: up to 256 letters, digits, spaces or any of _.:/=+-@".to_owned());
    }
    Ok(Some(text.to_owned()).filter(|name| !name.trim().is_empty()))
}

/// How long to wait for an answer of an API server that takes the connection.
const ANSWER: Duration = Duration::from_secs(15);

impl Scope {
    /// The namespaces, each once; none: all. An empty name, as of a variable that is set to nothing, is none.
    pub(super) fn namespaces(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.namespace.iter().filter(|name| !name.is_empty()).collect();
        names.into_iter().cloned().collect()
    }

    /// The cluster's name, for which the API server is asked where no flag gives one: then it is the UID of kube-system, which lives
    /// as long as the cluster does.
    ///
    /// # Errors
    /// An API server that does not say it: which question it was, and what to do.
    pub(super) async fn cluster(&self, client: &Client) -> anyhow::Result<String> {
        if let Some(Some(name)) = &self.cluster_name {
            return Ok(name.clone());
        }
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let answer = tokio::time::timeout(ANSWER, namespaces.get("kube-system")).await;
        let answer = answer.map_err(|_| anyhow::anyhow!("no answer in {} s", ANSWER.as_secs()));
        let system = answer.and_then(|answer| Ok(answer?)).context(
            "could not read the namespace kube-system, whose UID names this cluster: check that the API server is reachable and that the operator may get it, or set --cluster-name",
        )?;
        system.uid().context("the namespace kube-system has no UID")
    }
}
