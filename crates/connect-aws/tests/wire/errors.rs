//! How errors come through: by code first, in one attempt, with Connect's own words.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use connect_api::{Class, CreateUser, DeleteUser, DescribeUser, Error, ListUsers, OperationName};
use connect_aws::CALL_TIMEOUT;

use crate::server::{Answer, Server, call, client, credentials, exchange};

fn create() -> CreateUser {
    CreateUser::new("inst-1", "jdoe", "rp-1", ["sp-1"])
}

fn describe() -> DescribeUser {
    DescribeUser { instance: "inst-1".into(), user: "user-1".into() }
}

/// Exactly one request was made, and this is what it failed with.
async fn create_error(answer: Answer) -> Error {
    exchange(answer, create()).await.1.unwrap_err()
}

async fn describe_error(answer: Answer) -> Error {
    exchange(answer, describe()).await.1.unwrap_err()
}

#[tokio::test]
async fn limit_exceeded_is_a_quota_though_its_status_is_429_and_is_attempted_once() {
    let error = create_error(Answer::error(429, "LimitExceededException", "too many users")).await;
    assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Quota, Some(429), Some("LimitExceededException")));
    assert_eq!(error.message, "too many users");
    assert!(error.is_refusal());
}

#[tokio::test]
async fn a_throttle_is_attempted_once_under_each_of_its_names() {
    for code in ["ThrottlingException", "TooManyRequestsException"] {
        let error = create_error(Answer::error(429, code, "slow down").with("retry-after", "1")).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::Throttled, Some(code)));
        assert_eq!(error.message, "slow down");
        assert!(!error.is_refusal(), "{code}");
    }
}

#[tokio::test]
async fn a_bare_429_is_a_throttle() {
    let error = create_error(Answer::new(429, "")).await;
    assert_eq!((error.class, error.status, error.code), (Class::Throttled, Some(429), None));
}

#[tokio::test]
async fn a_500_on_create_user_is_attempted_once() {
    for answer in [Answer::error(500, "InternalServiceException", "oops"), Answer::new(503, "<html>try later</html>")] {
        let error = create_error(answer).await;
        assert_eq!(error.class, Class::Transient, "{error}");
        assert!(!error.is_refusal());
    }
}

#[tokio::test]
async fn access_denied_is_not_modelled_but_keeps_code_and_message() {
    let message = "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: connect:DescribeUser";
    let error = describe_error(Answer::error(403, "AccessDeniedException", message)).await;
    assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Denied, Some(403), Some("AccessDeniedException")));
    assert_eq!(error.message, message);
}

#[tokio::test]
async fn every_modelled_error_keeps_its_class_code_and_message() {
    for (status, code, class) in [
        (400, "InvalidParameterException", Class::Invalid),
        (400, "InvalidRequestException", Class::Invalid),
        (404, "ResourceNotFoundException", Class::NotFound),
        (409, "DuplicateResourceException", Class::Duplicate),
        (409, "ConditionalOperationFailedException", Class::Conflict),
        (402, "ServiceQuotaExceededException", Class::Quota),
    ] {
        let error = create_error(Answer::error(status, code, "because")).await;
        assert_eq!((error.class, error.status, error.code.as_deref()), (class, Some(status), Some(code)));
        assert_eq!((error.message.as_str(), error.operation), ("because", OperationName::CreateUser));
        assert!(error.is_refusal(), "{code}");
    }
}

#[tokio::test]
async fn the_code_in_the_header_wins_and_loses_its_namespace_and_uri() {
    let body = r#"{"code":"InvalidParameterException","__type":"InvalidRequestException","message":"m"}"#;
    for header in [
        "ResourceNotFoundException",
        "ResourceNotFoundException:http://internal.amazon.com/coral/com.amazonaws.connect/",
        "com.amazonaws.connect#ResourceNotFoundException",
    ] {
        let error = describe_error(Answer::new(404, body).with("x-amzn-errortype", header)).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::NotFound, Some("ResourceNotFoundException")), "{header}");
    }
}

#[tokio::test]
async fn without_a_header_the_code_comes_from_the_body() {
    for (body, code) in [
        (r#"{"code":"InvalidParameterException","__type":"InvalidRequestException"}"#, "InvalidParameterException"),
        (r#"{"__type":"com.amazonaws.connect#InvalidRequestException"}"#, "InvalidRequestException"),
    ] {
        let error = describe_error(Answer::new(400, body)).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::Invalid, Some(code)));
        assert_eq!(error.message, "Connect gives no reason");
    }
}

