//! Properties of the plan that hold for every spec, every user and all knowledge that a pass can have: it converges in any order,
//! makes no call that is not needed, is safe, and has a step for every state.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreatedUser, IdentityInfo, OperationName,
    PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig, PhoneType, ProficiencyKey, Tags, User, UserId,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};
use proptest::{collection, option, prelude::*, sample};

use super::{
    Action, Change, Channels, CreateAttempts, Creation, Desired, Knowledge, Live, Observation, OthersUsers, Owner, Ownership,
    Parts, Policy, Preview, QuickConnects, References, Step, UserUpdate, Users, after, created,
    desired::differences,
    diff, export,
    fixtures::{
        another_owner, bare, by_channel, export_names, full, live, live_by_channel, nothing_known, number, owner, persistent,
        proficiency, voice,
    },
    next,
    parts::{DesiredPhone, Settings},
    preview,
};
use crate::api::{AdoptionPolicy, ConnectUser, DeletionPolicy, IgnoredField, ManagementPolicy};

/// Returns whether a user equals a spec: an independent oracle for when [`diff`] must be empty.
fn satisfies(live: &Live, desired: &Desired, applied: &BTreeSet<String>) -> bool {
    let user = &live.user;
    let text =
        |want: &Option<String>, is: &Option<String>| want.as_deref().is_none_or(|want| want == is.as_deref().unwrap_or_default());
    let identity = members(&desired.parts.identity).zip(members(&user.identity_info)).all(|(want, is)| text(want, is));
    let proficiencies = match (&desired.parts.proficiencies, &live.proficiencies) {
        (Some(want), Some(is)) => want.iter().map(|(k, level)| (k.clone(), f32::from(*level))).eq(is.clone()),
        // Not managed, or not read.
        (None, _) | (_, None) => true,
    };
    let wanted = desired.all_tags();
    identity
        && settings_satisfy(user, desired)
        && proficiencies
        && desired.parts.routing_profile.as_ref().is_none_or(|want| user.routing_profile_id.as_ref() == Some(want))
        && desired.parts.security_profiles.as_ref().is_none_or(|want| user.security_profile_ids == *want)
        && desired.parts.hierarchy_group.as_ref().is_none_or(|want| *want == user.hierarchy_group_id)
        && wanted.iter().all(|(k, v)| user.tags.get(k) == Some(v))
        && applied.iter().all(|k| wanted.contains_key(k) || !user.tags.contains_key(k))
}

fn members(info: &IdentityInfo) -> impl Iterator<Item = &Option<String>> {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
    [first_name, last_name, email, secondary_email, mobile].into_iter()
}

/// A setting of a channel that may have its own value for callbacks; true is 1.
struct Element {
    channel: Channel,
    value: i32,
    callback: Option<i32>,
}

/// One of the two families with such settings: what `phoneConfig` and the list of a spec ask for, and what a user has.
struct Family {
    phone: Option<i32>,
    list: Option<Vec<Element>>,
    is: Vec<Element>,
}

fn families(desired: &Desired, user: &User) -> [Family; 2] {
    fn auto_accept(list: &[AutoAcceptConfig]) -> Vec<Element> {
        let one = |c: &AutoAcceptConfig| Element {
            channel: c.channel,
            value: c.auto_accept.into(),
            callback: c.agent_first_callback_auto_accept.map(Into::into),
        };
        list.iter().map(one).collect()
    }
    fn work(list: &[AfterContactWorkConfig]) -> Vec<Element> {
        let one = |c: &AfterContactWorkConfig| Element {
            channel: c.channel,
            value: c.after_contact_work_time_limit,
            callback: c.agent_first_callback_after_contact_work_time_limit,
        };
        list.iter().map(one).collect()
    }
    let (phone, lists, is) = (&desired.parts.channels.phone, &desired.parts.channels.lists, Settings::of(user));
    [
        Family {
            phone: phone.auto_accept.map(Into::into),
            list: lists.auto_accept.as_deref().map(auto_accept),
            is: auto_accept(&is.auto_accept),
        },
        Family {
            phone: phone.after_contact_work_time_limit,
            list: lists.after_contact_work.as_deref().map(work),
            is: work(&is.after_contact_work),
        },
    ]
}

/// Returns the same for the settings of all channels: each family by its list, or by `phoneConfig`, or not at all.
fn settings_satisfy(user: &User, desired: &Desired) -> bool {
    let (phone, lists, is) = (&desired.parts.channels.phone, &desired.parts.channels.lists, Settings::of(user));
    let [auto_accept, work] = families(desired, user).map(|Family { phone, list, is }| {
        is.iter().all(|is| match &list {
            Some(list) if list.is_empty() => is.value == 0 && is.callback.unwrap_or_default() == 0,
            Some(list) => list.iter().filter(|want| want.channel == is.channel).all(|want| {
                let callback = is.callback.unwrap_or_default();
                want.value == is.value && want.callback.is_none_or(|want| want == callback)
            }),
            None => phone.is_none_or(|want| want == is.value),
        })
    });
    let (want_type, want_number) = match lists.phone_number.as_deref() {
        Some([want, ..]) => (Some(want.phone_type), want.phone_number.as_ref()),
        Some([]) => (Some(PhoneType::SoftPhone), None),
        None => (phone.phone_type, phone.desk_phone_number.as_ref()),
    };
    let number = want_type.is_none_or(|want| want == is.voice.phone_type)
        && want_number.is_none_or(|want| is.voice.desk_phone_number.as_ref() == Some(want));
    let persistent = match lists.persistent_connection.as_deref() {
        Some(list) => Some(list.first().is_some_and(|want| want.persistent_connection)),
        None => phone.persistent_connection,
    };
    let enhancement = lists
        .voice_enhancement
        .as_ref()
        .map(|list| list.first().map_or(VoiceEnhancementMode::None, |want| want.voice_enhancement_mode));
    auto_accept
        && work
        && number
        && persistent.is_none_or(|want| want == is.voice.persistent_connection.unwrap_or_default())
        && enhancement.is_none_or(|want| is.voice_enhancement.iter().all(|is| is.voice_enhancement_mode == want))
}

/// Returns which families a spec manages, by lists or by `phoneConfig`, in the order of the lists.
fn managed(desired: &Desired) -> [bool; 5] {
    let (phone, lists) = (&desired.parts.channels.phone, &desired.parts.channels.lists);
    [
        lists.auto_accept.is_some() || phone.auto_accept.is_some(),
        lists.after_contact_work.is_some() || phone.after_contact_work_time_limit.is_some(),
        lists.phone_number.is_some() || phone.phone_type.is_some() || phone.desk_phone_number.is_some(),
        lists.persistent_connection.is_some() || phone.persistent_connection.is_some(),
        lists.voice_enhancement.is_some(),
    ]
}

/// Returns the length of each list that is given.
fn lengths(lists: &ChannelConfigs) -> [Option<usize>; 5] {
    [
        lists.auto_accept.as_ref().map(Vec::len),
        lists.after_contact_work.as_ref().map(Vec::len),
        lists.phone_number.as_ref().map(Vec::len),
        lists.persistent_connection.as_ref().map(Vec::len),
        lists.voice_enhancement.as_ref().map(Vec::len),
    ]
}

/// Returns whether a user has the same settings on all channels, and none for callbacks.
fn is_alike(user: &User) -> bool {
    families(&bare(), user)
        .iter()
        .all(|Family { is, .. }| is.iter().all(|one| one.value == is[0].value && one.callback.unwrap_or_default() == 0))
}

