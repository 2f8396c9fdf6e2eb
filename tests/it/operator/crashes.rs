//! The operator dies at any moment, and the result is the same as without the crash.

use std::time::Duration;

use connect_api::OperationName;
use connect_sim::{Effect, Fault};
use serde_json::json;

use super::{
    harness::{Harness, harness},
    process::kill,
};
use crate::support::eventually;

/// How many users there are to create before each death.
const BATCH: usize = 8;

/// Whether the operator dies right after a CreateUser, before its reply arrives, or at some time after one.
const DEATHS: [bool; 6] = [true, false, true, false, true, true];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_that_is_killed_repeatedly_creates_each_user_once() {
    let setting = Harness::builder("crashes").flag("--settle-window=2s");
    let mut harness = setting.start().await;
    // Slow calls can be interrupted: eight are under way at once.
    harness.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 100 }).always());
    let names: Vec<String> = (0..BATCH * DEATHS.len()).map(|n| format!("user-{n:02}")).collect();
    let instance = harness.instance();
    for (batch, in_the_moment) in names.chunks(BATCH).zip(DEATHS) {
        let (operator, before) = (harness.operator.id(), harness.sim.users(&instance).len());
        if in_the_moment {
            harness.sim.after_next(OperationName::CreateUser, move |_| kill(operator));
        }
        for name in batch {
            harness.apply(name, &json!({})).await;
        }
        if !in_the_moment {
            eventually("a user was created", || harness.sim.users(&instance).len() > before);
            kill(operator);
        }
        harness.operator.ended();
        harness.operator.start_again();
    }

    let recorded = harness.wait_until_all_ready(&names).await;
    assert_eq!((recorded.len(), &recorded), (names.len(), &harness.user_ids()));
    let calls = harness.sim.calls();
    assert_eq!(calls.operations["CreateUser"].succeeded, names.len() as u64, "{calls:#?}");
    assert!(calls.creates.values().all(|creates| creates.created == 1), "{calls:#?}");
    assert_eq!(calls.of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stopping_operator_finishes_its_passes_and_exits_with_0() {
    let mut harness = harness("stopping").await;
    harness.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 1500 }));
    harness.apply("midway", &json!({})).await;
    let instance = harness.instance();
    eventually("the user was created, and the reply is on its way", || harness.sim.users(&instance).len() == 1);
    harness.operator.terminate();
    let status = harness.operator.ended();
    assert_eq!(status.code(), Some(0), "{}", harness.operator.log_tail());

    let user = harness.users().get("midway").await.unwrap();
    assert!(super::harness::is_ready(&user), "{:#?}", user.status);
    assert_eq!(user.status.unwrap().user_id.as_deref(), Some(harness.live("midway").user.id.as_str()));

    // A resource that was applied while no operator ran is not lost.
    harness.apply("meanwhile", &json!({})).await;
    harness.operator.start_again();
    harness.wait_until_ready("meanwhile").await;
    tokio::time::timeout(Duration::from_secs(60), harness.requeue("midway")).await.unwrap();
    assert_eq!(harness.sim.calls().creates["midway"].attempts, 1);
}
