//! The spec that a user in Connect equals: what a person would write to keep it as it is.

use connect_api::{Arn, User};

use super::{
    live::Live,
    name_index::{Meaning, NameIndex, ReferenceKind},
    parts::{MOST_ON_A_USER, channels_to_spec, to_status},
    references::Referent,
};
use crate::api::{AdoptionPolicy, ConnectUserSpec, ManagementPolicy, ObservedUser, PREFIX};

/// How a spec refers to profiles and hierarchy groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// By name or path, if that means one thing in the instance, and else by ARN.
    Names,
    /// By ARN.
    Arns,
}

/// A spec that a user equals.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The spec. It takes the user over and never creates one.
    pub spec: ConnectUserSpec,
    /// What no spec can say, so that it is not managed.
    pub left_out: Vec<String>,
}

/// Returns the spec that a user equals. `live` must have been read whole for e-mail addresses, mobile number and proficiencies to be in
/// it.
pub fn export(instance: &Arn, live: &Live, names: &NameIndex, references: References) -> Export {
    let ObservedUser {
        username,
        // Connect takes it only at creation.
        directory_user_id: _,
        identity_info,
        // Read together, from the user.
        phone_config: _,
        auto_accept_configs: _,
        after_contact_work_configs: _,
        phone_number_configs: _,
        persistent_connection_configs: _,
        voice_enhancement_configs: _,
        routing_profile_arn,
        security_profile_arns,
        hierarchy_group_arn,
        user_proficiencies,
        mut tags,
    } = to_status(instance, live);
    let User { routing_profile_id, security_profile_ids, hierarchy_group_id, .. } = &live.user;
    let mut left_out = Vec::new();
    let routing_profile_name = routing_profile_id.as_ref().and_then(|id| name_of(id, names, references));
    let security_profile_names: Option<Vec<String>> =
        security_profile_ids.iter().map(|id| name_of(id, names, references)).collect();
    let hierarchy_group_path = hierarchy_group_id.as_ref().and_then(|id| name_of(id, names, references));
    tags.retain(|key, _| !key.starts_with(PREFIX) && !key.starts_with("aws:"));
    if tags.len() + 4 > MOST_ON_A_USER {
        left_out
            .push(format!("tags: the user has {} of 50, so there is no room for the operator's four: remove some", tags.len()));
    }
    let proficiencies = live.proficiencies.iter().flatten();
    for (key, level) in proficiencies.filter(|(_, level)| level.fract() != 0.0) {
        let (name, value) = (&key.attribute_name, &key.attribute_value);
        left_out.push(format!("userProficiencies: {name}={value} has the level {level}, and a spec takes whole levels"));
    }
    let is_whole = !left_out.iter().any(|line| line.starts_with("userProficiencies"));
    let mut spec = ConnectUserSpec {
        instance_arn: instance.to_string(),
        username,
        password_secret_ref: None,
        generate_password: None,
        directory_user_id: None,
        identity_info: Some(identity_info).filter(|info| *info != Default::default()),
        phone_config: None,
        auto_accept_configs: None,
        after_contact_work_configs: None,
        phone_number_configs: None,
        persistent_connection_configs: None,
        voice_enhancement_configs: None,
        routing_profile_arn: routing_profile_arn.filter(|_| routing_profile_name.is_none()),
        routing_profile_name,
        security_profile_arns: security_profile_names.is_none().then(|| security_profile_arns.into_iter().collect()),
        security_profile_names: security_profile_names.map(|mut names| {
            names.sort();
            names
        }),
        hierarchy_group_arn: hierarchy_group_arn.filter(|_| hierarchy_group_path.is_none()),
        hierarchy_group_path,
        user_proficiencies: user_proficiencies.filter(|list| is_whole && !list.is_empty()),
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        region: None,
        adoption_policy: AdoptionPolicy::Adopt,
        deletion_policy: None,
        management_policy: ManagementPolicy::default(),
        drift_interval: None,
        ignore_drift: None,
    };
    left_out.extend(channels_to_spec(&live.user, &mut spec));
    Export { spec, left_out }
}

fn name_of<T: Referent + ToString>(id: &T, names: &NameIndex, references: References) -> Option<String> {
    (references == References::Names).then(|| names.name_for_specs(T::KIND, &id.to_string())).flatten()
}

