//! Flags for access to a cluster, as kubectl has them.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use crate::runtime::{Patience, connect};

#[derive(Debug, Args)]
pub(super) struct KubeFlags {
    /// The kubeconfig file. Default: that of KUBECONFIG, ~/.kube/config, or the pod's service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig. Default: its current context.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// All namespaces, whatever --namespace says.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
}

impl KubeFlags {
    /// Returns the namespaces to read. Empty: all.
    pub(super) fn namespaces(&self, given: Vec<String>) -> Vec<String> {
        if self.all_namespaces { Vec::new() } else { given }
    }

    /// Connects to the cluster.
    ///
    /// # Errors
    /// There is no such file or context, or it is invalid.
    pub(super) async fn connect(&self) -> anyhow::Result<Client> {
        connect(self.config().await?, Patience::default(), Arc::default(), Arc::default()).await
    }

    async fn config(&self) -> anyhow::Result<Option<Config>> {
        if self.kubeconfig.is_none() && self.context.is_none() {
            return Ok(None);
        }
        let kubeconfig = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path).with_context(|| format!("--kubeconfig {}", path.display()))?,
            None => Kubeconfig::read()?,
        };
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let failed = || self.context.as_ref().map_or_else(|| "--kubeconfig".to_owned(), |name| format!("--context {name}"));
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map(Some).with_context(failed)
    }
}
