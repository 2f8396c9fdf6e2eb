//! The commands about the users of instances as they are, managed or not: `list`, `get` and `export`.

mod export;
mod filter;
mod list;
mod manifests;
mod plan;
mod progress_file;
mod read;
mod row;

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use clap::Args;
use connect_api::Arn;
use tokio::sync::watch;

pub(super) use self::{
    export::ExportCommand,
    list::{Get, List},
    plan::PlanCommand,
};
use self::{
    filter::Filter,
    progress_file::ProgressFile,
    read::{Instance, Reader},
};
use super::{aws::AwsFlags, orphans::instance};
use crate::{
    reconcile::Connections,
    telemetry::{self, LogFormat, Metrics},
};

/// Which instances to read, and how.
#[derive(Debug, Args)]
struct Source {
    /// The instance. May be given more than once. Default: the instances that the configuration file lists.
    #[arg(long, short, value_name = "ARN", value_parser = instance)]
    instance: Vec<Arn>,

    /// A file that keeps the users that were read one by one: if the command is interrupted, the next run with the same file reads only
    /// the rest. It holds personal data.
    #[arg(long, value_name = "FILE")]
    progress_file: Option<PathBuf>,

    #[command(flatten)]
    aws: AwsFlags,
}

impl Source {
    /// Reads the users that match. If `full`, each of them is read on its own, with e-mail addresses, mobile number and proficiencies.
    async fn read(&self, filter: &Filter, full: bool) -> anyhow::Result<Vec<Instance>> {
        let (_, config) = self.aws.configuration()?;
        let listed = config.listed_instances().cloned().collect();
        let instances = if self.instance.is_empty() { listed } else { self.instance.clone() };
        if instances.is_empty() {
            bail!("name the instance by --instance, or list instances in the file of --config");
        }
        let (_, config) = watch::channel(Arc::new(config));
        let connections = self.aws.connections(config, Arc::new(Metrics::default())).await;
        let progress = self.progress_file.as_deref().map(ProgressFile::open).transpose()?;
        let mut read = Vec::new();
        for arn in instances {
            let reader = Reader { connect: connections.client_for(&arn), full, progress: progress.as_ref() };
            read.push(reader.read(&arn, |user, names| filter.admits(user, names)).await?);
        }
        Ok(read)
    }
}

/// Runs a command that calls Connect.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    telemetry::init("error", LogFormat::Text, true, None)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(command)
}
