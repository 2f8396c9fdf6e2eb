//! A password is sent in CreateUser's body only.

use connect_api::{Class, CreateUser, IdentityInfo, Password};
use connect_aws::{AwsConnect, CALL_TIMEOUT, Options, load};

use crate::{
    child::{Child, is_child},
    server::{ScriptedAnswer, Server, call, client, credentials, exchange},
};

/// With characters that JSON and debug output escape.
const PASSWORD: &str = r#"Tr0ub4dor"and\3"#;
/// The part without characters to escape.
const PART: &str = "Tr0ub4dor";

fn create() -> CreateUser {
    CreateUser {
        password: Some(Password::new(PASSWORD)),
        identity_info: Some(IdentityInfo { email: Some("jane@example.com".into()), ..Default::default() }),
        ..CreateUser::new("11111111-aaaa-4bbb-8ccc-000000000001", "jdoe", "rp-1", ["sp-1"])
    }
}

#[tokio::test]
async fn a_password_quoted_by_connect_is_cut_from_the_error() {
    let message = format!("Value '{PASSWORD}' at 'password' failed to satisfy constraint");
    let (request, result) = exchange(ScriptedAnswer::error(400, "InvalidParameterException", &message), create()).await;
    assert_eq!(request.json()["Password"], PASSWORD);
    let error = result.unwrap_err();
    assert_eq!(error.class, Class::Invalid);
    assert_eq!(error.message, "Value '[password]' at 'password' failed to satisfy constraint");
    assert!(!format!("{error:?} {error}").contains(PART));
}

#[tokio::test]
async fn no_error_contains_the_password() {
    let nowhere = client("no url at all", credentials(), CALL_TIMEOUT).await;
    let error = call(&nowhere, create()).await.unwrap_err();
    assert!(error.message.contains("endpoint") && !format!("{error:?} {error}").contains(PART), "{error}");
    for answer in
        [ScriptedAnswer::HangUp, ScriptedAnswer::new(200, "<html>"), ScriptedAnswer::new(500, ""), ScriptedAnswer::new(429, "")]
    {
        let error = exchange(answer, create()).await.1.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(PART));
    }
}

/// Creates a user with all logs on standard output.
#[tokio::test]
#[ignore = "the next test runs it"]
async fn with_all_logs() {
    if !is_child() {
        return;
    }
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE).with_ansi(false).init();
    let client = AwsConnect::for_region(&load(&Options::default()).await, "us-west-2");
    call(&client, create()).await.unwrap_err();
}

#[tokio::test]
async fn the_trace_log_has_neither_password_nor_e_mail() {
    let server = Server::new(ScriptedAnswer::error(400, "InvalidParameterException", "weak")).await;
    let child = Child::new("secrets::with_all_logs").with_key().with("AWS_ENDPOINT_URL_CONNECT", &server.url);
    let log = child.output().await;
    let body = server.request().body;
    assert!(body.contains(PART) && body.contains("jane@example.com"));
    assert!(log.contains("transmitting request"), "the SDK no longer logs requests, so this test checks nothing");
    assert!(!log.contains(PART) && !log.contains("jane@example.com"), "{log}");
    assert!(log.contains("CreateUser") && log.contains("Connect answered") && log.contains("request_id="), "{log}");
}
