//! A TCP proxy in front of the API server whose connections can become half-open: it accepts all bytes and forwards none.

use std::{
    fs, mem,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What all connections of a proxy have in common.
#[derive(Debug, Default)]
struct State {
    /// Whether new connections are half-open from the beginning.
    swallows: AtomicBool,
    /// The switches of the open connections: whether each of them is half-open.
    connections: Mutex<Vec<Arc<AtomicBool>>>,
}

/// A proxy. Its connections end with the runtime.
#[derive(Debug)]
pub struct Proxy {
    state: Arc<State>,
    directory: TempDir,
}

impl Proxy {
    /// Starts a proxy for the API server of a kubeconfig.
    pub async fn start(kubeconfig: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config: Value = serde_json::from_slice(&fs::read(kubeconfig).unwrap()).unwrap();
        let server = &mut config["clusters"][0]["cluster"]["server"];
        let api_server = server.as_str().unwrap().strip_prefix("https://").unwrap().to_owned();
        *server = json!(format!("https://{}", listener.local_addr().unwrap()));
        let proxy = Self { state: Arc::default(), directory: tempfile::tempdir().unwrap() };
        fs::write(proxy.kubeconfig(), config.to_string()).unwrap();
        let state = proxy.state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let half_open = Arc::new(AtomicBool::new(state.swallows.load(Ordering::SeqCst)));
                state.connections.lock().unwrap().push(half_open.clone());
                tokio::spawn(forward(client, api_server.clone(), half_open));
            }
        });
        proxy
    }

    /// Returns the kubeconfig with the address of the proxy.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Makes all present connections half-open for ever.
    pub fn silence(&self) {
        for half_open in mem::take(&mut *self.state.connections.lock().unwrap()) {
            half_open.store(true, Ordering::SeqCst);
        }
    }

    /// Makes all present connections half-open for ever, and new ones until [`resume`](Self::resume).
    pub fn swallow(&self) {
        self.state.swallows.store(true, Ordering::SeqCst);
        self.silence();
    }

    /// Forwards new connections again.
    pub fn resume(&self) {
        self.state.swallows.store(false, Ordering::SeqCst);
    }
}

async fn forward(client: TcpStream, api_server: String, half_open: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect(api_server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::join!(copy(&mut from_client, &mut to_server, &half_open), copy(&mut from_server, &mut to_client, &half_open));
}

/// Copies bytes, or reads and drops them while the connection is half-open, until one side closes it. A half-open connection does not
/// pass the end on.
async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), half_open: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if !half_open.load(Ordering::SeqCst) && to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    if !half_open.load(Ordering::SeqCst) {
        _ = to.shutdown().await;
    }
}
