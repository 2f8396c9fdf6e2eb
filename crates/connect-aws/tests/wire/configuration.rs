//! The sources of credentials and endpoint. Each case runs [`child_test`] in a child process, since they come from the
//! environment.

use connect_aws::{AwsConnect, Options, load};
use serde_json::json;

use crate::{
    child::{Child, is_child},
    fixtures::{describe_user, minimal_user},
    server::{ScriptedAnswer, Server, call},
};

const REGIONS: [&str; 2] = ["us-west-2", "eu-central-1"];

/// Loads the configuration once and describes a user in two Regions.
#[tokio::test]
#[ignore = "the other tests of this module run it"]
async fn child_test() {
    if !is_child() {
        return;
    }
    let option = |name| std::env::var(name).ok();
    let config = load(&Options {
        endpoint_url: option("CONNECT_AWS_TEST_ENDPOINT"),
        profile: option("CONNECT_AWS_TEST_PROFILE"),
        region: option("CONNECT_AWS_TEST_REGION"),
    })
    .await;
    for region in REGIONS {
        let client = AwsConnect::for_region(&config, region);
        match call(&client, describe_user()).await {
            Ok(user) => println!("RESULT {}", user.username),
            Err(error) => println!("RESULT {:?} {error}", error.class),
        }
    }
}

fn child() -> Child {
    Child::new("configuration::child_test")
}

/// Returns the result in each Region.
async fn results(child: Child) -> Vec<String> {
    let output = child.output().await;
    let results: Vec<_> = output.lines().filter_map(|l| l.split_once("RESULT ")).map(|(_, r)| r.to_owned()).collect();
    assert_eq!(results.len(), REGIONS.len(), "{output}");
    results
}

/// Asserts that the child's call to each Region arrives at this server, signed with this key.
async fn assert_served(child: Child, server: &Server, key: &str, token: Option<&str>) {
    assert_eq!(results(child).await, REGIONS.map(|_| "jdoe"));
    let requests = server.requests();
    assert_eq!(requests.len(), REGIONS.len());
    for (request, region) in requests.iter().zip(REGIONS) {
        let signature = request.header("authorization").unwrap();
        assert!(signature.contains(&format!("Credential={key}/")), "{signature}");
        assert!(signature.contains(&format!("/{region}/connect/aws4_request")), "{signature}");
        assert_eq!(request.header("x-amz-security-token"), token);
    }
}

#[tokio::test]
async fn the_most_specific_endpoint_is_used() {
    for (most_specific, others) in [
        ("CONNECT_AWS_TEST_ENDPOINT", &["AWS_ENDPOINT_URL_CONNECT", "AWS_ENDPOINT_URL"][..]),
        ("AWS_ENDPOINT_URL_CONNECT", &["AWS_ENDPOINT_URL"]),
        ("AWS_ENDPOINT_URL", &[]),
    ] {
        let (used, unused) = (Server::new(minimal_user()).await, Server::new(minimal_user()).await);
        let child = child().with_key().with(most_specific, &used.url);
        let child = others.iter().fold(child, |child, name| child.with(name, &unused.url));
        assert_served(child, &used, "AKIDENVIRONMENT", None).await;
        assert!(unused.requests().is_empty(), "{most_specific}");
    }
}

#[tokio::test]
async fn credentials_come_from_a_named_profile() {
    let connect = Server::new(minimal_user()).await;
    let child = child()
        .with("AWS_PROFILE", "other")
        .with("CONNECT_AWS_TEST_PROFILE", "chosen")
        .with("AWS_ENDPOINT_URL_CONNECT", &connect.url);
    child.file(
        ".aws/credentials",
        "[chosen]\naws_access_key_id = AKIDCHOSEN\naws_secret_access_key = s\n\
         [other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = s\n",
    );
    assert_served(child, &connect, "AKIDCHOSEN", None).await;
}

fn irsa(sts: &Server, connect: &Server) -> Child {
    let child = child();
    let token = child.file("token", "the-service-accounts-token");
    child
        .with("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/operator")
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", token)
        .with("AWS_ENDPOINT_URL_STS", &sts.url)
        .with("AWS_ENDPOINT_URL_CONNECT", &connect.url)
        .with("CONNECT_AWS_TEST_REGION", "sa-east-1")
}

#[tokio::test]
async fn a_web_identity_token_is_exchanged_once_for_all_regions() {
    let credentials = "<Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>session</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>";
    let sts = Server::new(ScriptedAnswer::sts("AssumeRoleWithWebIdentity", credentials)).await;
    let connect = Server::new(minimal_user()).await;
    assert_served(irsa(&sts, &connect), &connect, "AKIDROLE", Some("session")).await;
    let exchange = sts.request().body;
    assert!(exchange.contains("Action=AssumeRoleWithWebIdentity"), "{exchange}");
    assert!(exchange.contains("WebIdentityToken=the-service-accounts-token"), "{exchange}");
    assert!(exchange.contains("role%2Foperator"), "{exchange}");
}

#[tokio::test]
async fn a_refused_web_identity_token_is_denied_with_the_code_of_sts() {
    let refusal = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let sts = Server::new(ScriptedAnswer::sts_error(403, "AccessDenied", refusal)).await;
    let connect = Server::new(minimal_user()).await;
    for result in results(irsa(&sts, &connect)).await {
        assert!(result.starts_with("Denied DescribeUser: no AWS credentials to sign with: "), "{result}");
        assert!(result.contains("AccessDenied"), "{result}");
    }
    assert!(connect.requests().is_empty());
}

#[tokio::test]
async fn eks_pod_identity_gives_credentials() {
    let agent = Server::new(ScriptedAnswer::json(json!({
        "AccessKeyId": "AKIDPOD", "SecretAccessKey": "s", "Token": "session", "Expiration": "2999-01-01T00:00:00Z",
    })))
    .await;
    let connect = Server::new(minimal_user()).await;
    let child = child();
    let token = child.file("pod-token", "the-pods-token");
    let child = child
        .with("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", agent.url))
        .with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token)
        .with("AWS_ENDPOINT_URL_CONNECT", &connect.url);
    assert_served(child, &connect, "AKIDPOD", Some("session")).await;
    let request = agent.request();
    assert_eq!((request.target.as_str(), request.header("authorization")), ("/v1/credentials", Some("the-pods-token")));
}

#[tokio::test]
async fn without_credentials_the_error_names_what_was_tried() {
    let connect = Server::new(minimal_user()).await;
    for result in results(child().with("AWS_ENDPOINT_URL_CONNECT", &connect.url)).await {
        assert!(result.starts_with("Denied DescribeUser: no AWS credentials to sign with: "), "{result}");
        for source in ["environment", "profile", "IRSA", "EKS Pod Identity", "EC2 instance metadata"] {
            assert!(result.contains(source), "{source}: {result}");
        }
    }
    assert!(connect.requests().is_empty());
}
