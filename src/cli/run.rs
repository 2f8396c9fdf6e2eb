//! `connect-operator run`.

use std::{net::SocketAddr, num::NonZeroU16, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use futures::FutureExt;
use kube::Client;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{
    aws::AwsFlags,
    deletion_guard::GuardFlags,
    durations::{Interval, duration, duration_or_never},
    election::Election,
    scope::Scope,
};
use crate::{
    api::DeletionPolicy,
    plan::QuickConnects,
    reconcile::{Reconciler, Settings, SystemClock},
    runtime::{self, Health, KubeCluster, Listeners, Stage, WatchOptions},
    telemetry::{self, LogFormat, Metrics, Traces},
};

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    scope: Scope,

    /// Passes at once.
    #[arg(long, env = "CONNECT_OPERATOR_CONCURRENCY", default_value = "8")]
    concurrency: NonZeroU16,

    /// How soon a change made outside of Kubernetes is found: how often each instance is swept, at three calls per 1,000 users. 0: never.
    #[arg(long, env = "CONNECT_OPERATOR_SWEEP_INTERVAL", default_value = "5m", value_parser = duration_or_never)]
    sweep_interval: Interval,

    /// How often each user is read by itself, for what a sweep does not see: a call per user.
    #[arg(long, env = "CONNECT_OPERATOR_DRIFT_INTERVAL", default_value = "24h", value_parser = duration)]
    drift_interval: Duration,

    /// What becomes of users whose ConnectUser is deleted, where neither it nor its namespace says.
    #[arg(long, env = "CONNECT_OPERATOR_DEFAULT_DELETION_POLICY", default_value = "Delete")]
    default_deletion_policy: DeletionPolicy,

    /// Delete the quick connects that point to a user once it is deleted; else they stay, as targets that reach nobody.
    #[arg(long, env = "CONNECT_OPERATOR_DELETE_QUICK_CONNECTS")]
    delete_quick_connects: bool,

    #[command(flatten)]
    deletion_guard: GuardFlags,

    /// Delete users that carry this cluster's tags and whose ConnectUser does not exist, once two sweeps in a row have found them. A
    /// clone of this cluster has the same name: there, these are the first one's users.
    #[arg(long, env = "CONNECT_OPERATOR_DELETE_ORPHANS")]
    delete_orphans: bool,

    /// How long after an attempt to create a user Connect may still not show it. Only shorten it where that is known not to happen.
    #[arg(long, env = "CONNECT_OPERATOR_SETTLE_WINDOW", default_value = "10m", value_parser = duration)]
    settle_window: Duration,

    #[command(flatten)]
    aws: AwsFlags,

    #[command(flatten)]
    election: Election,

    /// Where /metrics is served. [::] is all addresses, those of IPv4 too.
    #[arg(long, env = "CONNECT_OPERATOR_METRICS_ADDRESS", default_value = "[::]:8080")]
    metrics_address: SocketAddr,

    /// Where /healthz and /readyz are served, likewise.
    #[arg(long, env = "CONNECT_OPERATOR_HEALTH_ADDRESS", default_value = "[::]:8081")]
    health_address: SocketAddr,

    /// What to log: error, warn, info, debug, trace, or a filter such as connect_operator=debug.
    #[arg(long, env = "CONNECT_OPERATOR_LOG_LEVEL", default_value = "info", value_parser = telemetry::log_filter)]
    log_level: String,

    /// How to log it.
    #[arg(long, env = "CONNECT_OPERATOR_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// Send traces to this collector by OTLP over HTTP, such as http://collector:4318: a span for each pass and each call to Connect.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
}

/// How long to wait for an API server that does not answer at the start.
const RETRY: Duration = Duration::from_secs(5);
/// Longer than any pass should stand still between its create mark and the call; far shorter than the settle window.
pub(super) const LONGEST_STALL: Duration = Duration::from_secs(20);

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        // OpenTelemetry has it that an empty variable is none.
        let endpoint = self.otlp_endpoint.clone().filter(|endpoint| !endpoint.is_empty());
        let traces = endpoint.map(|endpoint| Traces::start(&endpoint, runtime.handle().clone())).transpose()?;
        telemetry::init(&self.log_level, self.log_format, traces.as_ref())?;
        let end = runtime.block_on(self.run());
        if let (Some(traces), Ok(())) = (&traces, &end) {
            traces.end();
        }
        // Who lost the lease does not wait for what still runs, such as a name being looked up.
        runtime.shutdown_background();
        end
    }

    async fn run(self) -> anyhow::Result<()> {
        let (file, config) = self.aws.configuration()?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "connect-operator starts");
        let timing = self.election.timing()?;
        let stop = stop_signal()?.shared();
        let metrics = Arc::new(Metrics::default());
        let health = Arc::new(Health::default());
        runtime::await_accounts(&config, &health);
        let (change, config) = watch::channel(Arc::new(config));
        let listeners = Listeners::bind(self.health_address, self.metrics_address).await?;
        let server = tokio::spawn(listeners.serve(health.clone(), metrics.clone(), stop.clone()));

        let client = Client::try_default().await.context("no cluster: neither a kubeconfig nor a service account was found")?;
        let cluster = tokio::select! {
            cluster = self.cluster(&client, &health) => cluster,
            () = stop.clone() => return Ok(()),
        };
        health.set(Stage::Listing);
        tracing::info!(cluster, "users are tagged with this cluster's name");
        let connections = Arc::new(self.aws.connections(config.clone(), metrics.clone()).await);
        // These end with the process.
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
                metrics.leads();
                runtime::watch(client, options, reconciler, metrics, health, stop).await;
            }
        };
        match elector {
            None => work.await,
            Some(elector) => {
                if let Err(lost) = elector.lead(work, &health, stop).await {
                    // At once, and not when the passes under way are done: another replica works already.
                    tracing::error!("{lost}: this process ends");
                    return Err(lost.into());
                }
            }
        }
        server.await??;
        tracing::info!("connect-operator stopped");
        Ok(())
    }

    /// The name to tag users with. Waits for the API server if it has to be asked.
    async fn cluster(&self, client: &Client, health: &Health) -> String {
        loop {
            match self.scope.cluster(client).await {
                Ok(name) => return name,
                Err(error) => {
                    tracing::warn!("{error:#}");
                    health.trouble(format!("{error:#}"));
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Ends when the process is asked to stop.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop: finishing what is under way");
    })
}
