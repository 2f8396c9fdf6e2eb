//! The suite's environment on the simulator.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use connect_api::{Connect, CreatedUser, DeleteUser, ProficiencyKey, Reply};
use connect_aws::{AwsConnect, Options, load};
use connect_sim::{Config, InstanceConfig, QuickConnectTarget, Rules, Server, Sim, Throttling, serve};
use futures::future::{BoxFuture, FutureExt};
use tokio::net::TcpListener;

use crate::fixture::{Environment, Fixture};

/// Creates an account with the hardest readings of what AWS does not document.
pub(crate) fn sim() -> Sim {
    sim_with(Rules::default())
}

/// Creates an account with a clock that advances only when a case waits. All of them with the same rules are equal.
fn sim_with(rules: Rules) -> Sim {
    let instance = InstanceConfig {
        routing_profiles: vec!["Basic Routing Profile".into(), "Second line".into()],
        hierarchy_groups: vec!["/Support".into(), "/Support/South".into()],
        predefined_attributes: [
            ("Language".to_owned(), vec!["English".to_owned(), "German".to_owned()]),
            ("Product".to_owned(), vec!["Shoes".to_owned()]),
        ]
        .into(),
        ..InstanceConfig::default()
    };
    let sim = Sim::new(Config { throttling: Throttling::off(), instances: vec![instance], rules, ..Config::manual() }).unwrap();
    add_quick_connects(&sim);
    sim
}

/// Adds a quick connect of each type. The user that one points to is deleted, which Connect allows.
fn add_quick_connects(sim: &Sim) {
    let instance = sim.instances()[0].id.clone();
    let Reply::CreateUser(CreatedUser { id, arn }) = sim.console().call_now(sim.new_user(&instance, "gone").into()).unwrap()
    else {
        unreachable!()
    };
    for (name, target) in [
        ("Gone", QuickConnectTarget::User(id.to_string())),
        ("Gone, by ARN", QuickConnectTarget::User(arn)),
        ("Second line", QuickConnectTarget::Queue("queue-1".into())),
        ("Doctor", QuickConnectTarget::PhoneNumber("+12065550100".into())),
    ] {
        sim.create_quick_connect(&instance, name, target);
    }
    sim.console().call_now(DeleteUser { instance, user: id }.into()).unwrap();
}

/// Serves a simulator over HTTP, and creates an SDK client of a Region for it.
pub(crate) async fn served(sim: &Sim, region: &str) -> (Server, AwsConnect) {
    let server = serve(sim.clone(), TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let options = Options { endpoint_url: Some(server.url()), region: Some("eu-west-1".to_owned()), profile: None };
    let credentials = Credentials::new("AKIDCONTRACT", "secret", None, None, "test");
    let config = load(&options).await;
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    (server, AwsConnect::for_region(&config, region))
}

pub(crate) async fn in_process(rules: Rules, case: impl AsyncFnOnce(&Fixture<'_>)) -> Vec<String> {
    let sim = sim_with(rules);
    run(&sim, &sim.client(), case).await
}

pub(crate) async fn over_http(rules: Rules, case: impl AsyncFnOnce(&Fixture<'_>)) -> Vec<String> {
    let sim = sim_with(rules);
    let (_server, client) = served(&sim, "us-west-2").await;
    run(&sim, &client, case).await
}

async fn run(sim: &Sim, connect: &dyn Connect, case: impl AsyncFnOnce(&Fixture<'_>)) -> Vec<String> {
    let wait = || -> BoxFuture<'_, ()> {
        sim.advance(Duration::from_secs(1));
        std::future::ready(()).boxed()
    };
    let fixture = Fixture::read(Environment {
        connect,
        instance: sim.instances()[0].id.clone(),
        proficiencies: [("Language", "English"), ("Language", "German"), ("Product", "Shoes")]
            .map(|(name, value)| ProficiencyKey::new(name, value)),
        prefix: "contract".into(),
        wait: &wait,
    })
    .await;
    case(&fixture).await;
    fixture.clean_up().await;
    assert!(sim.users(&fixture.instance.id).is_empty());
    fixture.results()
}
