//! A server that runs until it is stopped.

use std::{future::IntoFuture, io, net::SocketAddr};

use axum::routing::get;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{admin, api, page};
use crate::Sim;

/// A running server. Dropping it stops it at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

/// Serves a simulated account on this listener, in a new task.
///
/// # Errors
/// If the listener has no address.
///
/// # Panics
/// Outside a tokio runtime.
pub fn serve(sim: Sim, listener: TcpListener) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    // The SDKs send calls to STS to the same path.
    let page = get(page::show).fallback(api::handle);
    let app = admin::routes().route("/", page).fallback(api::handle).with_state(sim);
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        // A dropped sender stops the server too.
        let _ = stopped.await;
    });
    Ok(Server { address, stop: Some(stop), task: tokio::spawn(server.into_future()) })
}

impl Server {
    /// Returns the endpoint for clients: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for calls in flight, and stops.
    ///
    /// # Errors
    /// If the server failed before.
    pub async fn stop(mut self) -> io::Result<()> {
        if let Some(stop) = self.stop.take() {
            // If there is no receiver, the server has stopped already.
            let _ = stop.send(());
        }
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
