//! STS over HTTP in the query protocol: requests are forms, replies are XML.

use std::collections::BTreeMap;

use axum::{body::Body, http::Response};
use percent_encoding::percent_decode_str;

use super::reply::reply;
use crate::{
    refusal::Refusal,
    request::{AssumeRole, StsRequest},
    sts::{Principal, StsResponse},
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Reads a form.
pub(super) fn request(body: &[u8]) -> Result<StsRequest, Refusal> {
    let form = form(body);
    let value = |name: &str| form.get(name).cloned();
    match value("Action").as_deref() {
        Some("GetCallerIdentity") => Ok(StsRequest::GetCallerIdentity),
        Some("AssumeRole") => Ok(StsRequest::AssumeRole(AssumeRole {
            role_arn: value("RoleArn"),
            session_name: value("RoleSessionName"),
            external_id: value("ExternalId"),
            duration_seconds: value("DurationSeconds"),
            tags: tags(&form),
        })),
        other => {
            let action = other.unwrap_or_default();
            let message = format!("Could not find operation {action} for version 2011-06-15");
            Err(Refusal::new(400, "InvalidAction", message))
        }
    }
}

fn tags(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let keys = form.iter().filter_map(|(name, key)| {
        let member = name.strip_prefix("Tags.member.")?.strip_suffix(".Key")?;
        Some((key.clone(), form.get(&format!("Tags.member.{member}.Value")).cloned().unwrap_or_default()))
    });
    keys.collect()
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// A successful reply.
pub(super) fn success(request_id: &str, response: StsResponse) -> Response<Body> {
    let (action, result) = match response {
        StsResponse::Session { key, secret, token, expiration, id, arn } => (
            "AssumeRole",
            format!(
                "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
                 <SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
                 <AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
                text(&id),
                text(&arn)
            ),
        ),
        StsResponse::Identity(Principal { account, arn, id }) => {
            let (arn, id) = (text(&arn), text(&id));
            ("GetCallerIdentity", format!("<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{account}</Account>"))
        }
    };
    let body = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    );
    xml(200, request_id, body)
}

/// An error reply.
pub(super) fn error(request_id: &str, refusal: &Refusal) -> Response<Body> {
    let Refusal { status, code, message } = refusal;
    let kind = if *status < 500 { "Sender" } else { "Receiver" };
    let (code, message) = (text(code.as_deref().unwrap_or_default()), text(message));
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    xml(*status, request_id, body)
}

fn xml(status: u16, request_id: &str, body: String) -> Response<Body> {
    reply(status, [("content-type", Some("text/xml")), ("x-amzn-requestid", Some(request_id))], body)
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
