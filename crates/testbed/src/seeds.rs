//! A fleet in sync: an operator creates a few users, and the others are copies of them with other names.
//!
//! This saves ten thousand creating passes in tests of a fleet in sync. A copy must equal the result of the operator: otherwise a
//! sweep would read it or a pass would change it.

use std::collections::HashMap;

use connect_api::{
    AssociateUserProficiencies, CreateUser, DescribeUser, Error, InstanceId, ListUserProficiencies, Password, User, UserId,
};
use connect_operator::{api::PREFIX, reconcile::Clock};
use connect_sim::Sim;
use serde_json::{Value, json};

use crate::{Agent, Fleet, at_console};

/// Agents that differ only in their names.
type Kind = (String, bool, bool, usize);

fn kind(agent: &Agent) -> Kind {
    (agent.namespace.clone(), agent.by_name, agent.proficient, agent.number % 2)
}

/// Returns one agent of each kind, and each of the others with its model.
pub(crate) fn models(agents: &[Agent]) -> (Vec<Agent>, Vec<(Agent, Agent)>) {
    let (mut by_kind, mut others) = (HashMap::<Kind, Agent>::new(), Vec::new());
    for agent in agents {
        match by_kind.get(&kind(agent)) {
            Some(model) => others.push((model.clone(), agent.clone())),
            None => _ = by_kind.insert(kind(agent), agent.clone()),
        }
    }
    (by_kind.into_values().collect(), others)
}

/// Stores a copy of the model in Kubernetes and in Connect.
pub(crate) fn copy(fleet: &Fleet, model: &Agent, agent: &Agent) {
    let resource = fleet.api().get(&model.resource()).expect("the model was created");
    let id = |field: &str| resource["status"][field].as_str().expect("the model is in sync").to_owned();
    fleet.api().put(&agent.resource(), fleet.spec(agent), |uid| {
        let user = copy_user(fleet.sim(), &fleet.instance().id, &id("userId").into(), |user| {
            user.username = agent.username();
            user.identity_info.first_name = Some(format!("Agent {}", agent.number));
            user.identity_info.email = user.identity_info.email.take().map(|email| email.replace(&model.name(), &agent.name()));
            user.tags.insert(format!("{PREFIX}uid"), uid.to_owned());
            user.tags.insert(format!("{PREFIX}name"), agent.name());
            user.tags.insert("team".to_owned(), format!("team-{}", agent.number % 100));
        });
        let user = user.expect("the agent is new");
        let old_uid = resource["metadata"]["uid"].as_str().unwrap_or_default();
        let text = [
            (model.name(), agent.name()),
            (id("userId"), user.id.to_string()),
            (old_uid.to_owned(), uid.to_owned()),
            (first_name(model), first_name(agent)),
            (team(model), team(agent)),
        ]
        .iter()
        .fold(resource["status"].to_string(), |text, (old, new)| text.replace(old, new));
        let mut status: Value = serde_json::from_str(&text).expect("names are replaced by names");
        status["observed"]["directoryUserId"] = json!(user.directory_user_id);
        if let Some(status) = status.as_object_mut() {
            status.remove("lastHandledReconcileAt");
        }
        // The user was changed just now.
        status["lastSyncTime"] = json!((fleet.time.now() + std::time::Duration::from_secs(1)).strftime("%FT%TZ").to_string());
        status
    });
}

/// With quotes, since "Agent 10" contains "Agent 1".
fn first_name(agent: &Agent) -> String {
    format!("\"Agent {}\"", agent.number)
}

fn team(agent: &Agent) -> String {
    format!("\"team-{}\"", agent.number % 100)
}

/// Creates a copy of a user at Connect's console, with these changes but without its directory id. Returns the copy.
///
/// # Errors
/// Connect refuses the copy.
///
/// # Panics
/// If the model has no routing profile. Every user of Connect has one.
pub fn copy_user(sim: &Sim, instance: &InstanceId, model: &UserId, change: impl FnOnce(&mut User)) -> Result<User, Error> {
    let describe = |user: &UserId| at_console(sim, DescribeUser { instance: instance.clone(), user: user.clone() });
    let mut user = describe(model)?;
    change(&mut user);
    let create = CreateUser {
        instance: instance.clone(),
        username: user.username,
        password: Some(Password::new("Wh1stle-Down-Wind".to_owned())),
        identity_info: Some(user.identity_info),
        phone_config: user.phone_config,
        channel_configs: Default::default(),
        directory_user_id: None,
        security_profile_ids: user.security_profile_ids,
        routing_profile_id: user.routing_profile_id.expect("a user of Connect has one"),
        hierarchy_group_id: user.hierarchy_group_id,
        tags: user.tags,
    };
    let copy = at_console(sim, create)?.id;
    let list = ListUserProficiencies { instance: instance.clone(), user: model.clone(), max_results: 100, next_token: None };
    let proficiencies = at_console(sim, list)?.items;
    if !proficiencies.is_empty() {
        at_console(sim, AssociateUserProficiencies { instance: instance.clone(), user: copy.clone(), proficiencies })?;
    }
    describe(&copy)
}
