//! What a hostile tenant may write, and what it costs the operator.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use connect_operator::api::RECONCILE_REQUESTED_AT;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use testbed::size;

use super::{
    harness::{Harness, condition},
    sweeps::{next_sweep, swept},
};
use crate::support::own_plane;

const MIB: usize = 1024 * 1024;

/// For the end of connections that are not used.
const PATIENCE: Duration = Duration::from_secs(300);

/// Returns text that does not compress.
fn noise(seed: u32, length: usize) -> String {
    let mut state = u64::from(seed) + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 40) % 26).unwrap())
    };
    (0..length).map(|_| letter()).collect()
}

/// Returns the memory that the operator uses between usual replies: the least while a usual ConnectUser is reconciled.
async fn usual_memory(harness: &Harness<'_>) -> usize {
    let mut least = usize::MAX;
    for _ in 0..30 {
        harness.requeue("usual").await;
        least = least.min(harness.operator.memory());
    }
    least
}

/// Checks what hostile objects cost: at first also the buffers of connections to the API server, and later the objects alone, since
/// connections that are not used end after 90 seconds.
async fn check_growth(harness: &Harness<'_>, at_first: usize) {
    let growth = async || usual_memory(harness).await.saturating_sub(at_first);
    let (start, with_buffers) = (Instant::now(), growth().await);
    assert!(with_buffers < 12 * MIB, "{with_buffers} bytes");
    let mut objects = with_buffers;
    while objects >= 4 * MIB {
        assert!(start.elapsed() < PATIENCE, "{objects} bytes remain of {with_buffers}");
        tokio::time::sleep(Duration::from_secs(5)).await;
        objects = growth().await;
    }
    println!("{} KiB with buffers, {} KiB after {} s", with_buffers / 1024, objects / 1024, start.elapsed().as_secs());
}

