//! A listening socket whose connections are bounded: any pod of the cluster may open them.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, Sleep, sleep},
};

/// Bounds of the connections of a socket.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// How many there may be. The oldest gives way to a new one, so that the kubelet's probes always get through.
    count: usize,
    /// How long one may transfer nothing.
    idle: Duration,
}

/// Far more than the kubelet and Prometheus open, and longer than the interval at which Prometheus uses a connection again.
const BOUNDS: Bounds = Bounds { count: 64, idle: Duration::from_secs(120) };

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    bounds: Bounds,
    /// Each open connection ends when its sender is dropped. The oldest comes first.
    open: VecDeque<oneshot::Sender<()>>,
}

impl Listener {
    pub(super) fn new(socket: TcpListener) -> Self {
        Self { socket, bounds: BOUNDS, open: VecDeque::new() }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.socket).await;
        self.open.retain(|connection| !connection.is_closed());
        if self.open.len() >= self.bounds.count {
            self.open.pop_front();
        }
        let (sender, closed) = oneshot::channel();
        self.open.push_back(sender);
        let idle = self.bounds.idle;
        (Connection { stream, closed, idle, deadline: Box::pin(sleep(idle)) }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    closed: oneshot::Receiver<()>,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Connection {
    /// Extends the deadline after a transfer, or fails if the connection must end.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, transfer: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if transfer.is_ready() {
            self.deadline.as_mut().reset(Instant::now() + self.idle);
        } else if self.closed.poll_unpin(cx).is_ready() || self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        transfer
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.bounded(cx, read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn served(bounds: Bounds) -> SocketAddr {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener { bounds, ..Listener::new(socket) };
        tokio::spawn(axum::serve(listener, Router::new().route("/", get(async || "ok"))).into_future());
        address
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// Returns whether the server answers a request on the connection, and keeps it open.
    async fn answers(connection: &mut TcpStream) -> bool {
        if connection.write_all(REQUEST).await.is_err() {
            return false;
        }
        let mut reply = [0; 1024];
        connection.read(&mut reply).await.is_ok_and(|length| reply[..length].ends_with(b"ok"))
    }

    #[tokio::test]
    async fn idle_connection_is_closed() {
        let address = served(Bounds { idle: Duration::from_millis(50), ..BOUNDS }).await;
        let (mut silent, mut used) = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        _ = used.write_all(REQUEST).await;
        for connection in [&mut silent, &mut used] {
            // Until its end.
            while connection.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0) {}
        }
    }

    #[tokio::test]
    async fn oldest_connection_gives_way_to_a_new_one() {
        let address = served(Bounds { count: 2, ..BOUNDS }).await;
        let mut connections = Vec::new();
        for _ in 0..3 {
            let mut connection = TcpStream::connect(address).await.unwrap();
            assert!(answers(&mut connection).await);
            connections.push(connection);
        }
        assert_eq!(connections[0].read(&mut [0; 8]).await.unwrap_or_default(), 0);
        assert!(answers(&mut connections[1]).await && answers(&mut connections[2]).await);
    }
}
