//! The quota of users of an instance, as Service Quotas is asked for it.

use aws_credential_types::provider::SharedCredentialsProvider;
use connect_api::Arn;
use connect_aws::{Account, AccountOptions, Options, load};
use connect_sim::{Config, Sim, serve};
use serde_json::json;
use tokio::net::TcpListener;

use crate::server::{ScriptedAnswer, Server, credentials};

const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

/// Asks a server that stands in for Connect.
async fn ask(url: &str, instance: &Arn) -> Result<u32, String> {
    let config = load(&Options { region: Some("eu-west-1".into()), ..Options::default() }).await;
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials())).build();
    let options = AccountOptions {
        id: instance.account.clone(),
        role: None,
        endpoint_url: Some(url.to_owned()),
        sts_region: None,
        default_sts_region: "us-east-1".into(),
        named: "accounts".into(),
    };
    Account::new(&config, options).users_quota(instance).await.map(u32::from).map_err(|fault| fault.to_string())
}

#[tokio::test]
async fn quota_is_that_of_the_instance_in_its_region() {
    let server = Server::new(ScriptedAnswer::json(json!({ "Quota": { "QuotaCode": "L-9A46857E", "Value": 1250.0 } }))).await;
    assert_eq!(ask(&server.url, &INSTANCE.parse().unwrap()).await, Ok(1250));
    let request = server.request();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/"));
    assert_eq!(request.header("x-amz-target"), Some("ServiceQuotasV20190624.GetServiceQuota"));
    assert!(request.header("authorization").unwrap().contains("/us-west-2/servicequotas/"));
    let body = json!({ "ServiceCode": "connect", "QuotaCode": "L-9A46857E", "ContextId": INSTANCE });
    assert_eq!(request.json(), body);
}

#[tokio::test]
async fn quota_that_was_not_read_has_a_reason() {
    let denied = json!({ "__type": "AccessDeniedException", "Message": "User: u is not authorized" }).to_string();
    for (answer, why) in [
        (
            ScriptedAnswer::new(400, denied),
            "it needs servicequotas:GetServiceQuota (AccessDeniedException: User: u is not authorized)",
        ),
        (ScriptedAnswer::error(400, "TooManyRequestsException", "Rate exceeded"), "TooManyRequestsException: Rate exceeded"),
        (ScriptedAnswer::json(json!({})), "the reply has no number of users"),
        (ScriptedAnswer::json(json!({ "Quota": { "Value": 0.0 } })), "the reply has no number of users"),
    ] {
        let server = Server::new(answer).await;
        assert_eq!(ask(&server.url, &INSTANCE.parse().unwrap()).await, Err(why.to_owned()));
    }
    let server = Server::new(ScriptedAnswer::HangUp).await;
    assert!(ask(&server.url, &INSTANCE.parse().unwrap()).await.is_err());
}

#[tokio::test]
async fn quota_of_a_simulated_instance_is_read() {
    let sim = Sim::new(Config::manual()).unwrap();
    let server = serve(sim.clone(), TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let instance = sim.instances()[0].clone();
    let arn: Arn = instance.arn.parse().unwrap();
    sim.set_users_quota(&instance.id, 42);
    assert_eq!(ask(&server.url(), &arn).await, Ok(42));
    let elsewhere = ask(&server.url(), &INSTANCE.parse().unwrap()).await.unwrap_err();
    assert!(elsewhere.starts_with("NoSuchResourceException: "), "{elsewhere}");
    sim.deny(["GetServiceQuota"]);
    let denied = ask(&server.url(), &arn).await.unwrap_err();
    assert!(denied.starts_with("it needs servicequotas:GetServiceQuota (AccessDeniedException: "), "{denied}");
    assert_eq!(sim.calls().of("GetServiceQuota"), 3);
}
