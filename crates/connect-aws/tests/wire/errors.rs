//! Errors: classified by code first, after one attempt, with Connect's own message.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use connect_api::{Class, CreateUser, DeleteUser, DescribeUser, Error, ListUsers, OperationName};
use connect_aws::CALL_TIMEOUT;

use crate::server::{ScriptedAnswer, Server, call, client, credentials, exchange};

fn create() -> CreateUser {
    CreateUser::new("inst-1", "jdoe", "rp-1", ["sp-1"])
}

fn describe() -> DescribeUser {
    DescribeUser { instance: "inst-1".into(), user: "user-1".into() }
}

/// Returns the error of exactly one request.
async fn create_error(answer: ScriptedAnswer) -> Error {
    exchange(answer, create()).await.1.unwrap_err()
}

async fn describe_error(answer: ScriptedAnswer) -> Error {
    exchange(answer, describe()).await.1.unwrap_err()
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
        (409, "DuplicateResourceException", Class::Duplicate),
        (409, "ConditionalOperationFailedException", Class::Conflict),
        (429, "LimitExceededException", Class::Quota),
        (429, "ThrottlingException", Class::Throttled),
        (429, "TooManyRequestsException", Class::Throttled),
        (500, "InternalServiceException", Class::Transient),
    ] {
        let answer = ScriptedAnswer::error(status, code, "the reason").with("retry-after", "1");
        let error = create_error(answer).await;
        assert_eq!((error.class, error.status, error.code.as_deref()), (class, Some(status), Some(code)));
        assert_eq!((error.message.as_str(), error.operation), ("the reason", OperationName::CreateUser));
        assert_eq!(error.is_refusal(), !matches!(class, Class::Throttled | Class::Transient), "{code}");
    }
}

#[tokio::test]
async fn errors_without_a_code_are_classified_by_status() {
    for (status, body, class) in [(429, "", Class::Throttled), (503, "<html>try later</html>", Class::Transient)] {
        let error = create_error(ScriptedAnswer::new(status, body)).await;
        assert_eq!((error.class, error.status, error.code.as_deref()), (class, Some(status), None));
        assert!(!error.is_refusal());
    }
}

#[tokio::test]
async fn the_code_in_the_header_wins_without_namespace_and_uri() {
    let body = r#"{"code":"InvalidParameterException","__type":"InvalidRequestException","message":"m"}"#;
    for header in [
        "ResourceNotFoundException",
        "ResourceNotFoundException:http://internal.amazon.com/coral/com.amazonaws.connect/",
        "com.amazonaws.connect#ResourceNotFoundException",
    ] {
        let error = describe_error(ScriptedAnswer::new(404, body).with("x-amzn-errortype", header)).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::NotFound, Some("ResourceNotFoundException")), "{header}");
    }
}

#[tokio::test]
async fn without_a_header_the_code_comes_from_the_body() {
    for (body, code) in [
        (r#"{"code":"InvalidParameterException","__type":"InvalidRequestException"}"#, "InvalidParameterException"),
        (r#"{"__type":"com.amazonaws.connect#InvalidRequestException"}"#, "InvalidRequestException"),
    ] {
        let error = describe_error(ScriptedAnswer::new(400, body)).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::Invalid, Some(code)));
        assert_eq!(error.message, "Connect gives no reason");
    }
}

