//! The parts of a user that a spec manages, each in a file of its own, and the questions about all of them.
//!
//! Parts are independent of each other: the failure of one part's call leaves the others' progress. Each question here takes the
//! values apart member by member and never with `..`, so that a new part or member does not compile until every question has an
//! answer for it.

mod channels;
mod hierarchy_group;
mod identity;
mod proficiencies;
#[cfg(test)]
mod references_tests;
mod routing_profile;
mod security_profiles;
mod spelling;
pub(super) mod tags;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

pub use channels::Channels;
pub(super) use channels::channels_to_spec;
#[cfg(test)]
pub(super) use channels::{DesiredPhone, Settings};
use connect_api::{
    Arn, AssociateUserProficiencies, ChannelConfigs, CreateUser, CreatedUser, FoundUser, HierarchyGroupId, IdentityInfo,
    InstanceId, OperationName, ProficiencyKey, RoutingProfileId, SecurityProfileId, Tags, UpdateUserProficiencies, User,
};
pub(super) use identity::{
    beside_a_directory, beside_saml, changed_beside_a_directory, given_beside_a_directory, with_empty_strings,
};
pub(crate) use tags::MOST_ON_A_USER;

// The parts take their names from here.
use super::{
    action::{Action, Change, UserUpdate},
    live::Live,
    name_index::NameIndex,
    references::{Reference, Referent, Search, Unresolved, UnresolvedReason},
    spec_error::SpecError,
};
use crate::api::{self, ConnectUserSpec, ConnectUserStatus, IgnoredField, ObservedUser, UserProficiency};

/// What a spec asks for, part by part. A member that is None is not managed.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Names, e-mail, mobile; `""` clears.
    pub identity: IdentityInfo,
    /// How contacts reach the user.
    pub channels: Channels,
    /// The routing profile.
    pub routing_profile: Option<RoutingProfileId>,
    /// The security profiles.
    pub security_profiles: Option<BTreeSet<SecurityProfileId>>,
    /// The hierarchy group; `Some(None)` for none.
    pub hierarchy_group: Option<Option<HierarchyGroupId>>,
    /// Proficiencies with their levels.
    pub proficiencies: Option<BTreeMap<ProficiencyKey, u8>>,
    /// The spec's own tags, without the proof of ownership.
    pub tags: Tags,
}

/// The parts of a spec, and how its names were resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) parts: Parts,
    /// The names of the kinds that were looked up.
    pub(super) names: NameIndex,
    /// Names that do not resolve to one id, in fields listed in `ignoreDrift`: these parts are not managed.
    pub(super) unresolved: Vec<Unresolved>,
}

/// Reads the parts of a spec. Names in the fields `not_managed` are not even looked up.
///
/// # Errors
/// The first field that cannot be read; else all names that do not resolve to one id, unless each is in a field that `ignoreDrift`
/// lists and was looked up.
pub(super) fn parse<E>(
    spec: &ConnectUserSpec,
    instance: &Arn,
    names: &NameIndex,
    not_managed: &BTreeSet<IgnoredField>,
) -> Result<Parsed, E>
where
    E: From<SpecError> + From<Vec<Unresolved>>,
{
    let ConnectUserSpec {
        identity_info,
        // Read together below.
        phone_config: _,
        auto_accept_configs: _,
        after_contact_work_configs: _,
        phone_number_configs: _,
        persistent_connection_configs: _,
        voice_enhancement_configs: _,
        routing_profile_arn,
        routing_profile_name,
        security_profile_arns,
        security_profile_names,
        hierarchy_group_arn,
        hierarchy_group_path,
        user_proficiencies,
        tags,
        // Not parts: they cannot change, or they tell the operator what to do.
        instance_arn: _,
        username: _,
        directory_user_id: _,
        password_secret_ref: _,
        generate_password: _,
        region: _,
        adoption_policy: _,
        deletion_policy: _,
        management_policy: _,
        drift_interval: _,
        ignore_drift,
    } = spec;
    let routing_profile = routing_profile::parse(routing_profile_arn.as_deref(), routing_profile_name.as_deref(), instance)?;
    let security_profiles =
        security_profiles::parse(security_profile_arns.as_deref(), security_profile_names.as_deref(), instance)?;
    let hierarchy_group = hierarchy_group::parse(hierarchy_group_arn.as_deref(), hierarchy_group_path.as_deref(), instance)?;

    let mut search = Search::new(names);
    let is_managed = |field| !not_managed.contains(&field);
    let routing_profile = Some(routing_profile).filter(|_| is_managed(IgnoredField::RoutingProfileName));
    let routing_profile = routing_profile.and_then(|p| search.id(p));
    let security_profiles = Some(security_profiles).filter(|_| is_managed(IgnoredField::SecurityProfileNames));
    let security_profiles = security_profiles.and_then(|profiles| search.all(profiles));
    let hierarchy_group = hierarchy_group.filter(|_| is_managed(IgnoredField::HierarchyGroupPath));
    let hierarchy_group = match hierarchy_group {
        Some(Some(group)) => search.id(group).map(Some),
        none => none.map(|_| None),
    };
    let (names, unresolved) = search.finish();
    let may_wait = |name: &Unresolved| {
        name.why != UnresolvedReason::Unread && ignore_drift.iter().flatten().any(|field| field.path() == name.kind.name_field())
    };
    if !unresolved.iter().all(may_wait) {
        return Err(unresolved.into());
    }
    let parts = Parts {
        identity: identity::parse(identity_info.as_ref()),
        channels: channels::parse(spec)?,
        routing_profile,
        security_profiles,
        hierarchy_group,
        proficiencies: user_proficiencies.as_deref().map(proficiencies::parse),
        tags: tags.clone().unwrap_or_default(),
    };
    Ok(Parsed { parts, names, unresolved })
}