/// Checks the calls of a plan for a user.
fn lint_actions(desired: &Desired, live: &Live, applied: &BTreeSet<String>, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    let settings = [OperationName::UpdateUserPhoneConfig, OperationName::UpdateUserConfig];
    prop_assert!(
        actions.iter().filter(|a| settings.contains(&a.update.name())).count() <= 1,
        "the two calls would undo each other"
    );
    for Action { update, changes, .. } in actions {
        prop_assert!(seen.insert(update.name()), "{} twice", update.name());
        prop_assert!(update.name().is_write() && !changes.is_empty(), "{update:?}");
        prop_assert!(changes.iter().all(|c| c.from != c.to), "{changes:?}");
        match update {
            UserUpdate::UpdateUserPhoneConfig(_) => {
                prop_assert!(
                    desired.parts.channels.lists == ChannelConfigs::default() && is_alike(&live.user),
                    "it would flatten"
                );
                prop_assert!(desired.parts.channels.phone != DesiredPhone::default(), "the spec does not ask for it");
            }
            UserUpdate::UpdateUserConfig(c) => {
                prop_assert!(desired.parts.channels.lists != ChannelConfigs::default() || !is_alike(&live.user), "without need");
                let lengths = lengths(&c.channel_configs);
                prop_assert_eq!(lengths.map(|l| l.is_some()), managed(desired), "each managed list, no other");
                prop_assert!(!lengths.contains(&Some(0)), "an empty list says nothing where Connect merges");
            }
            UserUpdate::UpdateUserSecurityProfiles(c) => {
                prop_assert!(!c.security_profile_ids.is_empty(), "a user cannot be without security profiles");
            }
            UserUpdate::UpdateUserProficiencies(c) => {
                let has = live.proficiencies.clone().unwrap_or_default();
                prop_assert!(c.proficiencies.iter().all(|p| has.contains_key(&p.key)), "only what is associated can be updated");
                prop_assert!(!c.proficiencies.is_empty());
            }
            UserUpdate::AssociateUserProficiencies(c) => prop_assert!(!c.proficiencies.is_empty()),
            UserUpdate::DisassociateUserProficiencies(c) => prop_assert!(!c.proficiencies.is_empty()),
            UserUpdate::TagResource(c) => {
                let all = desired.all_tags();
                prop_assert!(c.tags.iter().all(|(k, v)| all.get(k) == Some(v)), "a tag that the spec does not ask for");
                prop_assert!(!c.tags.is_empty());
            }
            UserUpdate::UntagResource(c) => {
                prop_assert!(c.keys.is_subset(applied), "a tag of another owner");
                prop_assert!(c.keys.iter().all(|k| !desired.owner.tags().contains_key(k)), "the proof of ownership");
                prop_assert!(!c.keys.is_empty());
            }
            UserUpdate::UpdateUserIdentityInfo(_)
            | UserUpdate::UpdateUserRoutingProfile(_)
            | UserUpdate::UpdateUserHierarchy(_) => {}
        }
        // The requests have no common type: the text shows which user they are about.
        let (request, instance, User { id, arn, .. }) = (format!("{update:?}"), &desired.instance.instance, &live.user);
        let of_user = [format!("{{ instance: {instance:?}, user: {id:?}, "), format!("{{ arn: {arn:?}, ")];
        prop_assert!(of_user.iter().any(|start| request.contains(start)), "another user: {update:?}");
    }
    Ok(())
}

/// Returns the user that was read, if it is ours.
fn ours<'a>(owner: &Owner, seen: &'a Observation) -> Option<&'a Live> {
    match seen {
        Observation::Present(live) if owner.of(&live.user.tags) == Ownership::Ours => Some(live),
        Observation::Present(_) | Observation::Absent | Observation::NotLooked => None,
    }
}

