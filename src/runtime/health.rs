//! `/healthz`, `/readyz` and `/metrics`.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    future::Future,
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, extract::State, http::StatusCode, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use parking_lot::Mutex;
use tokio::net::TcpListener;

use super::{
    listener::Listener,
    progress::{Progress, RunningPass},
};
use crate::telemetry::Metrics;

/// How far a process has come since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// The API server has not answered yet.
    #[default]
    Starting,
    /// Leader election has started; the holder of the Lease is not known yet.
    Electing,
    /// Another replica holds the Lease.
    StandingBy,
    /// The process is listing the ConnectUsers.
    Listing,
    /// The process has listed every ConnectUser once.
    Listed,
}

/// The readiness of the operator, and what is missing for it.
#[derive(Debug, Default)]
pub struct Health {
    readiness: Mutex<Readiness>,
    /// The last error of the API server, with advice.
    last_error: Mutex<Option<String>>,
    /// Parts that are not ready and without which some resources cannot be reconciled, with the reasons.
    lacking: Mutex<BTreeMap<String, String>>,
    progress: Progress,
}

impl Health {
    /// Expects work from now on, with this number of concurrent passes.
    pub fn begin_work(&self, slots: usize) {
        self.progress.begin(slots);
    }

    /// Records that the watch does something: it sends a request, receives something, or gives up.
    pub(super) fn worked(&self) {
        self.progress.watched();
    }

    /// Records that a pass runs until the returned value is dropped.
    pub(super) fn pass(&self) -> RunningPass<'_> {
        self.progress.pass()
    }

    /// Returns what has stopped, if this process should work and does not. It must end then.
    pub fn stalled(&self) -> Option<String> {
        self.progress.stalled()
    }

    /// Records how far the process has come, and drops the last error.
    pub fn set(&self, readiness: Readiness) {
        *self.readiness.lock() = readiness;
        *self.last_error.lock() = None;
    }

    /// Records an error of the API server, with advice. `/readyz` shows it until the next progress.
    pub fn set_last_error(&self, error: String) {
        *self.last_error.lock() = Some(error);
    }

    /// Returns whether the watch has listed every ConnectUser once.
    pub fn is_listed(&self) -> bool {
        *self.readiness.lock() == Readiness::Listed
    }

    /// Records why a part is not ready without which some resources cannot be reconciled, or with None that it is ready.
    pub fn set_lacking(&self, part: &impl fmt::Display, why: Option<String>) {
        let mut lacking = self.lacking.lock();
        match why {
            Some(why) => _ = lacking.insert(part.to_string(), why),
            None => _ = lacking.remove(&part.to_string()),
        }
    }
}

/// The listening sockets for health and metrics.
#[derive(Debug)]
pub struct Listeners {
    health: TcpListener,
    metrics: TcpListener,
}

impl Listeners {
    pub async fn bind(health: SocketAddr, metrics: SocketAddr) -> anyhow::Result<Self> {
        let listeners = Self { health: listen(health).await?, metrics: listen(metrics).await? };
        tracing::info!(health = %listeners.health.local_addr()?, metrics = %listeners.metrics.local_addr()?, "listening");
        Ok(listeners)
    }

    /// Serves health and metrics until `stop`.
    pub async fn serve(
        self,
        health: Arc<Health>,
        metrics: Arc<Metrics>,
        stop: impl Future<Output = ()> + Clone + Send + 'static,
    ) -> std::io::Result<()> {
        let health = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(health);
        let metrics = Router::new().route("/metrics", get(metrics_page)).with_state(metrics);
        tokio::try_join!(
            async { axum::serve(Listener::new(self.health), health).with_graceful_shutdown(stop.clone()).await },
            async { axum::serve(Listener::new(self.metrics), metrics).with_graceful_shutdown(stop.clone()).await },
        )?;
        Ok(())
    }
}

/// Binds an address. On Linux, `[::]` means all addresses, including those of IPv4. Without IPv6, falls back to all addresses of
/// IPv4.
async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let all = address.ip() == Ipv6Addr::UNSPECIFIED;
    let bound = match TcpListener::bind(address).await {
        Err(error) if all && !matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await.map_err(|_| error)
        }
        bound => bound,
    };
    bound.map_err(|e| anyhow::anyhow!("cannot listen on {address}: {e}"))
}

async fn healthz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    match health.stalled() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("[-] {why}\n")),
    }
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let (mut ready, line) = match *health.readiness.lock() {
        Readiness::Starting => (false, "[-] API server: no answer yet\n"),
        Readiness::Electing => {
            (false, "[-] lease seen: not yet (may the operator get, create and patch leases in its namespace?)\n")
        }
        // A replica that stands by is ready. Otherwise, a rolling update would deadlock: the old replica releases the Lease only
        // after the new one is ready.
        Readiness::StandingBy => (true, "[+] standing by: another replica holds the lease\n"),
        Readiness::Listing => (false, "[-] connectusers listed: not yet (is the CRD installed, and may the operator list it?)\n"),
        Readiness::Listed => (true, "[+] connectusers listed\n"),
    };
    let mut text = line.to_owned();
    if let (false, Some(why)) = (ready, &*health.last_error.lock()) {
        let _ = writeln!(text, "    {why}");
    }
    for (part, why) in &*health.lacking.lock() {
        ready = false;
        // Writing to a string does not fail.
        let _ = writeln!(text, "[-] {part}: {why}");
    }
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

async fn metrics_page(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    match metrics.page() {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain; charset=utf-8")], e.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{net::TcpStream, time::advance};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn healthz_fails_once_the_work_has_stopped() {
        let health = Arc::new(Health::default());
        let status = async || healthz(State(health.clone())).await.into_response().status();
        advance(Duration::from_secs(3600)).await;
        assert_eq!(status().await, StatusCode::OK, "a standby has nothing to do");
        health.begin_work(1);
        assert_eq!(status().await, StatusCode::OK);
        advance(Duration::from_secs(3600)).await;
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        health.worked();
        assert_eq!(status().await, StatusCode::OK);
    }

    /// The kubelet connects to the pod's address, which depending on the cluster is of IPv6 or IPv4.
    #[tokio::test]
    async fn unspecified_address_accepts_ipv4_and_ipv6() {
        let listener = listen("[::]:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, address.port())).await.unwrap();
        if address.is_ipv6() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, address.port())).await.unwrap();
        }
        let taken = listen(SocketAddr::new(address.ip(), address.port())).await.unwrap_err();
        assert!(taken.to_string().starts_with(&format!("cannot listen on {address}: ")), "{taken}");
    }
}