/// Returns the request that creates a user with these parts, without its password. Proficiencies have to follow. None if a profile is
/// not known: a user with only some of its profiles would have other rights than requested.
pub(super) fn at_creation(
    parts: &Parts,
    proof: &Tags,
    instance: InstanceId,
    username: String,
    directory_user_id: Option<String>,
) -> Option<CreateUser> {
    let Parts { identity, channels, routing_profile, security_profiles, hierarchy_group, proficiencies: _, tags } = parts;
    let (phone_config, channel_configs) = channels::at_creation(channels);
    Some(CreateUser {
        instance,
        username,
        password: None,
        identity_info: identity::at_creation(identity),
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids: security_profiles.clone()?,
        routing_profile_id: routing_profile.clone()?,
        hierarchy_group_id: hierarchy_group.clone().flatten(),
        tags: tags::with_proof(tags, proof),
    })
}

/// Returns the calls that make `live` equal these parts, one for each part that differs; none if it does.
///
/// `applied_tag_keys` are the keys that this resource has set before: those that left the spec are removed, all other keys on the
/// user belong to others and stay.
pub(super) fn diff(
    parts: &Parts,
    names: &NameIndex,
    proof: &Tags,
    instance: &InstanceId,
    live: &Live,
    applied_tag_keys: &BTreeSet<String>,
) -> Vec<Action> {
    let Parts { identity, channels, routing_profile, security_profiles, hierarchy_group, proficiencies, tags } = parts;
    let mut actions = Vec::new();
    // The proof of ownership comes first, unless there is no room for it.
    let (set, removed) = (tags::diff_set(tags, proof, live), tags::diff_removed(tags, proof, live, applied_tag_keys));
    let is_full = tags::count_after(live, set.as_ref()) > MOST_ON_A_USER;
    let (first, last) = if is_full { (removed, set.map(|set| set.after(OperationName::UntagResource))) } else { (set, removed) };
    actions.extend(first);
    actions.extend(identity::diff(identity, live, instance));
    actions.extend(channels::diff(channels, live, instance));
    actions.extend(routing_profile::diff(routing_profile.as_ref(), names, live, instance));
    actions.extend(security_profiles::diff(security_profiles.as_ref(), names, live, instance));
    actions.extend(hierarchy_group::diff(hierarchy_group, names, live, instance));
    actions.extend(proficiencies::diff(proficiencies, live, instance));
    actions.extend(last);
    actions
}

