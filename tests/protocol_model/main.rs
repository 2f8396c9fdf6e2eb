//! The create and delete protocol (docs/design.md) as a model, checked exhaustively: two operators over one ConnectUser and one
//! username, where every read of Connect lags, operators crash between any two calls, requests outlive their senders, a person
//! makes, removes or takes over a user of the same name, and Connect refuses.
//!
//! What an operator decides is not modelled: every decision is `connect_operator::plan::next` itself, asked with what the
//! modelled pass knows. Modelled is what the shell does about it, one read, write or call at a time.
//!
//! Each ingredient of the protocol can be left out, and each of the tests below that does so must find harm: so the model bites,
//! and nobody simplifies the protocol without being told what for.
//!
//! The read from the API server and the guard of the writes are two nets under the same fall, a stale cache: with the guard the
//! read only saves attempts, and without it the read saves one operator but not two.
//!
//! Time has no numbers here. The settle window may be over in any state in which nothing is under way any more: reads show all
//! that was written, and no create request is marked and not yet answered (`World::calm`). It need never be over.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod life;
mod operator;
mod question;
mod world;

use std::collections::BTreeSet;

use life::{CONVERGED, Life, NEVER_TOUCHED, NO_ORPHAN, NOTHING_DANGLES, ONE_USER, Outcomes};
use operator::{Marking, PROTOCOL, Proof, Protocol, WITH_QUICK_CONNECTS};
use stateright::{Checker, HasDiscoveries, Model};
use world::{CRASH, Hazards, PEACE, TWO_OPERATORS};

/// Looks into every state that can come to be.
#[track_caller]
fn assert_safe(protocol: Protocol, hazards: Hazards) {
    Life { protocol, hazards }.checker().spawn_bfs().join().assert_properties();
}

/// Looks for a way to this harm.
#[track_caller]
fn assert_harm(protocol: Protocol, hazards: Hazards, harm: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([harm]));
    let checker = Life { protocol, hazards }.checker().finish_when(until).spawn_bfs().join();
    assert!(checker.discovery(harm).is_some(), "in {} states: {harm}", checker.unique_state_count());
}

/// Under these hazards, the protocol is safe, and would do this harm if it were changed so.
#[track_caller]
fn assert_needed(hazards: Hazards, changed: Protocol, harm: &'static str) {
    assert_safe(PROTOCOL, hazards);
    assert_harm(changed, hazards, harm);
}

#[test]
fn one_operator_that_crashes_is_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 2, edits: 1, ..PEACE });
}

#[test]
fn one_operator_that_crashes_while_people_interfere_is_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 2, people: 2, ..PEACE });
    assert_safe(PROTOCOL, Hazards { people: 1, edits: 1, ..CRASH });
}

#[test]
fn one_operator_that_connect_refuses_is_safe() {
    assert_safe(PROTOCOL, Hazards { people: 1, edits: 1, refuses: true, ..CRASH });
}

#[test]
fn two_operators_at_once_are_safe() {
    assert_safe(PROTOCOL, Hazards { edits: 1, ..TWO_OPERATORS });
}

#[test]
fn two_operators_that_connect_refuses_are_safe() {
    assert_safe(PROTOCOL, Hazards { edits: 1, refuses: true, ..TWO_OPERATORS });
}

#[test]
fn two_operators_of_which_one_crashes_are_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 1, ..TWO_OPERATORS });
}

#[test]
fn two_operators_and_a_person_who_interferes_are_safe() {
    assert_safe(PROTOCOL, Hazards { people: 1, ..TWO_OPERATORS });
}

#[test]
#[ignore = "two minutes and 1 GB of memory: for changes to the protocol"]
fn everything_at_once_is_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 1, edits: 1, people: 1, ..TWO_OPERATORS });
    assert_safe(PROTOCOL, Hazards { crashes: 1, edits: 1, people: 1, refuses: true, ..TWO_OPERATORS });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 1, people: 1, ..TWO_OPERATORS });
}

