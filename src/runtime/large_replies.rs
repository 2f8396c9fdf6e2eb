//! Replies that fit in memory.
//!
//! An object may have 1.5 MB, and anyone who may write ConnectUsers can create hundreds of these. kube holds a reply whole, as text and
//! parsed. A page of a hundred such objects, or ten passes that read one each, would exceed the operator's memory limit, and again after
//! each restart. So a page that is too large is given up while it arrives, and asked for again with fewer objects. Other large replies
//! arrive one at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, Uri, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::{Client, client::Body};
use tokio::sync::Semaphore;
use tower::{BoxError, service_fn};

/// The most that a page of several objects may have, in bytes. A hundred usual ConnectUsers have half of it.
const LARGEST_PAGE: usize = 1024 * 1024;

/// By how much the number of objects is divided if a page is too large.
const FEWER: u32 = 4;

/// A reply with more bytes than this waits for other large ones.
const LARGE: usize = 128 * 1024;

/// A client, and what its requests share.
struct Bounded {
    client: Client,
    /// The most objects of a page. What is too large for one list probably is for the next.
    most: AtomicU32,
    /// Held while a large reply arrives.
    large: Semaphore,
}

/// Returns the client with bounded replies to everything but watches, whose events arrive one by one.
pub(super) fn with_bounded_replies(client: Client) -> Client {
    let namespace = client.default_namespace().to_owned();
    let bounded = Arc::new(Bounded { client, most: AtomicU32::new(u32::MAX), large: Semaphore::new(1) });
    Client::new(service_fn(move |request| bounded.clone().send(request)), namespace)
}

impl Bounded {
    async fn send(self: Arc<Self>, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        if is_watch(&request) {
            return Ok(self.client.send(request).await?);
        }
        if let Some(limit) = limit(&request) {
            return self.page(&request.into_parts().0, limit).await;
        }
        let (head, body) = self.client.send(request).await?.into_parts();
        Ok(Response::from_parts(head, self.read(body, usize::MAX).await?.into()))
    }

    /// Lists a page of at most `limit` objects, and fewer if these are too large.
    async fn page(&self, list: &Parts, limit: u32) -> Result<Response<Body>, BoxError> {
        loop {
            let objects = self.most.load(Relaxed).clamp(1, limit);
            let mut request = Request::get(with_limit(&list.uri, objects)?).body(Body::empty())?;
            request.headers_mut().clone_from(&list.headers);
            let (head, body) = self.client.send(request).await?.into_parts();
            match self.read(body, if objects > 1 { LARGEST_PAGE } else { usize::MAX }).await {
                Ok(page) => {
                    self.most.store(objects.saturating_mul(2), Relaxed);
                    return Ok(Response::from_parts(head, page.into()));
                }
                Err(error) if error.is::<LengthLimitError>() => self.most.store(objects / FEWER, Relaxed),
                Err(error) => return Err(error),
            }
        }
    }

    async fn read(&self, body: Body, largest: usize) -> Result<Bytes, BoxError> {
        let mut body = Limited::new(body, largest);
        let (mut bytes, mut permit) = (BytesMut::new(), None);
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                bytes.extend_from_slice(&data);
            }
            if permit.is_none() && bytes.len() > LARGE {
                permit = Some(self.large.acquire().await?);
                // Buffers that grow step by step leave memory of each size behind.
                bytes.reserve(LARGEST_PAGE);
            }
        }
        Ok(bytes.freeze())
    }
}

pub(super) fn is_watch(request: &Request<Body>) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "watch=true"))
}

/// Returns how many objects a list asks for. None: it asks for all, or is another request.
fn limit(request: &Request<Body>) -> Option<u32> {
    let query = request.uri().query().filter(|_| request.method() == Method::GET)?;
    query.split('&').find_map(|part| part.strip_prefix("limit="))?.parse().ok()
}

fn with_limit(uri: &Uri, limit: u32) -> Result<Uri, http::uri::InvalidUri> {
    let part = |part: &str| if part.starts_with("limit=") { format!("limit={limit}") } else { part.to_owned() };
    let query: Vec<String> = uri.query().unwrap_or_default().split('&').map(part).collect();
    format!("{}?{}", uri.path(), query.join("&")).parse()
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, future::join_all, stream};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use parking_lot::Mutex;

    use super::*;

    /// Lists objects of these sizes, in bytes, in pages of at most 100. Returns the limits of the requests.
    async fn limits(sizes: &[usize]) -> Vec<u32> {
        let limits = Arc::new(Mutex::new(Vec::new()));
        let server = {
            let (limits, sizes) = (limits.clone(), sizes.to_vec());
            move |request: Request<Body>| {
                let objects = limit(&request).unwrap();
                limits.lock().push(objects);
                let query = request.uri().query().unwrap();
                let from: usize = query.rsplit('=').next().unwrap().parse().unwrap();
                assert_eq!(query, format!("limit={objects}&continue={from}"));
                let page: usize = sizes[from..].iter().take(objects as usize).sum();
                async move { Ok::<_, BoxError>(Response::new(Body::from(vec![b'x'; page]))) }
            }
        };
        let client = with_bounded_replies(Client::new(service_fn(server), "default"));
        let mut from = 0;
        while from < sizes.len() {
            let list = Request::get(format!("/users?limit=100&continue={from}")).body(Body::empty()).unwrap();
            let page = client.send(list).await.unwrap().into_body().collect_bytes().await.unwrap();
            let mut listed = 0;
            while listed < page.len() {
                listed += sizes[from];
                from += 1;
            }
            assert_eq!(listed, page.len(), "whole objects");
        }
        limits.lock().clone()
    }

    #[tokio::test]
    async fn usual_pages_are_as_asked_for() {
        assert_eq!(limits(&[5_000; 250]).await, [100, 100, 100]);
    }

    #[tokio::test]
    async fn page_that_is_too_large_is_asked_for_with_fewer_objects() {
        assert_eq!(limits(&[LARGEST_PAGE / 4; 8]).await, [100, 25, 6, 1, 2, 4, 8]);
        assert_eq!(limits(&[LARGEST_PAGE * 2; 2]).await, [100, 25, 6, 1, 2, 1]);
    }

    #[tokio::test]
    async fn one_large_reply_arrives_at_a_time() {
        let (arriving, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let server = {
            let (arriving, most) = (arriving.clone(), most.clone());
            move |_: Request<Body>| {
                let (arriving, most) = (arriving.clone(), most.clone());
                // The third part is the first that is sent after the reply is known to be large.
                let parts = stream::iter(0..8).then(move |part| {
                    let (arriving, most) = (arriving.clone(), most.clone());
                    async move {
                        tokio::task::yield_now().await;
                        match part {
                            2 => _ = most.fetch_max(arriving.fetch_add(1, Relaxed) + 1, Relaxed),
                            7 => _ = arriving.fetch_sub(1, Relaxed),
                            _ => (),
                        }
                        Ok::<_, BoxError>(Frame::data(Bytes::from(vec![b'x'; LARGE / 2 + 1])))
                    }
                });
                async move { Ok::<_, BoxError>(Response::new(StreamBody::new(parts.boxed()))) }
            }
        };
        let client = with_bounded_replies(Client::new(service_fn(server), "default"));
        let read = async || {
            let reply = client.send(Request::get("/users/jane").body(Body::empty()).unwrap()).await.unwrap();
            reply.into_body().collect_bytes().await.unwrap().len()
        };
        assert_eq!(join_all((0..5).map(|_| read())).await, [8 * (LARGE / 2 + 1); 5]);
        assert_eq!(most.load(Relaxed), 1);
    }
}
