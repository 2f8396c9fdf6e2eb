//! What a pass reports: the status that it writes, and what it did for the Events and the log.

use std::collections::BTreeSet;

use connect_api::Arn;
use jiff::Timestamp;

use super::{
    conditions::{set_conditions, set_password_change_ignored, set_secret_missing, to_the_second},
    outcome::State,
    requests::reconcile_requested,
    subject::Subject,
};
use crate::{
    api::{ConnectUserStatus, DriftedField, IgnoredField, ManagementPolicy},
    plan::{Change, Live, equal_fields, to_status},
};

/// What a pass reports.
#[derive(Default)]
pub(super) struct Report {
    /// The status as the pass leaves it.
    pub(super) status: ConnectUserStatus,
    /// The status as the pass found it.
    pub(super) before: ConnectUserStatus,
    /// The changes that this pass made to the user.
    pub(super) changed: Vec<Change>,
    /// Whether the user was read after the last of them.
    pub(super) was_read_since: bool,
    /// How this resource came to own the user, if that happened in this pass.
    pub(super) appeared: Option<Appeared>,
    /// The state of the Secret that the password of the user created in this pass came from.
    pub(super) sent: Option<String>,
    /// What to say of a Secret that does not exist, although the user does.
    pub(super) missing_secret: Option<String>,
}

/// How a resource came to own its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appeared {
    Created,
    /// The user existed, and carried the resource's tags.
    Adopted,
}

impl Report {
    /// Returns whether the user is known by a read after the last change that this pass made.
    pub(super) fn is_by_read(&self) -> bool {
        self.changed.is_empty() || self.was_read_since
    }

    /// Records the tag keys of the spec before they are set: a key that was set and not recorded would never be removed.
    pub(super) fn record_tag_keys(&mut self, subject: &Subject) {
        if let Ok(desired) = &subject.desired {
            self.status.applied_tag_keys.extend(desired.parts.tags.keys().cloned());
        }
    }

    /// Records the values of ignored fields that the user has now, even if the rest of it does not equal the spec yet.
    pub(super) fn record_applied_values(&mut self, subject: &Subject, ignored: &BTreeSet<IgnoredField>, live: &Live) {
        let (Ok(desired), spec) = (&subject.desired, &subject.resource.spec) else { return };
        let new = spec.ignore_drift.iter().flatten().copied().filter(|field| !ignored.contains(field));
        for field in equal_fields(desired, live, &self.status.applied_tag_keys, new) {
            if let Some(value) = spec.text_of(field) {
                self.status.applied_values.insert(field.path().to_owned(), value);
            }
        }
    }

    /// Records the user in the status.
    pub(super) fn record_user(&mut self, live: &Live, generation: i64, now: Timestamp) {
        self.status.user_id = Some(live.user.id.as_str().to_owned());
        self.status.user_arn = Some(live.user.arn.clone());
        if self.appeared == Some(Appeared::Created) {
            self.status.observed_password_version = self.sent.clone();
            set_password_change_ignored(&mut self.status, None, generation, now);
        }
    }

    /// Composes the status for a state of the user.
    pub(super) fn compose(
        &mut self,
        subject: &Subject,
        management: ManagementPolicy,
        state: &State,
        live: Option<&Live>,
        now: Timestamp,
    ) {
        set_conditions(&mut self.status, state, subject.generation(), now);
        if let (State::InSync | State::Drifted(_) | State::NotKept(_), Some(message)) = (state, &self.missing_secret) {
            set_secret_missing(&mut self.status, message, subject.generation(), now);
        }
        if let Some(live) = live {
            let manages_proficiencies = subject.resource.spec.user_proficiencies.is_some();
            self.show_user(&subject.instance, management, live, manages_proficiencies);
            self.status.drift = drift(state);
        }
        if let (State::InSync, ManagementPolicy::Full) = (state, management) {
            self.status.last_sync_time = Some(to_the_second(now));
            if let Ok(desired) = &subject.desired {
                self.status.applied_tag_keys = desired.parts.tags.keys().cloned().collect();
            }
            let spec = &subject.resource.spec;
            let ignored = spec.ignore_drift.iter().flatten();
            self.status.applied_values =
                ignored.filter_map(|field| Some((field.path().to_owned(), spec.text_of(*field)?))).collect();
        }
        if let Some(requested) = reconcile_requested(&subject.resource).filter(|_| state.answers_request()) {
            self.status.last_handled_reconcile_at = Some(requested.clone());
        }
    }

    fn show_user(&mut self, instance: &Arn, management: ManagementPolicy, live: &Live, manages_proficiencies: bool) {
        self.status.observed = Some(to_status(instance, live));
        // What the spec does not manage is not read, and what is only predicted would be taken for a read later.
        if let (Some(observed), false) = (&mut self.status.observed, manages_proficiencies) {
            observed.user_proficiencies = None;
        }
        if management == ManagementPolicy::Observe {
            self.status.user_id = Some(live.user.id.as_str().to_owned());
            self.status.user_arn = Some(live.user.arn.clone());
        }
    }
}

/// The differences that an observer reports.
fn drift(state: &State) -> Vec<DriftedField> {
    let State::Drifted(changes) = state else { return vec![] };
    let field = |c: &Change| DriftedField { path: c.field.clone(), desired: c.to.clone(), observed: c.from.clone() };
    changes.iter().map(field).collect()
}