impl NameIndex {
    /// Returns the name or path of an id if a spec may use it: if it means this id alone.
    pub(crate) fn name_for_specs(&self, kind: ReferenceKind, id: &str) -> Option<String> {
        let name = self.name(kind, id).filter(|name| is_writable(kind, name))?;
        (self.meaning(kind, &name) == Meaning::One(id.to_owned())).then_some(name)
    }
}

/// Returns whether the schema admits a name. A segment of a path is a name without a slash.
fn is_writable(kind: ReferenceKind, name: &str) -> bool {
    match kind {
        ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => (1..=127).contains(&name.chars().count()),
        ReferenceKind::HierarchyGroup => name.strip_prefix('/').is_some_and(|rest| (1..=5).contains(&rest.split('/').count())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{export_names as names, full, live, live_by_channel};

    fn spec_of(change: impl FnOnce(&mut Live)) -> Export {
        let mut live = live();
        change(&mut live);
        export(&full().instance, &live, &names(), References::Names)
    }

    #[test]
    fn user_is_written_by_names() {
        let Export { spec, left_out } = spec_of(|_| ());
        assert_eq!(left_out, [""; 0]);
        let spec = serde_json::to_value(spec).unwrap();
        let expected = serde_json::json!({
            "instanceArn": full().instance.to_string(),
            "username": "jane.doe",
            "identityInfo": {
                "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "secondaryEmail": "jane.doe@example.org",
                "mobile": "+12065550100",
            },
            "phoneConfig": {
                "phoneType": "DESK_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 45,
                "deskPhoneNumber": "+12065550199", "persistentConnection": true,
            },
            "routingProfileName": "Care",
            "securityProfileNames": ["Agent", "QA"],
            "hierarchyGroupPath": "/North",
            "userProficiencies": [
                { "attributeName": "language", "attributeValue": "fr", "level": 3 },
                { "attributeName": "product", "attributeValue": "loans", "level": 4 },
            ],
            "tags": { "team": "north", "cost": "c-9" },
            "adoptionPolicy": "Adopt",
            "managementPolicy": "Full",
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn name_that_means_several_things_is_an_arn() {
        let arn = |kind: &str| format!("{}/{kind}", full().instance);
        let Export { spec, .. } = spec_of(|live| {
            live.user.routing_profile_id = Some("routing-1".into());
            live.user.hierarchy_group_id = Some("group-1".into());
            live.user.security_profile_ids = ["security-0".into(), "security-9".into()].into();
        });
        assert_eq!((spec.routing_profile_name, spec.routing_profile_arn), (None, Some(arn("routing-profile/routing-1"))));
        assert_eq!((spec.hierarchy_group_path, spec.hierarchy_group_arn), (None, Some(arn("agent-group/group-1"))));
        let both = [arn("security-profile/security-0"), arn("security-profile/security-9")];
        assert_eq!((spec.security_profile_names, spec.security_profile_arns), (None, Some(both.into())), "one has no name");
        assert_eq!(
            spec_of(|live| live.user.routing_profile_id = Some("routing-2".into())).spec.routing_profile_name.as_deref(),
            Some("Sales [EU]")
        );
    }

    #[test]
    fn settings_that_differ_by_channel_are_lists() {
        let spec = export(&full().instance, &live_by_channel(), &names(), References::Names).spec;
        let phone = spec.phone_config.unwrap();
        assert_eq!((phone.auto_accept, phone.after_contact_work_time_limit), (None, None));
        assert_eq!(phone.desk_phone_number.as_deref(), Some("+12065550177"));
        assert_eq!(spec.auto_accept_configs.unwrap().len(), 4);
        assert_eq!(spec.after_contact_work_configs.unwrap().len(), 4);
        assert_eq!((spec.phone_number_configs, spec.voice_enhancement_configs.unwrap().len()), (None, 1));
    }

    #[test]
    fn what_no_spec_can_say_is_reported() {
        let Export { spec, left_out } = spec_of(|live| {
            live.user.tags = (0..50).map(|n| (format!("key-{n}"), String::new())).collect();
            live.proficiencies.as_mut().unwrap().values_mut().next().into_iter().for_each(|level| *level = 2.5);
        });
        assert_eq!(
            left_out,
            [
                "tags: the user has 50 of 50, so there is no room for the operator's four: remove some",
                "userProficiencies: language=fr has the level 2.5, and a spec takes whole levels",
            ]
        );
        assert_eq!(spec.user_proficiencies, None);
    }
}
