//! A fleet in sync: an operator creates a few users, and the others are copies of them with other names.
//!
//! This saves ten thousand creating passes in tests of a fleet in sync. A copy must equal the result of the operator: otherwise a
//! sweep would read it or a pass would change it.

use std::collections::HashMap;

use connect_api::{AssociateUserProficiencies, Call, CreateUser, DescribeUser, Password, Reply, User};
use connect_operator::{api::PREFIX, reconcile::Clock};
use serde_json::{Value, json};

use crate::{Agent, Fleet};

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
        let user = create(fleet, model, agent, &id("userId"), uid);
        let directory_user_id = describe(fleet, &user).directory_user_id;
        let old_uid = resource["metadata"]["uid"].as_str().unwrap_or_default();
        let text = [
            (model.name(), agent.name()),
            (id("userId"), user),
            (old_uid.to_owned(), uid.to_owned()),
            (first_name(model), first_name(agent)),
            (team(model), team(agent)),
        ]
        .iter()
        .fold(resource["status"].to_string(), |text, (old, new)| text.replace(old, new));
        let mut status: Value = serde_json::from_str(&text).expect("names are replaced by names");
        status["observed"]["directoryUserId"] = json!(directory_user_id);
        if let Some(status) = status.as_object_mut() {
            status.remove("lastHandledReconcileAt");
        }
        // The user was changed just now.
        status["lastSyncTime"] = json!((fleet.time().now() + std::time::Duration::from_secs(1)).strftime("%FT%TZ").to_string());
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

fn describe(fleet: &Fleet, id: &str) -> User {
    let call = DescribeUser { instance: fleet.instance().id.clone(), user: id.into() };
    let Ok(Reply::DescribeUser(user)) = fleet.at_console(Call::DescribeUser(call)) else { panic!("{id} is there") };
    user
}

/// Creates a copy of the model's user. Returns its id.
fn create(fleet: &Fleet, model: &Agent, agent: &Agent, model_id: &str, uid: &str) -> String {
    let instance = &fleet.instance().id;
    let user = describe(fleet, model_id);
    let mut identity_info = user.identity_info;
    identity_info.first_name = Some(format!("Agent {}", agent.number));
    identity_info.email = identity_info.email.map(|email| email.replace(&model.name(), &agent.name()));
    let mut tags = user.tags;
    tags.insert(format!("{PREFIX}uid"), uid.to_owned());
    tags.insert(format!("{PREFIX}name"), agent.name());
    tags.insert("team".to_owned(), format!("team-{}", agent.number % 100));
    let call = CreateUser {
        instance: instance.clone(),
        username: agent.username(),
        password: Some(Password::new("Wh1stle-Down-Wind".to_owned())),
        identity_info: Some(identity_info),
        phone_config: user.phone_config,
        channel_configs: Default::default(),
        directory_user_id: None,
        security_profile_ids: user.security_profile_ids,
        routing_profile_id: user.routing_profile_id.expect("agents have one"),
        hierarchy_group_id: user.hierarchy_group_id,
        tags,
    };
    let Ok(Reply::CreateUser(created)) = fleet.at_console(Call::CreateUser(call)) else { panic!("{} is new", agent.username()) };
    let list = connect_api::ListUserProficiencies {
        instance: instance.clone(),
        user: model_id.into(),
        max_results: 100,
        next_token: None,
    };
    if agent.proficient
        && let Ok(Reply::ListUserProficiencies(page)) = fleet.at_console(Call::ListUserProficiencies(list))
    {
        let call = AssociateUserProficiencies { instance: instance.clone(), user: created.id.clone(), proficiencies: page.items };
        fleet.at_console(Call::AssociateUserProficiencies(call)).expect("proficiencies as the model's");
    }
    created.id.as_str().to_owned()
}