/// Checks a step against the protocol's rules, one by one.
fn lint_step(desired: &Desired, known: &Knowledge, step: &Step) -> Result<(), TestCaseError> {
    let by_id = ours(&desired.owner, &known.by_id).filter(|_| known.recorded.is_some());
    let by_name = ours(&desired.owner, &known.by_name);
    let remembered = || known.remembered.as_deref().filter(|l| desired.owner.of(&l.user.tags) == Ownership::Ours);
    // As long as the resource stays, the status replaces a read that was not made.
    let stands_on = match known.by_id {
        Observation::NotLooked if !known.deleting && known.recorded.is_some() => remembered(),
        Observation::NotLooked | Observation::Absent | Observation::Present(_) => by_id,
    };
    let open = known.mark != CreateAttempts::None && !known.settled;
    let Policy { adoption, deletion, management, quick_connects, others_users: _, bounded } = known.policy;
    let deletes = deletion == DeletionPolicy::Delete && management == ManagementPolicy::Full;
    let cleans_up = deletes && quick_connects == QuickConnects::Go;
    let dangles =
        |id: &UserId| known.was_ours && known.by_id == Observation::Absent && known.quick_connects_of.as_ref() != Some(id);
    if management == ManagementPolicy::Observe && !known.deleting {
        return lint_observation(desired, known, step);
    }
    match step {
        Step::LookById(id) => prop_assert!(known.recorded.as_ref() == Some(id) && known.by_id == Observation::NotLooked),
        Step::LookByName => prop_assert_eq!(&known.by_name, &Observation::NotLooked),
        Step::ReadProficiencies(id) => {
            prop_assert!(
                desired.parts.proficiencies.is_some() && by_id.is_some_and(|l| l.user.id == *id && l.proficiencies.is_none())
            );
        }
        Step::Create(request) => {
            prop_assert!(!known.deleting && known.recorded.is_none(), "only where there should be a user, and none is known");
            let absent = known.by_name == Observation::Absent;
            let first = known.by_name == Observation::NotLooked && known.mark == CreateAttempts::None;
            prop_assert!((absent || first) && known.creation == Creation::Untried, "only where the name seems free");
            prop_assert!(adoption != AdoptionPolicy::Adopt, "only where a user may be created");
            prop_assert_eq!(desired.owner.of(&request.tags), Ownership::Ours, "the proof goes with the request");
            prop_assert_eq!(&request.username, &desired.username);
            prop_assert!(request.password.is_none() && !request.security_profile_ids.is_empty());
        }
        Step::AddFinalizer => {
            prop_assert!(!known.deleting && !known.finalizer && stands_on.is_some(), "only where a user of ours is");
        }
        Step::Keep(_) => prop_assert!(false, "only an observer does this"),
        Step::Record(live) => {
            prop_assert_eq!(Some(&**live), by_name, "only what is ours");
            if known.deleting {
                prop_assert!(cleans_up && known.recorded.as_ref() != Some(&live.user.id), "its id is needed later");
                prop_assert!(!known.recorded.as_ref().is_some_and(dangles), "the other id is still needed");
            } else {
                prop_assert!(known.recorded.is_none());
            }
        }
        Step::Forget => {
            prop_assert!(!known.deleting && known.recorded.is_some());
            prop_assert!(known.by_id == Observation::Absent && known.settled, "absence must count");
        }
        Step::Update(live, actions) => {
            prop_assert!(!known.deleting && !actions.is_empty());
            prop_assert_eq!(Some(&**live), stands_on, "only what is ours");
            let looked = known.by_id != Observation::NotLooked;
            prop_assert!(looked || !bounded, "it may have got profiles that its namespace may not give");
            prop_assert!(looked || actions.iter().all(|action| !action.carries), "it would send what may have changed since");
            lint_actions(&desired.without_ignored(&known.ignored, live), live, &known.applied_tag_keys, actions)?;
            let changed = actions.iter().flat_map(|action| &action.changes);
            // What a user cannot be without is set where it has none. The proof of ownership are tags too, but not the spec's, and
            // a key that has left the spec is not a value of it.
            let needed = |change: &Change| change.from.as_deref().is_none_or(str::is_empty);
            let proof = |change: &Change| change.field.starts_with("tags[connect-operator.dev/");
            let taken_off = |change: &Change| change.field.starts_with("tags[") && change.to.is_none();
            let left = |change: &Change| known.ignored.iter().any(|left| change.field.starts_with(left.path()));
            prop_assert!(changed.into_iter().all(|change| needed(change) || proof(change) || taken_off(change) || !left(change)));
        }
        Step::InSync(live) => {
            prop_assert!(!known.deleting && known.finalizer);
            prop_assert_eq!(Some(&**live), stands_on, "only what is ours");
            prop_assert!(satisfies(live, &desired.without_ignored(&known.ignored, live), &known.applied_tag_keys));
            prop_assert!(
                desired.parts.proficiencies.is_none() || live.proficiencies.is_some(),
                "what was not read is not in sync"
            );
        }
        Step::Immutable(live, _) => {
            prop_assert_eq!(Some(&**live), stands_on, "only what is ours");
            prop_assert_ne!(&live.user.directory_user_id, &desired.directory_user_id);
        }
        Step::Claim(live) => {
            prop_assert!(!known.deleting && adoption != AdoptionPolicy::Never, "only where that is asked for");
            prop_assert_eq!(desired.owner.of(&live.user.tags), Ownership::Unowned, "never from another owner");
        }
        Step::Missing => {
            prop_assert!(!known.deleting && adoption == AdoptionPolicy::Adopt && known.by_name == Observation::Absent);
        }
        Step::NotCreated => {
            let failed = known.creation == Creation::Impossible && known.by_name == Observation::Absent;
            prop_assert!(!known.deleting && known.recorded.is_none() && failed, "only where there is no user");
        }
        Step::Unresolved => prop_assert!(false, "all names resolve"),
        Step::Hidden => prop_assert!(false, "only an observer is kept from seeing a user"),
        Step::Drifted(..) => prop_assert!(false, "what differs is put right"),
        Step::Conflict(owner) => {
            prop_assert!(!known.deleting && *owner != Ownership::Ours);
            prop_assert!(adoption == AdoptionPolicy::Never || *owner != Ownership::Unowned, "it may be taken");
        }
        Step::Raced => prop_assert!(!known.deleting && known.creation == Creation::Taken && known.by_name == Observation::Absent),
        Step::Wait => prop_assert!(open, "there is nothing to wait for"),
        Step::Delete(id) => {
            prop_assert!(known.deleting && deletes, "only where the resource goes, and not to stay");
            prop_assert!(by_id.or(by_name).is_some_and(|l| l.user.id == *id), "only what is ours");
            prop_assert!(!cleans_up || known.recorded.as_ref() == Some(id), "its quick connects would be forgotten");
        }
        Step::DeleteQuickConnects(id) => {
            prop_assert!(known.deleting && cleans_up, "only where that is asked for");
            prop_assert!(known.recorded.as_ref() == Some(id) && dangles(id), "only of the recorded user, once it is gone");
            prop_assert!(!open, "absence must count");
        }
        Step::Disown(live) => {
            prop_assert!(known.deleting && !deletes);
            prop_assert!(by_id.or(by_name).is_some_and(|l| l.user.id == live.user.id), "only what is ours");
        }
        Step::Release { .. } => {
            prop_assert!(known.deleting);
            prop_assert!(!open && by_id.is_none() && by_name.is_none(), "something of ours may be left");
            let left = known.recorded.as_ref().is_some_and(dangles);
            prop_assert!(!cleans_up || !left, "quick connects may be left");
        }
    }
    Ok(())
}

/// Checks that an observer only reads and reports.
fn lint_observation(desired: &Desired, known: &Knowledge, step: &Step) -> Result<(), TestCaseError> {
    let read = [&known.by_id, &known.by_name].into_iter().filter_map(|seen| match seen {
        Observation::Present(live) => Some(&**live),
        Observation::Absent | Observation::NotLooked => None,
    });
    let remembered = known.remembered.as_deref().filter(|_| known.by_id == Observation::NotLooked);
    let users: Vec<&Live> = read.chain(remembered).collect();
    let may_show =
        |user: &Live| known.policy.others_users == OthersUsers::Shown || desired.owner.of(&user.user.tags) == Ownership::Ours;
    let without_addresses = |user: &Live| {
        let mut user = user.clone();
        let info = &mut user.user.identity_info;
        (info.email, info.secondary_email, info.mobile) = (None, None, None);
        user
    };
    // The user that a step shows, as it is.
    let whole = |live: &Live| {
        let is_shown = |user: &&&Live| if may_show(user) { **user == live } else { without_addresses(user) == *live };
        users.iter().find(is_shown).copied()
    };
    let shown = |live: &Live| whole(live).is_some();
    let hides = known.policy.others_users == OthersUsers::Hidden;
    match step {
        Step::LookById(id) => prop_assert!(!known.deleting && known.recorded.as_ref() == Some(id)),
        Step::LookByName => prop_assert!(!known.deleting && known.by_name == Observation::NotLooked),
        Step::ReadProficiencies(_) => prop_assert!(!known.deleting && desired.parts.proficiencies.is_some()),
        Step::InSync(live) => {
            let desired = desired.without_ignored(&known.ignored, live);
            prop_assert!(whole(live).is_some_and(|user| differences(&desired, user, &known.applied_tag_keys).is_empty()));
            prop_assert!(!hides || may_show(live));
        }
        Step::Drifted(live, changes) => {
            prop_assert!(shown(live) && !changes.is_empty());
            prop_assert!(!hides || may_show(live));
            let is_address = |change: &&Change| {
                ["identityInfo.email", "identityInfo.secondaryEmail", "identityInfo.mobile"].contains(&change.field.as_str())
            };
            let mut addresses = changes.iter().filter(is_address);
            prop_assert!(may_show(live) || addresses.all(|change| change.from.as_deref() == Some("(not shown)")));
        }
        Step::Hidden => prop_assert!(hides && users.iter().any(|user| !may_show(user))),
        Step::Missing => prop_assert!(!known.deleting && known.by_name == Observation::Absent),
        Step::Keep(live) => {
            prop_assert!(shown(live) && desired.owner.of(&live.user.tags) == Ownership::Ours);
            prop_assert!(desired.owner.tags().iter().any(|(key, value)| live.user.tags.get(key) != Some(value)));
        }
        other => prop_assert!(false, "an observer does not do this: {other:?}"),
    }
    Ok(())
}

