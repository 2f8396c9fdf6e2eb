//! Connect's own API over HTTP, for clients and, under a path of its own, for the person at the console.

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Response, Uri},
};

use super::{
    encode, reply, route,
    severable::Shears,
    signature::{self, Service},
    sts,
};
use crate::{
    Scope, Sim,
    admission::Surface,
    refusal::{Failure, Refusal},
    sts::Signer,
};

/// The endpoint of the console, below the server's own.
pub(super) const CONSOLE: &str = "/_sim/console";

/// One request.
pub(super) async fn handle(
    State(sim): State<Sim>,
    ConnectInfo(shears): ConnectInfo<Shears>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (door, path) = match uri.path().strip_prefix(CONSOLE) {
        Some(path) => (Surface::Console, path),
        None => (Surface::Api, uri.path()),
    };
    let scope = match door {
        Surface::Console => Ok(Scope::everywhere()),
        Surface::Api => match signature::read(&headers) {
            Ok(signature) if signature.service == Service::Sts => return ask_sts(&sim, &shears, &signature.signer, &body).await,
            Ok(signature) => sim.scope(&signature.signer, signature.region),
            Err(refusal) => Err(refusal),
        },
    };
    let scope = match scope {
        Ok(scope) => scope,
        Err(refusal) => return reply::error(&sim.request_id(), &refusal),
    };
    let Some(request) = route::request(&method, &route::segments(path), &uri, &body) else {
        let message = format!("{method} {path} is no operation of Amazon Connect that is simulated");
        return reply::error(&sim.request_id(), &Refusal::new(404, "UnknownOperationException", message));
    };
    let answer = sim.answer(&scope, door, request);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.result {
        Ok(response) => reply::success(&answer.request_id, encode::body(response).as_ref()),
        Err(Failure::Refused(refusal)) => reply::error(&answer.request_id, &refusal),
        Err(Failure::Lost(_)) => {
            shears.cut();
            Response::new(Body::empty())
        }
    }
}

/// One request to STS.
async fn ask_sts(sim: &Sim, shears: &Shears, signer: &Signer, body: &[u8]) -> Response<Body> {
    let request = match sts::request(body) {
        Ok(request) => request,
        Err(refusal) => return sts::error(&sim.request_id(), &refusal),
    };
    let answer = sim.answer_sts(signer, request);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.result {
        Ok(response) => sts::success(&answer.request_id, &response),
        Err(Failure::Refused(refusal)) => sts::error(&answer.request_id, &refusal),
        Err(Failure::Lost(_)) => {
            shears.cut();
            Response::new(Body::empty())
        }
    }
}
