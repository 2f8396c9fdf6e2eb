//! The conditions of the status: a pure function of the status before, the outcome of a pass and the time.

use connect_api::Priority;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{
    failure::{Effect, Failure, Phase},
    outcome::State,
};
use crate::{
    api::{ConditionType, ConnectUserStatus, Reason},
    plan::{Change, DIRECTORY_USER_ID},
};

const REFERENCES_FOUND: &str = "everything that the spec names was found";

/// Writes `state` into the conditions of `status`, for this generation of the spec.
pub(super) fn set_conditions(status: &mut ConnectUserStatus, state: &State, generation: i64, now: Timestamp) {
    let mut set = Setter { status, generation, now };
    match state {
        State::InSync => {
            set.to(ConditionType::Ready, "True", Reason::Available, "the user exists in Connect as the spec asks");
            set.to(ConditionType::Synced, "True", Reason::InSync, "the user in Connect equals the spec");
            set.to(ConditionType::ReferencesResolved, "True", Reason::Resolved, REFERENCES_FOUND);
            set.progress(None);
        }
        State::Drifted(changes) => {
            let list = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let message = format!("Connect differs from the spec, and managementPolicy is Observe: {list}");
            set.to(ConditionType::Ready, "True", Reason::Available, "the user exists in Connect; see Synced for how it differs");
            set.to(ConditionType::Synced, "False", Reason::Drifted, &message);
            set.to(ConditionType::ReferencesResolved, "True", Reason::Resolved, REFERENCES_FOUND);
            set.progress(None);
        }
        State::NotKept(changes) => {
            let message = not_kept(changes);
            set.to(ConditionType::Ready, "True", Reason::Available, "the user exists in Connect; see Synced for how it differs");
            set.to(ConditionType::Synced, "False", Reason::NotKept, &message);
            set.to(ConditionType::ReferencesResolved, "True", Reason::Resolved, REFERENCES_FOUND);
            set.progress(None);
        }
        State::Paused { deleting } => {
            let waits = if *deleting { ", and the deletion waits" } else { "" };
            let message = format!("paused by the annotation connect-operator.dev/paused{waits}: remove it to continue");
            set.if_absent(ConditionType::Ready, "Unknown", Reason::Paused, &message);
            set.to(ConditionType::Synced, "False", Reason::Paused, &message);
            set.progress(None);
        }
        State::Working(reason, message) => {
            set.to(ConditionType::Ready, "False", *reason, message);
            set.to(ConditionType::Synced, "False", *reason, message);
            // The Secret is read before the user is worked on.
            set.doubt_references(*reason, message, |c| c.reason == Reason::SecretNotFound.as_str());
            set.progress(Some((ConditionType::Reconciling, *reason, message)));
        }
        State::Failed(Failure { kind, message, phase, .. }) => {
            let (reason, effect) = (kind.reason(), kind.effect());
            if effect != Effect::Delays {
                set.to(ConditionType::Ready, "False", reason, message);
                set.to(ConditionType::Synced, "False", reason, message);
            } else if *phase == Phase::Delete {
                // The user was in sync; it is being deleted, or is gone already.
                set.to(ConditionType::Ready, "False", Reason::Deleting, &format!("the user is being deleted: {message}"));
                set.to(ConditionType::Synced, "Unknown", reason, message);
            } else {
                set.if_absent(ConditionType::Ready, "Unknown", reason, message);
                set.to(ConditionType::Synced, "Unknown", reason, message);
            }
            match effect {
                Effect::LacksReference => set.to(ConditionType::ReferencesResolved, "False", reason, message),
                Effect::Delays | Effect::Stalls => set.doubt_references(reason, message, |_| false),
            }
            let progress = if effect == Effect::Stalls { ConditionType::Stalled } else { ConditionType::Reconciling };
            // What a person has to mend comes with where to read how.
            let with_guide =
                (effect != Effect::Delays).then(|| format!("{}. See {}", message.trim_end_matches('.'), reason.guide()));
            set.progress(Some((progress, reason, with_guide.as_deref().unwrap_or(message))));
        }
    }
    status.observed_generation = generation;
}

/// Describes values of the spec that Connect does not take, and what to do.
fn not_kept(changes: &[Change]) -> String {
    let list = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if changes.iter().all(|change| change.field == DIRECTORY_USER_ID) {
        return format!(
            "Connect takes this field only when it creates a user, and this one has another: {list}. Check that this is the right \
             user. To correct the field, set deletionPolicy to Retain, delete this ConnectUser and apply it again with \
             adoptionPolicy: Adopt"
        );
    }
    format!(
        "Connect accepts these values and keeps others, so the operator no longer writes them: {list}. Write them as Connect \
         keeps them, or list the fields in ignoreDrift"
    )
}