prop_compose! {
    fn policies()(
        adoption in sample::select(vec![AdoptionPolicy::Never, AdoptionPolicy::AdoptOrCreate, AdoptionPolicy::Adopt]),
        deletion in sample::select(vec![DeletionPolicy::Delete, DeletionPolicy::Retain]),
        management in sample::select(vec![ManagementPolicy::Full, ManagementPolicy::Full, ManagementPolicy::Observe]),
        quick_connects in sample::select(vec![QuickConnects::Stay, QuickConnects::Go]),
        others_users in sample::select(vec![OthersUsers::Hidden, OthersUsers::WithoutAddresses, OthersUsers::Shown]),
        bounded in any::<bool>(),
    ) -> Policy {
        Policy { adoption, deletion, management, quick_connects, others_users, bounded }
    }
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(sample::select(vec!["", "a", "b"]).prop_map(str::to_owned))
}

prop_compose! {
    fn identity_infos()(
        first_name in text(), last_name in text(), email in text(), secondary_email in text(), mobile in text(),
    ) -> IdentityInfo {
        IdentityInfo { first_name, last_name, email, secondary_email, mobile }
    }
}

fn phone_types() -> impl Strategy<Value = PhoneType> {
    sample::select(vec![PhoneType::SoftPhone, PhoneType::DeskPhone])
}

fn numbers() -> impl Strategy<Value = Option<String>> {
    option::of(sample::select(vec!["+1", "+2"]).prop_map(str::to_owned))
}

prop_compose! {
    /// Phone settings, even those that the API server refuses: the schema in a cluster may be older or altered.
    fn desired_phones()(
        phone_type in option::of(phone_types()),
        auto_accept in option::of(any::<bool>()),
        after_contact_work_time_limit in option::of(0..3),
        desk_phone_number in numbers(),
        persistent_connection in option::of(any::<bool>()),
    ) -> DesiredPhone {
        DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection }
    }
}

prop_compose! {
    fn phone_configs()(
        phone_type in phone_types(),
        auto_accept in any::<bool>(),
        after_contact_work_time_limit in 0..3,
        desk_phone_number in numbers(),
        persistent_connection in option::of(any::<bool>()),
    ) -> PhoneConfig {
        PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection }
    }
}

fn auto_accepts() -> impl Strategy<Value = Vec<AutoAcceptConfig>> {
    collection::btree_map(channels(), (any::<bool>(), option::of(any::<bool>())), 0..5).prop_map(|list| {
        let one = |(channel, (auto_accept, callback)): (Channel, (bool, Option<bool>))| AutoAcceptConfig {
            channel,
            auto_accept,
            agent_first_callback_auto_accept: callback.filter(|_| channel == Channel::Voice),
        };
        list.into_iter().map(one).collect()
    })
}

fn after_contact_works() -> impl Strategy<Value = Vec<AfterContactWorkConfig>> {
    collection::btree_map(channels(), (0..3, option::of(0..3)), 0..5).prop_map(|list| {
        let one = |(channel, (limit, callback)): (Channel, (i32, Option<i32>))| AfterContactWorkConfig {
            channel,
            after_contact_work_time_limit: limit,
            agent_first_callback_after_contact_work_time_limit: callback.filter(|_| channel == Channel::Voice),
        };
        list.into_iter().map(one).collect()
    })
}

fn channels() -> impl Strategy<Value = Channel> {
    sample::select(Channel::ALL.to_vec())
}

fn phone_numbers() -> impl Strategy<Value = Vec<PhoneNumberConfig>> {
    collection::vec((phone_types(), option::of(sample::select(vec!["+1", "+2"]))), 0..2)
        .prop_map(|list| list.into_iter().map(|(phone_type, digits)| number(phone_type, digits)).collect())
}

fn persistent_connections() -> impl Strategy<Value = Vec<PersistentConnectionConfig>> {
    collection::vec(any::<bool>().prop_map(persistent), 0..2)
}

fn voice_enhancements() -> impl Strategy<Value = Vec<VoiceEnhancementConfig>> {
    let modes = vec![VoiceEnhancementMode::VoiceIsolation, VoiceEnhancementMode::NoiseSuppression, VoiceEnhancementMode::None];
    collection::vec(sample::select(modes).prop_map(voice), 0..2)
}

prop_compose! {
    fn some_lists()(
        auto_accept in option::of(auto_accepts()),
        after_contact_work in option::of(after_contact_works()),
        phone_number in option::of(phone_numbers()),
        persistent_connection in option::of(persistent_connections()),
        voice_enhancement in option::of(voice_enhancements()),
    ) -> ChannelConfigs {
        ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement }
    }
}

/// In the spec or in Connect: often none.
fn lists() -> impl Strategy<Value = ChannelConfigs> {
    prop_oneof![1 => Just(ChannelConfigs::default()), 2 => some_lists()]
}

/// Settings as a spec holds them: no family has two owners.
fn desired_settings() -> impl Strategy<Value = Channels> {
    (desired_phones(), lists()).prop_map(|(phone, lists)| {
        let number = lists.phone_number.is_none();
        let phone = DesiredPhone {
            phone_type: phone.phone_type.filter(|_| number),
            desk_phone_number: phone.desk_phone_number.filter(|_| number),
            auto_accept: phone.auto_accept.filter(|_| lists.auto_accept.is_none()),
            after_contact_work_time_limit: phone.after_contact_work_time_limit.filter(|_| lists.after_contact_work.is_none()),
            persistent_connection: phone.persistent_connection.filter(|_| lists.persistent_connection.is_none()),
        };
        Channels { phone, lists }
    })
}

fn ids<T: Debug + for<'a> From<&'a str>>(prefix: &'static str) -> impl Strategy<Value = T> {
    (0..3).prop_map(move |n| format!("{prefix}-{n}").as_str().into())
}

fn proficiency_keys() -> impl Strategy<Value = ProficiencyKey> {
    (sample::select(vec!["x", "y"]), sample::select(vec!["1", "2"]))
        .prop_map(|(name, value)| ProficiencyKey { attribute_name: name.into(), attribute_value: value.into() })
}

fn tag_keys() -> impl Strategy<Value = String> {
    sample::select(vec!["red", "green", "blue"]).prop_map(str::to_owned)
}

fn tags() -> impl Strategy<Value = Tags> {
    collection::btree_map(tag_keys(), sample::select(vec!["", "1", "2"]).prop_map(str::to_owned), 0..4)
}

/// Tags as a user may have them, with a proof of ownership, half of one, or none.
fn live_tags() -> impl Strategy<Value = Tags> {
    let before = Owner { uid: "uid-6".into(), ..owner() };
    let half: Tags = another_owner().tags().into_iter().take(2).collect();
    let proofs = vec![owner().tags(), owner().tags(), before.tags(), another_owner().tags(), half, Tags::new()];
    (tags(), sample::select(proofs)).prop_map(|(mut tags, proof)| {
        tags.extend(proof);
        tags
    })
}

/// Keys that were ours according to the status; even keys that must never be there.
fn applied_keys() -> impl Strategy<Value = BTreeSet<String>> {
    let tampered = sample::select(owner().tags().into_keys().collect::<Vec<_>>());
    collection::btree_set(prop_oneof![9 => tag_keys(), 1 => tampered], 0..3)
}

prop_compose! {
    fn specs()(
        identity in identity_infos(),
        channels in desired_settings(),
        routing_profile in ids("routing").prop_map(Some),
        security_profiles in collection::btree_set(ids("security"), 1..3).prop_map(Some),
        hierarchy_group in option::of(option::of(ids("group"))),
        proficiencies in option::of(collection::btree_map(proficiency_keys(), 1_u8..4, 0..4)),
        tags in tags(),
    ) -> Desired {
        let parts = Parts { identity, channels, routing_profile, security_profiles, hierarchy_group, proficiencies, tags };
        Desired { parts, ..bare() }
    }
}