/// Predicts the user after an update that Connect accepted: the status shows it without another read, and the properties of the
/// plan are checked against it.
pub fn after(mut live: Live, update: &UserUpdate) -> Live {
    // Connect's answer does not include it.
    live.user.last_modified_time = None;
    match update {
        UserUpdate::UpdateUserIdentityInfo(request) => identity::predict(&mut live, request),
        UserUpdate::UpdateUserPhoneConfig(request) => channels::predict_phone(&mut live.user, &request.phone_config),
        UserUpdate::UpdateUserConfig(request) => channels::predict_lists(&mut live.user, &request.channel_configs),
        UserUpdate::UpdateUserRoutingProfile(request) => routing_profile::predict(&mut live, request),
        UserUpdate::UpdateUserSecurityProfiles(request) => security_profiles::predict(&mut live, request),
        UserUpdate::UpdateUserHierarchy(request) => hierarchy_group::predict(&mut live, request),
        UserUpdate::AssociateUserProficiencies(AssociateUserProficiencies { proficiencies, .. })
        | UserUpdate::UpdateUserProficiencies(UpdateUserProficiencies { proficiencies, .. }) => {
            proficiencies::predict_set(&mut live, proficiencies);
        }
        UserUpdate::DisassociateUserProficiencies(request) => {
            proficiencies::predict_removed(&mut live, &request.proficiencies);
        }
        UserUpdate::TagResource(request) => tags::predict_set(&mut live, request),
        UserUpdate::UntagResource(request) => tags::predict_removed(&mut live, request),
    }
    live
}

/// Predicts the user that an accepted CreateUser made.
pub fn created(request: &CreateUser, user: &CreatedUser) -> Live {
    let CreateUser {
        instance: _,
        username,
        password: _,
        identity_info,
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
    } = request.clone();
    let CreatedUser { id, arn } = user.clone();
    let mut user = User {
        id,
        arn,
        username,
        identity_info: identity_info.unwrap_or_default(),
        phone_config: None,
        channel_configs: ChannelConfigs::default(),
        directory_user_id,
        security_profile_ids,
        routing_profile_id: Some(routing_profile_id),
        hierarchy_group_id,
        tags,
        last_modified_time: None,
    };
    if let Some(phone) = &phone_config {
        channels::predict_phone(&mut user, phone);
    }
    if channel_configs != ChannelConfigs::default() {
        channels::predict_lists(&mut user, &channel_configs);
    }
    // CreateUser takes no proficiencies, so a new user has none.
    Live { user, proficiencies: Some(BTreeMap::new()) }
}

/// Returns the parts without what is ignored: for that they ask for nothing, or for what the user has.
pub(super) fn ignore(parts: &Parts, ignored: &BTreeSet<IgnoredField>, live: &Live) -> Parts {
    let Parts { identity, channels, routing_profile, security_profiles, hierarchy_group, proficiencies, tags } = parts;
    Parts {
        identity: identity::ignore(identity, ignored),
        channels: channels::ignore(channels, ignored, live),
        routing_profile: routing_profile::ignore(routing_profile.as_ref(), ignored, live),
        security_profiles: security_profiles::ignore(security_profiles.as_ref(), ignored, live),
        hierarchy_group: hierarchy_group::ignore(hierarchy_group, ignored),
        proficiencies: proficiencies::ignore(proficiencies, ignored),
        tags: tags::ignore(tags, ignored, live),
    }
}

/// Returns a user and its differences from the spec without what an observer of another owner's user may not see.
pub(super) fn without_addresses(live: &Live, changes: Vec<Change>) -> (Box<Live>, Vec<Change>) {
    let mut shown = Box::new(live.clone());
    shown.user.identity_info = identity::without_addresses(&live.user.identity_info);
    (shown, changes.into_iter().map(identity::without_address).collect())
}

/// Returns the parts without what no list of users shows: addresses, mobile number and proficiencies. The user of a list says nothing
/// about them.
pub(super) fn of_lists(parts: &Parts) -> Parts {
    let Parts { identity, channels: _, routing_profile: _, security_profiles: _, hierarchy_group: _, proficiencies: _, tags: _ } =
        parts;
    Parts { identity: identity::without_addresses(identity), proficiencies: None, ..parts.clone() }
}

