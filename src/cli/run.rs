//! The command `connect-operator run`.

use std::{net::SocketAddr, num::NonZeroU16, sync::Arc, time::Duration};

use clap::{ArgAction, Args};
use futures::FutureExt;
use kube::Client;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{
    aws::AwsFlags,
    deletion_guard::GuardFlags,
    durations::{Interval, at_most, duration, duration_or_never},
    election::Election,
    scope::Scope,
};
use crate::{
    api::DeletionPolicy,
    plan::{ClusterNames, QuickConnects},
    reconcile::{Reconciler, Settings, SystemClock},
    runtime::{self, Health, KubeCluster, Listeners, Patience, Readiness, WatchOptions},
    telemetry::{self, LogFormat, Metrics, Traces},
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator run --cluster-name blue --config operator.yaml
  connect-operator run --leader-elect --leader-election-namespace connect-operator-system")]
pub(super) struct Run {
    #[command(flatten)]
    scope: Scope,

    /// The number of resources that are reconciled at the same time, of each account and Region. In all, it is up to eight times as many.
    // At AWS' default quotas, the calls of two operations that are not answered hold ten passes.
    #[arg(long, env = "CONNECT_OPERATOR_CONCURRENCY", default_value = "12")]
    concurrency: NonZeroU16,

    /// How often each instance is scanned for changes made outside of Kubernetes, at three calls per 1,000 users. 0: never.
    #[arg(long, env = "CONNECT_OPERATOR_SWEEP_INTERVAL", default_value = "5m", value_parser = duration_or_never)]
    sweep_interval: Interval,

    /// How often each user is read individually, at one call per user, to find changes that a sweep cannot see.
    #[arg(long, env = "CONNECT_OPERATOR_DRIFT_INTERVAL", default_value = "24h", value_parser = duration)]
    drift_interval: Duration,

    /// What happens to a user when its ConnectUser is deleted, unless the ConnectUser or its namespace sets a policy.
    #[arg(long, env = "CONNECT_OPERATOR_DEFAULT_DELETION_POLICY", default_value = "Delete")]
    default_deletion_policy: DeletionPolicy,

    /// When a user is deleted, also delete the quick connects that point to it. Otherwise they remain without a destination.
    #[arg(long, env = "CONNECT_OPERATOR_DELETE_QUICK_CONNECTS")]
    delete_quick_connects: bool,

    #[command(flatten)]
    deletion_guard: GuardFlags,

    /// Delete users that carry this cluster's tags and whose ConnectUser does not exist, after two consecutive sweeps have found
    /// them. Do not use this in a clone of a cluster: it has the same name, so the users may belong to the original.
    #[arg(long, env = "CONNECT_OPERATOR_DELETE_ORPHANS")]
    delete_orphans: bool,

    /// How long Connect may take to show a user after an attempt to create it. Shorten it only if Connect is known to be faster.
    #[arg(long, env = "CONNECT_OPERATOR_SETTLE_WINDOW", default_value = "10m", value_parser = duration)]
    settle_window: Duration,

    #[command(flatten)]
    aws: AwsFlags,

    #[command(flatten)]
    election: Election,

    /// How long the API server may be silent before or within a reply. The request fails then, and is repeated. At most 2m.
    #[arg(long, env = "CONNECT_OPERATOR_API_SERVER_TIMEOUT", default_value = "1m", value_parser = at_most::<120>)]
    api_server_timeout: Duration,

    /// How long the watch may be without an event or a bookmark, which the API server sends about every minute. The watch begins
    /// again then, on another connection. At most 5m.
    #[arg(long, env = "CONNECT_OPERATOR_WATCH_TIMEOUT", default_value = "3m", value_parser = at_most::<300>)]
    watch_timeout: Duration,

    /// The address of /metrics. [::] means all addresses, including those of IPv4.
    #[arg(long, env = "CONNECT_OPERATOR_METRICS_ADDRESS", default_value = "[::]:8080")]
    metrics_address: SocketAddr,

    /// The address of /healthz and /readyz. [::] means all addresses, including those of IPv4.
    #[arg(long, env = "CONNECT_OPERATOR_HEALTH_ADDRESS", default_value = "[::]:8081")]
    health_address: SocketAddr,

    /// The log level: error, warn, info, debug, trace, or a filter such as connect_operator=debug. Lines of other crates are limited
    /// to info, or to error, so that no level shows a secret.
    #[arg(long, env = "CONNECT_OPERATOR_LOG_LEVEL", default_value = "info", value_parser = telemetry::log_filter)]
    log_level: String,

    /// The log format.
    #[arg(long, env = "CONNECT_OPERATOR_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// Whether the log may contain personal data: names of users and of their ConnectUsers, addresses and numbers. If false, the log
    /// names a ConnectUser by its UID, and leaves out messages that may quote such data.
    #[arg(long, env = "CONNECT_OPERATOR_LOG_PERSONAL_DATA", default_value = "true", action = ArgAction::Set)]
    log_personal_data: bool,

    /// The collector that receives traces by OTLP over HTTP, such as http://collector:4318. Each pass and each call to Connect is
    /// a span.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
}

/// How long to wait before the next attempt if the API server does not answer at the start.
const RETRY: Duration = Duration::from_secs(5);
/// Longer than a pass should ever be suspended between its create mark and the call, and far shorter than the settle window.
pub(super) const LONGEST_STALL: Duration = Duration::from_secs(20);

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        // According to OpenTelemetry, an empty variable counts as unset.
        let endpoint = self.otlp_endpoint.clone().filter(|endpoint| !endpoint.is_empty());
        let traces = endpoint.map(|endpoint| Traces::start(&endpoint, runtime.handle().clone())).transpose()?;
        telemetry::init(&self.log_level, self.log_format, self.log_personal_data, traces.as_ref())?;
        let end = runtime.block_on(self.run());
        if let (Some(traces), Ok(())) = (&traces, &end) {
            traces.end();
        }
        // After the lease is lost, do not wait for running tasks, such as a lookup of a host name.
        runtime.shutdown_background();
        end
    }

    async fn run(self) -> anyhow::Result<()> {
        let (file, config) = self.aws.configuration()?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "connect-operator is starting");
        let timing = self.election.timing()?;
        let stop = stop_signal()?.shared();
        let metrics = Arc::new(Metrics::default());
        let health = Arc::new(Health::default());
        runtime::await_accounts(&config, &health);
        let (change, config) = watch::channel(Arc::new(config));
        let listeners = Listeners::bind(self.health_address, self.metrics_address).await?;
        let server = tokio::spawn(listeners.serve(health.clone(), metrics.clone(), stop.clone()));

        let patience = Patience { reply: self.api_server_timeout, watch: self.watch_timeout };
        let client = runtime::connect(None, patience, metrics.clone(), health.clone()).await?;
        let cluster = tokio::select! {
            cluster = self.cluster(&client, &health) => cluster,
            () = stop.clone() => return Ok(()),
        };
        health.set(Readiness::Listing);
        tracing::info!(cluster = cluster.present, former = ?cluster.former, "users are tagged with this cluster's name");
        let connections = Arc::new(self.aws.connections(config.clone(), metrics.clone()).await);
        // These tasks end with the process.
        if let Some(file) = file {
            tokio::spawn(file.follow(change, metrics.clone()));
        }
        tokio::spawn(runtime::check_accounts(connections.clone(), config.clone(), health.clone()));
        let settings = Settings {
            cluster,
            call_timeout: connect_aws::CALL_TIMEOUT,
            settle_window: self.settle_window,
            longest_stall: LONGEST_STALL,
            sweep_interval: self.sweep_interval,
            drift_interval: self.drift_interval,
            deletion_policy: self.default_deletion_policy,
            quick_connects: if self.delete_quick_connects { QuickConnects::Go } else { QuickConnects::Stay },
            deletion_guard: self.deletion_guard.guard(),
        };
        let reconciler = Arc::new(Reconciler::new(
            Arc::new(KubeCluster::new(client.clone())),
            connections,
            Arc::new(SystemClock),
            settings,
            metrics.clone(),
        ));
        let options = WatchOptions {
            namespaces: self.scope.namespaces(),
            sweep_interval: self.sweep_interval,
            delete_orphans: self.delete_orphans,
            config,
            concurrency: self.concurrency,
        };
        let elector = timing.map(|timing| self.election.elector(&client, timing));
        let work = {
            let (health, stop) = (health.clone(), stop.clone());
            async move {
                metrics.set_leader();
                runtime::watch(client, options, reconciler, metrics, health, stop).await;
            }
        };
        match elector {
            None => work.await,
            Some(elector) => {
                if let Err(lost) = elector.lead(work, &health, stop).await {
                    // Exit without waiting for the running passes: another replica is already working.
                    tracing::error!("{lost}: this process exits");
                    return Err(lost.into());
                }
            }
        }
        server.await??;
        tracing::info!("connect-operator stopped");
        Ok(())
    }

    /// Returns the cluster's names, with which users are tagged. If the present one comes from the API server, waits until the API server
    /// answers.
    async fn cluster(&self, client: &Client, health: &Health) -> ClusterNames {
        loop {
            match self.scope.cluster(client).await {
                Ok(names) => return names,
                Err(error) => {
                    tracing::warn!("{error:#}");
                    health.set_last_error(format!("{error:#}"));
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Returns a future that ends when the process receives SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("received a signal to stop: finishing the running passes");
    })
}