prop_compose! {
    fn any_users()(
        identity_info in identity_infos(),
        phone_config in option::of(phone_configs()),
        channel_configs in lists(),
        routing_profile_id in option::of(ids("routing")),
        security_profile_ids in collection::btree_set(ids("security"), 0..3),
        hierarchy_group_id in option::of(ids("group")),
        proficiencies in
            option::of(collection::btree_map(proficiency_keys(), sample::select(vec![1.0_f32, 2.0, 2.5, 3.0]), 0..4)),
        tags in live_tags(),
    ) -> Live {
        let user = User {
            identity_info,
            phone_config,
            channel_configs,
            routing_profile_id,
            security_profile_ids,
            hierarchy_group_id,
            tags,
            ..live().user
        };
        Live { user, proficiencies }
    }
}

/// Sets the settings that the spec manages, in the shortest form.
fn set_as_asked(user: &mut User, desired: &Desired) {
    let (want, lists, is) = (&desired.parts.channels.phone, &desired.parts.channels.lists, Settings::of(user));
    let phone = user.phone_config.get_or_insert_default();
    let shown = &mut user.channel_configs;
    if let Some(want) = want.auto_accept.or(lists.auto_accept.as_ref().and_then(|l| l.is_empty().then_some(false))) {
        phone.auto_accept = want;
        shown.auto_accept = None;
    } else if let Some(list) = &lists.auto_accept {
        let as_asked = |is: AutoAcceptConfig| list.iter().find(|want| want.channel == is.channel).copied().unwrap_or(is);
        shown.auto_accept = Some(is.auto_accept.into_iter().map(as_asked).collect());
    }
    let none = lists.after_contact_work.as_ref().and_then(|l| l.is_empty().then_some(0));
    if let Some(want) = want.after_contact_work_time_limit.or(none) {
        phone.after_contact_work_time_limit = want;
        shown.after_contact_work = None;
    } else if let Some(list) = &lists.after_contact_work {
        let as_asked = |is: AfterContactWorkConfig| list.iter().find(|want| want.channel == is.channel).copied().unwrap_or(is);
        shown.after_contact_work = Some(is.after_contact_work.into_iter().map(as_asked).collect());
    }
    if want.phone_type.is_some() || want.desk_phone_number.is_some() {
        phone.phone_type = want.phone_type.unwrap_or(is.voice.phone_type);
        phone.desk_phone_number = want.desk_phone_number.clone().or(is.voice.desk_phone_number);
        shown.phone_number = None;
    } else if let Some(list) = &lists.phone_number {
        (phone.phone_type, phone.desk_phone_number) = Default::default();
        shown.phone_number = Some(list.clone());
    }
    if want.persistent_connection.is_some() {
        phone.persistent_connection = want.persistent_connection;
        shown.persistent_connection = None;
    } else if let Some(list) = &lists.persistent_connection {
        phone.persistent_connection = None;
        shown.persistent_connection = Some(list.clone());
    }
    if lists.voice_enhancement.is_some() {
        shown.voice_enhancement.clone_from(&lists.voice_enhancement);
    }
}

/// The user with the parts that the spec manages set as the spec asks; the other parts stay as they are.
fn made_equal(mut live: Live, desired: &Desired, applied: &BTreeSet<String>) -> Live {
    let user = &mut live.user;
    let is = &mut user.identity_info;
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = &desired.parts.identity;
    for (want, is) in [
        (first_name, &mut is.first_name),
        (last_name, &mut is.last_name),
        (email, &mut is.email),
        (secondary_email, &mut is.secondary_email),
        (mobile, &mut is.mobile),
    ] {
        if want.is_some() {
            is.clone_from(want);
        }
    }
    set_as_asked(user, desired);
    user.routing_profile_id = desired.parts.routing_profile.clone();
    user.security_profile_ids = desired.parts.security_profiles.clone().unwrap_or_default();
    if let Some(group) = &desired.parts.hierarchy_group {
        user.hierarchy_group_id.clone_from(group);
    }
    let wanted = desired.all_tags();
    user.tags.retain(|k, _| wanted.contains_key(k) || !applied.contains(k));
    user.tags.extend(wanted);
    if let (Some(want), Some(is)) = (&desired.parts.proficiencies, &mut live.proficiencies) {
        *is = want.iter().map(|(k, level)| (k.clone(), f32::from(*level))).collect();
    }
    live
}

/// Replaces one part of `live` by that of `base`.
fn with_a_part_of(mut live: Live, base: Live, part: usize) -> Live {
    match part {
        0 => live.user.identity_info = base.user.identity_info,
        1 => (live.user.phone_config, live.user.channel_configs) = (base.user.phone_config, base.user.channel_configs),
        2 => live.user.routing_profile_id = base.user.routing_profile_id,
        3 => live.user.security_profile_ids = base.user.security_profile_ids,
        4 => live.user.hierarchy_group_id = base.user.hierarchy_group_id,
        5 => live.proficiencies = base.proficiencies,
        _ => live.user.tags = base.user.tags,
    }
    live
}

/// A spec, a user that equals it, nearly equals it or is unrelated, and the tag keys that were ours.
fn cases() -> impl Strategy<Value = (Desired, Live, BTreeSet<String>)> {
    (specs(), any_users(), applied_keys(), 0..3, 0..7_usize).prop_map(|(desired, base, applied, likeness, part)| {
        let equal = made_equal(base.clone(), &desired, &applied);
        let live = match likeness {
            0 => equal,
            1 => with_a_part_of(equal, base, part),
            _ => base,
        };
        (desired, live, applied)
    })
}

fn observations() -> impl Strategy<Value = Observation> {
    prop_oneof![
        Just(Observation::NotLooked),
        Just(Observation::Absent),
        (any_users(), any::<bool>()).prop_map(|(live, read)| {
            let proficiencies = live.proficiencies.filter(|_| read);
            Observation::Present(Box::new(Live { proficiencies, ..live }))
        }),
    ]
}

/// A read that showed another user than the recorded one.
fn another(seen: Observation) -> Observation {
    match seen {
        Observation::Present(mut live) => {
            live.user.id = "user-2".into();
            Observation::Present(live)
        }
        seen => seen,
    }
}

prop_compose! {
    /// All knowledge that a pass can have, likely or not. Without a mark nothing can be unsettled.
    fn knowledge()(
        deleting in any::<bool>(),
        recorded in any::<bool>(),
        mark in sample::select(vec![CreateAttempts::None, CreateAttempts::Clean, CreateAttempts::Unclean]),
        settled in any::<bool>(),
        // In boxes: together they would not fit on the stack.
        by_id in observations().boxed(),
        by_name in observations().boxed(),
        creation in sample::select(vec![Creation::Untried, Creation::Taken, Creation::Impossible]),
        [look_first, finalizer, was_ours] in any::<[bool; 3]>(),
        applied_tag_keys in applied_keys(),
        ignored in sample::subsequence(IgnoredField::ALL, 0..=IgnoredField::ALL.len()),
        policy in policies(),
        quick_connects_of in option::of(sample::select(vec!["user-1", "user-2"])),
        same in any::<bool>(),
        remembered in option::of(any_users().boxed()),
    ) -> Knowledge {
        Knowledge {
            deleting,
            recorded: recorded.then(|| live().user.id),
            mark,
            settled: settled || mark == CreateAttempts::None,
            by_id,
            remembered: remembered.map(Box::new),
            by_name: if same { by_name } else { another(by_name) },
            creation,
            look_first,
            finalizer,
            was_ours,
            applied_tag_keys,
            ignored: ignored.into_iter().collect(),
            policy,
            quick_connects_of: quick_connects_of.map(Into::into),
        }
    }
}

