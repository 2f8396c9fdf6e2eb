//! The invariants of design.md, as far as a fleet can break them.

use std::collections::{BTreeMap, HashMap};

use connect_api::{CreateUser, Tags};
use connect_operator::api::PREFIX;
use connect_sim::{InstanceView, Sim, UserView};

use crate::{
    ApiServer, ExtraTags,
    agent::{ROUTING_PROFILES, SECURITY_PROFILES},
    at_console, create_by_hand,
    operator::CLUSTER,
    user_matches,
};

fn tag(tags: &Tags, name: &str) -> String {
    tags.get(&format!("{PREFIX}{name}")).cloned().unwrap_or_default()
}

/// Creates users that the operator must not touch: without tags, with those of another cluster, with those of a person.
pub(crate) fn add_bystanders(sim: &Sim, instance: &InstanceView) -> Vec<UserView> {
    let others = |cluster: &str| -> Tags {
        let tags = [("cluster", cluster), ("uid", "1"), ("namespace", "sales"), ("name", "agent-000001")];
        tags.map(|(name, value)| (format!("{PREFIX}{name}"), value.to_owned())).into()
    };
    for (name, tags) in
        [("bystander-1", Tags::new()), ("bystander-2", others("green")), ("bystander-3", [("team".into(), "x".into())].into())]
    {
        let call = CreateUser { tags, ..create_by_hand(sim, &instance.id, name, ROUTING_PROFILES[0], SECURITY_PROFILES[0]) };
        at_console(sim, call).expect("a user that Connect takes");
    }
    sim.users(&instance.id)
}

/// Returns the violations. ConnectUsers may still be in progress: a user may be missing, but none may exist twice or without its
/// ConnectUser.
pub(crate) fn violations(sim: &Sim, instance: &InstanceView, api: &ApiServer, bystanders: &[UserView]) -> Vec<String> {
    let mut wrong = Vec::new();
    let users = sim.users(&instance.id);
    let mut of_uid: BTreeMap<String, Vec<&UserView>> = BTreeMap::new();
    for user in users.iter().filter(|user| tag(&user.user.tags, "cluster") == CLUSTER) {
        of_uid.entry(tag(&user.user.tags, "uid")).or_default().push(user);
    }
    for (uid, users) in of_uid.iter().filter(|(_, users)| users.len() > 1) {
        wrong.push(format!("{} users for the ConnectUser {uid}", users.len()));
    }
    let resources = api.all();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    for resource in &resources {
        let (metadata, status) = (&resource["metadata"], &resource["status"]);
        let place = format!("{}/{}", text(&metadata["namespace"]), text(&metadata["name"]));
        let users = of_uid.remove(&text(&metadata["uid"])).unwrap_or_default();
        let recorded = status["userId"].as_str();
        if let (Some(user), Some(recorded)) = (users.first(), recorded)
            && user.user.id.as_str() != recorded
        {
            wrong.push(format!("{place} records the user {recorded} and has {}", user.user.id));
        }
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let in_sync = status["observedGeneration"] == metadata["generation"]
            && conditions.filter(|c| c["type"] == "Synced" || c["type"] == "Ready").all(|c| c["status"] == "True");
        // The users of observers are not ours.
        let observes = resource["spec"]["managementPolicy"] == "Observe";
        if in_sync
            && !observes
            && let Some(recorded) = recorded
        {
            match users.first() {
                None => wrong.push(format!("{place} is in sync without its user {recorded}")),
                Some(user) => {
                    let spec = serde_json::from_value(resource["spec"].clone()).expect("a spec that the API server took");
                    if let Err(difference) = user_matches(&spec, user, sim, ExtraTags::Refused) {
                        wrong.push(format!("{place} is in sync, but {difference}"));
                    }
                }
            }
        }
    }
    for (uid, users) in &of_uid {
        wrong.push(format!("{} has no ConnectUser: {uid} does not exist", users[0].user.username));
    }
    let now: HashMap<_, _> = users.iter().map(|user| (&user.user.id, user)).collect();
    for bystander in bystanders {
        if now.get(&bystander.user.id) != Some(&bystander) {
            wrong.push(format!("{} was touched", bystander.user.username));
        }
    }
    if api.leaks() > 0 {
        wrong.push(format!("a password was in {} statuses or Events", api.leaks()));
    }
    wrong
}