/// Other spellings of an instance, and instances that do not exist, are neither swept nor labels of metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn aliases_and_invented_instances_leave_no_series() {
    let harness = swept().start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    let arn = harness.instance_arn().to_string();
    let named = |arn: &str| json!({ "instanceArn": arn, "routingProfileArn": null, "securityProfileArns": null, "routingProfileName": "Sales", "securityProfileNames": ["Agent"] });
    let spelled = harness.manifest(
        "spelled",
        &named(
            &arn.to_uppercase().replace("ARN:AWS:CONNECT:US-WEST-2", "arn:aws:connect:us-west-2").replace("INSTANCE", "instance"),
        ),
    );
    let refused =
        harness.users().patch("spelled", &PatchParams::apply("git"), &Patch::Apply(spelled)).await.unwrap_err().to_string();
    assert!(refused.contains("spec.instanceArn") && refused.contains("in lower case"), "{refused}");
    harness.apply("partition", &named(&arn.replace("arn:aws:", "arn:aws-x:"))).await;
    let message = harness.wait_for_condition("partition", "Ready", "False", "InvalidSpec").await;
    assert!(message.contains("spec.instanceArn") && message.contains("its partition is not that of its Region"), "{message}");
    for number in 0..5 {
        harness
            .apply(&format!("invented-{number}"), &named(&arn.replace("-000000000001", &format!("-99999999999{number}"))))
            .await;
    }
    harness
        .wait_until("invented-4", "looked at", |user| condition(user, "Ready").is_some_and(|ready| ready.status == "False"))
        .await;
    next_sweep(&harness);
    next_sweep(&harness);
    let page = harness.operator.get("/metrics").1;
    let labels: BTreeSet<&str> =
        page.lines().filter_map(|line| line.split("connect_instance=\"").nth(1)?.split('"').next()).collect();
    assert_eq!(labels, [harness.instance().as_str()].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn annotations_of_any_size_cost_no_memory() {
    let plane = own_plane();
    let harness = Harness::builder_on(&plane, "hostile").start().await;
    let names: Vec<String> = (0..75).map(|number| format!("hostile-{number}")).collect();
    for name in &names {
        harness.apply(name, &json!({})).await;
    }
    harness.wait_until_all_ready(&names).await;
    harness.apply_until_ready("usual", &json!({})).await;
    let at_first = usual_memory(&harness).await;
    for (number, name) in (0..).zip(&names) {
        let annotations =
            json!({ RECONCILE_REQUESTED_AT: noise(number, 240_000), "connect-operator.dev/other": noise(number, 15_000) });
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        harness.users().patch(name, &PatchParams::default(), &patch).await.unwrap();
        let answered = |user: &connect_operator::api::ConnectUser| {
            user.status.as_ref().is_some_and(|status| status.last_handled_reconcile_at.is_some())
        };
        let user = harness.wait_until(name, "the request was answered", answered).await;
        let recorded = user.status.unwrap().last_handled_reconcile_at.unwrap();
        assert!(recorded.len() <= 64 && recorded.contains("240000 bytes"), "{recorded}");
    }
    check_growth(&harness, at_first).await;
}

/// The largest specs that the definition takes, in a namespace that may not use the instance.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn specs_of_any_size_cost_little_memory() {
    let specs = u32::try_from(size(100, 500)).unwrap();
    let plane = own_plane();
    let harness = Harness::builder_on(&plane, "hostile").config_file("instancesNotListed: Refuse\n").start().await;
    let name = |number: u32| format!("hostile-{number}");
    harness.apply("usual", &json!({})).await;
    harness.wait_for_condition("usual", "Ready", "False", "InstanceNotAllowed").await;
    let at_first = usual_memory(&harness).await;
    for number in 0..specs {
        let text = noise(number, 40_000);
        let part = |at: usize, length: usize| text[at..at + length].to_owned();
        let tags: BTreeMap<_, _> = (0..46).map(|tag| (part(tag * 400, 128), part(tag * 400 + 128, 256))).collect();
        let proficiencies: Vec<_> = (0..100)
            .map(|at| json!({ "attributeName": part(at * 200, 100), "attributeValue": part(at * 200 + 100, 100), "level": 1 }))
            .collect();
        let mut manifest = harness.manifest(&name(number), &json!({ "tags": tags, "userProficiencies": proficiencies }));
        manifest["metadata"]["annotations"] = json!({ RECONCILE_REQUESTED_AT: noise(number, 150_000) });
        harness.users().patch(&name(number), &PatchParams::apply("git"), &Patch::Apply(manifest)).await.unwrap();
    }
    for number in 0..specs {
        harness.wait_for_condition(&name(number), "Ready", "False", "InstanceNotAllowed").await;
    }
    check_growth(&harness, at_first).await;
    assert_eq!(harness.sim.calls().total(), 0);
}

/// Objects of the size that etcd takes, which the operator lists at each of its starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn objects_of_any_size_are_listed_in_little_memory() {
    let objects = size(20, 100);
    let plane = own_plane();
    let mut harness = Harness::builder_on(&plane, "hostile").start().await;
    harness.apply_until_ready("small", &json!({})).await;
    let usual = harness.operator.peak_memory();
    harness.operator.stop();
    // The API server keeps each key a second time, in the managed fields.
    let labels: BTreeMap<_, _> = (0..1_900).map(|n| (format!("{}/{n:060}", "a".repeat(250)), "v".repeat(60))).collect();
    for number in 0..objects {
        let mut manifest = harness.manifest(&format!("large-{number}"), &json!({}));
        manifest["metadata"]["labels"] = json!(labels);
        harness.users().patch(&format!("large-{number}"), &PatchParams::apply("git"), &Patch::Apply(manifest)).await.unwrap();
    }
    harness.operator.start_again();
    harness.wait_until_ready(&format!("large-{}", objects - 1)).await;
    let grown = harness.operator.peak_memory().saturating_sub(usual);
    println!("{} MiB more than for a small object", grown / MIB);
    // They have 26 MiB, or 130, of which the operator would hold three copies if it listed them at once.
    assert!(grown < 40 * MIB, "{} MiB", grown / MIB);
}