/// Returns less knowledge: reads not made, proficiencies not read, an absence that does not count yet.
fn less(known: &Knowledge, drop: [bool; 5]) -> Knowledge {
    let [id, name, proficiencies_by_id, proficiencies_by_name, settled] = drop;
    let look = |seen: &Observation, not: bool, unread: bool| match seen {
        _ if not => Observation::NotLooked,
        Observation::Present(live) if unread => Observation::Present(Box::new(Live::unread(live.user.clone()))),
        seen => seen.clone(),
    };
    Knowledge {
        by_id: look(&known.by_id, id, proficiencies_by_id),
        remembered: known.remembered.clone().filter(|_| !id),
        by_name: look(&known.by_name, name, proficiencies_by_name),
        settled: known.settled && (known.mark == CreateAttempts::None || !settled),
        ..known.clone()
    }
}

/// The settings that a spec does not manage: whole families, channels that a list does not name, members that are left out.
fn unmanaged_settings(user: &User, desired: &Desired) -> Vec<(&'static str, String)> {
    let (phone, lists, is) = (&desired.parts.channels.phone, &desired.parts.channels.lists, Settings::of(user));
    let mut unmanaged = Vec::new();
    for Family { phone, list, is } in families(desired, user) {
        let cleared = list.as_ref().is_some_and(Vec::is_empty);
        for is in is.iter().filter(|_| !cleared) {
            let named = list.iter().flatten().find(|want| want.channel == is.channel);
            if named.is_none() && phone.is_none() {
                unmanaged.push((is.channel.as_str(), is.value.to_string()));
            }
            if named.is_none_or(|want| want.callback.is_none()) {
                unmanaged.push(("callback", is.callback.unwrap_or_default().to_string()));
            }
        }
    }
    let [_, _, number, persistent, enhancement] = managed(desired);
    if !number {
        let number = is.voice.desk_phone_number.filter(|_| is.voice.phone_type == PhoneType::DeskPhone);
        unmanaged.push(("number", format!("{:?} {number:?}", is.voice.phone_type)));
    } else if lists.phone_number.is_none() && phone.phone_type.is_none() {
        unmanaged.push(("phone type", format!("{:?}", is.voice.phone_type)));
    }
    if !persistent {
        unmanaged.push(("persistent", is.voice.persistent_connection.unwrap_or_default().to_string()));
    }
    if !enhancement {
        unmanaged.push(("enhancement", format!("{:?}", is.voice_enhancement)));
    }
    unmanaged
}

/// Checks that members that the spec does not manage are as they were.
fn unmanaged_stays(desired: &Desired, applied: &BTreeSet<String>, before: &Live, now: &Live) -> Result<(), TestCaseError> {
    let (user, there) = (&before.user, &now.user);
    for ((want, was), is) in members(&desired.parts.identity).zip(members(&user.identity_info)).zip(members(&there.identity_info))
    {
        // An empty string and no value are the same.
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        prop_assert!(want.is_some() || text(was) == text(is));
    }
    prop_assert_eq!(unmanaged_settings(user, desired), unmanaged_settings(there, desired));

    prop_assert!(desired.parts.hierarchy_group.is_some() || user.hierarchy_group_id == there.hierarchy_group_id);
    prop_assert!(desired.parts.proficiencies.is_some() || before.proficiencies == now.proficiencies);
    let unmanaged = |user: &User| -> Tags {
        let managed = |k: &String| desired.all_tags().contains_key(k) || applied.contains(k);
        user.tags.clone().into_iter().filter(|(k, _)| !managed(k)).collect()
    };
    prop_assert_eq!(unmanaged(user), unmanaged(there));
    prop_assert_eq!(
        (&user.id, &user.arn, &user.username, &user.directory_user_id),
        (&there.id, &there.arn, &there.username, &there.directory_user_id)
    );
    Ok(())
}

/// Returns calls as text: they have no equality.
fn calls(actions: &[Action]) -> Vec<String> {
    actions.iter().map(|a| format!("{:?}", a.update)).collect()
}

/// Returns the effect of a step, without what it knows.
fn essence(step: Option<&Step>) -> String {
    match step {
        Some(Step::Update(live, actions)) => format!("update {}: {:?}", live.user.id, calls(actions)),
        Some(Step::Disown(live)) => format!("disown {}", live.user.id),
        other => format!("{other:?}"),
    }
}

/// Returns whether a step cannot be undone.
fn is_final(step: &Step) -> bool {
    use Step::{Delete, DeleteQuickConnects, Disown, Forget, Release, Update};
    matches!(step, Update(..) | Delete(_) | DeleteQuickConnects(_) | Disown(_) | Forget | Release { .. })
}

/// Returns whether a step changes something, in Connect or in the resource.
fn is_change(step: &Step) -> bool {
    is_final(step) || matches!(step, Step::Create(_) | Step::Claim(_) | Step::AddFinalizer | Step::Keep(_) | Step::Record(_))
}

fn after_all<'a>(live: &Live, actions: impl IntoIterator<Item = &'a Action>) -> Live {
    actions.into_iter().fold(live.clone(), |live, action| after(live, &action.update))
}

/// An instance with one user.
struct OneUser<'a>(&'a Live);

impl Users for OneUser<'_> {
    fn by_id(&self, id: &UserId) -> Option<&Live> {
        Some(self.0).filter(|live| live.user.id == *id)
    }

    fn by_name(&self, username: &str) -> Option<&Live> {
        Some(self.0).filter(|live| live.user.username == username)
    }
}

