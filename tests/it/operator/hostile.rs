//! What a hostile tenant may write, and what it costs the operator.

use connect_operator::api::RECONCILE_REQUESTED_AT;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::harness::harness;

const HOSTILE: u32 = 100;
const MIB: usize = 1024 * 1024;

/// Returns text that does not compress.
fn noise(seed: u32, length: usize) -> String {
    let mut state = u64::from(seed) + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 40) % 26).unwrap())
    };
    (0..length).map(|_| letter()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn annotations_of_any_size_cost_no_memory() {
    let harness = harness("hostile").await;
    let names: Vec<String> = (0..HOSTILE).map(|number| format!("hostile-{number}")).collect();
    for name in &names {
        harness.apply(name, &json!({})).await;
    }
    harness.wait_until_all_ready(&names).await;
    let before = harness.operator.memory();
    for (number, name) in (0..).zip(&names) {
        let annotations =
            json!({ RECONCILE_REQUESTED_AT: noise(number, 240_000), "connect-operator.dev/other": noise(number, 15_000) });
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        harness.users().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
    for name in &names {
        let answered = |user: &connect_operator::api::ConnectUser| {
            user.status.as_ref().is_some_and(|status| status.last_handled_reconcile_at.is_some())
        };
        let user = harness.wait_until(name, "the request was answered", answered).await;
        let recorded = user.status.unwrap().last_handled_reconcile_at.unwrap();
        assert!(recorded.len() <= 64 && recorded.contains("240000 bytes"), "{recorded}");
    }
    let grown = harness.operator.memory().saturating_sub(before);
    println!("{} KiB", grown / 1024);
    // Their values have 24 MiB.
    assert!(grown < 16 * MIB, "{} MiB", grown / MIB);
}