#[tokio::test]
async fn the_message_is_read_from_each_of_its_members() {
    for name in ["message", "Message", "errorMessage"] {
        let body = format!(r#"{{"{name}":"the reason"}}"#);
        let error = describe_error(ScriptedAnswer::new(403, body).with("x-amzn-errortype", "AccessDeniedException")).await;
        assert_eq!(error.message, "the reason", "{name}");
    }
}

#[tokio::test]
async fn the_request_id_comes_from_either_header() {
    for name in ["x-amzn-requestid", "x-amz-request-id"] {
        let answer = ScriptedAnswer::error(400, "InvalidParameterException", "m").with(name, "req-7");
        assert_eq!(describe_error(answer).await.request_id.as_deref(), Some("req-7"), "{name}");
    }
    let both = ScriptedAnswer::error(400, "InvalidParameterException", "m")
        .with("x-amz-request-id", "second")
        .with("x-amzn-requestid", "first");
    assert_eq!(describe_error(both).await.request_id.as_deref(), Some("first"));
    assert_eq!(describe_error(ScriptedAnswer::error(400, "InvalidParameterException", "m")).await.request_id, None);
}

#[tokio::test]
async fn only_connects_own_not_found_is_absence() {
    let page = describe_error(ScriptedAnswer::new(404, "<html>no such page</html>")).await;
    assert_eq!((page.class, page.status, page.code.as_deref()), (Class::Transient, Some(404), None));
    assert!(page.message.contains("something between here and Connect"), "{page}");

    let operation = describe_error(ScriptedAnswer::error(404, "UnknownOperationException", "")).await;
    assert_eq!((operation.class, operation.code.as_deref()), (Class::Invalid, Some("UnknownOperationException")));
}

#[derive(Debug)]
struct Broken(fn() -> CredentialsError);

impl ProvideCredentials for Broken {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err((self.0)()))
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
        let error = call(&client(&server.url, Broken(broken), CALL_TIMEOUT).await, describe()).await.unwrap_err();
        assert_eq!((error.class, error.status, error.code.clone()), (Class::Denied, None, None), "{error}");
        assert!(error.message.starts_with("no AWS credentials to sign with: "), "{error}");
        assert!(error.message.ends_with("the reason (Region us-west-2)"), "{error}");
        assert!(!error.is_refusal());
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn a_reply_that_does_not_come_in_time_is_transient() {
    let answered = serde_json::json!({"UserId": "user-1", "UserArn": "arn"}).to_string();
    for answer in [ScriptedAnswer::Silence, ScriptedAnswer::Half { body: answered }] {
        let server = Server::new(answer).await;
        let error = call(&client(&server.url, credentials(), Duration::from_millis(300)).await, create()).await.unwrap_err();
        assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Transient, None, None));
        assert!(error.message.starts_with("no reply in time: "), "{error}");
        assert!(!error.is_refusal());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_broken_connection_is_transient_and_not_retried() {
    let error = create_error(ScriptedAnswer::HangUp).await;
    assert_eq!((error.class, error.status), (Class::Transient, None));
    assert!(!error.is_refusal());
}

#[tokio::test]
async fn a_refused_connection_is_transient_and_names_the_region() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = client(&format!("http://127.0.0.1:{port}"), credentials(), CALL_TIMEOUT).await;
    let error = call(&client, describe()).await.unwrap_err();
    assert_eq!((error.class, error.status), (Class::Transient, None));
    assert!(error.message.starts_with("the connection to Connect failed: "), "{error}");
    assert!(error.message.contains("refused") && error.message.ends_with("(Region us-west-2)"), "{error}");
}

#[tokio::test]
async fn an_invalid_endpoint_is_named_without_the_request() {
    let client = client("no url at all", credentials(), CALL_TIMEOUT).await;
    let error = call(&client, create()).await.unwrap_err();
    assert_eq!((error.class, error.status), (Class::Transient, None));
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
    assert!(describe_error(ScriptedAnswer::new(200, "{}")).await.message.contains("lacks User"));
}

#[tokio::test]
async fn errors_name_their_operation() {
    let refused = || ScriptedAnswer::error(400, "InvalidRequestException", "m");
    let delete = DeleteUser { instance: "inst-1".into(), user: "user-1".into() };
    assert_eq!(exchange(refused(), delete).await.1.unwrap_err().operation, OperationName::DeleteUser);
    let list = ListUsers { instance: "inst-1".into(), max_results: 5, next_token: Some("stale".into()) };
    assert_eq!(exchange(refused(), list).await.1.unwrap_err().operation, OperationName::ListUsers);
}