proptest! {
    #[test]
    fn diff_is_empty_exactly_if_the_user_equals_the_spec((desired, live, applied) in cases()) {
        prop_assert_eq!(diff(&desired, &live, &applied).is_empty(), satisfies(&live, &desired, &applied));
    }

    #[test]
    fn calls_converge_in_any_order_and_are_idempotent((desired, live, applied) in cases(), order in collection::vec(any::<u8>(), 10)) {
        let actions = diff(&desired, &live, &applied);
        let there = after_all(&live, &actions);
        prop_assert!(satisfies(&there, &desired, &applied));
        prop_assert_eq!(calls(&diff(&desired, &there, &applied)), Vec::<String>::new());

        let mut shuffled: Vec<_> = actions.iter().zip(order).collect();
        shuffled.sort_by_key(|(_, place)| *place);
        prop_assert_eq!(&after_all(&live, shuffled.into_iter().map(|(a, _)| a)), &there);
        prop_assert_eq!(&after_all(&there, &actions), &there);
    }

    #[test]
    fn preview_makes_the_calls_of_the_diff_and_ends_in_sync((desired, live, applied) in cases()) {
        let mut ours = live.clone();
        ours.user.tags.extend(desired.owner.tags());
        let read = Live { proficiencies: Some(ours.proficiencies.clone().unwrap_or_default()), ..ours };
        let known = Knowledge { recorded: Some(read.user.id.clone()), applied_tag_keys: applied.clone(), ..nothing_known() };
        let Preview { steps, end } = preview(&desired, known, &OneUser(&read));
        let made: Vec<Action> = steps.into_iter().flat_map(|step| match step {
            Step::Update(_, actions) => actions,
            step => panic!("{step}"),
        }).collect();
        prop_assert_eq!(calls(&made), calls(&diff(&desired, &read, &applied)));
        match end {
            Step::InSync(there) | Step::Immutable(there, _) => prop_assert!(satisfies(&there, &desired, &applied)),
            end => prop_assert!(!desired.unresolved.is_empty(), "{end}"),
        }
    }

    #[test]
    fn failed_calls_are_planned_again((desired, live, applied) in cases(), fails in collection::vec(any::<bool>(), 10)) {
        let actions = diff(&desired, &live, &applied);
        let (failed, made): (Vec<_>, Vec<_>) = actions.into_iter().zip(fails).partition(|(_, fails)| *fails);
        let there = after_all(&live, made.iter().map(|(a, _)| a));
        let failed: Vec<_> = failed.into_iter().map(|(a, _)| a).collect();
        prop_assert_eq!(calls(&diff(&desired, &there, &applied)), calls(&failed));
    }

    #[test]
    fn calls_are_safe((desired, live, applied) in cases()) {
        lint_actions(&desired, &live, &applied, &diff(&desired, &live, &applied))?;
    }

    #[test]
    fn unmanaged_members_stay((desired, live, applied) in cases()) {
        let there = after_all(&live, &diff(&desired, &live, &applied));
        unmanaged_stays(&desired, &applied, &live, &there)?;
    }

    #[test]
    fn unknown_channels_survive_lists_that_are_sent_whole((desired, mut live, applied) in cases(), accepts in any::<bool>()) {
        let pigeon = AutoAcceptConfig { channel: Channel::Other("PIGEON".into()), auto_accept: accepts, agent_first_callback_auto_accept: None };
        live.user.channel_configs.auto_accept.get_or_insert_default().push(pigeon);
        let actions = diff(&desired, &live, &applied);
        let there = after_all(&live, &actions);
        prop_assert_eq!(calls(&diff(&desired, &there, &applied)), Vec::<String>::new());
        for action in &actions {
            if let UserUpdate::UpdateUserConfig(request) = &action.update {
                let sent = request.channel_configs.auto_accept.as_ref();
                prop_assert!(sent.is_none_or(|list| list.contains(&pigeon)));
                prop_assert!(action.carries || sent.is_none());
            }
        }
    }

    #[test]
    fn calls_without_unmanaged_members_may_follow_an_old_read((desired, old, applied) in cases(), now in any_users()) {
        let actions = diff(&desired, &old, &applied);
        let there = after_all(&now, actions.iter().filter(|action| !action.carries));
        unmanaged_stays(&desired, &applied, &now, &there)?;
        // They also have their effect, whatever state the user is in by now.
        let missing = |part: OperationName| diff(&desired, &there, &applied).iter().any(|action| action.update.name() == part);
        for action in actions.iter().filter(|action| !action.carries) {
            let part = action.update.name();
            // Calls that change a set only send what was missing.
            let is_set = part.as_str().contains("Proficiencies") || part == OperationName::TagResource || part == OperationName::UntagResource;
            prop_assert!(is_set || !missing(part), "{part}");
        }
    }

    #[test]
    fn unread_proficiencies_add_no_call((desired, live, applied) in cases()) {
        let ignorant = calls(&diff(&desired, &Live::unread(live.user.clone()), &applied));
        let all = calls(&diff(&desired, &live, &applied));
        prop_assert!(ignorant.iter().all(|call| all.contains(call)));
        prop_assert!(ignorant.iter().all(|call| !call.contains("Proficiencies")));
    }

    #[test]
    fn exported_user_needs_no_change_but_its_owner(mut live in any_users(), by_name in any::<bool>()) {
        // Each user of Connect has these profiles.
        live.user.routing_profile_id.get_or_insert("routing-1".into());
        live.user.security_profile_ids.insert("security-0".into());
        let references = if by_name { References::Names } else { References::Arns };
        let (instance, names) = (bare().instance, export_names());
        let mut resource = ConnectUser::new("joe", export(&instance, &live, &names, references).spec);
        resource.metadata.namespace = Some("care".into());
        let desired = Desired::parse(&resource, &"green".into(), &names).map_err(|issue| TestCaseError::fail(format!("{issue:?}")))?;
        prop_assert_eq!(differences(&desired, &live, &BTreeSet::new()), []);
    }

    #[test]
    fn created_user_needs_only_its_proficiencies(desired in specs()) {
        let Some(Step::Create(request)) = next(&desired.owner, Some(&desired), &nothing_known()) else {
            return Err(TestCaseError::fail("no create"));
        };
        let User { id, arn, .. } = live().user;
        let user = created(&request, &CreatedUser { id, arn });
        let names: Vec<_> = diff(&desired, &user, &desired.parts.tags.keys().cloned().collect()).iter().map(|a| a.update.name()).collect();
        let wants_some = desired.parts.proficiencies.is_some_and(|p| !p.is_empty());
        prop_assert_eq!(names, if wants_some { vec![OperationName::AssociateUserProficiencies] } else { vec![] });
    }

    #[test]
    fn every_step_follows_the_protocol(desired in specs(), known in knowledge()) {
        let step = next(&desired.owner, Some(&desired), &known);
        let Some(step) = step else { return Err(TestCaseError::fail("a spec that can be read always has a next step")) };
        lint_step(&desired, &known, &step)?;
        prop_assert_eq!(step.needs_fresh_resource(), is_change(&step));
    }

    #[test]
    fn deletion_needs_no_spec(desired in specs(), known in knowledge()) {
        let without = next(&desired.owner, None, &known);
        if known.deleting {
            let with = next(&desired.owner, Some(&desired), &known);
            prop_assert_eq!(format!("{without:?}"), format!("{with:?}"));
            prop_assert!(without.is_some());
        } else {
            prop_assert!(without.is_none());
        }
    }

    // CreateUser is not among them: a first attempt needs no read, because Connect checks that the name is free.
    #[test]
    fn knowing_less_never_adds_a_step_that_cannot_be_undone(desired in specs(), known in knowledge(), drop in any::<[bool; 5]>()) {
        let ignorant = next(&desired.owner, Some(&desired), &less(&known, drop));
        if ignorant.as_ref().is_some_and(is_final) {
            let informed = next(&desired.owner, Some(&desired), &known);
            prop_assert_eq!(essence(ignorant.as_ref()), essence(informed.as_ref()));
        }
    }

    #[test]
    fn less_clean_mark_never_adds_a_step_that_cannot_be_undone(desired in specs(), known in knowledge()) {
        for mark in [CreateAttempts::Clean, CreateAttempts::Unclean] {
            let ignorant = next(&desired.owner, Some(&desired), &Knowledge { mark, settled: known.settled && known.mark != CreateAttempts::None, ..known.clone() });
            if ignorant.as_ref().is_some_and(is_final) {
                let informed = next(&desired.owner, Some(&desired), &known);
                prop_assert_eq!(essence(ignorant.as_ref()), essence(informed.as_ref()));
            }
        }
    }
}

