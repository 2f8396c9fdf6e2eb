//! How a pass ends: conditions, Events, log, and when the next one is due.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    ClusterErrorKind, EventKind, Failure, Kind, Phase, THROTTLED,
    conditions::{State, condition, is_in_sync, report, to_the_second},
    failure::tells_of_the_same_wait,
    memory::Retry,
    observed::observed,
    pass::{Appeared, End, Pass},
    reconciler::{STALE, Verdict, reconcile_requested},
};
use crate::{
    api::{ConditionType, DriftedField, ManagementPolicy, Reason},
    plan::{Change, Live},
};

impl Pass<'_> {
    /// Reports how the pass ended and says when the next one is due.
    pub(super) async fn finish(&mut self, end: End) -> Verdict {
        let (state, live) = match end {
            End::Gone => {
                self.on.forget(&self.uid, &self.resource.spec.instance_arn);
                return Verdict::ended(None, "gone");
            }
            End::InSync(live) => (State::InSync, Some(live)),
            End::Drifted(live, changes) => (State::Drifted(changes), Some(live)),
            End::Paused => (State::Paused { deleting: self.known.deleting }, None),
            End::Again(reason, message) => (State::Working(reason, message), None),
            End::Failed(failure) => (State::Failed(failure), None),
        };
        match &state {
            State::Failed(Failure { kind: Kind::NotOurs, .. }) => self.on.waiting.wait(&self.uid, self.place(), self.wanted()),
            _ => self.on.waiting.forget(&self.uid),
        }
        let retry = match &state {
            State::Failed(failure) => {
                self.log(failure);
                Some(self.on.memory.failed(&self.uid, failure))
            }
            State::InSync | State::Drifted(_) | State::Paused { .. } | State::Working(..) => None,
        };
        let worth_a_report = match (&state, retry) {
            (State::Failed(failure), Some(retry)) => self.is_worth_a_report(failure, retry),
            _ => true,
        };
        if worth_a_report {
            self.compose(&state, live.as_deref());
        }
        if !self.changed.is_empty() {
            self.on.memory.changed(&self.uid, self.on.clock.now());
        }
        let written = self.write_status().await;
        self.tell(&state, worth_a_report && written.is_ok()).await;
        if let Err(error) = written {
            if !self.changed.is_empty() {
                // The status does not show what was done.
                self.on.memory.doubt(&self.uid);
            }
            match error.kind {
                ClusterErrorKind::Gone => {
                    self.on.forget(&self.uid, &self.resource.spec.instance_arn);
                    return Verdict::ended(None, "gone");
                }
                // The pass rested on a resource that has changed since: the cache will bring it in a moment.
                ClusterErrorKind::Conflict => return Verdict::ended(Some(STALE), "stale"),
                ClusterErrorKind::Forbidden
                | ClusterErrorKind::Refused
                | ClusterErrorKind::Unreadable
                | ClusterErrorKind::Unavailable => {}
            }
            let failure = Failure::of_cluster(&error, self.phase());
            self.log(&failure);
            return Verdict::failed(self.on.memory.failed(&self.uid, &failure), failure.kind);
        }
        match &live {
            Some(live) => {
                if self.before.observed.is_none() {
                    self.on.metrics.ready_after(self.age());
                }
                self.on.memory.note_modified(&self.uid, live.user.last_modified_time);
                // What was remembered is as old as it was before.
                if self.known.remembered.is_none() {
                    self.on.memory.read(&self.uid, &live.user.id, self.looked_at);
                }
            }
            // Some calls of a plan were made, and the status does not show their effect.
            None if !self.changed.is_empty() => self.on.memory.doubt(&self.uid),
            None => {}
        }
        match (state, retry) {
            (State::InSync, _) => {
                self.on.memory.verified(&self.uid, self.generation());
                Verdict::ended(Some(self.on.until_read(&self.resource)), "in_sync")
            }
            (State::Drifted(_), _) => Verdict { after: Some(self.on.until_read(&self.resource)), result: "drifted", held: true },
            (State::Paused { .. }, _) => Verdict::ended(None, "paused"),
            (State::Failed(failure), Some(retry)) => Verdict::failed(retry, failure.kind),
            (State::Working(..) | State::Failed(_), _) => Verdict::ended(Some(Duration::ZERO), "working"),
        }
    }

    /// How long ago the resource was created.
    fn age(&self) -> Duration {
        let created = self.resource.creation_timestamp().map_or(self.began, |time| time.0);
        Duration::try_from(self.on.clock.now() - created).unwrap_or_default()
    }

    /// Puts the status together.
    pub(super) fn compose(&mut self, state: &State, live: Option<&Live>) {
        let (generation, now) = (self.generation(), self.on.clock.now());
        report(&mut self.status, state, generation, now);
        if let Some(live) = live {
            self.status.observed = Some(observed(&self.instance, live));
            if self.known.policy.management == ManagementPolicy::Observe {
                self.status.user_id = Some(live.user.id.as_str().to_owned());
                self.status.user_arn = Some(live.user.arn.clone());
            }
            self.status.drift = drift(state);
        }
        if let (State::InSync, ManagementPolicy::Full) = (state, self.known.policy.management) {
            self.status.last_sync_time = Some(to_the_second(now));
            if let Ok(desired) = &self.desired {
                self.status.applied_tag_keys = desired.tags.keys().cloned().collect();
            }
            let spec = &self.resource.spec;
            let ignored = spec.ignore_drift.iter().flatten();
            self.status.applied_values =
                ignored.filter_map(|field| Some((field.path().to_owned(), field.text_in(spec)?))).collect();
        }
        if let Some(asked) = reconcile_requested(&self.resource).filter(|_| is_a_look(state)) {
            self.status.last_handled_reconcile_at = Some(asked.clone());
        }
    }

    /// A race is taken up again at once, and a look that has to wait for the rate limit says nothing of the user.
    fn is_worth_a_report(&self, failure: &Failure, retry: Retry) -> bool {
        let status = self.resource.status.clone().unwrap_or_default();
        let worth_telling = !is_in_sync(&status, self.generation()) || self.known.deleting;
        match failure.kind {
            Kind::Raced => !retry.at_once,
            Kind::Deferred => {
                let told = condition(&status, ConditionType::Synced).filter(|c| c.observed_generation == Some(self.generation()));
                worth_telling && !told.is_some_and(|c| tells_of_the_same_wait(&c.message, &failure.message))
            }
            Kind::Throttled => worth_telling,
            Kind::Unsettled
            | Kind::Transient
            | Kind::Kubernetes
            | Kind::SecretNotFound
            | Kind::DependencyNotFound
            | Kind::Quota
            | Kind::NotOurs
            | Kind::NotAllowed
            | Kind::Invalid
            | Kind::Denied
            | Kind::Held => true,
        }
    }

    fn log(&self, failure: &Failure) {
        let (reason, request_id) = (failure.kind.reason().as_str(), failure.request_id.as_deref());
        match failure.kind {
            Kind::Deferred | Kind::Raced | Kind::Unsettled => {
                tracing::debug!(reason, request_id, phase = ?failure.phase, "{}", failure.message);
            }
            _ => tracing::warn!(reason, request_id, phase = ?failure.phase, "{}", failure.message),
        }
    }

    /// Tells of what changed, by Events: on transitions only.
    async fn tell(&self, state: &State, worth_a_report: bool) {
        let before = &self.before;
        let (name, arn) = (self.username(), self.status.user_arn.as_deref().unwrap_or_default());
        match self.appeared {
            Some(Appeared::Created) => {
                self.publish(EventKind::Normal, "Created", "Create", format!("created {name:?} as {arn}")).await
            }
            Some(Appeared::Adopted) => {
                let note = format!("took up {name:?}, which carries this resource's ownership tags, as {arn}");
                self.publish(EventKind::Normal, "Adopted", "Create", note).await;
            }
            None => {}
        }
        if !self.changed.is_empty() && self.appeared != Some(Appeared::Created) {
            let list = self.changed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            if is_in_sync(before, self.generation()) {
                for change in &self.changed {
                    self.on.metrics.drift(&change.field);
                }
                self.publish(EventKind::Warning, "DriftDetected", "Update", format!("changed outside of Kubernetes: {list}"))
                    .await;
                self.publish(EventKind::Normal, "DriftCorrected", "Update", list).await;
            } else {
                self.publish(EventKind::Normal, "Updated", "Update", list).await;
            }
        }
        let ignored = condition(&self.status, ConditionType::PasswordChangeIgnored);
        if let (Some(ignored), None, true) = (ignored, condition(before, ConditionType::PasswordChangeIgnored), worth_a_report) {
            let reason = Reason::PasswordChangeIgnored.as_str();
            self.publish(EventKind::Warning, reason, "Reconcile", ignored.message.clone()).await;
        }
        let is_new =
            |condition_type, reason: Reason| condition(before, condition_type).is_none_or(|c| c.reason != reason.as_str());
        match state {
            State::Drifted(changes) if is_new(ConditionType::Synced, Reason::Drifted) => {
                let list = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                for change in changes {
                    self.on.metrics.drift(&change.field);
                }
                self.publish(EventKind::Warning, "DriftDetected", "Observe", list).await;
            }
            State::Paused { .. } if is_new(ConditionType::Synced, Reason::Paused) => {
                let note = "the annotation connect-operator.dev/paused keeps the operator from acting".to_owned();
                self.publish(EventKind::Normal, "Paused", "Reconcile", note).await;
            }
            State::InSync | State::Drifted(_) | State::Paused { .. } | State::Working(..) | State::Failed(_) => {}
        }
        let handled = &self.status.last_handled_reconcile_at;
        if let Some(asked) = handled.as_ref().filter(|_| worth_a_report && *handled != before.last_handled_reconcile_at) {
            let note = format!("looked at the user, as connect-operator.dev/reconcile-requested-at: {asked:?} asked");
            self.publish(EventKind::Normal, "ReconcileRequestHandled", "Reconcile", note).await;
        }
        let State::Failed(failure) = state else { return };
        let reason = failure.kind.reason();
        let told = [ConditionType::Ready, ConditionType::Synced]
            .iter()
            .filter_map(|c| condition(before, *c))
            // Which call is throttled changes all the time.
            .any(|c| c.reason == reason.as_str() && (c.message == failure.message || failure.kind == Kind::Throttled));
        if told || !worth_a_report || failure.kind == Kind::Deferred {
            return;
        }
        let (event, action) = match failure.phase {
            _ if failure.kind == Kind::Throttled => (THROTTLED, "Reconcile"),
            _ if failure.kind == Kind::Held => ("DeletionHeld", "Delete"),
            Phase::Observe => ("ObserveFailed", "Observe"),
            Phase::Create => ("CreateFailed", "Create"),
            Phase::Update => ("UpdateFailed", "Update"),
            Phase::Delete => ("DeleteFailed", "Delete"),
        };
        let kind = if failure.kind == Kind::Unsettled { EventKind::Normal } else { EventKind::Warning };
        self.publish(kind, event, action, format!("{reason}: {}", failure.message)).await;
    }
}

/// Whether such a pass has done what a request for a pass asks for: one that has yet to wait for the rate limit has not.
fn is_a_look(state: &State) -> bool {
    match state {
        State::InSync | State::Drifted(_) | State::Working(..) => true,
        State::Failed(failure) => !matches!(failure.kind, Kind::Deferred | Kind::Throttled),
        State::Paused { .. } => false,
    }
}

/// The differences that an observer is shown.
fn drift(state: &State) -> Vec<DriftedField> {
    let State::Drifted(changes) = state else { return vec![] };
    let field = |c: &Change| DriftedField { path: c.field.clone(), desired: c.to.clone(), observed: c.from.clone() };
    changes.iter().map(field).collect()
}
