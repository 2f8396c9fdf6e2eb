//! HTTP replies in AWS' format.

use std::io;

use axum::{
    body::Body,
    http::{Response, StatusCode, header::CONTENT_TYPE},
};
use futures::stream;
use serde_json::{Value, json};

use super::encode::without_nulls;
use crate::refusal::Refusal;

/// A successful reply. Null is no body. AWS omits absent members and never writes null.
pub(super) fn success(request_id: &str, body: Value) -> Response<Body> {
    let body = (!body.is_null()).then(|| without_nulls(body));
    reply(200, Some(request_id), None, body.as_ref())
}

/// An error reply: its code is in a header, its message in the body. One without a code comes from a proxy in front of Connect.
pub(super) fn error(request_id: &str, refusal: &Refusal) -> Response<Body> {
    let Refusal { status, code, message } = refusal;
    let member = if code.as_deref().is_none_or(is_from_gateway) { "message" } else { "Message" };
    let body = (!message.is_empty()).then(|| json!({ member: message }));
    reply(*status, code.as_ref().map(|_| request_id), code.as_deref(), body.as_ref())
}

/// A reply that never arrives. Its body fails before a byte of the head is written, so the server closes the connection.
pub(super) fn lost() -> Response<Body> {
    let failure = io::Error::other("lost on purpose");
    Response::new(Body::from_stream(stream::iter([Err::<Vec<u8>, _>(failure)])))
}

/// Returns whether an error comes from the gateway in front of Connect, which writes members in lower case.
fn is_from_gateway(code: &str) -> bool {
    matches!(
        code,
        "TooManyRequestsException" | "MissingAuthenticationToken" | "IncompleteSignature" | "InvalidSignatureException"
    )
}

fn reply(status: u16, request_id: Option<&str>, code: Option<&str>, body: Option<&Value>) -> Response<Body> {
    let mut response = Response::new(body.map_or_else(Body::empty, |body| body.to_string().into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if body.is_some() {
        headers.insert(CONTENT_TYPE, "application/json".parse().expect("a constant header value"));
    }
    for (name, value) in [("x-amzn-requestid", request_id), ("x-amzn-errortype", code)] {
        // An injected code may contain characters that are invalid in a header. It is omitted then.
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            headers.insert(name, value);
        }
    }
    response
}
