//! The create and delete protocol (docs/design.md) as a model, checked exhaustively: two operators over one ConnectUser and one
//! username, where every read of Connect lags, operators crash between any two calls, requests outlive their senders, a person
//! makes, removes or takes over a user of the same name, and Connect refuses.
//!
//! The decisions are not modelled: every decision is made by `connect_operator::plan::next` itself, from the knowledge of the
//! modelled pass. The model covers the shell around it, one read, write or call at a time.
//!
//! Each ingredient of the protocol can be left out, and each of the tests below that does so must find harm. So the model is
//! sharp, and the protocol cannot be simplified without a failing test that says what the ingredient is for.
//!
//! The read from the API server and the guard of the writes both protect from a stale cache: with the guard, the read only saves
//! attempts; without it, the read protects one operator but not two.
//!
//! Time has no numbers here. The settle window may be over in any state in which nothing is under way any more: reads show
//! everything that was written, and no create request is marked and not yet answered (`ModelState::calm`). It need not ever be over.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod life;
mod operator;
mod question;
mod state;

use std::collections::BTreeSet;

use life::{CONVERGED, Checked, Life, NEVER_TOUCHED, NO_ORPHAN, NOTHING_DANGLES, ONE_USER};
use operator::{Marking, PROTOCOL, Proof, Protocol, WITH_QUICK_CONNECTS};
use state::{CRASH, Hazards, PEACE, TWO_OPERATORS};
use stateright::{Checker, HasDiscoveries, Model};

/// Asserts that the protocol is safe in every reachable state.
#[track_caller]
fn assert_safe(protocol: Protocol, hazards: Hazards) {
    Life { protocol, hazards, checked: Checked::Safety }.checker().spawn_bfs().join().assert_properties();
}

/// Asserts that some sequence of events leads to this harm.
#[track_caller]
fn assert_harm(protocol: Protocol, hazards: Hazards, harm: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([harm]));
    let checker = Life { protocol, hazards, checked: Checked::Safety }.checker().finish_when(until).spawn_bfs().join();
    assert!(checker.discovery(harm).is_some(), "in {} states: {harm}", checker.unique_state_count());
}

/// Asserts that the protocol is safe under these hazards, and that the changed one does this harm.
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
fn one_crashing_operator_with_interfering_people_is_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 2, people: 2, ..PEACE });
    assert_safe(PROTOCOL, Hazards { people: 1, edits: 1, ..CRASH });
}

#[test]
fn one_operator_with_refusals_is_safe() {
    assert_safe(PROTOCOL, Hazards { people: 1, edits: 1, refuses: true, ..CRASH });
}

#[test]
fn two_operators_at_once_are_safe() {
    assert_safe(PROTOCOL, Hazards { edits: 1, ..TWO_OPERATORS });
}

#[test]
fn two_operators_with_refusals_are_safe() {
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
fn tags_set_after_the_create_leave_an_unowned_user() {
    let changed = Protocol { proof: Proof::AfterCreate, ..PROTOCOL };
    assert_needed(CRASH, changed, CONVERGED);
    assert_needed(CRASH, changed, NO_ORPHAN);
}

#[test]
fn name_without_tags_does_not_prove_ownership() {
    assert_needed(Hazards { people: 1, ..PEACE }, Protocol { proof: Proof::NameAlone, ..PROTOCOL }, NEVER_TOUCHED);
}

#[test]
fn cleanup_by_recorded_id_alone_misses_a_user_with_a_lost_id() {
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
fn mark_removed_when_the_id_is_recorded_trusts_a_lagging_read() {
    assert_needed(PEACE, Protocol { mark_kept: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn refusal_does_not_settle_an_earlier_attempt() {
    assert_needed(CRASH, Protocol { refusal_clears_any_mark: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn name_with_another_owner_does_not_prove_that_ours_is_gone() {
    let hazards = Hazards { people: 1, ..CRASH };
    assert_needed(hazards, Protocol { foreign_name_is_proof: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn own_delete_does_not_settle_another_attempt() {
    assert_needed(CRASH, Protocol { delete_ends_any_wait: true, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn read_from_before_the_windows_end_does_not_count_after_it() {
    assert_needed(CRASH, Protocol { settled_before_looking: false, ..PROTOCOL }, NO_ORPHAN);
}

#[test]
fn quick_connects_are_always_deleted_with_their_user() {
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 2, people: 1, ..PEACE });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 1, ..TWO_OPERATORS });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { people: 1, ..TWO_OPERATORS });
}

#[test]
fn deleting_a_user_before_recording_it_leaves_quick_connects() {
    let hazards = Hazards { crashes: 2, ..PEACE };
    assert_safe(WITH_QUICK_CONNECTS, hazards);
    assert_harm(Protocol { recorded_before_delete: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

#[test]
fn overwriting_a_recorded_id_leaves_quick_connects() {
    let hazards = Hazards { crashes: 1, ..TWO_OPERATORS };
    assert_harm(Protocol { recorded_stays: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

#[test]
fn release_without_asking_again_overlooks_a_newly_recorded_id() {
    let hazards = Hazards { crashes: 1, people: 1, ..TWO_OPERATORS };
    assert_harm(Protocol { release_asks_again: false, ..WITH_QUICK_CONNECTS }, hazards, NOTHING_DANGLES);
}

/// The assumptions of the protocol.
#[test]
fn protocol_relies_on_unique_usernames_and_short_stalls() {
    assert_harm(PROTOCOL, Hazards { unique_usernames: false, ..CRASH }, ONE_USER);
    assert_harm(PROTOCOL, Hazards { short_stalls: false, ..CRASH }, NO_ORPHAN);
}

#[test]
fn expected_outcomes_are_reachable() {
    let hazards = Hazards { people: 1, edits: 1, refuses: true, ..CRASH };
    let life = Life { protocol: PROTOCOL, hazards, checked: Checked::Outcomes };
    life.checker().finish_when(HasDiscoveries::All).spawn_bfs().join().assert_properties();
}
