//! The commands about the users of instances as they are, managed or not: `list`, `get` and `export`.

mod export;
mod filter;
mod list;
mod plan;
mod progress_file;
mod read;
mod report;
mod resources;
mod row;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use connect_api::{Arn, partition_of};
use tokio::sync::watch;

pub(super) use self::{
    export::ExportCommand,
    list::{Get, List},
    plan::PlanCommand,
    report::ReportCommand,
};
use self::{
    filter::Filter,
    progress_file::ProgressFile,
    read::{Instance, Reader},
};
use super::{aws::AwsFlags, orphans::instance};
use crate::{
    reconcile::Connections,
    runtime::AwsConnections,
    telemetry::{self, LogFormat, Metrics},
};

/// Which instances to read, and how.
#[derive(Debug, Args)]
struct Source {
    /// The instance. May be given more than once. Default: the instances that the configuration file lists.
    #[arg(long, short, value_name = "ARN", value_parser = instance)]
    instance: Vec<Arn>,

    /// All instances of this Region. May be given more than once.
    #[arg(long, value_name = "REGION", value_parser = region, conflicts_with = "instance")]
    region: Vec<String>,

    /// The account of --region, with its role in the configuration file. Default: that of the credentials.
    #[arg(long, value_name = "ID", value_parser = account, requires = "region")]
    account: Option<String>,

    /// A file that keeps the users that were read one by one: if the command is interrupted, the next run with the same file reads only
    /// the rest. It holds personal data.
    #[arg(long, value_name = "FILE")]
    progress_file: Option<PathBuf>,

    #[command(flatten)]
    aws: AwsFlags,
}

impl Source {
    fn progress(&self) -> anyhow::Result<Option<ProgressFile>> {
        self.progress_file.as_deref().map(ProgressFile::open).transpose()
    }

    /// Returns the instances to read, and the clients for them.
    async fn instances(&self) -> anyhow::Result<(AwsConnections, Vec<Arn>)> {
        let (_, config) = self.aws.configuration()?;
        let listed = config.listed_instances().cloned().collect();
        let (_, config) = watch::channel(Arc::new(config));
        let connections = self.aws.connections(config, Arc::new(Metrics::default())).await;
        let mut instances = if self.instance.is_empty() && self.region.is_empty() { listed } else { self.instance.clone() };
        for region in &self.region {
            let connect = connections.of_region(self.account.as_deref(), region);
            let found = read::instances(&*connect).await.with_context(|| format!("could not list the instances of {region}"))?;
            if found.is_empty() {
                eprintln!("warning: the Region {region} has no instance that is active");
            }
            instances.extend(found);
        }
        if instances.is_empty() && self.region.is_empty() {
            bail!("name the instance by --instance or its Region by --region, or list instances in the file of --config");
        }
        Ok((connections, instances))
    }

    /// Reads the users that match. If `full`, each of them is read on its own, with e-mail addresses, mobile number and proficiencies.
    async fn read(&self, filter: &Filter, full: bool) -> anyhow::Result<Vec<Instance>> {
        let (connections, instances) = self.instances().await?;
        let progress = self.progress()?;
        let mut read = Vec::new();
        for arn in instances {
            let reader = Reader { connect: connections.client_for(&arn), full, progress: progress.as_ref() };
            read.push(reader.read(&arn, |user, names| filter.admits(user, names)).await?);
        }
        Ok(read)
    }
}

fn region(text: &str) -> Result<String, String> {
    partition_of(text).map(|_| text.to_owned()).ok_or_else(|| "is not the name of a Region, such as us-west-2".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("is not the id of an account: 12 digits".to_owned()) }
}

/// Runs a command that calls Connect.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    telemetry::init("error", LogFormat::Text, true, None)?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(command)
}
