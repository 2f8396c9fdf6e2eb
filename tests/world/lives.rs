//! Lives: stories that went wrong once, and random ones.

use connect_sim::{IdentityUpdate, Rules};
use testbed::{
    lives::{
        Act::{self, Settle, Step, Sync, Wait},
        Around, Console, Edit, Life, NewName, Person, play, run,
    },
    world::Mutation,
};

/// `LIVES=100000` plays more lives; `LIFE=7` plays one.
#[test]
fn random_lives_keep_every_promise() {
    let number = |name: &str| std::env::var(name).ok().map(|v| v.parse::<u64>().unwrap());
    let seeds = number("LIFE").map_or(0..number("LIVES").unwrap_or(1000), |seed| seed..seed + 1);
    if let Err(story) = run(seeds) {
        panic!("{story}");
    }
}

fn lives(life: Life) {
    if let Err(failed) = play(&life) {
        panic!("{failed}\n{life}\n{}", failed.story);
    }
}

/// Plays a life in which this happens, without surprises around it.
fn story(acts: impl IntoIterator<Item = Act>) {
    lives(Life::of(acts));
}

const fn person(person: Person) -> Act {
    Act::Person(person)
}

const fn edit(edit: Edit) -> Act {
    Act::Person(Person::Edit(0, edit))
}

const fn console(console: Console) -> Act {
    Act::Console(console)
}

const fn around(around: Around) -> Act {
    Act::Around(around)
}

const APPLY: Act = person(Person::Apply(0));
const CREATE_BY_HAND: Act = console(Console::Create(0));
const ADOPT_OR_CREATE: Act = edit(Edit::Adoption(1));
const ADOPT: Act = edit(Edit::Adoption(2));

#[test]
fn existing_user_is_adopted_without_a_password() {
    story([CREATE_BY_HAND, ADOPT_OR_CREATE, edit(Edit::Password(0)), Settle]);
}

#[test]
fn existing_user_is_a_conflict_without_a_password() {
    story([CREATE_BY_HAND, edit(Edit::Password(0)), Settle]);
}

#[test]
fn existing_user_is_adopted_without_its_secret() {
    story([CREATE_BY_HAND, person(Person::SecretGone(0)), ADOPT_OR_CREATE, Settle]);
}

#[test]
fn restored_resource_finds_its_user_without_the_secret() {
    let lost = [person(Person::SecretGone(0)), person(Person::ForceDelete(0))];
    story([APPLY, Settle].into_iter().chain(lost).chain([APPLY, Settle]));
}

#[test]
fn existing_user_is_adopted_although_none_may_be_created() {
    for hindrance in [Around::Quota(true), Around::Deny(1)] {
        story([CREATE_BY_HAND, around(hindrance), ADOPT_OR_CREATE, Settle]);
    }
}

#[test]
fn existing_user_needs_no_generated_password() {
    let generated = edit(Edit::Password(2));
    story([CREATE_BY_HAND, ADOPT_OR_CREATE, generated, Settle]);
    story([generated, Settle, person(Person::ForceDelete(0)), generated, Settle]);
}

#[test]
fn finalizer_is_put_back() {
    story([APPLY, Settle, person(Person::Replace(0)), Settle]);
    story([APPLY, Settle, person(Person::Replace(0)), edit(Edit::LastName(1)), Settle, person(Person::Delete(0)), Settle]);
}

#[test]
fn restored_adopter_gets_a_finalizer() {
    story([CREATE_BY_HAND, ADOPT, Settle, person(Person::ForceDelete(0)), ADOPT, Settle]);
}

#[test]
fn user_that_was_only_observed_gets_a_finalizer() {
    let observe = edit(Edit::Management(1));
    let manage = edit(Edit::Management(0));
    story([APPLY, Settle, person(Person::ForceDelete(0)), observe, Settle, manage, Settle]);
}

