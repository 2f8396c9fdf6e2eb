//! The specs that people apply in these worlds, and what it means for a user to equal one.

use std::collections::BTreeSet;

use connect_operator::api::{ConnectUserSpec, IdentityInfo, PasswordSecretRef, PhoneConfig, UserProficiency};
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
        routing_profile_arn: sim.routing_profile_arn(id, "Basic").unwrap(),
        security_profile_arns: vec![sim.security_profile_arn(id, "Agent").unwrap()],
        hierarchy_group_arn: Some(sim.hierarchy_group_arn(id, "/North").unwrap()),
        user_proficiencies: Some(vec![proficiency("Spanish", 3)]),
        tags: Some([("team".to_owned(), "north".to_owned()), ("shift".to_owned(), "early".to_owned())].into()),
        region: None,
        adoption_policy: Default::default(),
        deletion_policy: None,
        management_policy: Default::default(),
        drift_interval: None,
    }
}

/// What they change it to.
pub fn second(sim: &Sim) -> ConnectUserSpec {
    let id = &sim.instances()[0].id;
    let mut spec = first(sim);
    spec.identity_info.as_mut().unwrap().last_name = Some("Roe".into());
    spec.routing_profile_arn = sim.routing_profile_arn(id, "Voice").unwrap();
    spec.user_proficiencies = Some(vec![proficiency("Spanish", 4), proficiency("French", 2)]);
    spec.tags = Some([("team".to_owned(), "south".to_owned()), ("desk".to_owned(), "12".to_owned())].into());
    spec
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
    same(
        "afterContactWorkTimeLimit",
        format!("{:?}", spec.phone_config.as_ref().and_then(|p| p.after_contact_work_time_limit)),
        format!("{:?}", user.phone_config.as_ref().map(|p| p.after_contact_work_time_limit)),
    )?;
    same(
        "routing profile",
        id(&spec.routing_profile_arn),
        user.routing_profile_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    )?;
    let wanted: BTreeSet<String> = spec.security_profile_arns.iter().map(|a| id(a)).collect();
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
