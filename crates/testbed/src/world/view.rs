//! A user as a flat list of fields, and which of them a spec manages. It shares no code with the operator's own comparison.

use std::collections::{BTreeMap, BTreeSet};

use connect_operator::api::{ConnectUserSpec, PREFIX};
use connect_sim::UserView;

/// Returns the fields of a user that have a value, by path, such as `identityInfo.email` or `afterContactWork[CHAT]`.
pub fn fields(view: &UserView) -> BTreeMap<String, String> {
    let (user, lists) = (&view.user, &view.user.channel_configs);
    let mut all = BTreeMap::new();
    let mut add = |path: String, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            all.insert(path, value);
        }
    };
    let info = &user.identity_info;
    add("identityInfo.firstName".into(), info.first_name.clone());
    add("identityInfo.lastName".into(), info.last_name.clone());
    add("identityInfo.email".into(), info.email.clone());
    add("identityInfo.secondaryEmail".into(), info.secondary_email.clone());
    add("identityInfo.mobile".into(), info.mobile.clone());
    for config in lists.auto_accept.iter().flatten() {
        add(format!("autoAccept[{}]", config.channel.as_str()), config.auto_accept.then(|| "true".to_owned()));
    }
    for config in lists.after_contact_work.iter().flatten() {
        let limit = config.after_contact_work_time_limit;
        add(format!("afterContactWork[{}]", config.channel.as_str()), (limit != 0).then(|| limit.to_string()));
    }
    for config in lists.phone_number.iter().flatten() {
        // A soft phone is Connect's default, whether or not it is shown.
        let phone_type = Some(config.phone_type.as_str().to_owned()).filter(|phone_type| phone_type != "SOFT_PHONE");
        add(format!("phoneNumber[{}].type", config.channel.as_str()), phone_type);
        add(format!("phoneNumber[{}].number", config.channel.as_str()), config.phone_number.clone());
    }
    for config in lists.persistent_connection.iter().flatten() {
        let path = format!("persistentConnection[{}]", config.channel.as_str());
        add(path, config.persistent_connection.then(|| "true".to_owned()));
    }
    for config in lists.voice_enhancement.iter().flatten() {
        let path = format!("voiceEnhancement[{}]", config.channel.as_str());
        add(path, Some(config.voice_enhancement_mode.as_str().to_owned()).filter(|mode| mode != "NONE"));
    }
    add("routingProfile".into(), user.routing_profile_id.as_ref().map(ToString::to_string));
    add("hierarchyGroup".into(), user.hierarchy_group_id.as_ref().map(ToString::to_string));
    let profiles: Vec<_> = user.security_profile_ids.iter().map(ToString::to_string).collect();
    add("securityProfiles".into(), Some(profiles.join(",")));
    for proficiency in &view.proficiencies {
        let key = &proficiency.key;
        add(format!("proficiency[{}/{}]", key.attribute_name, key.attribute_value), Some(proficiency.level.to_string()));
    }
    for (key, value) in &user.tags {
        add(format!("tag[{key}]"), Some(format!("={value}")));
    }
    all
}

/// Returns the paths of the fields that differ between two states of a user.
pub fn changed_paths(before: &UserView, after: &UserView) -> BTreeSet<String> {
    let (before, after) = (fields(before), fields(after));
    before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Returns whether a spec manages a field, so that the operator may change it. `applied` are the tag keys that it has set before.
pub fn is_managed(spec: &ConnectUserSpec, applied: &BTreeSet<String>, path: &str) -> bool {
    let (head, inner) = match path.split_once(['[', '.']) {
        Some((head, rest)) => (head, rest.split(']').next().unwrap_or_default()),
        None => (path, ""),
    };
    let (info, phone) = (spec.identity_info.clone().unwrap_or_default(), spec.phone_config.clone().unwrap_or_default());
    // A list manages the channels that it names. An empty one clears all.
    fn by_list<T: serde::Serialize>(list: &Option<Vec<T>>, channel: &str) -> bool {
        let names = |item: &T| serde_json::to_value(item).is_ok_and(|item| item["channel"] == channel);
        list.as_ref().is_some_and(|list| list.is_empty() || list.iter().any(names))
    }
    match head {
        "identityInfo" => match inner {
            "firstName" => info.first_name.is_some(),
            "lastName" => info.last_name.is_some(),
            "email" => info.email.is_some(),
            "secondaryEmail" => info.secondary_email.is_some(),
            _ => info.mobile.is_some(),
        },
        "autoAccept" => phone.auto_accept.is_some() || by_list(&spec.auto_accept_configs, inner),
        "afterContactWork" => phone.after_contact_work_time_limit.is_some() || by_list(&spec.after_contact_work_configs, inner),
        // A spec that names a phone type names or clears the number with it.
        "phoneNumber" => phone.phone_type.is_some() || by_list(&spec.phone_number_configs, inner),
        "persistentConnection" => phone.persistent_connection.is_some() || by_list(&spec.persistent_connection_configs, inner),
        "voiceEnhancement" => by_list(&spec.voice_enhancement_configs, inner),
        "hierarchyGroup" => spec.hierarchy_group_arn.is_some() || spec.hierarchy_group_path.is_some(),
        "proficiency" => spec.user_proficiencies.is_some(),
        "tag" => {
            let key = path.trim_start_matches("tag[").trim_end_matches(']');
            let named = spec.tags.as_ref().is_some_and(|tags| tags.contains_key(key));
            named || applied.contains(key) || key.starts_with(PREFIX)
        }
        "routingProfile" | "securityProfiles" => true,
        _ => false,
    }
}
