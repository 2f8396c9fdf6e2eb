//! What of a spec is left to the people at Connect's console (`ignoreDrift`).

use std::collections::BTreeSet;

use super::{Desired, DesiredPhone, Live, channels::Settings};
use crate::api::{ConnectUserSpec, ConnectUserStatus, IgnoredField};

/// The fields that a pass leaves alone: those in `ignoreDrift`, but for one whose value in the spec is not the one that was last
/// applied, and but for all of them until the user that we created was once as the spec asks.
///
/// Of a field that nobody has applied yet, such as of a user that was taken over, or one that has just entered the list, nothing
/// is known to have changed: Connect's value stays.
pub fn ignored_drift(spec: &ConnectUserSpec, status: &ConnectUserStatus) -> BTreeSet<IgnoredField> {
    let complete = status.create_attempt.is_none_or(|attempt| {
        // The time of a sync is written to the second.
        status.last_sync_time.is_some_and(|synced| synced.as_second() >= attempt.at.as_second())
    });
    // A field of which the spec says nothing is not managed anyway, or its twin is (the name for the ARN).
    let is_left = |field: &IgnoredField| match (field.text_in(spec), status.applied_values.get(field.path())) {
        (Some(wanted), Some(applied)) => wanted == *applied,
        (Some(_), None) => true,
        (None, _) => false,
    };
    spec.ignore_drift.iter().flatten().filter(|field| complete && is_left(field)).copied().collect()
}

impl Desired {
    /// The same, asking of the fields that are left alone for nothing but what the user has.
    #[must_use]
    pub fn without_ignored(&self, fields: &BTreeSet<IgnoredField>, live: &Live) -> Self {
        let mut desired = self.clone();
        for field in fields {
            desired.leave(*field, live);
        }
        desired
    }

