//! Accounts and operations whose Connect accepts connections and never answers do not hold the edits of others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use connect_api::OperationName as Op;
use connect_sim::{Effect, Fault};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::harness::{Harness, OTHER_ACCOUNT, OTHER_ROLE};
use crate::support::eventually;

const THIRD_ACCOUNT: &str = "310987654321";
const THIRD_ROLE: &str = "arn:aws:iam::310987654321:role/connect-operator";
/// The default of `--concurrency`.
const CONCURRENCY: usize = 12;
const EDITS: usize = 50;

/// Accepts connections and never answers.
#[derive(Default)]
struct BlackHole {
    /// The calls that were begun, and those of them that the operator has given up.
    begun: AtomicUsize,
    given_up: AtomicUsize,
}

impl BlackHole {
    /// Returns it and its URL.
    async fn start() -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let hole = Arc::new(Self::default());
        let counts = hole.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let counts = counts.clone();
                tokio::spawn(async move {
                    counts.begun.fetch_add(1, Ordering::SeqCst);
                    while let Ok(1..) = connection.read(&mut [0; 4096]).await {}
                    counts.given_up.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        (hole, url)
    }
}

/// Returns the members of a spec that name an instance of a dead account.
fn in_account(account: &str) -> Value {
    let arn = format!("arn:aws:connect:us-west-2:{account}:instance/dead0000-c0ff-4eee-8000-000000000001");
    json!({
        "instanceArn": arn,
        "routingProfileArn": format!("{arn}/routing-profile/r-1"),
        "securityProfileArns": [format!("{arn}/security-profile/s-1")],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_go_on_beside_two_accounts_that_do_not_answer() {
    let (hole, url) = BlackHole::start().await;
    let account = |id: &str, role: &str, more: &str| format!("  '{id}': {{ roleArn: '{role}', endpointUrl: '{url}'{more} }}\n");
    let external_id = format!(", externalId: {}", OTHER_ROLE.1);
    let config =
        format!("accounts:\n{}{}", account(OTHER_ACCOUNT, OTHER_ROLE.0, &external_id), account(THIRD_ACCOUNT, THIRD_ROLE, ""));
    let builder = Harness::builder("dead").with_two_accounts(Duration::from_secs(3600)).with_role(THIRD_ROLE);
    let harness = builder.config_file(&config).start().await;
    harness.apply_until_ready("here", &json!({})).await;
    for (prefix, account) in [("two", OTHER_ACCOUNT), ("three", THIRD_ACCOUNT)] {
        for number in 0..3 * CONCURRENCY {
            harness.apply(&format!("{prefix}-{number}"), &in_account(account)).await;
        }
    }
    eventually("all passes of two accounts hang", || hole.begun.load(Ordering::SeqCst) >= 2 * CONCURRENCY);
    let (mut took, mut undisturbed) = (Vec::new(), 0);
    for number in 0..EDITS {
        let (start, given_up) = (Instant::now(), hole.given_up.load(Ordering::SeqCst));
        harness.apply_until_ready("here", &json!({ "tags": { "edit": number.to_string() } })).await;
        took.push(start.elapsed());
        undisturbed += usize::from(hole.given_up.load(Ordering::SeqCst) == given_up);
    }
    took.sort();
    println!("edits beside two dead accounts: median {:?}, p99 {:?}", took[EDITS / 2], took[EDITS * 99 / 100]);
    // If the dead accounts could hold all passes, each edit would begin when one of their calls is given up.
    assert_ne!(undisturbed, 0, "each edit waited for a call of a dead account");
    let hang = hole.begun.load(Ordering::SeqCst) - hole.given_up.load(Ordering::SeqCst);
    assert!(hang <= 2 * CONCURRENCY, "{hang} passes of two accounts hang");
    assert_eq!(harness.live("here").user.tags["edit"], (EDITS - 1).to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_go_on_beside_two_operations_that_are_not_answered() {
    let dead = [Op::UpdateUserHierarchy, Op::UpdateUserPhoneConfig];
    let harness = Harness::builder("dead").at_real_rates().start().await;
    let names: Vec<_> = (0..CONCURRENCY).map(|number| format!("dead-{number}")).collect();
    for name in names.iter().map(String::as_str).chain(["here"]) {
        harness.apply(name, &json!({})).await;
    }
    harness.wait_until_all_ready(&names).await;
    harness.wait_until_ready("here").await;
    // Longer than the operator waits.
    dead.iter().for_each(|op| harness.sim.inject(Fault::on(*op, Effect::Delay { milliseconds: 60_000 }).always()));
    harness.sim.reset_calls();
    for (number, name) in names.iter().enumerate() {
        let edit = match number % 2 {
            0 => json!({ "hierarchyGroupArn": harness.hierarchy_group("/South/Munich") }),
            _ => json!({ "phoneConfig": { "phoneType": "SOFT_PHONE", "afterContactWorkTimeLimit": 30 } }),
        };
        harness.apply(name, &edit).await;
    }
    // The quota allows five at once.
    eventually("calls of both operations hang", || dead.iter().all(|op| harness.sim.calls().of(op.to_string()) >= 4));
    let queue = || harness.operator.sum("connect_operator_queue_depth", |labels| labels.contains("\"DescribeUser\""));
    eventually("no edit waits for a read", || queue() == 0.0);
    let of_dead = |labels: &str| dead.iter().any(|op| labels.contains(&format!("\"{op}\"")));
    let given_up = || harness.operator.sum("connect_operator_api_requests_total", of_dead);
    let (mut took, mut undisturbed) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let before = given_up();
        let start = Instant::now();
        harness.apply_until_ready("here", &json!({ "tags": { "edit": number.to_string() } })).await;
        took.push(start.elapsed());
        undisturbed.push(given_up() == before);
    }
    took.sort();
    println!("edits beside two dead operations: median {:?}, longest {:?}, undisturbed: {undisturbed:?}", took[10], took[19]);
    // If the dead operations held all passes, the first edit would begin when one of their calls is given up.
    assert!(undisturbed[0], "the first edit waited for a call of a dead operation");
}