#[test]
fn user_that_was_managed_is_handed_back_by_its_observer() {
    story([APPLY, Settle, edit(Edit::Management(1)), Settle, person(Person::Delete(0)), Settle]);
}

/// The edits rest on the status, so no read shows that they had an effect. The correction after them is the same call.
#[test]
fn user_that_was_moved_to_and_fro_is_corrected() {
    for ([there, back], console) in [
        ([Edit::Routing(2), Edit::Routing(1)], Console::Routing(0, 0)),
        ([Edit::Proficiencies(1), Edit::Proficiencies(2)], Console::Proficiencies(0, 1)),
    ] {
        let moves = [edit(there), Settle, edit(back), Settle].repeat(2);
        story(moves.into_iter().chain([Act::Console(console), Settle]));
    }
}

#[test]
fn retained_user_outlasts_the_loss_of_its_resource() {
    for word in [Edit::Management(1), Edit::Deletion(2)] {
        let acts = [APPLY, Settle, edit(word), Settle, person(Person::ForceDelete(0)), Settle, Wait(700)];
        lives(Life { delete_orphans: true, ..Life::of(acts) });
    }
    let by_namespace = [person(Person::NamespacePolicy(0, 2)), APPLY, Settle, person(Person::ForceDelete(0)), Settle, Wait(700)];
    lives(Life { delete_orphans: true, ..Life::of(by_namespace) });
}

#[test]
fn retained_user_outlasts_the_loss_of_its_namespace() {
    let kept = [person(Person::NamespacePolicy(0, 2)), APPLY, Settle, person(Person::ForceDelete(0))];
    let acts = kept.into_iter().chain([person(Person::NamespaceGone(0)), Settle, Wait(700)]);
    lives(Life { delete_orphans: true, ..Life::of(acts) });
}

#[test]
fn namespace_goes_with_its_users() {
    let gone = person(Person::NamespaceGone(0));
    story([APPLY, person(Person::Apply(1)), Settle, gone, Settle, APPLY, Settle]);
    // The Secret goes before the ConnectUser is created, and while it waits.
    story([APPLY, gone, Settle, APPLY, Settle, edit(Edit::LastName(1)), gone, APPLY, Settle]);
    let kept = [person(Person::NamespacePolicy(0, 2)), APPLY, Settle];
    story(kept.into_iter().chain([gone, Settle, ADOPT, Settle]));
}

#[test]
fn held_deletions_go_on_when_a_person_confirms_them() {
    let (both, deletes) = ([APPLY, person(Person::Apply(3)), Settle], [Person::Delete(0), Person::Delete(3)].map(person));
    let confirms = [Person::Confirm(0), Person::Confirm(3)].map(person);
    for last in [&confirms[..], &[Wait(4000)], &[around(Around::Restart(0)), Settle]] {
        let acts = both.iter().chain(&deletes).chain(&[Settle]).chain(last).copied();
        lives(Life { guard: true, ..Life::of(acts) });
    }
}

#[test]
fn guard_that_does_not_count_is_noticed() {
    let deleted = [Person::Apply(0), Person::Apply(3)].map(person).into_iter().chain([Settle]);
    let acts = deleted.chain([Person::Delete(0), Person::Delete(3)].map(person)).chain([Settle]);
    let failed = play(&Life { guard: true, mutation: Some(Mutation::NoGuard), ..Life::of(acts) }).unwrap_err();
    assert!(failed.violation.contains("without a confirmation"), "{failed}");
}

#[test]
fn profile_and_group_may_be_deleted_and_made_again() {
    for by in [0, 2] {
        let named = [edit(Edit::Routing(1 + by)), edit(Edit::Group(3 + by)), Settle];
        let gone = [console(Console::Profile(false)), console(Console::HierarchyGroup(false)), Wait(700), Settle];
        let again = [console(Console::Profile(true)), console(Console::HierarchyGroup(true)), Wait(700), Settle];
        story(named.into_iter().chain(gone).chain(again));
        let edited = [edit(Edit::LastName(1)), Settle, edit(Edit::Routing(0)), edit(Edit::Group(0)), Settle];
        story(named.into_iter().chain(gone).chain(edited));
    }
}

