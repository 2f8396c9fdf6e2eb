//! Flags of how AWS is reached, for all commands that call Connect.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use tokio::sync::watch;

use super::quotas::QuotaFlags;
use crate::{
    runtime::{
        AwsConnections, Defaults,
        config::{Config, ConfigError, ConfigFile},
    },
    telemetry::Metrics,
};

#[derive(Debug, Args)]
pub(super) struct AwsFlags {
    /// A YAML file that says how to work in each AWS account, and which namespaces may use which instance.
    #[arg(long, env = "CONNECT_OPERATOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    quotas: QuotaFlags,

    /// Where Connect is, instead of at AWS. `AWS_ENDPOINT_URL_CONNECT` does the same.
    #[arg(long)]
    aws_endpoint_url: Option<String>,
}

impl AwsFlags {
    /// The configuration, and the file that it is from, if there is one.
    pub(super) fn configuration(&self) -> Result<(Option<ConfigFile>, Config), ConfigError> {
        match &self.config {
            Some(path) => ConfigFile::read(path).map(|(file, config)| (Some(file), config)),
            None => Ok((None, Config::default())),
        }
    }

    /// Clients with this configuration, from then on when it has changed.
    pub(super) async fn connections(&self, config: watch::Receiver<Arc<Config>>, metrics: Arc<Metrics>) -> AwsConnections {
        // Where Connect is says nothing of where STS is.
        let aws = connect_aws::load(&connect_aws::Options::default()).await;
        let everywhere = Defaults { endpoint_url: self.aws_endpoint_url.clone(), quotas: self.quotas.quotas() };
        AwsConnections::new(aws, everywhere, config, metrics)
    }
}
