//! The specs that people apply in the simulation.

use connect_operator::api::{
    AfterContactWorkConfig, AfterContactWorkConfigPerChannel, AutoAcceptConfig, Channel, ConnectUserSpec, IdentityInfo,
    PasswordSecretRef, PhoneConfig, UserProficiency,
};
use connect_sim::Sim;

pub const PASSWORD: &str = "Wh1stle-Down-Wind";
pub const SECRET: &str = "jane-password";
pub const USERNAME: &str = "jane.doe";

/// The spec that people apply first.
pub fn first(sim: &Sim) -> ConnectUserSpec {
    let instance = &sim.instances()[0];
    let id = &instance.id;
    ConnectUserSpec {
        instance_arn: instance.arn.clone(),
        username: USERNAME.into(),
        password_secret_ref: Some(PasswordSecretRef { name: SECRET.into(), key: "password".into() }),
        generate_password: None,
        directory_user_id: None,
        identity_info: Some(IdentityInfo {
            first_name: Some("Jane".into()),
            last_name: Some("Doe".into()),
            email: Some("jane@example.com".into()),
            ..IdentityInfo::default()
        }),
        phone_config: Some(PhoneConfig { after_contact_work_time_limit: Some(30), ..PhoneConfig::default() }),
        auto_accept_configs: None,
        after_contact_work_configs: None,
        phone_number_configs: None,
        persistent_connection_configs: None,
        voice_enhancement_configs: None,
        routing_profile_arn: sim.routing_profile_arn(id, "Basic"),
        routing_profile_name: None,
        security_profile_arns: Some(vec![sim.security_profile_arn(id, "Agent").unwrap()]),
        security_profile_names: None,
        hierarchy_group_arn: sim.hierarchy_group_arn(id, "/North"),
        hierarchy_group_path: None,
        user_proficiencies: Some(vec![proficiency("Spanish", 3)]),
        tags: Some([("team".to_owned(), "north".to_owned()), ("shift".to_owned(), "early".to_owned())].into()),
        region: None,
        adoption_policy: Default::default(),
        deletion_policy: None,
        management_policy: Default::default(),
        drift_interval: None,
        ignore_drift: None,
    }
}

/// The spec of their edit.
pub fn second(sim: &Sim) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let mut spec = first(sim);
    spec.identity_info.as_mut().unwrap().last_name = Some("Roe".into());
    spec.phone_config = None;
    spec.after_contact_work_configs = Some(vec![AfterContactWorkConfigPerChannel {
        channel: Channel::Chat,
        after_contact_work_config: AfterContactWorkConfig { after_contact_work_time_limit: 60 },
        agent_first_callback_after_contact_work_config: None,
    }]);
    spec.auto_accept_configs =
        Some(vec![AutoAcceptConfig { channel: Channel::Task, auto_accept: true, agent_first_callback_auto_accept: None }]);
    spec.routing_profile_arn = sim.routing_profile_arn(id, "Voice");
    spec.user_proficiencies = Some(vec![proficiency("Spanish", 4), proficiency("French", 2)]);
    spec.tags = Some([("team".to_owned(), "south".to_owned()), ("desk".to_owned(), "12".to_owned())].into());
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
    UserProficiency { attribute_name: "Language".into(), attribute_value: value.into(), level }
}