#[test]
fn group_that_is_named_by_its_path_may_be_renamed() {
    let renamed = [edit(Edit::Group(5)), Settle, console(Console::RenameGroup), Wait(700), Settle, edit(Edit::LastName(1))];
    for names_stay in [false, true] {
        lives(Life { names_stay, ..Life::of(renamed.into_iter().chain([Settle, edit(Edit::Group(4)), Settle])) });
    }
}

#[test]
fn restored_secret_of_another_owner_is_left_alone() {
    let generated = edit(Edit::Password(2));
    for owner in [0, 1] {
        let restored = person(Person::SecretRestored(0, owner));
        story([restored, generated, Settle]);
        story([generated, Settle, restored, edit(Edit::LastName(1)), Settle, person(Person::Delete(0)), Settle]);
    }
}

#[test]
fn namespace_that_may_not_be_read_deletes_no_user() {
    let kept = [person(Person::NamespacePolicy(0, 2)), APPLY, Settle, person(Person::NamespaceForbidden(0, true))];
    story(kept.into_iter().chain([person(Person::Delete(0)), Settle, Wait(700)]));
}

#[test]
fn clone_of_a_cluster_leaves_the_users_of_the_original() {
    story([APPLY, Settle, around(Around::CloneCluster), Settle, edit(Edit::LastName(2)), Settle]);
}

#[test]
fn rebuilt_cluster_of_the_same_name_finds_its_users() {
    story([APPLY, Settle, around(Around::RebuildCluster(NewName::Same)), Settle]);
    story([APPLY, Settle, around(Around::RebuildCluster(NewName::Unknown)), Settle]);
}

#[test]
fn cluster_that_knows_its_former_name_finds_its_users() {
    let renamed = around(Around::RebuildCluster(NewName::Renamed));
    story([APPLY, Settle, renamed, Settle, edit(Edit::LastName(1)), Settle, renamed, person(Person::Delete(0)), Settle]);
    story([APPLY, Settle, around(Around::RenameCluster), Settle, edit(Edit::LastName(1)), Settle]);
    let observed = edit(Edit::Management(1));
    story([APPLY, Settle, observed, Settle, around(Around::RenameCluster), Settle, person(Person::Delete(0)), Settle]);
}

#[test]
fn orphans_of_a_former_name_are_deleted() {
    let lost = [APPLY, Settle, person(Person::ForceDelete(0)), around(Around::RenameCluster)];
    lives(Life { delete_orphans: true, ..Life::of(lost.into_iter().chain([Wait(700)])) });
}

#[test]
fn field_that_becomes_managed_is_read_first() {
    story([APPLY, Settle, console(Console::Proficiencies(0, 0)), edit(Edit::Proficiencies(1)), Settle]);
    story([APPLY, Settle, console(Console::Identity(0, 1)), edit(Edit::Email(1)), Settle, edit(Edit::Email(2)), Settle]);
}

#[test]
fn value_that_connect_does_not_keep_is_written_twice_at_most() {
    story([edit(Edit::Email(3)), Settle]);
    story([edit(Edit::LastName(3)), Settle]);
    // CHAT's after-contact work, alone and as one of all channels.
    story([edit(Edit::Channels(3)), Settle]);
    story([edit(Edit::Phone(7)), Settle]);
}

#[test]
fn correction_that_a_read_shows_counts_for_nothing_later() {
    let mut acts = vec![edit(Edit::Proficiencies(2)), Settle];
    for n in [0, 1, 0, 1] {
        acts.extend([console(Console::Proficiencies(0, n)), edit(Edit::Channels(n % 2 + 1)), Settle]);
    }
    story(acts);
}

