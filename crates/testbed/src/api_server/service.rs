//! HTTP: maps requests to operations on the objects.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use http::{Method, Request, Response, header::ACCEPT};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use kube::{client::Body, core::Status};
use serde_json::Value;

use super::{
    ApiServer, NamespacedName,
    objects::{API_VERSION, KIND},
    status::{not_found, not_served},
};

type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

impl tower::Service<Request<Body>> for ApiServer {
    type Response = Reply;
    type Error = kube::Error;
    type Future = BoxFuture<'static, Result<Reply, kube::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.clone();
        async move {
            tokio::time::sleep(server.0.latency).await;
            let (head, body) = request.into_parts();
            let body = body.collect_bytes().await?;
            Ok(server.answer(&head, &body))
        }
        .boxed()
    }
}

impl ApiServer {
    fn answer(&self, head: &http::request::Parts, body: &Bytes) -> Reply {
        let query: BTreeMap<String, String> =
            form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let path: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
        let is_watch = query.get("watch").is_some_and(|watch| watch == "true");
        let (namespace, below) = match path.as_slice() {
            ["api", "v1", below @ ..] | ["apis", _, _, below @ ..] => match below {
                ["namespaces", namespace, below @ ..] if !below.is_empty() => (Some((*namespace).to_owned()), below),
                below => (None, below),
            },
            _ => (None, path.as_slice()),
        };
        let verb = match head.method {
            Method::GET if is_watch => "watch",
            Method::GET if below.len() == 1 => "list",
            Method::GET => "get",
            Method::POST => "create",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "other",
        };
        let resource = match below {
            [resource, _, subresource] => format!("{resource}/{subresource}"),
            [resource, ..] => (*resource).to_owned(),
            [] => String::new(),
        };
        *self.objects().requests.entry(format!("{verb} {resource}")).or_default() += 1;
        let place = NamespacedName::new(namespace.clone().unwrap_or_default(), below.get(1).copied().unwrap_or_default());
        let asked = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        let result = match (verb, resource.as_str()) {
            ("watch", "connectusers") => return self.watched(namespace, &query),
            ("list", "connectusers") => return json(200, self.listed(namespace.as_deref(), &query)),
            ("get", "connectusers") => {
                let stored = self.objects().stored(&place);
                return match stored {
                    Some(object) => json(200, object),
                    None => refuse(&not_found("connectusers", &place.name)),
                };
            }
            ("patch", "connectusers") => self.write(|objects| objects.merge(&place, &asked())),
            ("patch", "connectusers/status") => self.write(|objects| objects.apply_status(&place, &asked())),
            ("delete", "connectusers") => {
                let object = self.objects().read(&place);
                self.delete(&place);
                object.ok_or_else(|| not_found("connectusers", &place.name))
            }
            ("get", "secrets") => {
                let accept = head.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
                let metadata_only = accept.is_some_and(|accept| accept.contains("as=PartialObjectMetadata"));
                self.objects().secret(&place, metadata_only)
            }
            ("create", "secrets") => self.write(|objects| objects.create_secret(&place.namespace, asked())),
            ("get", "namespaces") => self.objects().namespace(&place.name),
            ("create", "events") => Ok(self.write(|objects| objects.create_event(&place.namespace, asked()))),
            ("patch", "events") => self.write(|objects| objects.patch_event(&place, &asked())),
            _ => Err(not_served(&format!("{} {}", head.method, head.uri.path()))),
        };
        match result {
            Ok(value) => json(if verb == "create" { 201 } else { 200 }, value.to_string()),
            Err(refusal) => refuse(&refusal),
        }
    }

    fn listed(&self, namespace: Option<&str>, query: &BTreeMap<String, String>) -> String {
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        // A token holds the resourceVersion of the list and the next name.
        let token = query.get("continue").and_then(|token| {
            let mut parts = token.splitn(3, '/');
            Some((parts.next()?.to_owned(), NamespacedName::new(parts.next()?, parts.next()?)))
        });
        let objects = self.objects();
        let version = token.as_ref().map_or_else(|| objects.version().to_string(), |(version, _)| version.clone());
        let (page, next) = objects.page(namespace, token.as_ref().map(|(_, place)| place), limit);
        let token = next.map(|next| format!("{version}/{}/{}", next.namespace, next.name)).unwrap_or_default();
        let mut list = format!(
            r#"{{"apiVersion":"{API_VERSION}","kind":"{KIND}List","metadata":{{"resourceVersion":"{version}","continue":"{token}"}},"items":["#
        );
        for (at, object) in page.iter().enumerate() {
            if at > 0 {
                list.push(',');
            }
            list.push_str(&String::from_utf8_lossy(object));
        }
        list.push_str("]}");
        list
    }

    fn watched(&self, namespace: Option<String>, query: &BTreeMap<String, String>) -> Reply {
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<u64>().ok());
        let version = number("resourceVersion").unwrap_or_default();
        let lasts = Duration::from_secs(number("timeoutSeconds").unwrap_or(300));
        let lines = self.watch(namespace, version, lasts).map(|lines| lines.map(http_body::Frame::data));
        Response::new(StreamBody::new(lines).boxed_unsync())
    }
}

fn json(status: u16, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::<Bytes>::new(body.into()).boxed_unsync());
    *reply.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    reply.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    reply
}

fn refuse(refusal: &Status) -> Reply {
    json(refusal.code, serde_json::json!(refusal).to_string())
}
