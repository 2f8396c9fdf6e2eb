//! The specs that people apply in these worlds, and what it means for a user to equal one.

use std::collections::BTreeSet;

use connect_operator::api::{
    AfterContactWorkConfig, AfterContactWorkConfigPerChannel, AutoAcceptConfig, Channel, ConnectUserSpec, IdentityInfo,
    PasswordSecretRef, PhoneConfig, UserProficiency,
};
use connect_sim::{Sim, UserView};

pub const PASSWORD: &str = "Wh1stle-Down-Wind";
pub const SECRET: &str = "jane-password";
pub const USERNAME: &str = "jane.doe";

/// What people write first.
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

/// What they change it to.
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

/// What they change it to where each call sends all that it is about: nothing of what others may have set goes with it.
pub fn plainly_edited(sim: &Sim) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let mut spec = first(sim);
    spec.routing_profile_arn = sim.routing_profile_arn(id, "Voice");
    spec.hierarchy_group_arn = sim.hierarchy_group_arn(id, "/South");
    spec.user_proficiencies = Some(vec![proficiency("Spanish", 4), proficiency("French", 2)]);
    spec.tags = Some([("team".to_owned(), "south".to_owned()), ("desk".to_owned(), "12".to_owned())].into());
    spec
}

/// The same spec with names in the places of ARNs.
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

/// The same spec with ARNs in the places of names.
pub fn by_arn(sim: &Sim, spec: ConnectUserSpec) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let security = |names: Vec<String>| names.iter().filter_map(|name| sim.security_profile_arn(id, name)).collect();
    ConnectUserSpec {
        routing_profile_arn: spec
            .routing_profile_name
            .map_or(spec.routing_profile_arn, |name| sim.routing_profile_arn(id, &name)),
        routing_profile_name: None,
        security_profile_arns: spec.security_profile_names.map_or(spec.security_profile_arns, |names| Some(security(names))),
        security_profile_names: None,
        hierarchy_group_arn: spec
            .hierarchy_group_path
            .map_or(spec.hierarchy_group_arn, |path| sim.hierarchy_group_arn(id, &path)),
        hierarchy_group_path: None,
        ..spec
    }
}

fn proficiency(value: &str, level: u8) -> UserProficiency {
    UserProficiency { attribute_name: "Language".into(), attribute_value: value.into(), level }
}

/// Whether a user is as a spec asks; if not, the first difference. `leftovers`: it may carry further tags. Keys that nobody
/// remembers having set are other people's: so they are after a status was lost, or when two operators set and removed a key at once.
pub fn matches(spec: &ConnectUserSpec, view: &UserView, leftovers: bool) -> Result<(), String> {
    let user = &view.user;
    let id = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    let same = |what: &str, wanted: String, is: String| {
        if wanted == is { Ok(()) } else { Err(format!("{what} is {is}, not {wanted}")) }
    };
    let identity = spec.identity_info.clone().unwrap_or_default();
    same("firstName", format!("{:?}", identity.first_name), format!("{:?}", user.identity_info.first_name))?;
    same("lastName", format!("{:?}", identity.last_name), format!("{:?}", user.identity_info.last_name))?;
    same("email", format!("{:?}", identity.email), format!("{:?}", user.identity_info.email))?;
    settings(spec, user)?;
    same(
        "routing profile",
        spec.routing_profile_arn.as_deref().map(id).unwrap_or_default(),
        user.routing_profile_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    )?;
    let wanted: BTreeSet<String> = spec.security_profile_arns.iter().flatten().map(|a| id(a)).collect();
    let is: BTreeSet<String> = user.security_profile_ids.iter().map(ToString::to_string).collect();
    same("security profiles", format!("{wanted:?}"), format!("{is:?}"))?;
    same(
        "hierarchy group",
        spec.hierarchy_group_arn.as_deref().map(id).unwrap_or_default(),
        user.hierarchy_group_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    )?;
    let wanted: BTreeSet<String> =
        spec.user_proficiencies.iter().flatten().map(|p| format!("{}={}", p.attribute_value, f32::from(p.level))).collect();
    let is: BTreeSet<String> = view.proficiencies.iter().map(|p| format!("{}={}", p.key.attribute_value, p.level)).collect();
    same("proficiencies", format!("{wanted:?}"), format!("{is:?}"))?;
    if !view.has_password {
        return Err("it has no password".into());
    }
    let own = |k: &&String| !k.starts_with("connect-operator.dev/");
    let is: BTreeSet<String> = user.tags.iter().filter(|(k, _)| own(k)).map(|(k, v)| format!("{k}={v}")).collect();
    let wanted: BTreeSet<String> = spec.tags.iter().flatten().map(|(k, v)| format!("{k}={v}")).collect();
    if leftovers && wanted.is_subset(&is) {
        return Ok(());
    }
    same("tags", format!("{wanted:?}"), format!("{is:?}"))?;
    Ok(())
}

/// The settings of all channels and by channel.
fn settings(spec: &ConnectUserSpec, user: &connect_api::User) -> Result<(), String> {
    let limits = user.channel_configs.after_contact_work.clone().unwrap_or_default();
    let limit = |channel| limits.iter().find(|c| c.channel == channel).map_or(0, |c| c.after_contact_work_time_limit);
    let unlike = |what: &str| Err(format!("{what} is not as asked: {:?}", user.channel_configs));
    if let Some(wanted) = spec.phone_config.as_ref().and_then(|p| p.after_contact_work_time_limit)
        && connect_api::Channel::ALL.into_iter().any(|channel| limit(channel) != wanted)
    {
        return unlike("afterContactWorkTimeLimit");
    }
    for wanted in spec.after_contact_work_configs.iter().flatten() {
        if limit(wanted.channel.into()) != wanted.after_contact_work_config.after_contact_work_time_limit {
            return unlike("afterContactWorkConfigs");
        }
    }
    let accepts = user.channel_configs.auto_accept.clone().unwrap_or_default();
    for wanted in spec.auto_accept_configs.iter().flatten() {
        let channel = connect_api::Channel::from(wanted.channel);
        if !accepts.iter().any(|c| c.channel == channel && c.auto_accept == wanted.auto_accept) {
            return unlike("autoAcceptConfigs");
        }
    }
    Ok(())
}
