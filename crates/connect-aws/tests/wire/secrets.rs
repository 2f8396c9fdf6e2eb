//! A password goes out in CreateUser's body, and nowhere else.

use connect_api::{Class, CreateUser, IdentityInfo, Password};
use connect_aws::{AwsConnect, CALL_TIMEOUT, Options, load};

use crate::{
    child::{Child, is_child},
    server::{Answer, Server, call, client, credentials, exchange},
};

/// With characters that JSON and debug output escape.
const PASSWORD: &str = r#"Tr0ub4dor"and\3"#;
/// The part of it that nothing escapes.
const PART: &str = "Tr0ub4dor";

fn create() -> CreateUser {
    CreateUser {
        password: Some(Password::new(PASSWORD)),
        identity_info: Some(IdentityInfo { email: Some("jane@example.com".into()), ..Default::default() }),
        ..CreateUser::new("inst-1", "jdoe", "rp-1", ["sp-1"])
    }
}

#[tokio::test]
async fn a_password_that_connect_quotes_is_cut_from_the_error() {
    let message = format!("Value '{PASSWORD}' at 'password' failed to satisfy constraint");
    let (request, result) = exchange(Answer::error(400, "InvalidParameterException", &message), create()).await;
    assert_eq!(request.json()["Password"], PASSWORD);
    let error = result.unwrap_err();
    assert_eq!(error.class, Class::Invalid);
    assert_eq!(error.message, "Value '[password]' at 'password' failed to satisfy constraint");
    assert!(!format!("{error:?} {error}").contains(PART));
}

#[tokio::test]
async fn no_failure_tells_the_password() {
    let nowhere = client("no url at all", credentials(), CALL_TIMEOUT).await;
    let error = call(&nowhere, create()).await.unwrap_err();
    assert!(error.message.contains("endpoint") && !format!("{error:?} {error}").contains(PART), "{error}");
    for answer in [Answer::HangUp, Answer::new(200, "<html>"), Answer::new(500, ""), Answer::new(429, "")] {
        let error = exchange(answer, create()).await.1.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(PART));
    }
}

/// Creates a user with everything logged to standard output.
#[tokio::test]
#[ignore = "the next test runs it"]
async fn with_the_log_open() {
    if !is_child() {
        return;
    }
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE).with_ansi(false).init();
    let client = AwsConnect::for_region(&load(&Options::default()).await, "us-west-2");
    call(&client, create()).await.unwrap_err();
}

#[tokio::test]
async fn the_most_talkative_log_holds_neither_password_nor_e_mail() {
    let server = Server::new(Answer::error(400, "InvalidParameterException", "weak")).await;
    let child = Child::new("secrets::with_the_log_open").with_key().with("AWS_ENDPOINT_URL_CONNECT", &server.url);
    let log = child.output().await;
    let body = server.request().body;
    assert!(body.contains(PART) && body.contains("jane@example.com"));
    assert!(log.contains("transmitting request"), "the SDK no longer logs requests: is this test still of use?");
    assert!(!log.contains(PART) && !log.contains("jane@example.com"), "{log}");
    assert!(log.contains("CreateUser") && log.contains("Connect answered") && log.contains("request_id="), "{log}");
}