#[tokio::test]
async fn the_message_is_found_under_each_of_its_names() {
    for name in ["message", "Message", "errorMessage"] {
        let body = format!(r#"{{"{name}":"the reason"}}"#);
        let error = describe_error(Answer::new(403, body).with("x-amzn-errortype", "AccessDeniedException")).await;
        assert_eq!(error.message, "the reason", "{name}");
    }
}

#[tokio::test]
async fn the_request_id_comes_from_either_header() {
    for name in ["x-amzn-requestid", "x-amz-request-id"] {
        let answer = Answer::error(400, "InvalidParameterException", "m").with(name, "req-7");
        assert_eq!(describe_error(answer).await.request_id.as_deref(), Some("req-7"), "{name}");
    }
    let both =
        Answer::error(400, "InvalidParameterException", "m").with("x-amz-request-id", "second").with("x-amzn-requestid", "first");
    assert_eq!(describe_error(both).await.request_id.as_deref(), Some("first"));
    assert_eq!(describe_error(Answer::error(400, "InvalidParameterException", "m")).await.request_id, None);
}

#[tokio::test]
async fn only_connects_own_not_found_is_absence() {
    let page = describe_error(Answer::new(404, "<html>no such page</html>")).await;
    assert_eq!((page.class, page.status, page.code.as_deref()), (Class::Transient, Some(404), None));
    assert!(page.message.contains("something between here and Connect"), "{page}");

    let operation = describe_error(Answer::error(404, "UnknownOperationException", "")).await;
    assert_eq!((operation.class, operation.code.as_deref()), (Class::Invalid, Some("UnknownOperationException")));
}

#[tokio::test]
async fn expired_credentials_are_denied() {
    for (status, code) in [(403, "ExpiredTokenException"), (403, "UnrecognizedClientException"), (400, "ExpiredTokenException")] {
        let error = describe_error(Answer::error(status, code, "The security token included in the request is expired")).await;
        assert_eq!((error.class, error.code.as_deref()), (Class::Denied, Some(code)));
    }
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
async fn credentials_that_cannot_be_had_are_denied_with_the_reason_and_nothing_is_sent() {
    for broken in [
        (|| CredentialsError::not_loaded("the reason")) as fn() -> CredentialsError,
        || CredentialsError::provider_error("the reason"),
        || CredentialsError::invalid_configuration("the reason"),
    ] {
        let server = Server::new(Answer::new(200, "")).await;
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
    for answer in [Answer::Silence, Answer::Half { body: answered }] {
        let server = Server::new(answer).await;
        let error = call(&client(&server.url, credentials(), Duration::from_millis(300)).await, create()).await.unwrap_err();
        assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Transient, None, None));
        assert!(error.message.starts_with("no reply in time: "), "{error}");
        assert!(!error.is_refusal());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_transient_and_not_tried_again() {
    let error = create_error(Answer::HangUp).await;
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
async fn an_endpoint_that_is_no_url_is_named_without_the_request() {
    let client = client("no url at all", credentials(), CALL_TIMEOUT).await;
    let error = call(&client, create()).await.unwrap_err();
    assert_eq!((error.class, error.status), (Class::Transient, None));
    assert!(error.message.contains("failed to apply endpoint `no url at all`: endpoint is not a valid URI"), "{error}");
    assert!(!error.message.contains("jdoe") && !error.message.contains("SdkBody"), "{error}");
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_the_effect_unknown() {
    for (body, says) in
        [("<html>welcome</html>", "could not be read"), (r#"{"UserId":"user-1"}"#, "lacks UserArn"), ("", "lacks UserId")]
    {
        let error = create_error(Answer::new(200, body)).await;
        assert_eq!(error.class, Class::Transient, "{body}");
        assert!(error.message.contains(says), "{error}");
        assert!(!error.is_refusal());
    }
    assert!(describe_error(Answer::new(200, "{}")).await.message.contains("lacks User"));
}

#[tokio::test]
async fn errors_name_the_operation_that_failed() {
    let refused = || Answer::error(400, "InvalidRequestException", "m");
    let delete = DeleteUser { instance: "inst-1".into(), user: "user-1".into() };
    assert_eq!(exchange(refused(), delete).await.1.unwrap_err().operation, OperationName::DeleteUser);
    let list = ListUsers { instance: "inst-1".into(), max_results: 5, next_token: Some("stale".into()) };
    assert_eq!(exchange(refused(), list).await.1.unwrap_err().operation, OperationName::ListUsers);
}
