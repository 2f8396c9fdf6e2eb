//! `/healthz`, `/readyz` and `/metrics`.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use crate::telemetry::Metrics;

/// What must hold before the operator is ready.
#[derive(Debug, Default)]
pub struct Health {
    listed: AtomicBool,
}

impl Health {
    /// The watch has seen every ConnectUser once.
    pub fn set_listed(&self) {
        self.listed.store(true, Ordering::Relaxed);
    }

    /// Whether the operator is ready.
    pub fn is_ready(&self) -> bool {
        self.listed.load(Ordering::Relaxed)
    }
}

/// The sockets of health and metrics, listening.
#[derive(Debug)]
pub struct Listeners {
    health: TcpListener,
    metrics: TcpListener,
}

impl Listeners {
    /// Starts to listen.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub async fn bind(health: SocketAddr, metrics: SocketAddr) -> anyhow::Result<Self> {
        let listeners = Self { health: listen(health).await?, metrics: listen(metrics).await? };
        tracing::info!(health = %listeners.health.local_addr()?, metrics = %listeners.metrics.local_addr()?, "listening");
        Ok(listeners)
    }

    /// Serves health and metrics until `stop`.
    ///
    /// # Errors
    /// A socket that fails.
    pub async fn serve(
        self,
        health: Arc<Health>,
        metrics: Arc<Metrics>,
        stop: impl Future<Output = ()> + Clone + Send + 'static,
    ) -> std::io::Result<()> {
        let health = Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(readyz)).with_state(health);
        let metrics = Router::new().route("/metrics", get(show)).with_state(metrics);
        tokio::try_join!(async { axum::serve(self.health, health).with_graceful_shutdown(stop.clone()).await }, async {
            axum::serve(self.metrics, metrics).with_graceful_shutdown(stop.clone()).await
        },)?;
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| anyhow::anyhow!("cannot listen on {address}: {e}"))
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    if health.is_ready() {
        (StatusCode::OK, "[+] connectusers listed\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "[-] connectusers listed: not yet (is the CRD installed, and may the operator list it?)\n",
        )
    }
}

async fn show(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    match metrics.encode() {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain; charset=utf-8")], e.to_string()),
    }
}