/// The seed of a random life picks other readings of what AWS does not document.
#[test]
fn common_edits_hold_under_the_lenient_readings_too() {
    let edits = [Edit::Email(3), Edit::LastName(3), Edit::Channels(3), Edit::Phone(7), Edit::Proficiencies(3), Edit::Tags(1)];
    let acts = edits.map(edit).into_iter().flat_map(|act| [act, Settle]);
    lives(Life { rules: Rules::lenient(), ..Life::of(acts) });
}

#[test]
fn restored_etcd_is_followed() {
    for counts_on_from_there in [false, true] {
        let restored = around(Around::RestoreEtcd(2, counts_on_from_there));
        story([APPLY, Settle, edit(Edit::LastName(1)), Settle, restored, Settle]);
    }
}

/// The process read the user after the restored status was first written, so that status must not count as confirmed.
#[test]
fn restored_status_does_not_count_as_a_read() {
    let [taken, restart] = [console(Console::TagAsTheirs(0)), around(Around::Restart(0))];
    let restored = around(Around::RestoreEtcd(1, true));
    story([APPLY, Settle, taken, restart, edit(Edit::Management(1)), Settle, Act::Wait(4000), restored, Settle]);
}

#[test]
fn thirty_tags_are_replaced_by_thirty_others() {
    story([edit(Edit::Tags(3)), Settle, edit(Edit::Tags(4)), Settle]);
}

#[test]
fn user_without_room_for_tags_says_so() {
    story([CREATE_BY_HAND, console(Console::Tag(0, 1)), ADOPT, Settle]);
    story([APPLY, Settle, console(Console::Tag(0, 1)), edit(Edit::Tags(1)), Settle]);
}

#[test]
fn number_of_a_soft_phone_outlasts_another_edit() {
    story([APPLY, Settle, console(Console::Phone(0, 1)), Settle, edit(Edit::Phone(1)), Settle]);
}

#[test]
fn cleared_member_is_gone_whether_connect_replaces_or_merges() {
    let merging = Rules { identity_update: IdentityUpdate::Merge, empty_string_clears: true, ..Rules::default() };
    for rules in [Rules::default(), merging] {
        let acts = [edit(Edit::Mobile(1)), Settle, edit(Edit::Mobile(2)), Settle];
        lives(Life { rules, ..Life::of(acts) });
    }
}

#[test]
fn requested_correction_without_an_effect_ends() {
    let rules = Rules { identity_update: IdentityUpdate::Merge, empty_string_clears: true, ..Rules::default() };
    let acts = [edit(Edit::Mobile(1)), Settle, person(Person::Request(0, 3)), edit(Edit::Mobile(2)), Settle];
    lives(Life { rules, ..Life::of(acts) });
}

#[test]
fn soft_phone_may_have_a_number() {
    story([edit(Edit::Phone(6)), Settle, console(Console::Phone(0, 2)), Wait(700), Settle, edit(Edit::Phone(4)), Settle]);
}

#[test]
fn ignored_name_that_was_renamed_blocks_no_other_edit() {
    let by_name = [edit(Edit::Routing(3)), edit(Edit::Ignore(1)), Settle, console(Console::RenameProfile(0))];
    for last in [[edit(Edit::LastName(1)), Settle], [person(Person::LoseStatus(0)), edit(Edit::LastName(1))]] {
        lives(Life { names_stay: true, ..Life::of(by_name.into_iter().chain(last)) });
    }
}

#[test]
fn unknown_new_ignored_name_is_an_error_of_its_field() {
    let ignoring = [edit(Edit::Routing(2)), edit(Edit::Ignore(1)), Settle, console(Console::RenameProfile(0))];
    let edits = [edit(Edit::Routing(3)), edit(Edit::LastName(1)), Settle];
    lives(Life { names_stay: true, ..Life::of(ignoring.into_iter().chain(edits)) });
}

