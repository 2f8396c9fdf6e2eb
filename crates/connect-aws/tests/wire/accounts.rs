//! The credentials that calls are signed with: those of a role, and only those of the instance's account.

use std::collections::BTreeMap;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use connect_api::{Class, Error};
use connect_aws::{Account, AccountOptions, Options, Role, load};

use crate::{
    fixtures::{describe_user, minimal_user},
    server::{ScriptedAnswer, Server, call},
};

const ACCOUNT: &str = "210987654321";
const ROLE: &str = "arn:aws:iam::210987654321:role/connect-operator";

fn role() -> Role {
    Role {
        arn: ROLE.into(),
        external_id: Some("7f3c-example".into()),
        session_name: "operator-prod".into(),
        session_tags: BTreeMap::from([("cluster".to_owned(), "prod eu".to_owned())]),
    }
}

fn session(account: &str) -> ScriptedAnswer {
    let result = format!(
        "<Credentials><AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROA:n</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/connect-operator/n</Arn></AssumedRoleUser>"
    );
    ScriptedAnswer::sts("AssumeRole", &result)
}

fn identity(account: &str) -> ScriptedAnswer {
    let arn = format!("arn:aws:iam::{account}:user/u");
    let result = format!("<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{account}</Account>");
    ScriptedAnswer::sts("GetCallerIdentity", &result)
}

/// Servers for Connect and STS, and an account that uses both with the operator's own static keys.
struct AccountServers {
    connect: Server,
    sts: Server,
    account: Account,
}

impl AccountServers {
    async fn new(role: Option<Role>, sts: ScriptedAnswer) -> Self {
        Self::in_sts_region(None, role, sts).await
    }

    async fn in_sts_region(sts_region: Option<&str>, role: Option<Role>, sts: ScriptedAnswer) -> Self {
        let connect = Server::new(minimal_user()).await;
        let sts = Server::new(sts).await;
        let config =
            load(&Options { endpoint_url: Some(sts.url.clone()), region: Some("ca-central-1".into()), profile: None }).await;
        let own = SharedCredentialsProvider::new(Credentials::new("AKIDOWN", "secret", None, None, "test"));
        let config = config.into_builder().credentials_provider(own).build();
        let options = AccountOptions {
            id: ACCOUNT.into(),
            role,
            endpoint_url: Some(connect.url.clone()),
            sts_region: sts_region.map(str::to_owned),
            default_sts_region: "eu-central-1".into(),
            named: format!("accounts.{ACCOUNT}"),
        };
        let account = Account::new(&config, options);
        Self { connect, sts, account }
    }

    async fn call(&self, region: &str) -> Result<String, Error> {
        call(&self.account.connect(region), describe_user()).await.map(|user| user.username)
    }

    /// Returns the error of a call that was never sent.
    async fn unsent_error(&self) -> Error {
        let error = self.call("us-west-2").await.unwrap_err();
        assert_eq!((error.status, error.code.as_deref()), (None, None), "{error}");
        assert!(self.connect.requests().is_empty());
        assert!(!error.is_refusal());
        error
    }
}

#[tokio::test]
async fn a_role_is_assumed_once_for_all_regions_with_its_settings() {
    let servers = AccountServers::new(Some(role()), session(ACCOUNT)).await;
    for region in ["us-west-2", "eu-central-1"] {
        assert_eq!(servers.call(region).await.unwrap(), "jdoe");
    }
    for (request, region) in servers.connect.requests().iter().zip(["us-west-2", "eu-central-1"]) {
        let signature = request.header("authorization").unwrap();
        assert!(
            signature.contains("Credential=ASIASESSION/") && signature.contains(&format!("/{region}/connect/")),
            "{signature}"
        );
        assert_eq!(request.header("x-amz-security-token"), Some("token"));
    }
    let request = servers.sts.request();
    let signature = request.header("authorization").unwrap();
    assert!(signature.contains("Credential=AKIDOWN/") && signature.contains("/ca-central-1/sts/"), "{signature}");
    for part in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fconnect-operator",
        "ExternalId=7f3c-example",
        "RoleSessionName=operator-prod",
        "Tags.member.1.Key=cluster",
        "Tags.member.1.Value=prod%20eu",
    ] {
        assert!(request.body.contains(part), "{part}: {}", request.body);
    }
    assert!(!request.body.contains("DurationSeconds"), "a role assumed with a role's credentials is limited to an hour");
}

#[tokio::test]
async fn an_account_may_have_its_own_region_of_sts() {
    for (role, answer) in [(None, identity(ACCOUNT)), (Some(role()), session(ACCOUNT))] {
        let servers = AccountServers::in_sts_region(Some("sa-east-1"), role, answer).await;
        servers.call("us-west-2").await.unwrap();
        let signature = servers.sts.request().header("authorization").unwrap().to_owned();
        assert!(signature.contains("/sa-east-1/sts/"), "{signature}");
    }
}

#[tokio::test]
async fn a_refused_role_is_denied_with_the_reason_and_the_remedy() {
    let denied = "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole";
    let servers = AccountServers::new(Some(role()), ScriptedAnswer::sts_error(403, "AccessDenied", denied)).await;
    let error = servers.unsent_error().await;
    assert_eq!(error.class, Class::Denied);
    for part in
        [ROLE, "AccessDenied", denied, "accounts.210987654321.roleArn", "accounts.210987654321.externalId", "sts:TagSession"]
    {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    let fault = servers.account.check().await.unwrap_err();
    assert_eq!(fault.class, Class::Denied);
    assert!(error.message.starts_with(&fault.message), "{fault}");
}

#[tokio::test]
async fn a_failing_sts_is_transient() {
    let busy = ScriptedAnswer::sts_error(400, "Throttling", "Rate exceeded");
    for answer in [ScriptedAnswer::HangUp, ScriptedAnswer::sts_error(503, "ServiceUnavailable", "later"), busy] {
        let servers = AccountServers::new(Some(role()), answer).await;
        let error = servers.unsent_error().await;
        assert_eq!(error.class, Class::Transient, "{error}");
        for part in ["STS cannot be reached", ROLE, "AWS_ENDPOINT_URL_STS"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        assert_eq!(servers.account.check().await.unwrap_err().class, Class::Transient);
    }
}

#[tokio::test]
async fn credentials_of_another_account_are_not_used() {
    for (role, answer) in [(None, identity("123456789012")), (Some(role()), session("123456789012"))] {
        let servers = AccountServers::new(role, answer).await;
        let error = servers.unsent_error().await;
        assert_eq!(error.class, Class::Denied);
        for part in ["123456789012", ACCOUNT, "accounts.210987654321.roleArn"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
    }
}

#[tokio::test]
async fn the_account_of_the_operators_credentials_is_read_once() {
    let servers = AccountServers::new(None, identity(ACCOUNT)).await;
    for region in ["us-west-2", "eu-central-1", "us-west-2"] {
        assert_eq!(servers.call(region).await.unwrap(), "jdoe");
    }
    let request = servers.sts.request();
    assert!(request.body.contains("Action=GetCallerIdentity"), "{}", request.body);
    assert_eq!(servers.connect.requests().len(), 3);
}

#[tokio::test]
async fn credentials_are_used_when_sts_does_not_know_their_account() {
    for answer in [ScriptedAnswer::HangUp, ScriptedAnswer::Silence, ScriptedAnswer::sts_error(403, "InvalidClientTokenId", "no")]
    {
        let servers = AccountServers::new(None, answer).await;
        assert_eq!(servers.call("us-west-2").await.unwrap(), "jdoe");
        assert!(!servers.sts.requests().is_empty());
    }
}
