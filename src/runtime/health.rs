//! `/healthz`, `/readyz` and `/metrics`.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    future::Future,
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::State, http::StatusCode, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use crate::telemetry::Metrics;

/// How far a process has come on its way to work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It has not heard from the API server yet.
    #[default]
    Starting,
    /// It wants the lease and has not seen yet whose it is.
    Electing,
    /// Another replica has the lease.
    StandingBy,
    /// It is about to list the ConnectUsers.
    Listing,
    /// It has seen every ConnectUser once.
    AtWork,
}

/// Whether the operator is ready, and if not, what is missing.
#[derive(Debug, Default)]
pub struct Health {
    stage: Mutex<Stage>,
    /// What went wrong last with the API server, and what to do about it.
    trouble: Mutex<Option<String>>,
    /// Parts without which some resources cannot be worked on, and why they are not there.
    lacking: Mutex<BTreeMap<String, String>>,
}

impl Health {
    /// The process has come so far.
    pub fn set(&self, stage: Stage) {
        // Nothing panics while holding the lock.
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Something went wrong with the API server: what, and what to do about it. It is told until the process is at work.
    pub fn trouble(&self, why: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// The watch has seen every ConnectUser once.
    pub fn set_listed(&self) {
        self.set(Stage::AtWork);
    }

    /// Whether it has.
    pub fn is_listed(&self) -> bool {
        self.stage() == Stage::AtWork
    }

    /// A part is not there without which some resources cannot be worked on, for this reason; None: it is.
    pub fn lacks(&self, part: &impl fmt::Display, why: Option<String>) {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => _ = lacking.insert(part.to_string(), why),
            None => _ = lacking.remove(&part.to_string()),
        }
    }

    fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Listens. `[::]` is all addresses, on Linux those of IPv4 too; where there is no IPv6, it is all of IPv4.
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

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let (mut ready, line) = match health.stage() {
        Stage::Starting => (false, "[-] API server: not heard yet\n"),
        Stage::Electing => (false, "[-] lease seen: not yet (may the operator get, create and patch leases in its namespace?)\n"),
        // Ready to take over, which is all that a replica can be while another works. Were it not, a rolling update would wait
        // for a lease that the old replica gives up only when the new one is ready.
        Stage::StandingBy => (true, "[+] standing by: another replica has the lease\n"),
        Stage::Listing => (false, "[-] connectusers listed: not yet (is the CRD installed, and may the operator list it?)\n"),
        Stage::AtWork => (true, "[+] connectusers listed\n"),
    };
    let mut text = line.to_owned();
    if let (false, Some(why)) = (ready, &*health.trouble.lock().unwrap_or_else(PoisonError::into_inner)) {
        let _ = writeln!(text, "    {why}");
    }
    for (part, why) in &*health.lacking.lock().unwrap_or_else(PoisonError::into_inner) {
        ready = false;
        // Writing to a string does not fail.
        let _ = writeln!(text, "[-] {part}: {why}");
    }
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

async fn show(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    match metrics.encode() {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain; charset=utf-8")], e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// A kubelet comes by the pod's address, which on some clusters is one of IPv6 and on others one of IPv4.
    #[tokio::test]
    async fn all_addresses_are_those_of_both_kinds() {
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
