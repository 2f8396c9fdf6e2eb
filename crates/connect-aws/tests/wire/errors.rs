//! Errors: classified by code first, after one attempt, with Connect's own message.

use std::time::Duration;

use aws_credential_types::{credential_fn::provide_credentials_fn, provider::error::CredentialsError};
use connect_api::{Class, Error, OperationName};
use connect_aws::CALL_TIMEOUT;

use crate::{
    fixtures::{describe_user, minimal_create},
    server::{ScriptedAnswer, Server, call, client, credentials, exchange},
};

/// Returns the error of exactly one request.
async fn create_error(answer: ScriptedAnswer) -> Error {
    exchange(answer, minimal_create()).await.1.unwrap_err()
}

/// Asserts that one attempt fails with an error that has the status of the answer and this class, code and message.
async fn assert_error(answer: ScriptedAnswer, class: Class, code: Option<&str>, message: &str) {
    let ScriptedAnswer::Reply { status, .. } = answer else { panic!("{answer:?} has no status") };
    let error = create_error(answer.clone()).await;
    assert_eq!((error.class, error.status, error.code.as_deref()), (class, Some(status), code), "{answer:?}");
    assert_eq!((error.message.as_str(), error.operation), (message, OperationName::CreateUser), "{answer:?}");
    assert_eq!(error.is_refusal(), !matches!(class, Class::Throttled | Class::Transient), "{answer:?}");
}

/// Asserts that there was no reply, for a reason that starts and ends like this.
fn assert_no_reply(error: &Error, class: Class, start: &str, end: &str) {
    assert_eq!((error.class, error.status, error.code.as_deref()), (class, None, None), "{error}");
    assert!(error.message.starts_with(start) && error.message.ends_with(&format!("{end} (Region us-west-2)")), "{error}");
    assert!(!error.is_refusal());
}

#[tokio::test]
async fn errors_keep_class_status_code_and_message_after_one_attempt() {
    for (status, code, class) in [
        (400, "InvalidParameterException", Class::Invalid),
        (400, "InvalidRequestException", Class::Invalid),
        (400, "ExpiredTokenException", Class::Denied),
        (402, "ServiceQuotaExceededException", Class::Quota),
        (403, "ExpiredTokenException", Class::Denied),
        (403, "UnrecognizedClientException", Class::Denied),
        // The SDK does not model this one.
        (403, "AccessDeniedException", Class::Denied),
        (404, "ResourceNotFoundException", Class::NotFound),
        // Also a 404, but not absence.
        (404, "UnknownOperationException", Class::Invalid),
        (409, "DuplicateResourceException", Class::Duplicate),
        (409, "ConditionalOperationFailedException", Class::Conflict),
        (429, "LimitExceededException", Class::Quota),
        (429, "ThrottlingException", Class::Throttled),
        (429, "TooManyRequestsException", Class::Throttled),
        (500, "InternalServiceException", Class::Transient),
    ] {
        let answer = ScriptedAnswer::error(status, code, "the reason").with("retry-after", "1");
        assert_error(answer, class, Some(code), "the reason").await;
    }
}

#[tokio::test]
async fn errors_without_a_code_are_classified_by_status() {
    for (status, body, class) in [
        (429, "", Class::Throttled),
        (503, "<html>try later</html>", Class::Transient),
        // Only Connect's own 404 is absence.
        (404, "<html>no such page</html>", Class::Transient),
    ] {
        let message = "the reply has no error code: something between here and Connect may have answered";
        assert_error(ScriptedAnswer::new(status, body), class, None, message).await;
    }
}

