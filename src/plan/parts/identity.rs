//! Names, e-mail addresses and mobile number.
//!
//! Connect shows a cleared member as an empty string or not at all: both are nothing. AWS does not say whether UpdateUserIdentityInfo
//! wipes a member that is left out. So an update includes all members that have a value, those that the spec does not manage as they
//! were read, and clears a member by leaving it out: an empty string does not match the API's pattern of a secondary e-mail address or
//! a mobile number, and one of them would have the whole call refused. If a read then shows that Connect has kept the member, the
//! second attempt sends an empty string ([`with_empty_strings`]). Names have no such pattern: an empty one is sent as such.

use std::{collections::BTreeSet, hash::Hash};

use connect_api::{IdentityInfo, InstanceId, UpdateUserIdentityInfo};

use super::{Action, Change, IgnoredField, Live, UserUpdate, api};

/// Stands for a value that must not be shown.
const NOT_SHOWN: &str = "(not shown)";

/// What the questions below need to know of a member.
#[derive(Clone, Copy)]
struct Member {
    field: IgnoredField,
    /// In an instance with a directory, its value comes from there, and Connect refuses any other.
    kept_by_directory: bool,
}

impl Member {
    /// Returns a value as it is sent. Only names may be empty.
    fn sent(self, value: Option<String>) -> Option<String> {
        let is_name = matches!(self.field, IgnoredField::FirstName | IgnoredField::LastName);
        value.filter(|value| is_name || !value.is_empty())
    }
}

/// Makes identity info of two others, member by member. The questions go through here, so that none can forget a member.
fn zip(
    one: &IdentityInfo,
    other: &IdentityInfo,
    mut member: impl FnMut(Member, &Option<String>, &Option<String>) -> Option<String>,
) -> IdentityInfo {
    let directory = |field| Member { field, kept_by_directory: true };
    let connect = |field| Member { field, kept_by_directory: false };
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = one;
    IdentityInfo {
        first_name: member(directory(IgnoredField::FirstName), first_name, &other.first_name),
        last_name: member(directory(IgnoredField::LastName), last_name, &other.last_name),
        email: member(directory(IgnoredField::Email), email, &other.email),
        secondary_email: member(connect(IgnoredField::SecondaryEmail), secondary_email, &other.secondary_email),
        mobile: member(connect(IgnoredField::Mobile), mobile, &other.mobile),
    }
}

/// Reads what a spec asks for: a member that is left out is not managed, an empty one is cleared.
pub(super) fn parse(spec: Option<&api::IdentityInfo>) -> IdentityInfo {
    spec.cloned().unwrap_or_default().into()
}

/// Returns what CreateUser is given. A new user has nothing to clear.
pub(super) fn at_creation(want: &IdentityInfo) -> Option<IdentityInfo> {
    let info = zip(want, want, |_, value, _| value.clone().filter(|v| !v.is_empty()));
    (info != IdentityInfo::default()).then_some(info)
}

pub(super) fn diff(want: &IdentityInfo, live: &Live, instance: &InstanceId) -> Option<Action> {
    let (mut changes, mut carries) = (Vec::new(), false);
    let identity_info = zip(want, &live.user.identity_info, |member, want, shown| {
        carries |= want.is_none();
        let is = shown.as_deref().unwrap_or_default();
        match want {
            Some(want) if want != is => {
                let filled = |v: &str| (!v.is_empty()).then(|| v.to_owned());
                changes.push(Change::new(member.field.path(), filled(is), filled(want)));
                member.sent(Some(want.clone()))
            }
            Some(_) | None => member.sent(shown.clone()),
        }
    });
    let (instance, user) = (instance.clone(), live.user.id.clone());
    let request = UpdateUserIdentityInfo { instance, user, identity_info };
    Action::carrying(carries, UserUpdate::UpdateUserIdentityInfo(request), changes)
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserIdentityInfo) {
    live.user.identity_info = request.identity_info.clone();
}

/// Stops managing the members that are ignored.
pub(super) fn ignore(want: &IdentityInfo, ignored: &BTreeSet<IgnoredField>) -> IdentityInfo {
    let all = ignored.contains(&IgnoredField::IdentityInfo);
    zip(want, want, |member, value, _| value.clone().filter(|_| !all && !ignored.contains(&member.field)))
}

