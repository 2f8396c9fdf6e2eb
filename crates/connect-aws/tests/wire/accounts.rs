//! Whose credentials a call is signed with: a role's, once STS has given them, and those of the instance's account alone.

use std::collections::BTreeMap;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use connect_api::{Class, DescribeUser, Error};
use connect_aws::{Account, AccountOptions, Options, Role, load};
use serde_json::json;

use crate::server::{Answer, Server, call};

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

fn xml(status: u16, body: &str) -> Answer {
    Answer::new(status, body).with("content-type", "text/xml")
}

fn session(account: &str) -> Answer {
    xml(
        200,
        &format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASESSION</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>\
             </Credentials><AssumedRoleUser><AssumedRoleId>AROA:n</AssumedRoleId>\
             <Arn>arn:aws:sts::{account}:assumed-role/connect-operator/n</Arn></AssumedRoleUser></AssumeRoleResult>\
             </AssumeRoleResponse>"
        ),
    )
}

fn identity(account: &str) -> Answer {
    xml(
        200,
        &format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/u</Arn><UserId>AIDA</UserId>\
             <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    )
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    xml(
        status,
        &format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

/// Connect, STS, and an account that is reached through both with static keys of the operator's own.
struct World {
    connect: Server,
    sts: Server,
    account: Account,
}

impl World {
    async fn new(role: Option<Role>, sts: Answer) -> Self {
        let connect = Server::new(Answer::json(json!({"User": {"Id": "user-1", "Arn": "arn", "Username": "jdoe"}}))).await;
        let sts = Server::new(sts).await;
        let config =
            load(&Options { endpoint_url: Some(sts.url.clone()), region: Some("ca-central-1".into()), profile: None }).await;
        let own = SharedCredentialsProvider::new(Credentials::new("AKIDOWN", "secret", None, None, "test"));
        let config = config.into_builder().credentials_provider(own).build();
        let options = AccountOptions {
            id: ACCOUNT.into(),
            role,
            endpoint_url: Some(connect.url.clone()),
            sts_region: "eu-central-1".into(),
            named: format!("accounts.{ACCOUNT}"),
        };
        let account = Account::new(&config, options);
        Self { connect, sts, account }
    }

    async fn call(&self, region: &str) -> Result<String, Error> {
        let request = DescribeUser { instance: "inst-1".into(), user: "user-1".into() };
        call(&self.account.connect(region), request).await.map(|user| user.username)
    }

    /// The error of a call that was never sent.
    async fn kept_back(&self) -> Error {
        let error = self.call("us-west-2").await.unwrap_err();
        assert_eq!((error.status, error.code.as_deref()), (None, None), "{error}");
        assert!(self.connect.requests().is_empty());
        assert!(!error.is_refusal());
        error
    }
}

#[tokio::test]
async fn a_role_is_assumed_as_its_settings_say_and_once_for_all_regions() {
    let world = World::new(Some(role()), session(ACCOUNT)).await;
    for region in ["us-west-2", "eu-central-1"] {
        assert_eq!(world.call(region).await.unwrap(), "jdoe");
    }
    for (request, region) in world.connect.requests().iter().zip(["us-west-2", "eu-central-1"]) {
        let signature = request.header("authorization").unwrap();
        assert!(
            signature.contains("Credential=ASIASESSION/") && signature.contains(&format!("/{region}/connect/")),
            "{signature}"
        );
        assert_eq!(request.header("x-amz-security-token"), Some("token"));
    }
    let asked = world.sts.request();
    let signature = asked.header("authorization").unwrap();
    assert!(signature.contains("Credential=AKIDOWN/") && signature.contains("/ca-central-1/sts/"), "{signature}");
    for part in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fconnect-operator",
        "ExternalId=7f3c-example",
        "RoleSessionName=operator-prod",
        "Tags.member.1.Key=cluster",
        "Tags.member.1.Value=prod%20eu",
    ] {
        assert!(asked.body.contains(part), "{part}: {}", asked.body);
    }
    assert!(!asked.body.contains("DurationSeconds"), "a role that is assumed with a role's credentials lasts an hour at most");
}

#[tokio::test]
async fn a_role_that_sts_refuses_is_denied_with_its_words_and_what_to_check() {
    let denied = "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole";
    let world = World::new(Some(role()), refusal(403, "AccessDenied", denied)).await;
    let error = world.kept_back().await;
    assert_eq!(error.class, Class::Denied);
    for part in
        [ROLE, "AccessDenied", denied, "accounts.210987654321.roleArn", "accounts.210987654321.externalId", "sts:TagSession"]
    {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    let fault = world.account.check().await.unwrap_err();
    assert_eq!(fault.class, Class::Denied);
    assert!(error.message.starts_with(&fault.message), "{fault}");
}

#[tokio::test]
async fn an_sts_that_does_not_answer_or_fails_is_a_passing_fault() {
    let busy = refusal(400, "Throttling", "Rate exceeded");
    for answer in [Answer::HangUp, refusal(503, "ServiceUnavailable", "later"), busy] {
        let world = World::new(Some(role()), answer).await;
        let error = world.kept_back().await;
        assert_eq!(error.class, Class::Transient, "{error}");
        for part in ["STS cannot be reached", ROLE, "AWS_ENDPOINT_URL_STS"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        assert_eq!(world.account.check().await.unwrap_err().class, Class::Transient);
    }
}

#[tokio::test]
async fn credentials_of_another_account_are_not_used_whoever_gives_them() {
    for (role, answer) in [(None, identity("123456789012")), (Some(role()), session("123456789012"))] {
        let world = World::new(role, answer).await;
        let error = world.kept_back().await;
        assert_eq!(error.class, Class::Denied);
        for part in ["123456789012", ACCOUNT, "accounts.210987654321.roleArn"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
    }
}

#[tokio::test]
async fn whose_the_operators_own_credentials_are_is_asked_once() {
    let world = World::new(None, identity(ACCOUNT)).await;
    for region in ["us-west-2", "eu-central-1", "us-west-2"] {
        assert_eq!(world.call(region).await.unwrap(), "jdoe");
    }
    let asked = world.sts.request();
    assert!(asked.body.contains("Action=GetCallerIdentity"), "{}", asked.body);
    assert_eq!(world.connect.requests().len(), 3);
}

#[tokio::test]
async fn an_sts_that_cannot_tell_whose_credentials_are_does_not_hold_them_back() {
    for answer in [Answer::HangUp, Answer::Silence, refusal(403, "InvalidClientTokenId", "no")] {
        let world = World::new(None, answer).await;
        assert_eq!(world.call("us-west-2").await.unwrap(), "jdoe");
        assert!(!world.sts.requests().is_empty());
    }
}
