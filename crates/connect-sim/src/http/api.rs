//! Connect's API over HTTP, for clients and, under a separate path, for the console.

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Response, Uri},
};

use super::{
    encode, reply, route,
    severable::Connection,
    signature::{self, Service},
    sts,
};
use crate::{
    Scope, Sim,
    admission::Surface,
    refusal::{Failure, Refusal},
    sts::Signer,
};

/// The path of the console's endpoint.
pub(super) const CONSOLE: &str = "/_sim/console";

/// Handles a request.
pub(super) async fn handle(
    State(sim): State<Sim>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (surface, path) = match uri.path().strip_prefix(CONSOLE) {
        Some(path) => (Surface::Console, path),
        None => (Surface::Api, uri.path()),
    };
    let scope = match surface {
        Surface::Console => Ok(Scope::everywhere()),
        Surface::Api => match signature::read(&headers) {
            Ok(signature) if signature.service == Service::Sts => {
                return handle_sts(&sim, &connection, &signature.signer, &body).await;
            }
            Ok(signature) => sim.scope(&signature.signer, signature.region),
            Err(refusal) => Err(refusal),
        },
    };
    let scope = match scope {
        Ok(scope) => scope,
        Err(refusal) => return reply::error(&sim.request_id(), &refusal),
    };
    let Some(request) = route::request(&method, &route::segments(path), &uri, &body) else {
        let message = format!("{method} {path} is not a simulated operation of Amazon Connect");
        return reply::error(&sim.request_id(), &Refusal::new(404, "UnknownOperationException", message));
    };
    let outcome = sim.process(&scope, surface, request);
    if !outcome.delay.is_zero() {
        tokio::time::sleep(outcome.delay).await;
    }
    match outcome.result {
        Ok(response) => reply::success(&outcome.request_id, encode::body(response).as_ref()),
        Err(Failure::Refused(refusal)) => reply::error(&outcome.request_id, &refusal),
        Err(Failure::Lost(_)) => {
            connection.sever();
            Response::new(Body::empty())
        }
    }
}

/// Handles a request to STS.
async fn handle_sts(sim: &Sim, connection: &Connection, signer: &Signer, body: &[u8]) -> Response<Body> {
    let request = match sts::request(body) {
        Ok(request) => request,
        Err(refusal) => return sts::error(&sim.request_id(), &refusal),
    };
    let outcome = sim.call_sts(signer, request);
    if !outcome.delay.is_zero() {
        tokio::time::sleep(outcome.delay).await;
    }
    match outcome.result {
        Ok(response) => sts::success(&outcome.request_id, &response),
        Err(Failure::Refused(refusal)) => sts::error(&outcome.request_id, &refusal),
        Err(Failure::Lost(_)) => {
            connection.sever();
            Response::new(Body::empty())
        }
    }
}