    fn leave(&mut self, field: IgnoredField, live: &Live) {
        let user = &live.user;
        match field {
            IgnoredField::IdentityInfo => self.identity_info = Default::default(),
            IgnoredField::FirstName => self.identity_info.first_name = None,
            IgnoredField::LastName => self.identity_info.last_name = None,
            IgnoredField::Email => self.identity_info.email = None,
            IgnoredField::SecondaryEmail => self.identity_info.secondary_email = None,
            IgnoredField::Mobile => self.identity_info.mobile = None,
            IgnoredField::PhoneConfig => self.phone = DesiredPhone::default(),
            IgnoredField::PhoneType => self.phone.phone_type = None,
            IgnoredField::AutoAccept => self.phone.auto_accept = None,
            IgnoredField::AfterContactWorkTimeLimit => self.phone.after_contact_work_time_limit = None,
            IgnoredField::DeskPhoneNumber => {
                // A desk phone cannot be without a number.
                let number = Settings::of(user).voice.desk_phone_number;
                self.phone.desk_phone_number = number.or(self.phone.desk_phone_number.take());
            }
            IgnoredField::PersistentConnection => self.phone.persistent_connection = None,
            IgnoredField::AutoAcceptConfigs => self.channel_configs.auto_accept = None,
            IgnoredField::AfterContactWorkConfigs => self.channel_configs.after_contact_work = None,
            IgnoredField::PhoneNumberConfigs => self.channel_configs.phone_number = None,
            IgnoredField::PersistentConnectionConfigs => self.channel_configs.persistent_connection = None,
            IgnoredField::VoiceEnhancementConfigs => self.channel_configs.voice_enhancement = None,
            IgnoredField::RoutingProfileArn | IgnoredField::RoutingProfileName => {
                self.routing_profile = user.routing_profile_id.clone().unwrap_or(self.routing_profile.clone());
            }
            IgnoredField::SecurityProfileArns | IgnoredField::SecurityProfileNames => {
                if !user.security_profile_ids.is_empty() {
                    self.security_profiles = user.security_profile_ids.clone();
                }
            }
            IgnoredField::HierarchyGroupArn | IgnoredField::HierarchyGroupPath => self.hierarchy_group = None,
            IgnoredField::UserProficiencies => self.proficiencies = None,
            IgnoredField::Tags => self.tags.retain(|key, value| match user.tags.get(key) {
                Some(has) => {
                    value.clone_from(has);
                    true
                }
                None => false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use connect_api::{Call, PhoneType};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{
        api::CreateAttempt,
        plan::{
            diff,
            fixtures::{by_channel, full, live, proficiency},
        },
    };

    fn spec(last_name: &str) -> ConnectUserSpec {
        serde_json::from_value(json!({
            "instanceArn": "i", "username": "u", "routingProfileArn": "r", "securityProfileArns": ["s"],
            "identityInfo": { "lastName": last_name },
            "ignoreDrift": ["identityInfo.lastName"],
        }))
        .unwrap()
    }

    fn is_left(spec: &ConnectUserSpec, status: &ConnectUserStatus) -> bool {
        ignored_drift(spec, status).contains(&IgnoredField::LastName)
    }

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_field_is_left_alone_once_it_was_applied_until_the_spec_says_something_else() {
        let applied = |value: &str| ConnectUserStatus {
            applied_values: [("identityInfo.lastName".to_owned(), value.to_owned())].into(),
            ..Default::default()
        };
        assert!(is_left(&spec("Doe"), &applied("\"Doe\"")));
        assert!(!is_left(&spec("Roe"), &applied("\"Doe\"")));
    }

    #[test]
    fn nothing_is_left_alone_before_the_user_that_we_created_was_once_as_the_spec_asks() {
        let created = CreateAttempt { at: Timestamp::from_millisecond(7_900).unwrap(), clean: true };
        let status = |last_sync_time| ConnectUserStatus { create_attempt: Some(created), last_sync_time, ..Default::default() };
        assert!(!is_left(&spec("Doe"), &status(None)));
        assert!(!is_left(&spec("Doe"), &status(at(6))), "of the user that this one replaces");
        assert!(is_left(&spec("Doe"), &status(at(7))));
    }

    #[test]
    fn of_a_user_that_was_taken_over_what_it_has_is_left_alone() {
        assert!(is_left(&spec("Doe"), &ConnectUserStatus::default()));
    }

    /// A user that differs from the full spec in everything that can drift.
    fn another() -> Live {
        let mut other = live();
        let user = &mut other.user;
        user.identity_info = Default::default();
        let phone = user.phone_config.as_mut().unwrap();
        (phone.phone_type, phone.desk_phone_number) = (PhoneType::DeskPhone, Some("+4912345678".into()));
        (phone.auto_accept, phone.after_contact_work_time_limit, phone.persistent_connection) = (false, 7, Some(false));
        user.routing_profile_id = Some("routing-9".into());
        user.security_profile_ids = ["security-9".into()].into();
        user.hierarchy_group_id = None;
        user.tags.insert("team".into(), "south".into());
        user.tags.remove("cost");
        other.proficiencies = Some([(proficiency("language", "de"), 1.0)].into());
        other
    }

    #[test]
    fn a_user_of_which_everything_is_left_alone_needs_no_call_and_of_which_nothing_is_needs_them_all() {
        let applied = full().tags.into_keys().collect();
        let all = IgnoredField::ALL.iter().copied().collect();
        let calls = |fields: &BTreeSet<IgnoredField>| diff(&full().without_ignored(fields, &another()), &another(), &applied);
        assert_eq!(format!("{:?}", calls(&all)), "[]");
        assert_eq!(calls(&BTreeSet::new()).len(), 8);
    }

    #[test]
    fn only_what_is_named_is_left_alone() {
        for (spec, field) in [full(), by_channel()].iter().flat_map(|spec| IgnoredField::ALL.iter().map(move |f| (spec, f))) {
            let shows = |fields: &[IgnoredField]| -> BTreeSet<String> {
                let desired = spec.without_ignored(&fields.iter().copied().collect(), &another());
                diff(&desired, &another(), &BTreeSet::new()).into_iter().flat_map(|a| a.because).map(|c| c.field).collect()
            };
            // The spec gives ARNs.
            let written = match field {
                IgnoredField::RoutingProfileName => IgnoredField::RoutingProfileArn,
                IgnoredField::SecurityProfileNames => IgnoredField::SecurityProfileArns,
                IgnoredField::HierarchyGroupPath => IgnoredField::HierarchyGroupArn,
                field => *field,
            };
            let below = |path: &String| path.starts_with(written.path());
            let expected: BTreeSet<_> = shows(&[]).into_iter().filter(|path| !below(path)).collect();
            assert_eq!(shows(&[*field]), expected, "{field:?}");
        }
    }

    #[test]
    fn a_managed_desk_phone_gets_the_specs_number_where_it_has_none() {
        let mut other = live();
        other.user.phone_config = None;
        let desired = full().without_ignored(&[IgnoredField::DeskPhoneNumber].into(), &other);
        let actions = diff(&desired, &other, &BTreeSet::new());
        let [Call::UpdateUserPhoneConfig(call)] = &actions.iter().map(|a| a.call.clone()).collect::<Vec<_>>()[..] else {
            panic!("{actions:?}")
        };
        assert_eq!(call.phone_config.desk_phone_number, full().phone.desk_phone_number);
    }
}