#[test]
fn tags_that_are_set_after_the_create_leave_a_user_that_nobody_owns() {
    let changed = Protocol { proof: Proof::AfterCreate, ..PROTOCOL };
    assert_needed(CRASH, changed, CONVERGED);
    assert_needed(CRASH, changed, NO_ORPHAN);
}

#[test]
fn a_name_without_tags_is_no_proof_of_ownership() {
    assert_needed(Hazards { people: 1, ..PEACE }, Protocol { proof: Proof::NameAlone, ..PROTOCOL }, NEVER_TOUCHED);
}

#[test]
fn clean_up_by_the_recorded_id_alone_misses_a_user_whose_id_was_lost() {
    assert_needed(CRASH, Protocol { clean_up_by_tag: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_stale_cache_is_caught_by_a_fresh_read_or_by_the_guard() {
    let unguarded = Protocol { guarded_writes: false, ..PROTOCOL };
    assert_safe(unguarded, CRASH);
    assert_needed(CRASH, Protocol { fresh_read: false, ..unguarded }, NO_ORPHAN);
    assert_safe(Protocol { fresh_read: false, ..PROTOCOL }, Hazards { crashes: 1, ..TWO_OPERATORS });
}

#[test]
fn two_operators_overwrite_each_others_marks_without_a_guard() {
    assert_needed(TWO_OPERATORS, Protocol { guarded_writes: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn without_a_mark_a_create_that_shows_late_is_forgotten() {
    assert_needed(PEACE, Protocol { marking: Marking::Off, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_mark_for_a_later_pass_does_not_cover_two_attempts() {
    assert_needed(TWO_OPERATORS, Protocol { marking: Marking::ForLater, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_mark_that_goes_when_the_id_is_recorded_lets_a_lagging_read_count() {
    assert_needed(PEACE, Protocol { mark_kept: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_refusal_says_nothing_of_an_earlier_attempt() {
    assert_needed(CRASH, Protocol { refusal_clears_any_mark: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_name_in_somebody_elses_hands_does_not_prove_that_ours_is_gone() {
    let hazards = Hazards { people: 1, ..CRASH };
    assert_needed(hazards, Protocol { foreign_name_is_proof: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn an_own_delete_says_nothing_of_another_attempt() {
    assert_needed(CRASH, Protocol { delete_ends_any_wait: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn a_look_from_before_the_windows_end_does_not_count_after_it() {
    assert_needed(CRASH, Protocol { settled_before_looking: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn quick_connects_go_with_their_user_whatever_happens() {
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 2, people: 1, ..PEACE });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 1, ..TWO_OPERATORS });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { people: 1, ..TWO_OPERATORS });
}

#[test]
fn a_user_that_is_deleted_before_its_id_is_recorded_leaves_its_quick_connects_behind() {
    let hazards = Hazards { crashes: 2, ..PEACE };
    assert_safe(WITH_QUICK_CONNECTS, hazards);
    assert_harm(Protocol { recorded_before_delete: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

#[test]
fn a_recorded_id_that_gives_way_to_another_leaves_its_quick_connects_behind() {
    let hazards = Hazards { crashes: 1, ..TWO_OPERATORS };
    assert_harm(Protocol { recorded_stays: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

#[test]
fn a_release_that_does_not_ask_again_overlooks_what_the_other_operator_recorded() {
    let hazards = Hazards { crashes: 1, people: 1, ..TWO_OPERATORS };
    assert_harm(Protocol { release_asks_again: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

/// What the protocol cannot do by itself.
#[test]
fn it_stands_on_unique_usernames_and_short_stalls() {
    assert_harm(PROTOCOL, Hazards { unique_usernames: false, ..CRASH }, ONE_USER);
    assert_harm(PROTOCOL, Hazards { short_stalls: false, ..CRASH }, NO_ORPHAN);
}

#[test]
fn it_comes_to_something() {
    let life = Life { protocol: PROTOCOL, hazards: Hazards { people: 1, edits: 1, refuses: true, ..CRASH } };
    Outcomes(life).checker().finish_when(HasDiscoveries::All).spawn_bfs().join().assert_properties();
}
