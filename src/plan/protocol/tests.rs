//! The step for each state of the create and delete protocol. Steps are compared as text.

use connect_api::{CreatedUser, Tags, User};

use super::*;
use crate::plan::{
    created,
    fixtures::{another_owner, bare, full, live, nothing_known, owner},
};

const CREATE: &str = "mark the attempt, then create \"jane.doe\"";
const READ: &str = "read the user user-1";
const FIND: &str = "find the user by its name";
const RECORD: &str = "record user-1, which carries our tags";
const CLAIM: &str = "tag user-1 as ours and read its tags";
const FORGET: &str = "forget the recorded user, which is gone";
const IN_SYNC: &str = "nothing: user-1 equals the spec";
const MISSING: &str = "nothing: there is no such user, and none may be created";
const NO_OWNER: &str = "nothing: the user has no owner, and adoption is not asked for";
const THEIRS: &str = "nothing: the user belongs to ConnectUser care/joe of cluster green";
const RACED: &str = "retry: the username is taken, but no user is shown";
const WAIT: &str = "wait: the absence of the user is not certain yet";
const DELETE: &str = "delete user-1";
const DELETE_QUICK_CONNECTS: &str = "delete the quick connects that point to user-1";
const DISOWN: &str = "take our tags off user-1";
const RELEASE: &str = "remove the finalizer";
const RELEASE_AND_LEAVE: &str = "remove the finalizer; the user stays";

