//! Which calls make a live user equal the spec: one per part that differs, each with its reasons.
//!
//! Parts are independent of each other, so that one call's failure leaves the others' progress. Where a call replaces a whole
//! structure, members that the spec does not manage are carried over from the live user, not wiped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use connect_api::{
    AssociateUserProficiencies, Call, DisassociateUserProficiencies, IdentityInfo, Proficiency, ProficiencyKey, TagResource,
    UntagResource, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserProficiencies, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles,
};

use super::{Desired, Live, ReferenceKind, channels};

/// One difference, in the words of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's path below `spec`.
    pub field: String,
    /// What Connect shows; None for nothing.
    pub from: Option<String>,
    /// What the spec asks for; None for nothing.
    pub to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |v: &Option<String>| v.as_deref().map_or_else(|| "(none)".to_owned(), |v| format!("{v:?}"));
        write!(f, "{}: {} → {}", self.field, show(&self.from), show(&self.to))
    }
}

/// One call that is to be made, and why.
#[derive(Clone, Debug)]
pub struct Action {
    /// The call, fully decided.
    pub call: Call,
    /// The differences that it removes.
    pub because: Vec<Change>,
    /// It replaces a whole structure, and sends members of it that the spec does not manage as they were seen: sent on an old
    /// look, it would take back what somebody has set since.
    pub carries: bool,
}