#[test]
fn ignored_field_counts_as_applied_although_another_part_fails() {
    let ignoring =
        [APPLY, Settle, around(Around::Deny(2)), edit(Edit::Ignore(4)), edit(Edit::Routing(1)), edit(Edit::LastName(1))];
    let routed = [Settle, console(Console::Routing(0, 0)), around(Around::Deny(0)), Wait(700), Settle];
    lives(Life::of(ignoring.into_iter().chain(routed)));
}

/// `cargo xtask lives --mutations` finds the other mutations, after some thousands of lives.
#[test]
fn finalizer_that_is_not_written_is_noticed() {
    let life = Life { mutation: Some(Mutation::NoFinalizer), ..Life::of([APPLY, Settle]) };
    let failed = play(&life).unwrap_err();
    assert!(failed.violation.contains("finalizer"), "{failed}");
}

#[test]
fn every_spelling_of_true_pauses() {
    for spelling in 0..4 {
        let paused = person(Person::Pause(0, spelling));
        story([APPLY, Settle, paused, edit(Edit::LastName(1)), Settle, console(Console::Routing(0, 1)), Wait(700)]);
    }
}

#[test]
fn value_that_connect_changes_is_corrected_after_people() {
    // Connect keeps this address in lower case.
    let created = [edit(Edit::Email(3)), Settle];
    let cleared = [console(Console::Identity(0, 0)), Wait(4000), Settle, Wait(30)];
    story(created.into_iter().chain([cleared; 3].into_iter().flatten()));
}

#[test]
fn list_from_before_a_creation_proves_no_absence() {
    // The second ConnectUser asks for a username that is taken, so all usernames are listed before the last user is created.
    let created = [APPLY, person(Person::Apply(1)), person(Person::Apply(3)), Settle];
    let lost = [person(Person::LoseStatus(3)), person(Person::NamespaceGone(3))];
    lives(Life { sweeps: false, ..Life::of(created.into_iter().chain(lost)) });
}

#[test]
fn second_value_that_connect_changes_is_given_up_too() {
    let acts = [edit(Edit::LastName(3)), Settle, edit(Edit::Group(3)), Settle, edit(Edit::Channels(3))];
    lives(Life { sweeps: false, ..Life::of(acts) });
}

/// A replica that has lost its lease may tag a user after the leader has handed it back: AWS takes no condition for a tag.
#[test]
fn user_is_not_tagged_for_a_resource_that_is_released_meanwhile() {
    let observed = vec![APPLY, Settle, edit(Edit::Management(1))];
    let adopted = vec![CREATE_BY_HAND, ADOPT_OR_CREATE, edit(Edit::Deletion(2))];
    for (begin, steps) in [observed, adopted].into_iter().flat_map(|begin| (0..14).map(move |steps| (begin.clone(), steps))) {
        let leader = [Sync(0)].into_iter().chain([Step(0, 0); 20]);
        let other = [Sync(1)].into_iter().chain(std::iter::repeat_n(Step(1, 0), steps));
        let deleted = [person(Person::Delete(0))];
        let acts = begin.into_iter().chain(other).chain(leader.clone()).chain(deleted).chain(leader);
        lives(Life { operators: 2, sweeps: false, ..Life::of(acts) });
    }
}

/// `etcdutl snapshot restore` without `--bump-revision`.
#[test]
fn edit_that_an_older_pass_reports_as_made_is_made_by_the_next() {
    for steps in 0..8 {
        let begun = [APPLY, edit(Edit::Mobile(1)), Sync(0)].into_iter().chain(std::iter::repeat_n(Step(0, 0), steps));
        for revision in 0..4 {
            let restored = [around(Around::RestoreEtcd(revision, true)), edit(Edit::Mobile(2)), Settle];
            for sweeps in [false, true] {
                lives(Life { sweeps, ..Life::of(begun.clone().chain(restored)) });
            }
        }
    }
}
