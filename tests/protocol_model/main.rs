//! The create and delete protocol (docs/design.md) as a model, checked exhaustively: two operators over one ConnectUser and one
//! username, where every read of Connect lags, operators crash between any two calls, requests outlive their senders, a person
//! makes, removes or takes over a user of the same name, and Connect refuses.
//!
//! The decisions are not modelled: every decision is made by `connect_operator::plan::next` itself, from the knowledge of the
//! modelled pass. The model covers the shell around it, one read, write or call at a time.
//!
//! Each ingredient of the protocol can be left out, and the test that does so must find harm each time. So the model is
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

use life::{CONVERGED, Checked, Life, NEVER_TOUCHED, NO_ORPHAN, NOTHING_DANGLES, ONE_USER, PROTECTED};
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
fn assert_harm(change: &str, protocol: Protocol, hazards: Hazards, harm: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([harm]));
    let checker = Life { protocol, hazards, checked: Checked::Safety }.checker().finish_when(until).spawn_bfs().join();
    assert!(checker.discovery(harm).is_some(), "{change}: not found in {} states: {harm}", checker.unique_state_count());
}

macro_rules! safe {
    ($($case:ident: $protocol:expr, $hazards:expr;)*) => {$(
        #[test]
        fn $case() {
            assert_safe($protocol, $hazards);
        }
    )*};
}

const UNGUARDED: Protocol = Protocol { guarded_writes: false, ..PROTOCOL };

// The protocol is safe with these hazards. A stale cache is caught by a fresh read or by the guard of the writes.
safe! {
    one_operator_that_crashes: PROTOCOL, Hazards { crashes: 2, edits: 1, ..PEACE };
    one_crashing_operator_and_people: PROTOCOL, Hazards { crashes: 2, people: 2, ..PEACE };
    one_crashing_operator_people_and_an_edit: PROTOCOL, Hazards { people: 1, edits: 1, ..CRASH };
    one_crashing_operator_and_a_person_who_strips_finalizers: PROTOCOL, Hazards { strips: 2, edits: 1, ..CRASH };
    two_operators_and_a_person_who_strips_finalizers: PROTOCOL, Hazards { strips: 1, ..TWO_OPERATORS };
    one_operator_with_refusals: PROTOCOL, Hazards { people: 1, edits: 1, refuses: true, ..CRASH };
    two_operators_at_once: PROTOCOL, Hazards { edits: 1, ..TWO_OPERATORS };
    two_operators_with_refusals: PROTOCOL, Hazards { edits: 1, refuses: true, ..TWO_OPERATORS };
    two_operators_of_which_one_crashes: PROTOCOL, Hazards { crashes: 1, ..TWO_OPERATORS };
    two_operators_and_a_person_who_interferes: PROTOCOL, Hazards { people: 1, ..TWO_OPERATORS };
    fresh_read_without_a_guard: UNGUARDED, CRASH;
    guard_without_a_fresh_read: Protocol { fresh_read: false, ..PROTOCOL }, Hazards { crashes: 1, ..TWO_OPERATORS };
    one_crashing_operator_with_quick_connects: WITH_QUICK_CONNECTS, Hazards { crashes: 2, people: 1, ..PEACE };
    two_operators_with_quick_connects_and_a_crash: WITH_QUICK_CONNECTS, Hazards { crashes: 1, ..TWO_OPERATORS };
    two_operators_with_quick_connects_and_a_person: WITH_QUICK_CONNECTS, Hazards { people: 1, ..TWO_OPERATORS };
}

#[test]
#[ignore = "two minutes and 1 GB of memory: for changes to the protocol"]
fn everything_at_once_is_safe() {
    assert_safe(PROTOCOL, Hazards { crashes: 1, edits: 1, people: 1, ..TWO_OPERATORS });
    assert_safe(PROTOCOL, Hazards { crashes: 1, edits: 1, people: 1, refuses: true, ..TWO_OPERATORS });
    assert_safe(WITH_QUICK_CONNECTS, Hazards { crashes: 1, people: 1, ..TWO_OPERATORS });
}