impl Action {
    /// The fields of the spec that it is about.
    pub fn fields(&self) -> String {
        self.because.iter().map(|c| c.field.as_str()).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn change(field: impl Into<String>, from: Option<impl ToString>, to: Option<impl ToString>) -> Change {
    Change { field: field.into(), from: from.map(|v| v.to_string()), to: to.map(|v| v.to_string()) }
}

/// A call for one part, if that part differs.
pub(super) fn action(call: impl Into<Call>, because: Vec<Change>) -> Option<Action> {
    carrying(false, call, because)
}

/// The same, for a call that carries members over, or not.
pub(super) fn carrying(carries: bool, call: impl Into<Call>, because: Vec<Change>) -> Option<Action> {
    if because.is_empty() { None } else { Some(Action { call: call.into(), because, carries }) }
}

/// The calls that make `live` equal `desired`; none if it does.
///
/// `applied_tag_keys` are the keys that this resource has set before: those that left the spec are removed, all other keys on
/// the user are somebody else's and stay.
pub fn diff(desired: &Desired, live: &Live, applied_tag_keys: &BTreeSet<String>) -> Vec<Action> {
    let mut actions = Vec::new();
    actions.extend(tags(desired, live));
    actions.extend(identity_info(desired, live));
    actions.extend(channels::settings(desired, live));
    actions.extend(routing_profile(desired, live));
    actions.extend(security_profiles(desired, live));
    actions.extend(hierarchy_group(desired, live));
    actions.extend(proficiencies(desired, live));
    actions.extend(old_tags(desired, live, applied_tag_keys));
    actions
}

/// How `live` differs from what the spec itself asks for: the proof of ownership is not the spec's.
pub fn differences(desired: &Desired, live: &Live, applied_tag_keys: &BTreeSet<String>) -> Vec<Change> {
    let proof = desired.owner.tags();
    let is_proof = |change: &Change| proof.keys().any(|key| change.field == tag_field(key));
    diff(desired, live, applied_tag_keys).into_iter().flat_map(|action| action.because).filter(|c| !is_proof(c)).collect()
}

fn tag_field(key: &str) -> String {
    format!("tags[{key}]")
}

fn tags(desired: &Desired, live: &Live) -> Option<Action> {
    let missing: BTreeMap<_, _> = desired.all_tags().into_iter().filter(|(k, v)| live.user.tags.get(k) != Some(v)).collect();
    let because = missing.iter().map(|(k, v)| change(tag_field(k), live.user.tags.get(k), Some(v))).collect();
    action(TagResource { arn: live.user.arn.clone(), tags: missing }, because)
}

fn old_tags(desired: &Desired, live: &Live, applied: &BTreeSet<String>) -> Option<Action> {
    let wanted = desired.all_tags();
    let keys: BTreeSet<_> =
        applied.iter().filter(|k| !wanted.contains_key(*k) && live.user.tags.contains_key(*k)).cloned().collect();
    let because = keys.iter().map(|k| change(tag_field(k), live.user.tags.get(k), None::<&str>)).collect();
    action(UntagResource { arn: live.user.arn.clone(), keys }, because)
}

fn identity_info(desired: &Desired, live: &Live) -> Option<Action> {
    let mut because = Vec::new();
    let mut merge = |field: &str, wanted: &Option<String>, shown: &Option<String>| {
        // Connect shows a cleared member as an empty string or not at all: both are "nothing".
        let is = shown.as_deref().unwrap_or_default();
        match wanted {
            Some(w) if w != is => {
                let filled = |v: &str| (!v.is_empty()).then(|| v.to_owned());
                because.push(change(format!("identityInfo.{field}"), filled(is), filled(w)));
                Some(w.clone())
            }
            _ => shown.clone(),
        }
    };
    let (want, is) = (&desired.identity_info, &live.user.identity_info);
    let identity_info = IdentityInfo {
        first_name: merge("firstName", &want.first_name, &is.first_name),
        last_name: merge("lastName", &want.last_name, &is.last_name),
        email: merge("email", &want.email, &is.email),
        secondary_email: merge("secondaryEmail", &want.secondary_email, &is.secondary_email),
        mobile: merge("mobile", &want.mobile, &is.mobile),
    };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = want;
    let carries = [first_name, last_name, email, secondary_email, mobile].into_iter().any(Option::is_none);
    carrying(carries, UpdateUserIdentityInfo { instance, user, identity_info }, because)
}

fn routing_profile(desired: &Desired, live: &Live) -> Option<Action> {
    let (want, is) = (&desired.routing_profile, &live.user.routing_profile_id);
    let (kind, names) = (ReferenceKind::RoutingProfile, &desired.names);
    let name = |id: &connect_api::RoutingProfileId| names.label(kind, id.as_str());
    let because =
        if is.as_ref() == Some(want) { vec![] } else { vec![change(names.field(kind), is.as_ref().map(name), Some(name(want)))] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserRoutingProfile { instance, user, routing_profile_id: want.clone() }, because)
}

fn security_profiles(desired: &Desired, live: &Live) -> Option<Action> {
    let (want, is) = (&desired.security_profiles, &live.user.security_profile_ids);
    let (kind, names) = (ReferenceKind::SecurityProfile, &desired.names);
    let list = |set: &BTreeSet<connect_api::SecurityProfileId>| {
        set.iter().map(|p| names.label(kind, p.as_str())).collect::<Vec<_>>().join(", ")
    };
    let because = if want == is { vec![] } else { vec![change(names.field(kind), Some(list(is)), Some(list(want)))] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserSecurityProfiles { instance, user, security_profile_ids: want.clone() }, because)
}

fn hierarchy_group(desired: &Desired, live: &Live) -> Option<Action> {
    let want = desired.hierarchy_group.as_ref()?;
    let is = &live.user.hierarchy_group_id;
    let (kind, names) = (ReferenceKind::HierarchyGroup, &desired.names);
    let name = |id: &Option<connect_api::HierarchyGroupId>| id.as_ref().map(|id| names.label(kind, id.as_str()));
    let because = if want == is { vec![] } else { vec![change(names.field(kind), name(is), name(want))] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserHierarchy { instance, user, hierarchy_group_id: want.clone() }, because)
}

/// Proficiencies go first where they are taken away: an instance limits how many a user may have.
fn proficiencies(desired: &Desired, live: &Live) -> Vec<Action> {
    let (Some(want), Some(is)) = (&desired.proficiencies, &live.proficiencies) else { return vec![] };
    let differs = |key: &ProficiencyKey, from: Option<f32>, to: Option<u8>| {
        change(format!("userProficiencies[{}={}].level", key.attribute_name, key.attribute_value), from, to)
    };
    let proficiency = |(key, level): (&ProficiencyKey, &u8)| Proficiency { key: key.clone(), level: f32::from(*level) };
    let gone: Vec<_> = is.keys().filter(|k| !want.contains_key(*k)).cloned().collect();
    let changed: Vec<_> =
        want.iter().filter(|(k, level)| is.get(*k).is_some_and(|l| *l != f32::from(**level))).map(proficiency).collect();
    let new: Vec<_> = want.iter().filter(|(k, _)| !is.contains_key(*k)).map(proficiency).collect();

    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    let because = |keys: &[&ProficiencyKey]| {
        keys.iter().map(|k| differs(k, is.get(*k).copied(), want.get(*k).copied())).collect::<Vec<_>>()
    };
    let why_gone = because(&gone.iter().collect::<Vec<_>>());
    let why_changed = because(&changed.iter().map(|p| &p.key).collect::<Vec<_>>());
    let why_new = because(&new.iter().map(|p| &p.key).collect::<Vec<_>>());
    [
        action(DisassociateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies: gone }, why_gone),
        action(UpdateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies: changed }, why_changed),
        action(AssociateUserProficiencies { instance, user, proficiencies: new }, why_new),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use connect_api::{PhoneConfig, PhoneType, UpdateUserPhoneConfig};

    use super::*;
    use crate::plan::{
        Catalog, DesiredPhone,
        fixtures::{bare, full, live, proficiency},
    };

    /// Compares the calls of a diff, as they will be sent, with the ones that should be.
    #[track_caller]
    fn assert_calls(desired: &Desired, live: &Live, applied: &[&str], expected: impl IntoIterator<Item = Call>) {
        let applied = applied.iter().map(|k| (*k).to_owned()).collect();
        let calls: Vec<Call> = diff(desired, live, &applied).into_iter().map(|a| a.call).collect();
        let expected: Vec<Call> = expected.into_iter().collect();
        assert_eq!(format!("{calls:#?}"), format!("{expected:#?}"));
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_user_that_equals_its_spec_needs_no_call() {
        assert_calls(&full(), &live(), &["team", "cost"], []);
    }

    #[test]
    fn what_the_spec_does_not_manage_needs_no_call() {
        assert_calls(&bare(), &live(), &[], []);
    }

    #[test]
    fn everything_that_differs_is_called_for_once_and_proficiencies_and_tags_are_taken_away_too() {
        let mut other = live();
        other.user.identity_info = IdentityInfo::default();
        other.user.phone_config = None;
        other.user.routing_profile_id = None;
        other.user.security_profile_ids = BTreeSet::from(["security-9".into()]);
        other.user.hierarchy_group_id = None;
        other.user.tags = BTreeMap::from([("old".into(), "1".into())]);
        other.proficiencies = Some(BTreeMap::from([(proficiency("language", "fr"), 1.0), (proficiency("language", "de"), 2.0)]));
        let actions = diff(&full(), &other, &BTreeSet::from(["old".into()]));
        let names: Vec<_> = actions.iter().map(|a| a.call.name().as_str()).collect();
        assert_eq!(
            names,
            [
                "TagResource",
                "UpdateUserIdentityInfo",
                "UpdateUserPhoneConfig",
                "UpdateUserRoutingProfile",
                "UpdateUserSecurityProfiles",
                "UpdateUserHierarchy",
                "DisassociateUserProficiencies",
                "UpdateUserProficiencies",
                "AssociateUserProficiencies",
                "UntagResource",
            ]
        );
    }

    #[test]
    fn an_identity_member_is_set_changed_and_cleared_and_the_other_members_are_carried_over() {
        type Member = fn(&mut IdentityInfo) -> &mut Option<String>;
        let members: [(&str, Member); 5] = [
            ("firstName", |i| &mut i.first_name),
            ("lastName", |i| &mut i.last_name),
            ("email", |i| &mut i.email),
            ("secondaryEmail", |i| &mut i.secondary_email),
            ("mobile", |i| &mut i.mobile),
        ];
        // The spec, Connect, what is sent.
        let table = [
            (None, None, None),
            (None, Some("old"), None),
            (Some("new"), None, Some("new")),
            (Some("new"), Some(""), Some("new")),
            (Some("new"), Some("old"), Some("new")),
            (Some("new"), Some("new"), None),
            (Some(""), Some("old"), Some("")),
            (Some(""), Some(""), None),
            (Some(""), None, None),
        ];
        for (field, member) in members {
            for (spec, shown, sent) in table {
                let (mut desired, mut live) = (bare(), live());
                *member(&mut desired.identity_info) = spec.map(str::to_owned);
                *member(&mut live.user.identity_info) = shown.map(str::to_owned);
                let expected = sent.map(|sent| {
                    let mut identity_info = live.user.identity_info.clone();
                    *member(&mut identity_info) = some(sent);
                    UpdateUserIdentityInfo { instance: "i-1".into(), user: "user-1".into(), identity_info }.into()
                });
                assert_calls(&desired, &live, &[], expected);

                let reasons: Vec<_> = diff(&desired, &live, &BTreeSet::new()).into_iter().flat_map(|a| a.because).collect();
                let nothing = |v: &&str| !v.is_empty();
                let reason = sent.map(|_| change(format!("identityInfo.{field}"), shown.filter(nothing), spec.filter(nothing)));
                assert_eq!(reasons, Vec::from_iter(reason));
            }
        }
    }

    #[test]
    fn a_phone_setting_is_set_and_the_other_settings_are_carried_over() {
        let shown = live().user.phone_config.unwrap();
        let none = DesiredPhone::default;
        // The spec, Connect, what is sent.
        let table = [
            (none(), Some(shown.clone()), None),
            (none(), None, None),
            (DesiredPhone { auto_accept: Some(true), ..none() }, Some(shown.clone()), None),
            (
                DesiredPhone { auto_accept: Some(false), ..none() },
                Some(shown.clone()),
                Some(PhoneConfig { auto_accept: false, ..shown.clone() }),
            ),
            (DesiredPhone { auto_accept: Some(false), ..none() }, None, None),
            (
                DesiredPhone { auto_accept: Some(true), ..none() },
                None,
                Some(PhoneConfig { auto_accept: true, ..PhoneConfig::default() }),
            ),
            (
                DesiredPhone { after_contact_work_time_limit: Some(0), ..none() },
                Some(shown.clone()),
                Some(PhoneConfig { after_contact_work_time_limit: 0, ..shown.clone() }),
            ),
            (DesiredPhone { after_contact_work_time_limit: Some(0), ..none() }, None, None),
            (
                DesiredPhone { persistent_connection: Some(false), ..none() },
                Some(shown.clone()),
                Some(PhoneConfig { persistent_connection: Some(false), ..shown.clone() }),
            ),
            (DesiredPhone { persistent_connection: Some(false), ..none() }, None, None),
            (
                DesiredPhone { phone_type: Some(PhoneType::DeskPhone), desk_phone_number: some("+12065550142"), ..none() },
                Some(shown.clone()),
                Some(PhoneConfig { desk_phone_number: some("+12065550142"), ..shown.clone() }),
            ),
            (
                DesiredPhone { phone_type: Some(PhoneType::SoftPhone), ..none() },
                Some(shown.clone()),
                Some(PhoneConfig { phone_type: PhoneType::SoftPhone, desk_phone_number: None, ..shown.clone() }),
            ),
            // A number for a soft phone: the API server refuses such a spec, and here it must not be asked for without end.
            (DesiredPhone { desk_phone_number: some("+12065550142"), ..none() }, None, None),
        ];
        for (phone, phone_config, sent) in table {
            let desired = Desired { phone, ..bare() };
            let mut live = live();
            live.user.phone_config = phone_config;
            let expected = sent
                .map(|phone_config| UpdateUserPhoneConfig { instance: "i-1".into(), user: "user-1".into(), phone_config }.into());
            assert_calls(&desired, &live, &[], expected);
        }
    }

    #[test]
    fn a_routing_profile_is_changed() {
        let mut live = live();
        live.user.routing_profile_id = Some("routing-0".into());
        let expected =
            UpdateUserRoutingProfile { instance: "i-1".into(), user: "user-1".into(), routing_profile_id: "routing-3".into() };
        assert_calls(&bare(), &live, &[], [expected.into()]);
    }

    #[test]
    fn security_profiles_are_replaced_as_a_whole_and_never_by_none() {
        for shown in [vec!["security-4"], vec!["security-4", "security-5", "security-6"], vec!["security-9"], vec![]] {
            let mut live = live();
            live.user.security_profile_ids = shown.into_iter().map(Into::into).collect();
            let security_profile_ids = BTreeSet::from(["security-5".into(), "security-4".into()]);
            let expected = UpdateUserSecurityProfiles { instance: "i-1".into(), user: "user-1".into(), security_profile_ids };
            assert_calls(&bare(), &live, &[], [expected.into()]);
        }
    }

    #[test]
    fn a_hierarchy_group_is_set_changed_and_cleared() {
        // The spec, Connect, what is sent.
        let table = [
            (None, None, None),
            (None, Some("group-0"), None),
            (Some(Some("group-6")), None, Some(Some("group-6"))),
            (Some(Some("group-6")), Some("group-0"), Some(Some("group-6"))),
            (Some(Some("group-6")), Some("group-6"), None),
            (Some(None), Some("group-0"), Some(None)),
            (Some(None), None, None),
        ];
        for (spec, shown, sent) in table {
            let desired = Desired { hierarchy_group: spec.map(|g: Option<&str>| g.map(Into::into)), ..bare() };
            let mut live = live();
            live.user.hierarchy_group_id = shown.map(Into::into);
            let expected = sent.map(|group: Option<&str>| {
                let hierarchy_group_id = group.map(Into::into);
                UpdateUserHierarchy { instance: "i-1".into(), user: "user-1".into(), hierarchy_group_id }.into()
            });
            assert_calls(&desired, &live, &[], expected);
        }
    }

    #[test]
    fn proficiencies_are_taken_away_changed_and_given() {
        let mut live = live();
        let shown = [(proficiency("language", "fr"), 1.0), (proficiency("product", "cards"), 5.0)];
        live.proficiencies = Some(BTreeMap::from(shown));
        let (instance, user) = ("i-1".into(), "user-1".into());
        let gone = DisassociateUserProficiencies { instance, user, proficiencies: vec![proficiency("product", "cards")] };
        let (instance, user) = ("i-1".into(), "user-1".into());
        let proficiencies = vec![Proficiency { key: proficiency("language", "fr"), level: 3.0 }];
        let changed = UpdateUserProficiencies { instance, user, proficiencies };
        let (instance, user) = ("i-1".into(), "user-1".into());
        let proficiencies = vec![Proficiency { key: proficiency("product", "loans"), level: 4.0 }];
        let new = AssociateUserProficiencies { instance, user, proficiencies };
        assert_calls(&full(), &live, &[], [gone.into(), changed.into(), new.into()]);
    }

    #[test]
    fn an_empty_list_of_proficiencies_takes_them_all_away_and_an_absent_one_none() {
        let desired = Desired { proficiencies: Some(BTreeMap::new()), ..bare() };
        let proficiencies = vec![proficiency("language", "fr"), proficiency("product", "loans")];
        let (instance, user) = ("i-1".into(), "user-1".into());
        assert_calls(&desired, &live(), &[], [DisassociateUserProficiencies { instance, user, proficiencies }.into()]);
        assert_calls(&bare(), &live(), &[], []);
    }

    #[test]
    fn proficiencies_that_nobody_read_are_not_judged() {
        let mut live = live();
        live.proficiencies = None;
        assert_calls(&full(), &live, &[], []);
    }

    #[test]
    fn tags_are_set_and_only_keys_that_were_ours_are_removed() {
        let arn = || live().user.arn;
        let tag = |pairs: &[(&str, &str)]| {
            let tags = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Call::from(TagResource { arn: arn(), tags })
        };
        let untag = |keys: &[&str]| Call::from(UntagResource { arn: arn(), keys: keys.iter().map(|k| (*k).into()).collect() });
        // Tags beside the proof of ownership in the spec and in Connect, the keys that were ours, what is sent.
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let table: [(Pairs<'_>, Pairs<'_>, &[&str], Vec<Call>); 8] = [
            (&[], &[("theirs", "1")], &[], vec![]),
            (&[("team", "a")], &[("theirs", "1")], &[], vec![tag(&[("team", "a")])]),
            (&[("team", "a")], &[("team", "b")], &["team"], vec![tag(&[("team", "a")])]),
            (&[("team", "")], &[], &["team"], vec![tag(&[("team", "")])]),
            (&[], &[("team", "a"), ("theirs", "1")], &["team"], vec![untag(&["team"])]),
            (&[], &[("theirs", "1")], &["team"], vec![]),
            (&[("cost", "2")], &[("team", "a")], &["team"], vec![tag(&[("cost", "2")]), untag(&["team"])]),
            (&[], &[], &["connect-operator.dev/uid"], vec![]),
        ];
        for (spec, shown, applied, expected) in table {
            let owned = |pairs: Pairs<'_>| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
            let desired = Desired { tags: owned(spec).into_iter().collect(), ..bare() };
            let mut live = live();
            live.user.tags = desired.owner.tags().into_iter().chain(owned(shown)).collect();
            assert_calls(&desired, &live, applied, expected);
        }
    }

    #[test]
    fn a_resource_that_came_back_renews_its_proof_of_ownership() {
        let mut live = live();
        live.user.tags.insert("connect-operator.dev/uid".into(), "uid-6".into());
        let tags = BTreeMap::from([("connect-operator.dev/uid".into(), "uid-7".into())]);
        assert_calls(&bare(), &live, &[], [TagResource { arn: live.user.arn.clone(), tags }.into()]);
    }

    #[test]
    fn what_the_spec_gives_by_name_is_told_of_by_name_as_far_as_names_are_known() {
        let catalog =
            |named: [(&str, &str); 2]| -> Catalog { named.map(|(id, n)| (id.to_owned(), n.to_owned())).into_iter().collect() };
        let mut groups = catalog([("group-0", "Kiel"), ("group-6", "Hamburg")]);
        groups.place("group-6", vec!["North".to_owned(), "Hamburg".to_owned()]);
        let mut desired = full();
        let security = catalog([("security-4", "Agent"), ("security-9", "Admin")]);
        for (kind, catalog) in [(ReferenceKind::SecurityProfile, security), (ReferenceKind::HierarchyGroup, groups)] {
            desired.names.insert(kind, Arc::new(catalog));
        }
        let mut live = live();
        live.user.routing_profile_id = Some("routing-0".into());
        live.user.security_profile_ids = BTreeSet::from(["security-9".into()]);
        live.user.hierarchy_group_id = Some("group-0".into());
        let reasons: Vec<_> =
            diff(&desired, &live, &BTreeSet::new()).iter().flat_map(|a| &a.because).map(ToString::to_string).collect();
        assert_eq!(
            reasons,
            [
                r#"routingProfileArn: "routing-0" → "routing-3""#,
                r#"securityProfileNames: "Admin" → "Agent, security-5""#,
                r#"hierarchyGroupPath: "group-0" → "/North/Hamburg""#,
            ]
        );
    }

    #[test]
    fn reasons_name_the_field_in_the_words_of_the_spec() {
        let mut live = live();
        live.user.phone_config.as_mut().unwrap().after_contact_work_time_limit = 90;
        live.user.routing_profile_id = None;
        live.user.security_profile_ids = BTreeSet::from(["security-9".into()]);
        live.user.hierarchy_group_id = Some("group-0".into());
        live.proficiencies = Some(BTreeMap::from([(proficiency("language", "fr"), 2.5), (proficiency("product", "loans"), 4.0)]));
        live.user.tags.insert("team".into(), "south".into());
        live.user.tags.insert("old".into(), "1".into());
        let reasons: Vec<_> = diff(&full(), &live, &BTreeSet::from(["old".into()]))
            .iter()
            .flat_map(|a| &a.because)
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            reasons,
            [
                r#"tags[team]: "south" → "north""#,
                r#"phoneConfig.afterContactWorkTimeLimit: "90" → "45""#,
                r#"routingProfileArn: (none) → "routing-3""#,
                r#"securityProfileArns: "security-9" → "security-4, security-5""#,
                r#"hierarchyGroupArn: "group-0" → "group-6""#,
                r#"userProficiencies[language=fr].level: "2.5" → "3""#,
                r#"tags[old]: "1" → (none)"#,
            ]
        );
    }
}