/// Returns the same without what an observer of another owner's user may not see: e-mail addresses and the mobile number.
pub(super) fn without_addresses(info: &IdentityInfo) -> IdentityInfo {
    zip(info, info, |member, value, _| value.clone().filter(|_| !is_address(member.field)))
}

/// Returns the difference without the value that Connect shows, if that is an address.
pub(super) fn without_address(change: Change) -> Change {
    let mut is_shown = true;
    let none = IdentityInfo::default();
    zip(&none, &none, |member, _, _| {
        is_shown &= !is_address(member.field) || change.field != member.field.path();
        None
    });
    if is_shown { change } else { Change { from: Some(NOT_SHOWN.to_owned()), ..change } }
}

/// Returns whether a member is an e-mail address or a telephone number.
fn is_address(field: IgnoredField) -> bool {
    matches!(field, IgnoredField::Email | IgnoredField::SecondaryEmail | IgnoredField::Mobile)
}

/// Returns what SearchUsers shows of it.
pub(super) fn fingerprint<'a>(first_name: &'a Option<String>, last_name: &'a Option<String>) -> impl Hash + use<'a> {
    (first_name.as_deref().unwrap_or_default(), last_name.as_deref().unwrap_or_default())
}

/// Returns the paths of the members that are given and that a directory keeps.
pub(in crate::plan) fn given_beside_a_directory(spec: Option<&api::IdentityInfo>) -> Vec<&'static str> {
    let (info, mut given) = (parse(spec), Vec::new());
    zip(&info, &info, |member, value, _| {
        given.extend((member.kept_by_directory && value.is_some()).then(|| member.field.path()));
        None
    });
    given
}

/// Returns the paths of the members that changes are about and that a directory keeps.
pub(in crate::plan) fn changed_beside_a_directory(changes: &[Change]) -> Vec<&'static str> {
    let (none, mut changed) = (IdentityInfo::default(), Vec::new());
    zip(&none, &none, |member, _, _| {
        changed.extend((member.kept_by_directory && is_among(changes, member)).then(|| member.field.path()));
        None
    });
    changed
}

/// Returns the update that clears members by empty strings, if it clears any.
pub(in crate::plan) fn with_empty_strings(
    request: &UpdateUserIdentityInfo,
    changes: &[Change],
) -> Option<UpdateUserIdentityInfo> {
    let is_cleared = |member: Member| changes.iter().any(|change| change.field == member.field.path() && change.to.is_none());
    let identity_info = zip(&request.identity_info, &request.identity_info, |member, value, _| {
        value.clone().or_else(|| is_cleared(member).then(String::new))
    });
    (identity_info != request.identity_info).then(|| UpdateUserIdentityInfo { identity_info, ..request.clone() })
}

/// Returns the update as an instance with SAML may require it, if that is another: without an e-mail address that the spec does not
/// ask for. AWS' pages contradict each other on whether such a user may have one.
pub(in crate::plan) fn beside_saml(request: &UpdateUserIdentityInfo, changes: &[Change]) -> Option<UpdateUserIdentityInfo> {
    let is_asked_for = changes.iter().any(|change| change.field == IgnoredField::Email.path());
    let identity_info = IdentityInfo { email: None, ..request.identity_info.clone() };
    (!is_asked_for && identity_info != request.identity_info).then(|| UpdateUserIdentityInfo { identity_info, ..request.clone() })
}

/// Returns the update as an instance with a directory takes it, if that is another: members that the directory keeps are sent only
/// if the spec asks for other values. Elsewhere they are included, since Connect may wipe what is left out; here it refuses them.
pub(in crate::plan) fn beside_a_directory(
    request: &UpdateUserIdentityInfo,
    changes: &[Change],
) -> Option<UpdateUserIdentityInfo> {
    let identity_info = zip(&request.identity_info, &request.identity_info, |member, value, _| {
        value.clone().filter(|_| !member.kept_by_directory || is_among(changes, member))
    });
    (identity_info != request.identity_info).then(|| UpdateUserIdentityInfo { identity_info, ..request.clone() })
}

fn is_among(changes: &[Change], member: Member) -> bool {
    changes.iter().any(|change| change.field == member.field.path())
}