/// Sets the condition that the Secret does not exist, whose password only a new user needs.
pub(super) fn set_secret_missing(status: &mut ConnectUserStatus, message: &str, generation: i64, now: Timestamp) {
    let mut set = Setter { status, generation, now };
    set.to(ConditionType::ReferencesResolved, "False", Reason::SecretNotFound, message);
}

/// Sets or removes the condition that the Secret's password may differ from the user's.
pub(super) fn set_password_change_ignored(
    status: &mut ConnectUserStatus,
    ignored: Option<&str>,
    generation: i64,
    now: Timestamp,
) {
    let mut set = Setter { status, generation, now };
    match ignored {
        Some(message) => set.to(ConditionType::PasswordChangeIgnored, "True", Reason::PasswordChangeIgnored, message),
        None => set.absent(ConditionType::PasswordChangeIgnored),
    }
}

/// Returns a condition of the status.
pub(super) fn condition(status: &ConnectUserStatus, condition: ConditionType) -> Option<&Condition> {
    status.conditions.iter().find(|c| c.type_ == condition.as_str())
}

/// Returns whether the status says that this generation was in sync.
pub(super) fn is_in_sync(status: &ConnectUserStatus, generation: i64) -> bool {
    let holds = |c| condition(status, c).is_some_and(|c| c.status == "True" && c.observed_generation == Some(generation));
    status.observed_generation == generation && holds(ConditionType::Ready) && holds(ConditionType::Synced)
}

/// Returns the priority of calls for a user that exists: a person waits for a spec that was never in effect, a spec that keeps
/// failing has waited long already, and a user in sync is only read.
pub(super) fn urgency(status: &ConnectUserStatus, generation: i64) -> Priority {
    match condition(status, ConditionType::Ready) {
        Some(ready) if ready.observed_generation == Some(generation) && status.observed_generation == generation => {
            if ready.status == "True" { Priority::Sweep } else { Priority::Backlog }
        }
        Some(_) | None => Priority::Edit,
    }
}

/// Returns whether the status says that passes over this generation are complete: the user was in sync, or differs in a way that the
/// operator only reports.
pub(super) fn is_settled(status: &ConnectUserStatus, generation: i64) -> bool {
    let is_reported = |reason: &str| [Reason::Drifted.as_str(), Reason::NotKept.as_str()].contains(&reason);
    let differs = condition(status, ConditionType::Synced)
        .is_some_and(|c| is_reported(&c.reason) && c.observed_generation == Some(generation));
    is_in_sync(status, generation) || (status.observed_generation == generation && differs)
}

struct Setter<'a> {
    status: &'a mut ConnectUserStatus,
    generation: i64,
    now: Timestamp,
}

impl Setter<'_> {
    /// Sets a condition; its transition time moves only if its status does.
    fn to(&mut self, condition: ConditionType, status: &str, reason: Reason, message: &str) {
        let new = Condition {
            type_: condition.as_str().into(),
            status: status.into(),
            reason: reason.as_str().into(),
            message: message.into(),
            observed_generation: Some(self.generation),
            last_transition_time: Time(to_the_second(self.now)),
        };
        match self.status.conditions.iter_mut().find(|c| c.type_ == new.type_) {
            Some(old) => {
                let since =
                    if old.status == new.status { old.last_transition_time.clone() } else { new.last_transition_time.clone() };
                *old = Condition { last_transition_time: since, ..new };
            }
            None => self.status.conditions.push(new),
        }
    }

    fn if_absent(&mut self, condition: ConditionType, status: &str, reason: Reason, message: &str) {
        if !self.status.conditions.iter().any(|c| c.type_ == condition.as_str()) {
            self.to(condition, status, reason, message);
        }
    }

    /// Clears a report of a missing reference if the spec has changed since, or `found` says that the reference was found.
    fn doubt_references(&mut self, reason: Reason, message: &str, found: impl Fn(&Condition) -> bool) {
        let references = condition(self.status, ConditionType::ReferencesResolved);
        let is_old = |c: &Condition| c.observed_generation != Some(self.generation) || found(c);
        if references.is_some_and(|c| c.status == "False" && is_old(c)) {
            self.to(ConditionType::ReferencesResolved, "Unknown", reason, message);
        }
    }

    /// Sets Reconciling or Stalled, of which at most one is present.
    fn progress(&mut self, condition: Option<(ConditionType, Reason, &str)>) {
        for other in [ConditionType::Reconciling, ConditionType::Stalled] {
            match condition {
                Some((condition, reason, message)) if condition == other => self.to(condition, "True", reason, message),
                _ => self.absent(other),
            }
        }
    }

    fn absent(&mut self, condition: ConditionType) {
        self.status.conditions.retain(|c| c.type_ != condition.as_str());
    }
}