#[tokio::test]
async fn code_and_message_are_read_wherever_connect_writes_them() {
    let body = r#"{"code":"InvalidParameterException","__type":"InvalidRequestException","message":"m"}"#;
    let (not_found, denied) = ("ResourceNotFoundException", "AccessDeniedException");
    let no_reason = "Connect gives no reason";
    for (status, header, body, class, code, message) in [
        // The code in the header wins, without its namespace and URI.
        (404, "ResourceNotFoundException", body, Class::NotFound, not_found, "m"),
        (404, "ResourceNotFoundException:http://internal.amazon.com/coral/", body, Class::NotFound, not_found, "m"),
        (404, "com.amazonaws.connect#ResourceNotFoundException", body, Class::NotFound, not_found, "m"),
        (400, "", r#"{"code":"NewException","__type":"InvalidRequestException"}"#, Class::Invalid, "NewException", no_reason),
        (400, "", r#"{"__type":"com.amazonaws.connect#NewException"}"#, Class::Invalid, "NewException", no_reason),
        (403, denied, r#"{"message":"the reason"}"#, Class::Denied, denied, "the reason"),
        (403, denied, r#"{"Message":"the reason"}"#, Class::Denied, denied, "the reason"),
        (403, denied, r#"{"errorMessage":"the reason"}"#, Class::Denied, denied, "the reason"),
    ] {
        let answer = ScriptedAnswer::new(status, body);
        let answer = if header.is_empty() { answer } else { answer.with("x-amzn-errortype", header) };
        assert_error(answer, class, Some(code), message).await;
    }
}

#[tokio::test]
async fn the_request_id_comes_from_either_header() {
    for (headers, id) in [
        (&[][..], None),
        (&[("x-amzn-requestid", "req-7")], Some("req-7")),
        (&[("x-amz-request-id", "req-7")], Some("req-7")),
        (&[("x-amz-request-id", "second"), ("x-amzn-requestid", "first")], Some("first")),
    ] {
        let answer = ScriptedAnswer::error(400, "InvalidParameterException", "m");
        let answer = headers.iter().fold(answer, |answer, (name, value)| answer.with(name, *value));
        assert_eq!(create_error(answer).await.request_id.as_deref(), id, "{headers:?}");
    }
}

#[tokio::test]
async fn without_credentials_a_call_is_denied_and_not_sent() {
    for broken in [
        (|| CredentialsError::not_loaded("the reason")) as fn() -> CredentialsError,
        || CredentialsError::provider_error("the reason"),
        || CredentialsError::invalid_configuration("the reason"),
    ] {
        let server = Server::new(ScriptedAnswer::new(200, "")).await;
        let broken = provide_credentials_fn(move || std::future::ready(Err(broken())));
        let error = call(&client(&server.url, broken, CALL_TIMEOUT).await, describe_user()).await.unwrap_err();
        assert_no_reply(&error, Class::Denied, "no AWS credentials to sign with: ", "the reason");
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn a_reply_that_does_not_come_in_time_is_transient() {
    let answered = serde_json::json!({"UserId": "user-1", "UserArn": "arn"}).to_string();
    for answer in [ScriptedAnswer::Silence, ScriptedAnswer::Half { body: answered }] {
        let server = Server::new(answer).await;
        let client = client(&server.url, credentials(), Duration::from_millis(300)).await;
        let error = call(&client, minimal_create()).await.unwrap_err();
        assert_no_reply(&error, Class::Transient, "no reply in time: ", "");
        // On a busy machine the time is over before the request is sent.
        assert!(server.requests().len() <= 1, "it is not retried");
    }
}

#[tokio::test]
async fn a_broken_connection_is_transient_and_not_retried() {
    assert_no_reply(&create_error(ScriptedAnswer::HangUp).await, Class::Transient, "the connection to Connect failed: ", "");
}

#[tokio::test]
async fn a_refused_connection_is_transient_and_names_the_region() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = client(&format!("http://127.0.0.1:{port}"), credentials(), CALL_TIMEOUT).await;
    let error = call(&client, describe_user()).await.unwrap_err();
    assert_no_reply(&error, Class::Transient, "the connection to Connect failed: ", "");
    assert!(error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn an_invalid_endpoint_is_named_without_the_request() {
    let client = client("no url at all", credentials(), CALL_TIMEOUT).await;
    let error = call(&client, minimal_create()).await.unwrap_err();
    assert_no_reply(&error, Class::Transient, "", "");
    assert!(error.message.contains("failed to apply endpoint `no url at all`: endpoint is not a valid URI"), "{error}");
    assert!(!error.message.contains("jdoe") && !error.message.contains("SdkBody"), "{error}");
}

#[tokio::test]
async fn an_unreadable_success_leaves_the_effect_unknown() {
    for (body, reason) in
        [("<html>welcome</html>", "could not be read"), (r#"{"UserId":"user-1"}"#, "lacks UserArn"), ("", "lacks UserId")]
    {
        let error = create_error(ScriptedAnswer::new(200, body)).await;
        assert_eq!(error.class, Class::Transient, "{body}");
        assert!(error.message.contains(reason), "{error}");
        assert!(!error.is_refusal());
    }
    let error = exchange(ScriptedAnswer::new(200, "{}"), describe_user()).await.1.unwrap_err();
    assert!(error.message.contains("lacks User"), "{error}");
}
