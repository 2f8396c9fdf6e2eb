//! Global Resiliency: a replica of an instance has the same instance id in another Region of the same account. The operator takes the two
//! for what they are, two instances, and mixes nothing of them.

use connect_api::{Arn, Caller, ConnectExt, CreateUser, UpdateUserRoutingProfile};
use connect_sim::{Scope, UserView};
use serde_json::{Value, json};

use super::{
    harness::{FIRST, Harness},
    sweeps::next_sweep,
};
use crate::support::eventually;

const REPLICA: &str = "us-east-1";

fn replica_of(arn: &str) -> String {
    arn.replace("us-west-2", REPLICA)
}

/// Returns the members of a spec that name the replica.
fn in_replica(harness: &Harness<'_>) -> Value {
    json!({
        "instanceArn": replica_of(&harness.instance_arn().to_string()),
        "routingProfileArn": replica_of(&harness.routing_profile("Basic Routing Profile")),
        "securityProfileArns": [replica_of(&harness.security_profile("Agent"))],
    })
}

fn users_there(harness: &Harness<'_>) -> Vec<UserView> {
    let replica: Arn = replica_of(&harness.instance_arn().to_string()).parse().unwrap();
    harness.sim.users_at(&replica)
}

/// Returns a gauge of both instances.
fn gauges(harness: &Harness<'_>, name: &str) -> [f64; 2] {
    ["us-west-2", REPLICA].map(|region| {
        harness.operator.metric(&format!("connect_operator_{name}{{connect_instance=\"{FIRST}\",region=\"{region}\"}}"))
    })
}

/// Returns the number of users that the cluster manages in both Regions.
fn managed_users(harness: &Harness<'_>) -> [f64; 2] {
    ["us-west-2", REPLICA].map(|region| {
        let labels = format!("connect_instance=\"{FIRST}\",region=\"{region}\",managed=\"here\"");
        harness.operator.metric(&format!("connect_operator_instance_users{{{labels}}}"))
    })
}

async fn call_there<O>(harness: &Harness<'_>, request: O) -> O::Output
where
    O: connect_api::Operation,
    O::Output: Send,
{
    harness.sim.client_in(Scope::region(REPLICA)).call(&Caller::default(), request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replica_is_an_instance_of_its_own() {
    let primary = format!("arn:aws:connect:us-west-2:123456789012:instance/{FIRST}");
    let listed = |bounds: &str| {
        format!(
            "instances:\n  {primary}: {{ namespaces: ['*'] }}\n  {}: {{ namespaces: ['*']{bounds} }}\ninstancesNotListed: Refuse\n",
            replica_of(&primary)
        )
    };
    let builder = Harness::builder("replicas").with_replica(REPLICA).config_file(&listed(""));
    let harness = builder.flag("--sweep-interval=1s").start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    let mut there = in_replica(&harness);
    there["username"] = json!("jane");
    harness.apply_until_ready("jane-there", &there).await;
    assert_eq!((harness.usernames(), users_there(&harness).len()), (vec!["jane".to_owned()], 1));
    assert_ne!(harness.live("jane").user.id, users_there(&harness)[0].user.id);
    harness.sim.advance(std::time::Duration::from_secs(10));
    next_sweep(&harness);
    eventually("both were swept", || managed_users(&harness) == [1.0, 1.0]);

    // A change in the replica is corrected there.
    let (before, id) = (harness.live("jane"), users_there(&harness)[0].user.id.clone());
    let routing_profile_id = harness.sim.routing_profile_id(&harness.instance(), "Sales").unwrap();
    call_there(&harness, UpdateUserRoutingProfile { instance: harness.instance(), user: id.clone(), routing_profile_id }).await;
    harness.sim.advance(std::time::Duration::from_secs(10));
    assert!(harness.wait_for_event("jane-there", "DriftCorrected").await.contains("routingProfileArn"));
    assert_eq!(harness.live("jane"), before);

    // A user that was copied with its tags is not an orphan while its ConnectUser exists, and is one of the replica after that.
    let copied = harness.apply_until_ready("omar", &json!({})).await;
    let tags = copied.status.unwrap().observed.unwrap().tags;
    let create = testbed::create_by_hand(&harness.sim, &harness.instance(), "omar", "Sales", "Agent");
    call_there(&harness, CreateUser { tags, ..create }).await;
    harness.sim.advance(std::time::Duration::from_secs(10));
    eventually("the replica was swept", || managed_users(&harness) == [2.0, 2.0]);
    assert_eq!(gauges(&harness, "orphaned_users"), [0.0, 0.0]);
    harness.delete_until_gone("omar").await;
    harness.sim.advance(std::time::Duration::from_secs(10));
    eventually("the copy is an orphan", || gauges(&harness, "orphaned_users") == [0.0, 1.0]);

    // Deleting the primary's user leaves the replica's.
    harness.delete_until_gone("jane").await;
    assert!(users_there(&harness).iter().any(|user| user.user.id == id));
    assert_eq!(harness.usernames(), Vec::<String>::new());

    // Bounds and namespaces are those of each.
    harness.configure(&listed(", bounds: { '*': { securityProfiles: [] } }"));
    harness.wait_for_condition("jane-there", "Ready", "False", "ProfileNotAllowed").await;
    harness.apply_until_ready("lea", &json!({})).await;
}
