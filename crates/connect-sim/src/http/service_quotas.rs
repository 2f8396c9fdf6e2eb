//! Service Quotas over HTTP, in AWS' JSON 1.1 protocol: the operation is in a header, errors are in the body.

use axum::{
    body::Body,
    http::{HeaderMap, Response},
};
use serde_json::{Value, json};

use super::{decode::Members, reply::reply};
use crate::{
    refusal::Refusal,
    service_quotas::{GetServiceQuota, UsersQuota},
};

const TARGET: &str = "ServiceQuotasV20190624.GetServiceQuota";

/// Reads a request.
pub(super) fn request(headers: &HeaderMap, body: &[u8]) -> Result<GetServiceQuota, Refusal> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if target != TARGET {
        let message = format!("{target:?} is not a simulated operation of Service Quotas");
        return Err(Refusal::new(400, "UnknownOperationException", message));
    }
    let mut members = Members::read(body)?;
    Ok(GetServiceQuota {
        service_code: members.take("ServiceCode")?,
        quota_code: members.take("QuotaCode")?,
        context_id: members.take("ContextId")?,
    })
}

/// A successful reply.
pub(super) fn success(request_id: &str, quota: UsersQuota) -> Response<Body> {
    let UsersQuota { service, code, instance, users } = quota;
    let quota = json!({
        "ServiceCode": service, "ServiceName": "Amazon Connect", "QuotaCode": code, "QuotaName": "Users per instance", "Value": users as f64, "Unit": "None", "Adjustable": true,
        "GlobalQuota": false, "QuotaAppliedAtLevel": "RESOURCE",
        "QuotaContext": { "ContextScope": "RESOURCE", "ContextScopeType": "AWS::Connect::Instance", "ContextId": instance },
    });
    json_reply(200, request_id, &json!({ "Quota": quota }))
}

/// An error reply.
pub(super) fn error(request_id: &str, refusal: &Refusal) -> Response<Body> {
    let Refusal { status, code, message } = refusal;
    json_reply(*status, request_id, &json!({ "__type": code, "Message": message }))
}

fn json_reply(status: u16, request_id: &str, body: &Value) -> Response<Body> {
    let headers = [("content-type", Some("application/x-amz-json-1.1")), ("x-amzn-requestid", Some(request_id))];
    reply(status, headers, body.to_string())
}
