//! A server that runs until it is stopped.

use std::{future::IntoFuture, io, net::SocketAddr};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinError, JoinHandle},
};

use super::{
    admin, api,
    severable::{SeverableListener, Shears},
};
use crate::Sim;

/// A server that runs. Dropping it ends it at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

/// Serves a simulated account on this listener, in a task of its own.
///
/// # Errors
/// If the listener has no address.
///
/// # Panics
/// Outside a tokio runtime.
pub fn serve(sim: Sim, listener: TcpListener) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let app = router(sim).into_make_service_with_connect_info::<Shears>();
    let server = axum::serve(SeverableListener(listener), app).with_graceful_shutdown(async {
        // A sender that is gone without a word asks for the same.
        let _ = stopped.await;
    });
    Ok(Server { address, stop: Some(stop), task: tokio::spawn(server.into_future()) })
}

fn router(sim: Sim) -> Router {
    admin::routes().fallback(api::handle).with_state(sim)
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes as its endpoint: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What takes the place of Connect's console: the same API at this endpoint needs no signature, and is neither throttled nor
    /// counted.
    pub fn console_url(&self) -> String {
        format!("{}{}", self.url(), api::CONSOLE)
    }

    /// Lets calls in flight end, and then ends itself.
    ///
    /// # Errors
    /// If the server broke down before.
    pub async fn stop(mut self) -> io::Result<()> {
        if let Some(stop) = self.stop.take() {
            // If nobody listens any more, it has ended already.
            let _ = stop.send(());
        }
        (&mut self.task).await.map_err(broke_down)?
    }
}

fn broke_down(error: JoinError) -> io::Error {
    io::Error::other(error)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
