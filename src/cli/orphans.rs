//! The command `connect-operator orphans`: lists users that carry this cluster's tags and whose ConnectUser does not exist.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use connect_api::{Arn, Class, Resource};
use kube::Client;
use serde::Serialize;
use tokio::sync::watch;

use super::{
    aws::AwsFlags,
    existing::{self, Existing},
    kube_access::KubeFlags,
    run::LONGEST_STALL,
    scope::Scope,
    stdout,
    table::table,
};
use crate::{
    plan::{ClusterNames, QuickConnects},
    reconcile::{DeletionGuard, Orphan, Reconciler, Settings, SystemClock},
    runtime::{KubeCluster, delete_orphan, sweep},
    telemetry::{self, LogFormat, Metrics},
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator orphans --cluster-name blue
  connect-operator orphans --cluster-name blue --instance <arn> --delete
  kubectl -n connect-operator-system exec deploy/connect-operator -- connect-operator orphans")]
pub(super) struct Orphans {
    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    kube: KubeFlags,

    /// An instance that no ConnectUser refers to any more. Instances of ConnectUsers are always included. May be given more than
    /// once.
    #[arg(long, value_name = "ARN", value_parser = instance)]
    instance: Vec<Arn>,

    /// Delete these users. Each is checked again before it is deleted. Do not use this in a clone of a cluster: it has the same
    /// name, so the users may belong to the original.
    #[arg(long)]
    delete: bool,

    /// The output format.
    #[arg(long, short, default_value = "table")]
    output: Output,

    #[command(flatten)]
    aws: AwsFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// JSON for programs.
    Json,
}

pub(super) fn instance(text: &str) -> Result<Arn, String> {
    let arn: Arn = text.parse().map_err(|e: connect_api::ArnError| e.to_string())?;
    if arn.resource == Resource::Instance { Ok(arn) } else { Err("is not the ARN of an instance".to_owned()) }
}

/// A user without a ConnectUser, as it is printed.
#[serde_with::skip_serializing_none]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrphanRow {
    username: String,
    user_arn: String,
    namespace: String,
    name: String,
    uid: String,
    /// The outcome of the deletion, with `--delete`.
    outcome: Option<String>,
}

impl Orphans {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        telemetry::init("warn", LogFormat::Text, true, None)?;
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(self.run())
    }

    async fn run(self) -> anyhow::Result<()> {
        let client = self.kube.connect().await?;
        let cluster = self.scope.cluster(&client).await?;
        let namespaces = self.kube.namespaces(self.scope.namespaces());
        let existing = existing::list(&client, &namespaces).await?;
        let reconciler = self.reconciler(client, cluster).await?;
        let used: BTreeSet<&str> = existing.iter().map(Existing::instance_arn).collect();
        let all: BTreeSet<Arn> = used.into_iter().filter_map(|arn| arn.parse().ok()).chain(self.instance.clone()).collect();
        if all.is_empty() {
            bail!("no ConnectUser refers to an instance: name the instances by --instance");
        }
        let mut orphans = Vec::new();
        for instance in &all {
            let report = match sweep(&reconciler, instance, &|| existing.iter()).await {
                Err(error) if error.class == Class::NotFound => {
                    tracing::warn!(%instance, "Connect has no such instance, and therefore no users of it");
                    continue;
                }
                swept => swept.with_context(|| format!("could not read all users of {instance}"))?,
            };
            let ours = report.orphans.into_iter().filter(|orphan| orphan.is_of(&namespaces)).collect();
            orphans.extend(reconciler.confirm(ours).await?);
        }
        let (mut rows, mut failed) = (Vec::new(), 0);
        for orphan in orphans {
            let outcome = if self.delete { Some(delete_orphan(&reconciler, &orphan, None).await) } else { None };
            failed += usize::from(matches!(outcome, Some(Err(_))));
            let outcome = outcome.map(|outcome| match outcome {
                Ok(outcome) => outcome.words().1.to_owned(),
                Err(error) => format!("not deleted: {error}"),
            });
            let Orphan { arn, username, name, uid } = orphan;
            rows.push(OrphanRow { username, user_arn: arn, namespace: name.namespace, name: name.name, uid, outcome });
        }
        match self.output {
            Output::Table => stdout::write(&text(&rows))?,
            Output::Json => stdout::write(&(serde_json::to_string_pretty(&rows)? + "\n"))?,
        }
        if failed > 0 {
            bail!("{failed} of {} could not be deleted", rows.len());
        }
        Ok(())
    }

    async fn reconciler(&self, client: Client, cluster: ClusterNames) -> anyhow::Result<Reconciler> {
        let metrics = Arc::new(Metrics::default());
        let (_, config) = self.aws.configuration()?;
        let (_, config) = watch::channel(Arc::new(config));
        let connections = self.aws.connections(config, metrics.clone()).await;
        // This command runs no passes, so the settings of passes do not matter.
        let settings = Settings {
            cluster,
            call_timeout: connect_aws::CALL_TIMEOUT,
            settle_window: Duration::MAX,
            longest_stall: LONGEST_STALL,
            sweep_interval: None,
            drift_interval: Duration::MAX,
            deletion_policy: Default::default(),
            quick_connects: QuickConnects::Stay,
            deletion_guard: DeletionGuard::default(),
        };
        let cluster = Arc::new(KubeCluster::new(client));
        Ok(Reconciler::new(cluster, Arc::new(connections), Arc::new(SystemClock), settings, metrics))
    }
}

/// Formats the rows as a table.
fn text(rows: &[OrphanRow]) -> String {
    if rows.is_empty() {
        return "No users without a ConnectUser found.\n".to_owned();
    }
    let columns = ["USERNAME", "CONNECTUSER", "UID", "USER-ARN", "OUTCOME"];
    let shown = if rows.iter().any(|row| row.outcome.is_some()) { 5 } else { 4 };
    let cells = |row: &OrphanRow| {
        let outcome = row.outcome.clone().unwrap_or_default();
        let resource = format!("{}/{}", row.namespace, row.name);
        let cells = [row.username.clone(), resource, row.uid.clone(), row.user_arn.clone(), outcome];
        cells.into_iter().take(shown).collect()
    };
    table(columns.into_iter().take(shown), rows.iter().map(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(username: &str, outcome: Option<&str>) -> OrphanRow {
        OrphanRow {
            username: username.into(),
            user_arn: "arn:1".into(),
            namespace: "sales".into(),
            name: "jane".into(),
            uid: "u-1".into(),
            outcome: outcome.map(str::to_owned),
        }
    }

    #[test]
    fn orphans_are_listed_in_columns() {
        assert_eq!(
            text(&[row("jane.doe", None), row("x", None)]),
            "USERNAME   CONNECTUSER   UID   USER-ARN\n\
             jane.doe   sales/jane    u-1   arn:1\n\
             x          sales/jane    u-1   arn:1\n"
        );
        assert!(text(&[row("x", Some("deleted"))]).ends_with("arn:1      deleted\n"));
        assert_eq!(text(&[]), "No users without a ConnectUser found.\n");
    }
}
