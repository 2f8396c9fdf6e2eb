//! The command `connect-operator report`.

mod facts;
mod html;
mod leader;
mod operator;
mod render;

use std::{collections::BTreeSet, io::Write, num::NonZeroU32, time::Duration};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use self::{
    facts::{ClusterReport, InstanceReport, Report},
    leader::OperatorFlags,
    operator::OperatorReport,
};
use super::{Source, block_on, read::Reader, resources};
use crate::{
    cli::{durations::duration, kube_access::KubeFlags, stdout},
    reconcile::Connections,
};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
    /// Markdown.
    Markdown,
    /// One HTML file that needs nothing else.
    Html,
}

/// Reports on the users of instances: unmanaged ones, administrators, users that may be one person, and how ConnectUsers fare.
///
/// Nothing is changed. An administrator is a user that may change what users may do, by what its security profiles permit, whatever they
/// are called.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator report --instance <arn> --with-cluster
  connect-operator report --region us-west-2 --full -o html > users.html")]
pub(in crate::cli) struct ReportCommand {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    kube: KubeFlags,

    /// Read each user on its own too, to compare e-mail addresses: two calls for each user.
    #[arg(long)]
    full: bool,

    /// Also report on the ConnectUsers of the cluster, and on the operator's queue and last sweeps.
    #[arg(long)]
    with_cluster: bool,

    #[command(flatten)]
    operator: OperatorFlags,

    /// Only the ConnectUsers of this namespace. May be given more than once.
    #[arg(long, short, value_name = "NAMESPACE", requires = "with_cluster")]
    namespace: Vec<String>,

    /// The quota of users of an instance, to compare with: Service Quotas calls it "Users per instance". Default: usersQuota in the
    /// file of --config, or else what Service Quotas says.
    #[arg(long, value_name = "USERS")]
    users_quota: Option<NonZeroU32>,

    /// Repeat the report at this interval until the command is interrupted. As text, it shows only the first rows of each table.
    #[arg(long, value_name = "INTERVAL", value_parser = duration, num_args = 0..=1, default_missing_value = "5m")]
    watch: Option<Duration>,

    /// The output format.
    #[arg(long, short, default_value = "text")]
    output: Output,
}

impl ReportCommand {
    pub(in crate::cli) fn execute(self) -> anyhow::Result<()> {
        block_on(async move {
            loop {
                let report = self.report().await?;
                let text = match self.output {
                    Output::Text if self.watch.is_some() => render::text(&report, render::SHOWN_ON_A_SCREEN),
                    Output::Text => render::text(&report, render::SHOWN),
                    Output::Json => serde_json::to_string_pretty(&report)? + "\n",
                    Output::Markdown => render::markdown(&report),
                    Output::Html => html::page(&report),
                };
                let Some(interval) = self.watch else { return stdout::write(&text) };
                // Clears the screen of a terminal.
                let clear = if stdout::is_terminal() { "\x1b[2J\x1b[H" } else { "" };
                stdout::write(&format!("{clear}{text}"))?;
                std::io::stdout().flush()?;
                tokio::time::sleep(interval).await;
            }
        })
    }

    async fn report(&self) -> anyhow::Result<Report> {
        let (connections, arns) = self.source.instances().await?;
        let progress = self.source.progress()?;
        let mut instances = Vec::new();
        for arn in &arns {
            let reader = Reader { connect: connections.client_for(arn), full: self.full, progress: progress.as_ref() };
            let instance = reader.read(arn, |_, _| true).await?;
            let profiles: BTreeSet<_> = instance.users.iter().flat_map(|live| live.user.security_profile_ids.clone()).collect();
            let administrating = reader.administrating(arn, &profiles).await;
            let quota = match self.users_quota {
                Some(quota) => Ok(quota),
                None => connections.known_users_quota(arn).await,
            };
            instances.push(InstanceReport::of(&instance, administrating.as_ref(), quota));
        }
        let mut report = Report { made_at: Timestamp::now(), instances, ..Report::default() };
        if self.with_cluster {
            let client = self.kube.connect().await?;
            let listed = resources::list(&client, &self.kube.namespaces(self.namespace.clone())).await?;
            report.connect_users =
                Some(ClusterReport::of(&listed.into_iter().filter_map(|listed| listed.0.ok()).collect::<Vec<_>>()));
            match self.operator.metrics(&client).await {
                Ok((pod, page)) => report.operator = Some(OperatorReport::of(pod, &page, &arns)),
                Err(why) => report.operator_fault = Some(why),
            }
        }
        Ok(report)
    }
}
