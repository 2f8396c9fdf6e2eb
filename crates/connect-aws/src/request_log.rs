//! One log line per reply, with the request id that AWS support asks for: of calls that succeed too.

use aws_sdk_connect::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeDeserializationInterceptorContextRef},
    error::BoxError,
};

/// Logs status and request id of every reply, inside the span of its call.
#[derive(Debug)]
pub(crate) struct RequestLog;

impl Intercept for RequestLog {
    fn name(&self) -> &'static str {
        "RequestLog"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let reply = context.response();
        let request_id = reply.headers().get("x-amzn-requestid").unwrap_or_default();
        tracing::debug!(status = reply.status().as_u16(), request_id, "Connect answered");
        // For traces, after the line that tells it already.
        tracing::Span::current().record("request_id", request_id);
        Ok(())
    }
}
