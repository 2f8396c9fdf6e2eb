//! What it means for a user in Connect to be as a spec asks. It shares no code with the operator's own comparison.

use std::collections::BTreeSet;

use connect_api::{Arn, Channel, PhoneType, User};
use connect_operator::api::ConnectUserSpec;
use connect_sim::{Sim, UserView};

/// Whether a user may carry tags that its spec does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraTags {
    /// The tags are those of the spec, and the operator's own.
    Refused,
    /// Others may be there: those that no operator remembers having set, because a status was lost or two operators set and removed a
    /// key at once.
    Allowed,
}

/// Compares a user with a spec, whose names the simulator resolves. A field that the spec leaves out may have any value.
///
/// # Errors
/// The first difference.
pub fn user_matches(spec: &ConnectUserSpec, view: &UserView, sim: &Sim, extra_tags: ExtraTags) -> Result<(), String> {
    let user = &view.user;
    same("username", Some(spec.username.to_lowercase()), Some(user.username.to_lowercase()))?;
    let (wanted, actual) = (spec.identity_info.clone().unwrap_or_default(), &user.identity_info);
    for (field, wanted, actual) in [
        ("firstName", wanted.first_name, &actual.first_name),
        ("lastName", wanted.last_name, &actual.last_name),
        ("email", wanted.email, &actual.email),
        ("secondaryEmail", wanted.secondary_email, &actual.secondary_email),
        ("mobile", wanted.mobile, &actual.mobile),
    ] {
        same(field, wanted, Some(actual.clone().unwrap_or_default()))?;
    }
    settings_match(spec, user)?;
    references_match(spec, user, sim)?;
    let proficiency = |name: &str, value: &str, level: f32| format!("{name}/{value}={level}");
    let wanted = spec.user_proficiencies.as_ref().map(|list| {
        list.iter().map(|p| proficiency(&p.attribute_name, &p.attribute_value, p.level.into())).collect::<BTreeSet<_>>()
    });
    let actual = view.proficiencies.iter().map(|p| proficiency(&p.key.attribute_name, &p.key.attribute_value, p.level));
    same("proficiencies", wanted, Some(actual.collect()))?;
    if !view.has_password && (spec.password_secret_ref.is_some() || spec.generate_password == Some(true)) {
        return Err("it has no password".to_owned());
    }
    let actual: BTreeSet<_> = user.tags.iter().filter(|(key, _)| !key.starts_with("connect-operator.dev/")).collect();
    let wanted: BTreeSet<_> = spec.tags.iter().flatten().collect();
    match extra_tags {
        ExtraTags::Allowed if wanted.is_subset(&actual) => Ok(()),
        _ => same("tags", Some(wanted), Some(actual)),
    }
}

/// Compares values, where the first is managed.
fn same<T: PartialEq + std::fmt::Debug>(field: &str, wanted: Option<T>, actual: Option<T>) -> Result<(), String> {
    if wanted.is_none() || wanted == actual { Ok(()) } else { Err(format!("{field} is {actual:?}, not {wanted:?}")) }
}

/// Compares profiles and the group, whether the spec names them by ARN or by name.
fn references_match(spec: &ConnectUserSpec, user: &User, sim: &Sim) -> Result<(), String> {
    let id = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let instance = spec.instance_arn.parse::<Arn>().map_err(|error| error.to_string())?.instance;
    let named = |arn: Option<String>| arn.as_deref().map(id).unwrap_or_else(|| "an unknown name".to_owned());

    let by_name = spec.routing_profile_name.as_ref().map(|name| named(sim.routing_profile_arn(&instance, name)));
    let wanted = spec.routing_profile_arn.as_deref().map(id).or(by_name);
    same("routing profile", wanted, Some(user.routing_profile_id.as_ref().map(ToString::to_string).unwrap_or_default()))?;

    let by_arn = spec.security_profile_arns.iter().flatten().map(|arn| id(arn));
    let by_name = spec.security_profile_names.iter().flatten().map(|name| named(sim.security_profile_arn(&instance, name)));
    let wanted: BTreeSet<_> = by_arn.chain(by_name).collect();
    let actual = user.security_profile_ids.iter().map(ToString::to_string).collect();
    same("security profiles", Some(wanted), Some(actual))?;

    // An empty text asks for no group.
    let by_path = spec.hierarchy_group_path.as_ref().map(|path| match path.as_str() {
        "" => String::new(),
        path => named(sim.hierarchy_group_arn(&instance, path)),
    });
    let wanted = spec.hierarchy_group_arn.as_deref().map(id).or(by_path);
    same("hierarchy group", wanted, Some(user.hierarchy_group_id.as_ref().map(ToString::to_string).unwrap_or_default()))
}

/// Compares the settings of all channels and by channel.
fn settings_match(spec: &ConnectUserSpec, user: &User) -> Result<(), String> {
    let (phone, lists) = (spec.phone_config.clone().unwrap_or_default(), &user.channel_configs);
    let accepts = |channel| lists.auto_accept.iter().flatten().any(|c| c.channel == channel && c.auto_accept);
    let work = |channel| lists.after_contact_work.iter().flatten().find(|c| c.channel == channel);
    let limit = |channel| work(channel).map_or(0, |c| c.after_contact_work_time_limit);
    for channel in Channel::ALL {
        same(&format!("autoAccept of {channel:?}"), phone.auto_accept, Some(accepts(channel)))?;
        let field = format!("afterContactWorkTimeLimit of {channel:?}");
        same(&field, phone.after_contact_work_time_limit, Some(limit(channel)))?;
    }
    for wanted in spec.auto_accept_configs.iter().flatten() {
        let channel = wanted.channel.into();
        same(&format!("autoAcceptConfigs[{channel:?}]"), Some(wanted.auto_accept), Some(accepts(channel)))?;
    }
    for wanted in spec.after_contact_work_configs.iter().flatten() {
        let (channel, config) = (wanted.channel.into(), &wanted.after_contact_work_config);
        let field = format!("afterContactWorkConfigs[{channel:?}]");
        same(&field, Some(config.after_contact_work_time_limit), Some(limit(channel)))?;
    }
    let actual = user.phone_config.clone().unwrap_or_default();
    let list = spec.phone_number_configs.iter().flatten().next();
    let wanted = list.map(|c| c.phone_type).or(phone.phone_type).map(PhoneType::from);
    same("phone type", wanted, Some(actual.phone_type))?;
    let wanted = list.map_or(phone.desk_phone_number, |c| c.phone_number.clone());
    same("desk phone number", wanted, Some(actual.desk_phone_number.unwrap_or_default()))?;
    let list = spec.persistent_connection_configs.iter().flatten().next();
    let wanted = list.map(|c| c.persistent_connection).or(phone.persistent_connection);
    same("persistent connection", wanted, Some(actual.persistent_connection.unwrap_or_default()))
}
