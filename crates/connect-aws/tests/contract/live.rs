//! The suite's environment on a real instance, which these variables name:
//!
//! - credentials and endpoint, as for any AWS tool;
//! - `CONNECT_TEST_INSTANCE_ARN`: an instance with two routing profiles, three security profiles and two hierarchy groups;
//! - `CONNECT_TEST_PROFICIENCIES`: three values of its predefined attributes, as `Name=Value,Name=Value,Name=Value`.
//!
//! It creates users with names that start with `ct-`, and deletes them whether its cases pass or not.

use std::{panic::AssertUnwindSafe, time::Duration};

use connect_api::{Arn, ProficiencyKey};
use connect_aws::{AwsConnect, Options, load};
use futures::future::{BoxFuture, FutureExt};

use crate::fixture::{Environment, Fixture};

pub(crate) async fn run(case: impl AsyncFnOnce(&Fixture<'_>)) {
    let named = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("set {name}: see tests/contract/live.rs"));
    let arn: Arn = named("CONNECT_TEST_INSTANCE_ARN").parse().unwrap();
    let proficiencies: Vec<ProficiencyKey> = named("CONNECT_TEST_PROFICIENCIES")
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| ProficiencyKey::new(name, value))
        .collect();
    let options = Options { region: Some(arn.region.clone()), ..Options::default() };
    let connect = AwsConnect::for_region(&load(&options).await, &arn.region);
    let wait = || -> BoxFuture<'_, ()> { tokio::time::sleep(Duration::from_secs(1)).boxed() };
    let fixture = Fixture::read(Environment {
        connect: &connect,
        instance: arn.instance,
        proficiencies: proficiencies.try_into().expect("three proficiencies"),
        // SearchUsers guarantees nothing for values of more than 25 characters.
        prefix: format!("ct-{}", jiff::Timestamp::now().as_microsecond()),
        wait: &wait,
    })
    .await;
    let outcome = AssertUnwindSafe(case(&fixture)).catch_unwind().await;
    fixture.clean_up().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
