//! Flags for access to AWS, shared by all commands that call Connect.

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
    /// A YAML file with the settings of each AWS account, and which namespaces may use which instance.
    #[arg(long, env = "CONNECT_OPERATOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// The profile of AWS' configuration files. `AWS_PROFILE` has the same effect.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    #[command(flatten)]
    quotas: QuotaFlags,

    /// The endpoint of Connect, instead of AWS' own. `AWS_ENDPOINT_URL_CONNECT` has the same effect.
    #[arg(long)]
    aws_endpoint_url: Option<String>,
}

impl AwsFlags {
    /// Returns the configuration, and its file if there is one.
    pub(super) fn configuration(&self) -> Result<(Option<ConfigFile>, Config), ConfigError> {
        match &self.config {
            Some(path) => ConfigFile::read(path).map(|(file, config)| (Some(file), config)),
            None => Ok((None, Config::default())),
        }
    }

    /// Returns clients that use this configuration and follow its changes.
    pub(super) async fn connections(&self, config: watch::Receiver<Arc<Config>>, metrics: Arc<Metrics>) -> AwsConnections {
        // The endpoint of Connect does not apply to STS.
        let aws = connect_aws::load(&connect_aws::Options { profile: self.profile.clone(), ..Default::default() }).await;
        let defaults = Defaults { endpoint_url: self.aws_endpoint_url.clone(), quotas: self.quotas.quotas() };
        AwsConnections::new(aws, defaults, config, metrics)
    }
}
