//! The client of the API server, whose requests all end.
//!
//! On a half-open connection, nothing arrives and nothing fails: kube would wait for a list or for the start of a watch without
//! end. Here, each reply must begin, and each part of it follow, within a time. A silent watch ends, and kube's watcher begins
//! it again where it was.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Method, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use kube::{
    Client, Config, Resource,
    client::{Body, ClientBuilder},
};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower::{BoxError, Layer, Service};

use super::{
    health::Health,
    large_replies::{is_watch, with_bounded_replies},
};
use crate::{api::ConnectUser, telemetry::Metrics};

/// How long the API server may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until a reply begins, and between two parts of it.
    pub reply: Duration,
    /// Between two events or bookmarks of a watch.
    pub watch: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // The API server itself ends a request after a minute, and sends a bookmark about every minute.
        Self { reply: Duration::from_secs(60), watch: Duration::from_secs(180) }
    }
}

/// Connects to the API server of this configuration, or else of the kubeconfig or the service account.
///
/// # Errors
/// There is neither of them, or it is invalid.
pub async fn connect(
    config: Option<Config>,
    patience: Patience,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
) -> anyhow::Result<Client> {
    let config = match config {
        Some(config) => config,
        None => Config::infer().await.context("no cluster: found neither a kubeconfig nor a service account")?,
    };
    let bounds = Bounds { patience, metrics, health };
    Ok(with_bounded_replies(ClientBuilder::try_from(config)?.with_layer(&bounds).build()))
}

/// Bounds the requests of a client, and records when something arrives for the watch of ConnectUsers.
#[derive(Clone, Debug)]
struct Bounds {
    patience: Patience,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl<S> Layer<S> for Bounds {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded { inner, bounds: self.clone() }
    }
}

/// A service with bounds.
#[derive(Clone, Debug)]
struct Bounded<S> {
    inner: S,
    bounds: Bounds,
}

impl<S, B> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = Response<BoundedBody<B>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let bounds = self.bounds.clone();
        let (is_watch, scope) = (is_watch(&request), scope(&request));
        if let Some(scope) = &scope {
            bounds.health.worked();
            bounds.metrics.watch_requested(scope);
        }
        let reply = self.inner.call(request);
        async move {
            let reply = timeout(bounds.patience.reply, reply).await;
            if scope.is_some() {
                bounds.health.worked();
            }
            let reply = reply.map_err(|_| Silence(bounds.patience.reply))?.map_err(Into::into)?;
            let succeeded = reply.status().is_success();
            if let Some(scope) = scope.as_ref().filter(|_| !succeeded) {
                // A refusal is not silence, and is counted as a failure of the watch.
                bounds.metrics.watch_refused(scope);
            }
            Ok(reply.map(|body| BoundedBody {
                body,
                is_watch,
                scope: scope.filter(|_| succeeded),
                silence: Box::pin(sleep_until(Instant::now())),
                waits: false,
                ended: false,
                bounds,
            }))
        }
        .boxed()
    }
}

/// Returns the path of a list or a watch of ConnectUsers, which names the namespace if there is one.
fn scope(request: &Request<Body>) -> Option<String> {
    let path = request.uri().path();
    let is_collection = path.rsplit('/').next() == Some(&*ConnectUser::plural(&()));
    (request.method() == Method::GET && is_collection).then(|| path.to_owned())
}

/// Nothing arrived for this long.
#[derive(Debug, thiserror::Error)]
#[error("the API server did not answer in {} s", .0.as_secs_f64())]
struct Silence(Duration);

/// The body of a reply. A watch that is silent for too long ends; another reply fails.
#[derive(Debug)]
struct BoundedBody<B> {
    body: B,
    is_watch: bool,
    scope: Option<String>,
    bounds: Bounds,
    /// When the silence has been too long, while it `waits`.
    silence: Pin<Box<Sleep>>,
    waits: bool,
    ended: bool,
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for BoundedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let Bounds { patience, metrics, health } = &this.bounds;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.waits = false;
            if let Some(scope) = &this.scope {
                health.worked();
                if matches!(frame, Some(Ok(_))) {
                    metrics.watch_received(scope);
                }
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let longest = if this.is_watch { patience.watch } else { patience.reply };
        if !this.waits {
            this.waits = true;
            this.silence.as_mut().reset(Instant::now() + longest);
        }
        ready!(this.silence.as_mut().poll(cx));
        this.ended = true;
        if let Some(scope) = &this.scope {
            health.worked();
            if this.is_watch {
                tracing::warn!(path = scope, "the watch was silent for {} s: it begins again", longest.as_secs_f64());
                metrics.watch_restarted();
            }
        }
        Poll::Ready((!this.is_watch).then(|| Err(Silence(longest).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