/// Each row leaves out or changes one ingredient of the protocol. As it is, the protocol is safe under all of these hazards: the
/// tests above check them together with others.
#[test]
fn each_ingredient_is_needed() {
    let person = Hazards { people: 1, ..PEACE };
    let crash_and_person = Hazards { people: 1, ..CRASH };
    let strips = Hazards { strips: 2, edits: 1, ..CRASH };
    let two_crashes = Hazards { crashes: 2, ..PEACE };
    let two_and_crash = Hazards { crashes: 1, ..TWO_OPERATORS };
    let without_a_mark = Protocol { marking: Marking::Off, ..PROTOCOL };
    let with_a_late_mark = Protocol { marking: Marking::ForLater, ..PROTOCOL };
    let table = [
        ("tags are set by a later call", CRASH, Protocol { proof: Proof::AfterCreate, ..PROTOCOL }, CONVERGED),
        ("tags are set by a later call", CRASH, Protocol { proof: Proof::AfterCreate, ..PROTOCOL }, NO_ORPHAN),
        ("the finalizer is not put back", strips, Protocol { finalizer_put_back: false, ..PROTOCOL }, PROTECTED),
        ("a name proves ownership", person, Protocol { proof: Proof::NameAlone, ..PROTOCOL }, NEVER_TOUCHED),
        ("cleanup goes by the recorded id alone", CRASH, Protocol { clean_up_by_tag: false, ..PROTOCOL }, NO_ORPHAN),
        ("there is neither a fresh read nor a guard", CRASH, Protocol { fresh_read: false, ..UNGUARDED }, NO_ORPHAN),
        ("two operators overwrite each other's marks", TWO_OPERATORS, UNGUARDED, NO_ORPHAN),
        ("there is no mark", PEACE, without_a_mark, NO_ORPHAN),
        ("one mark covers two attempts", TWO_OPERATORS, with_a_late_mark, NO_ORPHAN),
        ("the mark is removed with the recording", PEACE, Protocol { mark_kept: false, ..PROTOCOL }, NO_ORPHAN),
        ("a refusal settles earlier attempts", CRASH, Protocol { refusal_clears_any_mark: true, ..PROTOCOL }, NO_ORPHAN),
        ("a foreign user proves absence", crash_and_person, Protocol { foreign_name_is_proof: true, ..PROTOCOL }, NO_ORPHAN),
        ("an own delete settles other attempts", CRASH, Protocol { delete_ends_any_wait: true, ..PROTOCOL }, NO_ORPHAN),
        ("an older read counts", CRASH, Protocol { settled_before_looking: false, ..PROTOCOL }, NO_ORPHAN),
        (
            "a user is deleted before its id is recorded",
            two_crashes,
            Protocol { recorded_before_delete: false, ..WITH_QUICK_CONNECTS },
            NOTHING_DANGLES,
        ),
        (
            "a recorded id is overwritten",
            two_and_crash,
            Protocol { recorded_stays: false, ..WITH_QUICK_CONNECTS },
            NOTHING_DANGLES,
        ),
        (
            "a release overlooks a newly recorded id",
            Hazards { people: 1, ..two_and_crash },
            Protocol { release_asks_again: false, ..WITH_QUICK_CONNECTS },
            NOTHING_DANGLES,
        ),
    ];
    for (change, hazards, changed, harm) in table {
        assert_harm(change, changed, hazards, harm);
    }
}

/// The assumptions of the protocol.
#[test]
fn protocol_relies_on_unique_usernames_and_short_stalls() {
    assert_harm("usernames are not unique", PROTOCOL, Hazards { unique_usernames: false, ..CRASH }, ONE_USER);
    assert_harm("a process stalls", PROTOCOL, Hazards { short_stalls: false, ..CRASH }, NO_ORPHAN);
}

#[test]
fn expected_outcomes_are_reachable() {
    let hazards = Hazards { people: 1, edits: 1, refuses: true, ..CRASH };
    let life = Life { protocol: PROTOCOL, hazards, checked: Checked::Outcomes };
    life.checker().finish_when(HasDiscoveries::All).spawn_bfs().join().assert_properties();
}