/// Returns a user in the words of the spec, for `status.observed`.
pub fn to_status(instance: &Arn, live: &Live) -> ObservedUser {
    let User {
        id: _,
        arn: _,
        username,
        identity_info,
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
        last_modified_time: _,
    } = &live.user;
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } =
        channel_configs;
    ObservedUser {
        username: username.clone(),
        directory_user_id: directory_user_id.clone(),
        identity_info: identity_info.clone().into(),
        phone_config: phone_config.as_ref().map(channels::phone_to_status),
        auto_accept_configs: channels::list_to_status(auto_accept),
        after_contact_work_configs: channels::list_to_status(after_contact_work),
        phone_number_configs: channels::list_to_status(phone_number),
        persistent_connection_configs: channels::list_to_status(persistent_connection),
        voice_enhancement_configs: channels::list_to_status(voice_enhancement),
        routing_profile_arn: routing_profile_id.as_ref().map(|id| id.arn(instance)),
        security_profile_arns: security_profile_ids.iter().map(|id| id.arn(instance)).collect(),
        hierarchy_group_arn: hierarchy_group_id.as_ref().map(|id| id.arn(instance)),
        user_proficiencies: live.proficiencies.as_ref().map(proficiencies::to_status),
        tags: tags.clone(),
    }
}

/// Returns the recorded user as it was last read. None if it was not read yet, or if the status cannot be read.
pub fn from_status(instance: &Arn, status: &ConnectUserStatus) -> Option<Live> {
    let ObservedUser {
        username,
        directory_user_id,
        identity_info,
        phone_config,
        auto_accept_configs,
        after_contact_work_configs,
        phone_number_configs,
        persistent_connection_configs,
        voice_enhancement_configs,
        routing_profile_arn,
        security_profile_arns,
        hierarchy_group_arn,
        user_proficiencies,
        tags,
    } = status.observed.clone()?;
    let user = User {
        id: status.user_id.as_deref()?.into(),
        arn: status.user_arn.clone()?,
        username,
        identity_info: identity_info.into(),
        phone_config: phone_config.map(channels::phone_from_status),
        channel_configs: ChannelConfigs {
            auto_accept: channels::list_from_status(auto_accept_configs),
            after_contact_work: channels::list_from_status(after_contact_work_configs),
            phone_number: channels::list_from_status(phone_number_configs),
            persistent_connection: channels::list_from_status(persistent_connection_configs),
            voice_enhancement: channels::list_from_status(voice_enhancement_configs),
        },
        directory_user_id,
        security_profile_ids: security_profile_arns
            .iter()
            .map(|arn| Referent::of_arn(arn, instance))
            .collect::<Result<_, _>>()
            .ok()?,
        routing_profile_id: routing_profile_arn.map(|arn| Referent::of_arn(&arn, instance)).transpose().ok()?,
        hierarchy_group_id: hierarchy_group_arn.map(|arn| Referent::of_arn(&arn, instance)).transpose().ok()?,
        tags,
        last_modified_time: None,
    };
    Some(Live { user, proficiencies: user_proficiencies.as_deref().map(proficiencies::from_status) })
}

/// What SearchUsers shows of a user, in eight bytes: everything but e-mail addresses, mobile and proficiencies. The index lags, so a
/// user that looks different may be an older state of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Returns the fingerprint of a user as SearchUsers shows it.
    pub fn of_found(user: &FoundUser) -> Self {
        let FoundUser {
            id: _,
            arn: _,
            username: _,
            first_name,
            last_name,
            phone_config,
            channel_configs,
            directory_user_id: _,
            security_profile_ids,
            routing_profile_id,
            hierarchy_group_id,
            tags,
        } = user;
        let names = identity::fingerprint(first_name, last_name);
        let profiles = (routing_profile_id, security_profile_ids, hierarchy_group_id);
        let mut hasher = DefaultHasher::new();
        (names, channels::fingerprint(phone_config, channel_configs), profiles, tags).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Returns the fingerprint of a user that was read.
    pub fn of_user(user: User) -> Self {
        Self::of_found(&found(user))
    }
}

/// Returns a user as SearchUsers shows it.
pub(super) fn found(user: User) -> FoundUser {
    let User {
        id,
        arn,
        username,
        identity_info: IdentityInfo { first_name, last_name, email: _, secondary_email: _, mobile: _ },
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
        last_modified_time: _,
    } = user;
    FoundUser {
        id,
        arn,
        username,
        first_name,
        last_name,
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
    }
}