/// Checks the next step for each knowledge, changed in this way.
#[track_caller]
fn check(
    desired: Option<&Desired>,
    change: impl Fn(Knowledge) -> Knowledge,
    table: impl IntoIterator<Item = (Knowledge, &'static str)>,
) {
    for (known, expected) in table {
        let known = change(known);
        let step = next(&owner(), desired, &known).expect("a spec that can be read, or a deletion");
        let leaves = matches!(step, Step::Release { left: Some(_) });
        assert_eq!(if leaves { RELEASE_AND_LEAVE.to_owned() } else { step.to_string() }, expected, "{known:#?}");
    }
}

fn as_it_is(known: Knowledge) -> Knowledge {
    known
}

fn present(change: impl FnOnce(&mut User)) -> Observation {
    let mut live = live();
    change(&mut live.user);
    Observation::Present(Box::new(live))
}

fn ours() -> Observation {
    present(|_| ())
}

fn differs() -> Observation {
    present(|user| user.routing_profile_id = Some("another".into()))
}

fn unowned() -> Observation {
    present(|user| user.tags = Tags::new())
}

fn theirs() -> Observation {
    present(|user| user.tags = another_owner().tags())
}

fn clean() -> Knowledge {
    Knowledge { mark: CreateAttempts::Clean, settled: false, ..nothing_known() }
}

fn unclean() -> Knowledge {
    Knowledge { mark: CreateAttempts::Unclean, ..clean() }
}

fn settled(known: Knowledge) -> Knowledge {
    Knowledge { settled: true, ..known }
}

fn recorded(known: Knowledge) -> Knowledge {
    Knowledge { recorded: Some("user-1".into()), ..known }
}

fn by_id(seen: Observation, known: Knowledge) -> Knowledge {
    Knowledge { by_id: seen, ..known }
}

fn by_name(seen: Observation, known: Knowledge) -> Knowledge {
    Knowledge { by_name: seen, ..known }
}

fn taken(known: Knowledge) -> Knowledge {
    Knowledge { creation: Creation::Taken, ..known }
}

fn deleting(known: Knowledge) -> Knowledge {
    Knowledge { deleting: true, ..known }
}

fn with(policy: Policy) -> impl Fn(Knowledge) -> Knowledge {
    move |known| Knowledge { policy, ..known }
}

use Observation::Absent;

#[test]
fn resource_that_stays() {
    let table = [
        // A first attempt needs no read: Connect checks that the name is free.
        (nothing_known(), CREATE),
        (by_name(Absent, nothing_known()), CREATE),
        // A later one reads first: the user may exist already.
        (clean(), FIND),
        (unclean(), FIND),
        (settled(unclean()), FIND),
        // Absent, settled or not: the name is unique, so that another attempt is safe.
        (by_name(Absent, clean()), CREATE),
        (by_name(Absent, unclean()), CREATE),
        (by_name(Absent, settled(unclean())), CREATE),
        (by_name(ours(), clean()), RECORD),
        (by_name(ours(), nothing_known()), RECORD),
        (by_name(unowned(), clean()), NO_OWNER),
        (by_name(theirs(), clean()), THEIRS),
        // Connect says that the name is taken.
        (taken(nothing_known()), FIND),
        (taken(by_name(Absent, nothing_known())), RACED),
        (taken(by_name(ours(), clean())), RECORD),
        (taken(by_name(unowned(), nothing_known())), NO_OWNER),
        // Recorded.
        (recorded(clean()), READ),
        (recorded(by_id(ours(), clean())), IN_SYNC),
        (recorded(by_id(differs(), clean())), "update user-1: routingProfileArn: \"another\" → \"routing-3\""),
        (recorded(by_id(unowned(), clean())), NO_OWNER),
        (recorded(by_id(Absent, clean())), WAIT),
        (recorded(by_id(Absent, unclean())), WAIT),
        (recorded(by_id(Absent, settled(clean()))), FORGET),
        (recorded(by_id(Absent, settled(unclean()))), FORGET),
        (recorded(by_id(Absent, nothing_known())), FORGET),
    ];
    check(Some(&bare()), as_it_is, table);
}

#[test]
fn user_without_an_owner_is_adopted_only_if_allowed() {
    use AdoptionPolicy::{Adopt, AdoptOrCreate, Never};
    let table = [
        (Never, taken(by_name(unowned(), nothing_known())), NO_OWNER),
        (Never, by_name(theirs(), nothing_known()), THEIRS),
        (AdoptOrCreate, nothing_known(), CREATE),
        (AdoptOrCreate, taken(nothing_known()), FIND),
        (AdoptOrCreate, taken(by_name(unowned(), nothing_known())), CLAIM),
        (AdoptOrCreate, by_name(ours(), nothing_known()), RECORD),
        (AdoptOrCreate, by_name(theirs(), nothing_known()), THEIRS),
        (AdoptOrCreate, recorded(by_id(unowned(), nothing_known())), CLAIM),
        (Adopt, nothing_known(), FIND),
        (Adopt, by_name(unowned(), nothing_known()), CLAIM),
        (Adopt, by_name(theirs(), nothing_known()), THEIRS),
        (Adopt, by_name(Absent, nothing_known()), MISSING),
        (Adopt, by_name(Absent, clean()), MISSING),
    ];
    for (adoption, known, expected) in table {
        check(Some(&bare()), with(Policy { adoption, ..Policy::default() }), [(known, expected)]);
    }
}

#[test]
fn observer_reads_and_reports() {
    let observing = with(Policy { management: ManagementPolicy::Observe, ..Policy::default() });
    let table = [
        (nothing_known(), FIND),
        (by_name(Absent, nothing_known()), MISSING),
        (by_name(unowned(), nothing_known()), IN_SYNC),
        (by_name(ours(), nothing_known()), IN_SYNC),
        (by_name(differs(), nothing_known()), "report how user-1 differs: routingProfileArn: \"another\" → \"routing-3\""),
        (recorded(nothing_known()), READ),
        (recorded(by_id(unowned(), nothing_known())), IN_SYNC),
        (recorded(by_id(Absent, nothing_known())), FIND),
        (recorded(by_id(Absent, by_name(Absent, nothing_known()))), MISSING),
    ];
    check(Some(&bare()), &observing, table);
    // Nothing is deleted. A user that the resource managed before is handed back.
    let table = [
        (nothing_known(), FIND),
        (recorded(clean()), READ),
        (by_name(unowned(), nothing_known()), RELEASE),
        (by_name(ours(), unclean()), DISOWN),
    ];
    check(None, |known| observing(deleting(known)), table);
}

#[test]
fn finalizer_is_part_of_owning_a_user() {
    let stripped = |known: Knowledge| Knowledge { finalizer: false, ..known };
    let table = [
        (nothing_known(), CREATE),
        (recorded(clean()), READ),
        (recorded(by_id(ours(), clean())), "add the finalizer: the user is ours"),
        (recorded(by_id(differs(), clean())), "add the finalizer: the user is ours"),
        (recorded(by_id(unowned(), clean())), NO_OWNER),
        (Knowledge { remembered: Some(Box::new(live())), ..recorded(clean()) }, "add the finalizer: the user is ours"),
    ];
    check(Some(&bare()), stripped, table);
}

#[test]
fn user_is_found_although_it_cannot_be_created() {
    let impossible = |known: Knowledge| Knowledge { creation: Creation::Impossible, ..known };
    let table = [
        (nothing_known(), FIND),
        (by_name(Absent, nothing_known()), "nothing: there is no such user, and it cannot be created now"),
        (by_name(ours(), nothing_known()), RECORD),
        (by_name(unowned(), nothing_known()), NO_OWNER),
    ];
    check(Some(&bare()), impossible, table);
    let look_first = |known: Knowledge| Knowledge { look_first: true, ..known };
    check(Some(&bare()), look_first, [(nothing_known(), FIND), (by_name(Absent, nothing_known()), CREATE)]);
}

#[test]
fn retained_user_loses_our_tags_and_nothing_else() {
    let retaining = with(Policy { deletion: DeletionPolicy::Retain, ..Policy::default() });
    let table = [
        (recorded(clean()), READ),
        (recorded(by_id(ours(), clean())), DISOWN),
        (by_name(ours(), unclean()), DISOWN),
        (by_name(unowned(), nothing_known()), RELEASE),
        (by_name(Absent, clean()), WAIT),
    ];
    check(None, |known| retaining(deleting(known)), table);
}

#[test]
fn resource_that_is_deleted() {
    let table = [
        // Never attempted: an absence counts.
        (nothing_known(), FIND),
        (by_name(Absent, nothing_known()), RELEASE),
        (by_name(unowned(), nothing_known()), RELEASE),
        (by_name(ours(), nothing_known()), DELETE),
        // Attempted: a user may appear.
        (clean(), FIND),
        (by_name(Absent, clean()), WAIT),
        (by_name(Absent, unclean()), WAIT),
        (by_name(Absent, settled(clean())), RELEASE),
        (by_name(Absent, settled(unclean())), RELEASE),
        (by_name(ours(), unclean()), DELETE),
        // A read that lags and shows another owner's user proves nothing.
        (by_name(unowned(), clean()), WAIT),
        (by_name(unowned(), settled(clean())), RELEASE),
        // Recorded.
        (recorded(clean()), READ),
        (recorded(by_id(ours(), clean())), DELETE),
        (recorded(by_id(ours(), settled(unclean()))), DELETE),
        (recorded(by_id(Absent, clean())), FIND),
        (recorded(by_id(Absent, by_name(Absent, clean()))), WAIT),
        (recorded(by_id(Absent, by_name(ours(), clean()))), DELETE),
        (recorded(by_id(Absent, by_name(Absent, settled(clean())))), RELEASE),
        (recorded(by_id(Absent, by_name(Absent, nothing_known()))), RELEASE),
        // The proof of ownership was removed: the user stays, but another of ours may exist, or appear.
        (recorded(by_id(unowned(), settled(clean()))), FIND),
        (recorded(by_id(unowned(), by_name(unowned(), settled(clean())))), RELEASE_AND_LEAVE),
        (recorded(by_id(unowned(), by_name(Absent, nothing_known()))), RELEASE_AND_LEAVE),
        (recorded(by_id(unowned(), by_name(unowned(), unclean()))), WAIT),
        (recorded(by_id(unowned(), by_name(ours(), unclean()))), DELETE),
    ];
    check(Some(&bare()), deleting, table.clone());
    // A deletion does not need a spec that can be read.
    check(None, deleting, table);
}

#[test]
fn quick_connects_are_deleted_between_user_and_resource() {
    let policy = Policy { quick_connects: QuickConnects::Go, ..Policy::default() };
    let done = |known: Knowledge| Knowledge { quick_connects_of: Some("user-1".into()), ..known };
    let another_of_ours = || present(|user| user.id = "user-2".into());
    let gone = || recorded(by_id(Absent, by_name(Absent, nothing_known())));
    let table = [
        (recorded(by_id(ours(), clean())), DELETE),
        (gone(), DELETE_QUICK_CONNECTS),
        (done(gone()), RELEASE),
        (recorded(by_id(Absent, by_name(unowned(), settled(clean())))), DELETE_QUICK_CONNECTS),
        // Absent, but that does not count yet.
        (recorded(by_id(Absent, by_name(Absent, clean()))), WAIT),
        // The id has to be recorded before the user is deleted.
        (by_name(ours(), unclean()), RECORD),
        (recorded(by_id(Absent, by_name(ours(), clean()))), DELETE),
        // Another user of ours appeared late: its id will replace that of the first in the status.
        (recorded(by_id(Absent, by_name(another_of_ours(), unclean()))), WAIT),
        (recorded(by_id(Absent, by_name(another_of_ours(), settled(unclean())))), DELETE_QUICK_CONNECTS),
        (done(recorded(by_id(Absent, by_name(another_of_ours(), unclean())))), "record user-2, which carries our tags"),
        // Never ours, or no longer.
        (by_name(Absent, nothing_known()), RELEASE),
        (by_name(unowned(), nothing_known()), RELEASE),
        (recorded(by_id(unowned(), by_name(unowned(), nothing_known()))), RELEASE_AND_LEAVE),
    ];
    check(None, |known| with(policy)(deleting(known)), table);
    for policy in [
        Policy::default(),
        Policy { deletion: DeletionPolicy::Retain, ..policy },
        Policy { management: ManagementPolicy::Observe, ..policy },
    ] {
        check(None, |known| with(policy)(deleting(known)), [(gone(), RELEASE)]);
    }
}

#[test]
fn create_request_has_all_parts_and_the_proof_of_ownership() {
    let Some(Step::Create(request)) = next(&owner(), Some(&full()), &nothing_known()) else { panic!("no create") };
    assert!(request.instance.as_str() == "11111111-aaaa-4bbb-8ccc-000000000001" && request.password.is_none());
    let expected = live().user;
    assert_eq!((&request.phone_config, &request.channel_configs), (&expected.phone_config, &expected.channel_configs));
    let user = created(&request, &CreatedUser { id: expected.id.clone(), arn: expected.arn.clone() }).user;
    // The prediction shows the settings of each channel.
    assert_eq!(User { channel_configs: expected.channel_configs.clone(), ..user }, expected);
}

#[test]
fn create_request_omits_unmanaged_and_empty_members() {
    let mut desired = bare();
    desired.parts.identity.email = Some(String::new());
    desired.parts.hierarchy_group = Some(None);
    let Some(Step::Create(request)) = next(&owner(), Some(&desired), &nothing_known()) else { panic!("no create") };
    assert_eq!((request.identity_info, request.phone_config), (None, None));
    assert_eq!((request.directory_user_id, request.hierarchy_group_id), (None, None));
    assert_eq!(request.tags, owner().tags());
}
