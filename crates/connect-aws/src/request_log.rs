//! One log line for each reply, including successful ones, with the request id that AWS support asks for.

use aws_sdk_connect::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeDeserializationInterceptorContextRef},
    error::BoxError,
};
use tracing::Span;

tokio::task_local! {
    /// The span of the current call. It is not the current span, since the SDK opens its own spans inside it.
    pub(crate) static CALL: Span;
}

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
        // For traces, after the line that has it already. There is no span if a client is used without the port.
        let _ = CALL.try_with(|call| {
            call.record("request_id", request_id);
        });
        Ok(())
    }
}
