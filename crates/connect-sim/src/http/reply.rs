//! HTTP replies in AWS' format.

use std::io;

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use futures::stream;
use serde_json::{Value, json};

use super::encode::without_nulls;
use crate::refusal::Refusal;

/// A successful reply. Null means that there is none. AWS omits absent members and never writes null.
pub(super) fn success(request_id: &str, body: Value) -> Response<Body> {
    let body = (!body.is_null()).then(|| without_nulls(body));
    json_reply(200, Some(request_id), None, body)
}

/// An error reply: its code is in a header, its message in the body. One without a code comes from a proxy in front of Connect.
pub(super) fn error(request_id: &str, refusal: &Refusal) -> Response<Body> {
    let Refusal { status, code, message } = refusal;
    let member = if code.as_deref().is_none_or(is_from_gateway) { "message" } else { "Message" };
    let body = (!message.is_empty()).then(|| json!({ member: message }));
    json_reply(*status, code.as_ref().map(|_| request_id), code.as_deref(), body)
}

fn json_reply(status: u16, request_id: Option<&str>, code: Option<&str>, body: Option<Value>) -> Response<Body> {
    let content_type = body.as_ref().map(|_| "application/json");
    let headers = [("content-type", content_type), ("x-amzn-requestid", request_id), ("x-amzn-errortype", code)];
    reply(status, headers, body.map(|body| body.to_string()).unwrap_or_default())
}

/// A reply with those of the headers that have a value.
pub(super) fn reply<const N: usize>(status: u16, headers: [(&'static str, Option<&str>); N], body: String) -> Response<Body> {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        // An injected code may contain characters that are invalid in a header. It is omitted then.
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
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
