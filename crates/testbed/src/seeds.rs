//! A fleet in sync, of which an operator made a few by itself: the others are copies of those, with other names.
//!
//! Ten thousand passes of creation are not what a test of a fleet in sync is about. What a copy is must be what the operator would
//! have left: a sweep that finds it worth a look, or a pass that changes it, says that it is not.

use std::collections::HashMap;

use connect_api::{AssociateUserProficiencies, Call, CreateUser, DescribeUser, Password, Reply, User};
use connect_operator::{api::PREFIX, reconcile::Clock};
use serde_json::{Value, json};

use crate::{Agent, Fleet};

/// Agents alike but for their names.
type Kind = (String, bool, bool, usize);

fn kind(agent: &Agent) -> Kind {
    (agent.namespace.clone(), agent.by_name, agent.proficient, agent.number % 2)
}

/// One agent of each kind, and every other one with the one that it is like.
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

/// Puts an agent there, in Kubernetes and in Connect, as its model is.
pub(crate) fn copy(fleet: &Fleet, model: &Agent, agent: &Agent) {
    let resource = fleet.api().get(&model.place()).expect("the model was created");
    let id = |field: &str| resource["status"][field].as_str().expect("the model is in sync").to_owned();
    fleet.api().put(&agent.place(), fleet.spec(agent), |uid| {
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
        // When the user was last changed: just now.
        status["lastSyncTime"] = json!((fleet.time().now() + std::time::Duration::from_secs(1)).strftime("%FT%TZ").to_string());
        status
    });
}

/// In quotes, or "Agent 1" would be found in "Agent 10".
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

/// Creates a user as its model's is. Gives its id.
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