/// Spoils one field, and says which call puts it right.
type Spoil = (&'static str, OperationName, fn(&mut Live));

/// One for each field of the user that equals [`full`]; those that UpdateUserConfig puts right, of the user that equals
/// [`by_channel`].
fn spoiled_fields() -> [Spoil; 30] {
    use OperationName as Op;
    fn phone(live: &mut Live) -> &mut PhoneConfig {
        live.user.phone_config.as_mut().unwrap()
    }
    fn proficiencies(live: &mut Live) -> &mut BTreeMap<ProficiencyKey, f32> {
        live.proficiencies.as_mut().unwrap()
    }
    fn lists(live: &mut Live) -> &mut ChannelConfigs {
        &mut live.user.channel_configs
    }
    fn auto_accept(live: &mut Live, n: usize) -> &mut AutoAcceptConfig {
        &mut lists(live).auto_accept.as_mut().unwrap()[n]
    }
    fn work(live: &mut Live, n: usize) -> &mut AfterContactWorkConfig {
        &mut lists(live).after_contact_work.as_mut().unwrap()[n]
    }
    const WORK: &str = "afterContactWorkConfigs[VOICE].afterContactWorkConfig.afterContactWorkTimeLimit";
    const TASKS: &str = "afterContactWorkConfigs[TASK].afterContactWorkConfig.afterContactWorkTimeLimit";
    const CALLBACKS: &str = "afterContactWorkConfigs[VOICE].agentFirstCallbackAfterContactWorkConfig.afterContactWorkTimeLimit";
    const ENHANCEMENT: &str = "voiceEnhancementConfigs[VOICE].voiceEnhancementMode";
    const FRENCH: &str = "userProficiencies[language=fr].level";
    [
        ("identityInfo.firstName", Op::UpdateUserIdentityInfo, |l| l.user.identity_info.first_name = None),
        ("identityInfo.lastName", Op::UpdateUserIdentityInfo, |l| l.user.identity_info.last_name = Some("Roe".into())),
        ("identityInfo.email", Op::UpdateUserIdentityInfo, |l| l.user.identity_info.email = Some(String::new())),
        ("identityInfo.secondaryEmail", Op::UpdateUserIdentityInfo, |l| l.user.identity_info.secondary_email = None),
        ("identityInfo.mobile", Op::UpdateUserIdentityInfo, |l| l.user.identity_info.mobile = None),
        ("phoneConfig.phoneType", Op::UpdateUserPhoneConfig, |l| phone(l).phone_type = PhoneType::SoftPhone),
        ("phoneConfig.autoAccept", Op::UpdateUserPhoneConfig, |l| phone(l).auto_accept = false),
        ("phoneConfig.afterContactWorkTimeLimit", Op::UpdateUserPhoneConfig, |l| phone(l).after_contact_work_time_limit = 0),
        ("phoneConfig.deskPhoneNumber", Op::UpdateUserPhoneConfig, |l| phone(l).desk_phone_number = None),
        ("phoneConfig.persistentConnection", Op::UpdateUserPhoneConfig, |l| phone(l).persistent_connection = None),
        ("routingProfileArn", Op::UpdateUserRoutingProfile, |l| l.user.routing_profile_id = Some("routing-0".into())),
        ("securityProfileArns", Op::UpdateUserSecurityProfiles, |l| _ = l.user.security_profile_ids.insert("security-0".into())),
        ("securityProfileArns", Op::UpdateUserSecurityProfiles, |l| _ = l.user.security_profile_ids.pop_first()),
        ("hierarchyGroupArn", Op::UpdateUserHierarchy, |l| l.user.hierarchy_group_id = None),
        (FRENCH, Op::AssociateUserProficiencies, |l| _ = proficiencies(l).remove(&proficiency("language", "fr"))),
        (FRENCH, Op::UpdateUserProficiencies, |l| _ = proficiencies(l).insert(proficiency("language", "fr"), 2.5)),
        ("userProficiencies[language=de].level", Op::DisassociateUserProficiencies, |l| {
            proficiencies(l).insert(proficiency("language", "de"), 1.0);
        }),
        ("tags[team]", Op::TagResource, |l| _ = l.user.tags.insert("team".into(), String::new())),
        ("tags[connect-operator.dev/cluster]", Op::TagResource, |l| _ = l.user.tags.remove("connect-operator.dev/cluster")),
        ("tags[old]", Op::UntagResource, |l| _ = l.user.tags.insert("old".into(), "1".into())),
        ("autoAcceptConfigs[VOICE].autoAccept", Op::UpdateUserConfig, |l| auto_accept(l, 0).auto_accept = true),
        ("autoAcceptConfigs[VOICE].agentFirstCallbackAutoAccept", Op::UpdateUserConfig, |l| {
            auto_accept(l, 0).agent_first_callback_auto_accept = None;
        }),
        ("autoAcceptConfigs[CHAT].autoAccept", Op::UpdateUserConfig, |l| auto_accept(l, 1).auto_accept = false),
        (WORK, Op::UpdateUserConfig, |l| work(l, 0).after_contact_work_time_limit = 0),
        (CALLBACKS, Op::UpdateUserConfig, |l| work(l, 0).agent_first_callback_after_contact_work_time_limit = Some(76)),
        (TASKS, Op::UpdateUserConfig, |l| _ = lists(l).after_contact_work.as_mut().unwrap().pop()),
        ("phoneNumberConfigs[VOICE].phoneNumber", Op::UpdateUserConfig, |l| {
            lists(l).phone_number = Some(vec![number(PhoneType::DeskPhone, Some("+12065550178"))]);
        }),
        ("persistentConnectionConfigs[VOICE].persistentConnection", Op::UpdateUserConfig, |l| {
            lists(l).persistent_connection = Some(vec![persistent(false)]);
        }),
        (ENHANCEMENT, Op::UpdateUserConfig, |l| lists(l).voice_enhancement = None),
        (ENHANCEMENT, Op::UpdateUserConfig, |l| {
            lists(l).voice_enhancement = Some(vec![voice(VoiceEnhancementMode::VoiceIsolation)]);
        }),
    ]
}

/// A field that is added to the schema needs a row in the table: otherwise the plan might never compare it.
#[test]
fn every_field_that_can_drift_has_a_row() {
    for field in IgnoredField::ALL {
        // The fixtures give ARNs.
        let written = match field {
            IgnoredField::RoutingProfileName => IgnoredField::RoutingProfileArn,
            IgnoredField::SecurityProfileNames => IgnoredField::SecurityProfileArns,
            IgnoredField::HierarchyGroupPath => IgnoredField::HierarchyGroupArn,
            field => *field,
        };
        let is_of =
            |row: &str| row.strip_prefix(written.path()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        assert!(spoiled_fields().iter().any(|(row, ..)| is_of(row)), "{field:?} has no row");
    }
}

#[test]
fn one_changed_field_needs_one_call_for_that_field() {
    let applied = BTreeSet::from(["old".into()]);
    for (field, operation, spoil) in spoiled_fields() {
        let is_by_channel = operation == OperationName::UpdateUserConfig;
        let (desired, mut user) = if is_by_channel { (by_channel(), live_by_channel()) } else { (full(), live()) };
        assert_eq!(calls(&diff(&desired, &user, &applied)), Vec::<String>::new());
        spoil(&mut user);
        let actions = diff(&desired, &user, &applied);
        let calls: Vec<_> =
            actions.iter().map(|a| (a.update.name(), a.changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>())).collect();
        assert_eq!(calls, [(operation, vec![field])]);
    }
}
