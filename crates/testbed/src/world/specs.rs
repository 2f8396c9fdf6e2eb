//! The specs that people apply in the simulation.

use connect_operator::api::{
    AfterContactWorkConfig, AfterContactWorkConfigPerChannel, AutoAcceptConfig, Channel, ConnectUserSpec, UserProficiency,
};
use connect_sim::Sim;
use serde_json::json;

/// The password in the Secret [`SECRET`].
pub const PASSWORD: &str = "Wh1stle-Down-Wind";
/// The Secret with the initial password.
pub const SECRET: &str = "jane-password";
/// The username in every spec.
pub const USERNAME: &str = "jane.doe";

/// The spec that people apply first.
pub fn first(sim: &Sim) -> ConnectUserSpec {
    let instance = &sim.instances()[0];
    let spec = json!({
        "instanceArn": instance.arn,
        "username": USERNAME,
        "passwordSecretRef": { "name": SECRET },
        "identityInfo": { "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com" },
        "phoneConfig": { "afterContactWorkTimeLimit": 30 },
        "routingProfileArn": sim.routing_profile_arn(&instance.id, "Basic"),
        "securityProfileArns": [sim.security_profile_arn(&instance.id, "Agent")],
        "hierarchyGroupArn": sim.hierarchy_group_arn(&instance.id, "/North"),
        "userProficiencies": [proficiency("Spanish", 3)],
        "tags": { "team": "north", "shift": "early" },
    });
    serde_json::from_value(spec).expect("a valid spec")
}

/// The spec of their edit.
pub fn second(sim: &Sim) -> ConnectUserSpec {
    let mut spec = plainly_edited(sim);
    spec.hierarchy_group_arn = first(sim).hierarchy_group_arn;
    spec.identity_info.get_or_insert_default().last_name = Some("Roe".into());
    spec.phone_config = None;
    spec.after_contact_work_configs = Some(vec![AfterContactWorkConfigPerChannel {
        channel: Channel::Chat,
        after_contact_work_config: AfterContactWorkConfig { after_contact_work_time_limit: 60 },
        agent_first_callback_after_contact_work_config: None,
    }]);
    spec.auto_accept_configs =
        Some(vec![AutoAcceptConfig { channel: Channel::Task, auto_accept: true, agent_first_callback_auto_accept: None }]);
    spec
}

/// An edit whose calls send complete values: none of them carries over what others may have set.
pub fn plainly_edited(sim: &Sim) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let mut spec = first(sim);
    spec.routing_profile_arn = sim.routing_profile_arn(id, "Voice");
    spec.hierarchy_group_arn = sim.hierarchy_group_arn(id, "/South");
    spec.user_proficiencies = Some(vec![proficiency("Spanish", 4), proficiency("French", 2)]);
    spec.tags = Some([("team".to_owned(), "south".to_owned()), ("desk".to_owned(), "12".to_owned())].into());
    spec
}

/// The predefined attribute of all proficiencies, with its values.
pub const ATTRIBUTE: (&str, [&str; 2]) = ("Language", ["Spanish", "French"]);

/// Replaces the ARNs of a spec with names.
pub fn by_name(sim: &Sim, spec: ConnectUserSpec) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let routing = ["Basic", "Voice"].into_iter().find(|name| sim.routing_profile_arn(id, name) == spec.routing_profile_arn);
    ConnectUserSpec {
        routing_profile_arn: None,
        routing_profile_name: routing.map(str::to_owned),
        security_profile_arns: None,
        security_profile_names: Some(vec!["Agent".into()]),
        hierarchy_group_arn: None,
        hierarchy_group_path: Some("/North".into()),
        ..spec
    }
}

fn proficiency(value: &str, level: u8) -> UserProficiency {
    UserProficiency { attribute_name: ATTRIBUTE.0.into(), attribute_value: value.into(), level }
}