/// Rounds down to the second, as Kubernetes writes times: other times would differ from what is read back.
pub(super) fn to_the_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::failure::Kind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn shown(status: &ConnectUserStatus) -> Vec<String> {
        status.conditions.iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason)).collect()
    }

    fn failed(kind: Kind) -> State {
        State::Failed(Failure::new(kind, Phase::Update, "because"))
    }

    /// Returns the status after these states, each with a generation, one second after another.
    fn after<const N: usize>(states: [(&State, i64); N]) -> ConnectUserStatus {
        let mut status = ConnectUserStatus::default();
        for ((state, generation), second) in states.into_iter().zip(1..) {
            set_conditions(&mut status, state, generation, at(second));
        }
        status
    }

    #[test]
    fn user_in_sync_is_ready_without_further_conditions() {
        let status = after([(&failed(Kind::Denied), 1), (&State::InSync, 2)]);
        assert_eq!(shown(&status), ["Ready=True/Available", "Synced=True/InSync", "ReferencesResolved=True/Resolved"]);
        assert_eq!(status.observed_generation, 2);
    }

    #[test]
    fn reconciling_and_stalled_exclude_each_other() {
        for &before in Kind::ALL {
            for &kind in Kind::ALL {
                let status = after([(&failed(before), 1), (&failed(kind), 1)]);
                let has = |c| condition(&status, c).is_some();
                assert_ne!(has(ConditionType::Reconciling), has(ConditionType::Stalled), "{before:?} then {kind:?}");
                assert_eq!(has(ConditionType::Stalled), kind.effect() == Effect::Stalls, "{kind:?}");
                // Where a person has to help, it says where to read how.
                let progress = status.conditions.iter().find(|c| ["Stalled", "Reconciling"].contains(&&*c.type_)).unwrap();
                assert_eq!(progress.message.ends_with(&kind.reason().guide()), kind.effect() != Effect::Delays, "{kind:?}");
            }
        }
    }

    #[test]
    fn throttling_does_not_change_ready() {
        let status = after([(&State::InSync, 1), (&failed(Kind::Throttled), 2)]);
        assert_eq!(
            shown(&status),
            [
                "Ready=True/Available",
                "Synced=Unknown/Throttled",
                "ReferencesResolved=True/Resolved",
                "Reconciling=True/Throttled"
            ]
        );
        assert!(!is_in_sync(&status, 2) && !is_in_sync(&status, 1));
    }

    #[test]
    fn waiting_edits_stay_urgent_and_reads_are_never_urgent() {
        let mut status = after([(&State::InSync, 1)]);
        assert_eq!(urgency(&status, 1), Priority::Sweep, "a read");
        assert_eq!(urgency(&status, 2), Priority::Edit, "edited");
        set_conditions(&mut status, &failed(Kind::Deferred), 2, at(2));
        assert_eq!(urgency(&status, 2), Priority::Edit, "edited, and waiting");
        set_conditions(&mut status, &failed(Kind::Denied), 2, at(3));
        assert_eq!(urgency(&status, 2), Priority::Backlog, "tried without success");
        set_conditions(&mut status, &State::InSync, 2, at(4));
        set_conditions(&mut status, &failed(Kind::Transient), 2, at(5));
        assert_eq!(urgency(&status, 2), Priority::Sweep, "a read that failed");
    }

    #[test]
    fn user_that_is_being_deleted_is_not_ready() {
        for kind in [Kind::Deferred, Kind::Transient, Kind::Unsettled, Kind::Kubernetes] {
            let failed = State::Failed(Failure::new(kind, Phase::Delete, "because"));
            let status = after([(&State::InSync, 1), (&failed, 1)]);
            assert_eq!(shown(&status)[0], "Ready=False/Deleting", "{kind:?}");
            assert_eq!(shown(&status)[1], format!("Synced=Unknown/{}", kind.reason()));
        }
    }

    #[test]
    fn missing_reference_is_reported_until_found_or_removed() {
        let references = |then: &State, generation| {
            let status = after([(&failed(Kind::SecretNotFound), 1), (then, generation)]);
            condition(&status, ConditionType::ReferencesResolved).map(|c| format!("{}/{}", c.status, c.reason)).unwrap()
        };
        assert_eq!(references(&failed(Kind::Transient), 1), "False/SecretNotFound", "there is no newer read");
        assert_eq!(references(&failed(Kind::Transient), 2), "Unknown/Transient", "the spec may name another Secret now");
        let creating = State::Working(Reason::Creating, "creating".into());
        assert_eq!(references(&creating, 1), "Unknown/Creating", "the Secret was read");
        assert_eq!(references(&State::InSync, 1), "True/Resolved");
    }

    #[test]
    fn transition_time_moves_only_when_the_status_changes() {
        let mut status = after([(&failed(Kind::SecretNotFound), 1), (&failed(Kind::Invalid), 1)]);
        let ready = |s: &ConnectUserStatus| condition(s, ConditionType::Ready).map(|c| c.last_transition_time.0.as_second());
        assert_eq!(ready(&status), Some(1), "False stayed False");
        set_conditions(&mut status, &State::InSync, 1, at(3));
        assert_eq!(ready(&status), Some(3));
    }
}
