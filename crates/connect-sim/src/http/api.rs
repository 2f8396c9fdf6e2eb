//! Connect's API over HTTP, for clients and, under a separate path, for the console.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};

use super::{
    reply, route, service_quotas,
    signature::{self, Service, Signature},
    sts,
};
use crate::{
    Scope, Sim,
    admission::Surface,
    engine::Outcome,
    refusal::{Failure, Refusal},
    sts::Signer,
};

/// The path of the console's endpoint: the same API without signatures, throttling and counts.
const CONSOLE: &str = "/_sim/console";

/// Handles a request.
pub(super) async fn handle(State(sim): State<Sim>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let (surface, path) = match uri.path().strip_prefix(CONSOLE) {
        Some(path) => (Surface::Console, path),
        None => (Surface::Api, uri.path()),
    };
    let scope = match surface {
        Surface::Console => Ok(Scope::everywhere()),
        Surface::Api => match signature::read(&headers) {
            Ok(Signature { service: Service::Sts, signer, .. }) => return handle_sts(&sim, &signer, &body).await,
            Ok(Signature { service: Service::Quotas, signer, region }) => {
                return handle_service_quotas(&sim, &signer, region, &headers, &body).await;
            }
            Ok(Signature { service: Service::Connect, signer, region }) => sim.scope(&signer, region),
            Err(refusal) => Err(refusal),
        },
    };
    let scope = match scope {
        Ok(scope) => scope,
        Err(refusal) => return reply::error(&sim.request_id(), &refusal),
    };
    let segments = route::segments(path);
    let Some(request) = route::request(&method, &segments, &uri, &body) else {
        let message = format!("{method} {path} is not a simulated operation of Amazon Connect");
        return reply::error(&sim.request_id(), &Refusal::new(404, "UnknownOperationException", message));
    };
    let outcome = sim.process(&scope, surface, request);
    answer(outcome, reply::success, reply::error).await
}

/// Handles a request to STS.
async fn handle_sts(sim: &Sim, signer: &Signer, body: &[u8]) -> Response<Body> {
    let request = match sts::request(body) {
        Ok(request) => request,
        Err(refusal) => return sts::error(&sim.request_id(), &refusal),
    };
    answer(sim.call_sts(signer, request), sts::success, sts::error).await
}

/// Handles a request to Service Quotas.
async fn handle_service_quotas(sim: &Sim, signer: &Signer, region: String, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let request = sim.scope(signer, region).and_then(|scope| Ok((scope, service_quotas::request(headers, body)?)));
    match request {
        Ok((scope, request)) => {
            answer(sim.call_service_quotas(&scope, &request), service_quotas::success, service_quotas::error).await
        }
        Err(refusal) => service_quotas::error(&sim.request_id(), &refusal),
    }
}

/// Writes the reply of a call, once its delay is over.
async fn answer<T>(
    outcome: Outcome<T>,
    success: fn(&str, T) -> Response<Body>,
    error: fn(&str, &Refusal) -> Response<Body>,
) -> Response<Body> {
    if !outcome.delay.is_zero() {
        tokio::time::sleep(outcome.delay).await;
    }
    match outcome.result {
        Ok(answered) => success(&outcome.request_id, answered),
        Err(Failure::Refused(refusal)) => error(&outcome.request_id, &refusal),
        Err(Failure::Lost(_)) => reply::lost(),
    }
}
