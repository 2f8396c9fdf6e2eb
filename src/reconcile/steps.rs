//! The steps that change something: create, record, update, delete, let go.

use connect_api::{
    Class, Connect, ConnectExt, CreateUser, DeleteUser, Error, OperationName, Priority, TagResource, UntagResource, UserId,
};
use kube::ResourceExt;

use super::{
    ClusterErrorKind, EventKind, Failure, Kind, Phase,
    conditions::{State, report, report_password},
    lookup,
    pass::{Appeared, End, Flow, LOOK_LASTS, Pass},
};
use crate::{
    api::{CreateAttempt, FINALIZER, ManagementPolicy, Reason},
    plan::{Action, CreateAttempts, Live, Observation, Ownership, QuickConnects, Step, after, created, next},
};

/// How often a write that must not get lost is tried against others who change the resource too.
const ATTEMPTS: u32 = 5;

impl Pass<'_> {
    /// Creates the user: finalizer, mark, call, in this order and in one pass.
    pub(super) async fn create(&mut self, mut request: CreateUser) -> Flow {
        let initial = self.initial_password().await?;
        request.password = initial.password;
        // The mark is written for an attempt that follows at once: without leave from the limiter there is none.
        self.or_fail(self.connect.admit(&self.caller, OperationName::CreateUser), "spec")?;
        self.add_finalizer().await?;
        let started = self.on.clock.uptime();
        self.mark(&request, initial.version.as_ref()).await?;
        let stalled = self.on.clock.uptime().saturating_sub(started);
        if stalled > self.on.settings.longest_stall {
            let message =
                format!("this process stood still for {} s before it could create the user: it starts again", stalled.as_secs());
            return Flow::Break(End::Failed(Failure::new(Kind::Transient, Phase::Create, message)));
        }
        match self.connect.call(&self.caller, request.clone()).await {
            Ok(user) => {
                tracing::info!(user = %user.arn, "created the user");
                self.appeared = Some(Appeared::Created);
                // CreateUser takes most of the spec, not all of it: the rest is to follow.
                self.known.ignored.clear();
                self.sent = initial.version;
                self.adopt(Box::new(created(&request, &user))).await
            }
            Err(error) => self.not_created(&error, &request).await,
        }
    }

    /// Adds the finalizer: from here on there may be something to clean up.
    async fn add_finalizer(&mut self) -> Flow {
        if !self.resource.finalizers().iter().any(|f| f == FINALIZER) {
            let with_finalizer = self.or_end(self.on.cluster.add_finalizer(&self.resource).await)?;
            self.took_over(with_finalizer);
        }
        Flow::Continue(())
    }

    /// Notes the attempt before it is made, if nothing of the resource changed since it was read.
    async fn mark(&mut self, request: &CreateUser, version: Option<&String>) -> Flow {
        let clean = self.known.mark == CreateAttempts::None;
        let (generation, now) = (self.generation(), self.on.clock.now());
        // Not rounded: a mark that equals the one before would not be written.
        self.status.create_attempt = Some(CreateAttempt { at: now, clean });
        if clean {
            // A later attempt may find a user that an earlier one made, with the earlier one's password.
            self.status.observed_password_version = version.cloned();
        }
        self.note_tag_keys();
        let working = State::Working(Reason::Creating, format!("creating the user {:?}", request.username));
        report(&mut self.status, &working, generation, now);
        let written = self.write_status().await;
        self.or_end(written)?;
        self.known.mark = if clean { CreateAttempts::Clean } else { CreateAttempts::Unclean };
        self.known.settled = false;
        Flow::Continue(())
    }

    async fn not_created(&mut self, error: &Error, request: &CreateUser) -> Flow {
        if error.is_refusal() && self.known.mark == CreateAttempts::Clean {
            // Written with the outcome of the pass: until then the mark only makes us wait.
            self.status.create_attempt = None;
            self.status.observed_password_version = None;
            self.known.mark = CreateAttempts::None;
            self.known.settled = true;
        }
        if error.class == Class::Duplicate {
            self.known.taken = true;
            self.known.by_name = Observation::NotLooked;
            return Flow::Continue(());
        }
        self.doubt_names(error);
        let fields = match error.class {
            Class::NotFound => self.reference_fields(),
            Class::Invalid => self.advice(request).await.unwrap_or_else(|| "the field that Connect names".to_owned()),
            _ => "the field that Connect names".to_owned(),
        };
        Flow::Break(End::Failed(Failure::of_call(error, Phase::Create, &fields)))
    }

    /// Remembers which tag keys are ours before they are set: one that was set and not remembered would stay for ever.
    fn note_tag_keys(&mut self) {
        if let Ok(desired) = &self.desired {
            self.status.applied_tag_keys.extend(desired.tags.keys().cloned());
            self.known.applied_tag_keys = self.status.applied_tag_keys.clone();
        }
    }

    /// Tags a user that nobody owns as ours, and looks again: if somebody else did the same, the last one has it.
    pub(super) async fn claim(&mut self, live: Live) -> Flow {
        self.add_finalizer().await?;
        let request = TagResource { arn: live.user.arn.clone(), tags: self.owner.tags() };
        let tagged = self.connect.call(&self.caller, request).await;
        self.or_fail(tagged, "adoptionPolicy")?;
        let id = live.user.id;
        let found = lookup::by_id(&*self.connect, &self.caller, &self.instance_id(), &id).await;
        let found = self.or_fail(found, "adoptionPolicy")?;
        if found.as_ref().is_some_and(|user| self.owner.of(&user.tags) == Ownership::Nobodys) {
            let message =
                format!("the user {:?} was tagged as this resource's, but Connect does not show that yet", self.username());
            return Flow::Break(End::Failed(Failure::new(Kind::Raced, Phase::Create, message)));
        }
        tracing::info!(user = %live.user.arn, "took over a user that nobody owned");
        self.appeared = Some(Appeared::Adopted);
        let seen = found.map_or(Observation::Absent, |user| Observation::Present(Box::new(Live::unread(user))));
        if self.known.recorded.as_ref() == Some(&id) {
            self.known.by_id = seen;
        } else {
            self.known.by_name = seen;
        }
        Flow::Continue(())
    }

    /// Records a user that was found to be ours.
    pub(super) async fn record(&mut self, live: Box<Live>) -> Flow {
        if !self.known.deleting {
            tracing::info!(user = %live.user.arn, "took up the user that carries this resource's ownership tags");
            self.appeared = Some(Appeared::Adopted);
            self.note_tag_keys();
        }
        self.adopt(live).await
    }

    /// Writes the user's id into the status before anything else is done. If somebody changes the resource meanwhile, the id
    /// is written into what it has become: it must not get lost.
    async fn adopt(&mut self, live: Box<Live>) -> Flow {
        let mut attempt = 1;
        loop {
            self.status.user_id = Some(live.user.id.as_str().to_owned());
            self.status.user_arn = Some(live.user.arn.clone());
            self.known.recorded = Some(live.user.id.clone());
            self.known.by_id = Observation::Present(live.clone());
            if self.appeared == Some(Appeared::Created) {
                self.status.observed_password_version = self.sent.clone();
                let (generation, now) = (self.generation(), self.on.clock.now());
                report_password(&mut self.status, None, generation, now);
            }
            if matches!(next(&self.owner, self.desired.as_ref().ok(), &self.known), Some(Step::InSync(_))) {
                self.compose(&State::InSync, Some(&live));
            }
            match self.write_status().await {
                Err(error) if error.kind == ClusterErrorKind::Conflict && attempt < ATTEMPTS => {
                    attempt += 1;
                    self.refresh().await?;
                    // That id is still needed for its quick connects, and this user's own tags will bring it back.
                    if self.must_keep_recorded() && self.known.recorded.as_ref() != Some(&live.user.id) {
                        return Flow::Continue(());
                    }
                }
                written => return self.or_end(written),
            }
        }
    }

    /// Whether the recorded id, which another operator may just have written, tells whose quick connects are to go.
    fn must_keep_recorded(&self) -> bool {
        let going = self.known.deleting && self.known.policy.quick_connects == QuickConnects::Go;
        going && self.known.recorded.is_some()
    }

    /// Takes the id of a user that is gone out of the status.
    pub(super) async fn forget_user(&mut self) -> Flow {
        let gone = self.status.user_arn.take().unwrap_or_default();
        self.status.user_id = None;
        self.status.applied_values.clear();
        self.on.metrics.drift("user");
        let note = format!("{gone} was deleted outside of Kubernetes: creating the user again");
        tracing::warn!("{note}");
        self.publish(EventKind::Warning, "DriftDetected", "Create", note.clone()).await;
        Flow::Break(End::Again(Reason::Creating, note))
    }

    /// Makes the calls of a plan. One that fails does not keep the others from being made.
    pub(super) async fn update(&mut self, live: Live, actions: Vec<Action>) -> Flow {
        if actions.iter().any(|a| a.call.name() == OperationName::TagResource) {
            let noted = self.status.applied_tag_keys.clone();
            self.note_tag_keys();
            if noted != self.status.applied_tag_keys {
                let written = self.write_status().await;
                self.or_end(written)?;
            }
        }
        if self.caller.priority == Priority::Sweep {
            self.caller.priority = Priority::Repair;
        }
        let from_memory = self.known.by_id == Observation::NotLooked;
        let carries = actions.iter().any(|action| action.carries);
        let mut now = live;
        let mut failed: Vec<(Error, String)> = Vec::new();
        for action in actions {
            match self.send(&action).await {
                Ok(()) => {
                    let fields = action.fields();
                    tracing::info!(operation = %action.call.name(), fields, "updated the user");
                    now = after(now, &action.call);
                    self.changed.extend(action.because);
                }
                Err(failure) => {
                    self.doubt_names(&failure.0);
                    failed.push(failure);
                }
            }
        }
        if from_memory && failed.iter().any(|(error, _)| error.is_refusal()) {
            // The user may no longer be what it was when it was last seen: what is refused again after a look is worth telling.
            self.doubts_memory = true;
            self.known.remembered = None;
            return Flow::Continue(());
        }
        let all_wait = !failed.is_empty() && failed.iter().all(|(error, _)| error.class == Class::Deferred);
        if all_wait && self.changed.is_empty() && !from_memory && !carries {
            self.keep_look(now.clone(), LOOK_LASTS);
        }
        self.known.by_id = Observation::Present(Box::new(now));
        // The worst failure is the one to report: the order of the kinds says which.
        let worst =
            failed.iter().map(|(e, fields)| (e.class, Failure::of_call(e, Phase::Update, fields))).max_by_key(|(_, f)| f.kind);
        match worst {
            None => Flow::Continue(()),
            // Not found: the user, or what the call refers to? Only a look at the user tells.
            Some((Class::NotFound, failure)) => {
                let Some(id) = self.known.recorded.clone() else { return Flow::Break(End::Failed(failure)) };
                let found = lookup::by_id(&*self.connect, &self.caller, &self.instance_id(), &id).await;
                match self.or_fail(found, "spec")? {
                    Some(_) => Flow::Break(End::Failed(failure)),
                    None => {
                        self.known.by_id = Observation::Absent;
                        Flow::Continue(())
                    }
                }
            }
            Some((_, failure)) => Flow::Break(End::Failed(failure)),
        }
    }

    /// Deletes the user.
    pub(super) async fn delete(&mut self, user: UserId) -> Flow {
        self.admit_deletion()?;
        let request = DeleteUser { instance: self.instance_id(), user: user.clone() };
        match self.connect.call(&self.caller, request).await {
            Ok(()) => {
                tracing::info!(%user, "deleted the user");
                self.publish(EventKind::Normal, "Deleted", "Delete", format!("deleted {:?} ({user})", self.username())).await;
                // Our own delete proves that the user is gone, unless an earlier attempt may still bring another.
                if self.known.mark != CreateAttempts::Unclean {
                    self.known.nothing_of_ours_is_left();
                    return Flow::Continue(());
                }
            }
            Err(error) if error.class == Class::NotFound => {}
            Err(error) => return Flow::Break(End::Failed(Failure::of_call(&error, Phase::Delete, "the user"))),
        }
        self.known.by_id = Observation::Absent;
        if self.known.by_name != Observation::NotLooked {
            // What a lagging read still shows of it is a ghost.
            self.known.by_name = Observation::Absent;
        }
        Flow::Continue(())
    }

    /// Takes our tags off a user that is to stay.
    pub(super) async fn disown(&mut self, live: Live) -> Flow {
        let request = UntagResource { arn: live.user.arn.clone(), keys: self.owner.tags().into_keys().collect() };
        match self.connect.call(&self.caller, request).await {
            Ok(()) => {
                let note = format!("{:?} stays in Connect as {}, without this operator's tags", self.username(), live.user.arn);
                self.publish(EventKind::Normal, "Retained", "Delete", note).await;
                if self.known.mark != CreateAttempts::Unclean {
                    return self.release(None).await;
                }
            }
            Err(error) if error.class == Class::NotFound => {}
            Err(error) => return Flow::Break(End::Failed(Failure::of_call(&error, Phase::Delete, "deletionPolicy"))),
        }
        self.known.by_id = Observation::Absent;
        self.known.by_name = Observation::Absent;
        Flow::Continue(())
    }

    /// Lets the resource go.
    pub(super) async fn release(&mut self, left: Option<Ownership>) -> Flow {
        if self.known.policy.management == ManagementPolicy::Observe {
            let note = format!("{:?} stays in Connect as it is: managementPolicy is Observe", self.username());
            self.publish(EventKind::Normal, "Retained", "Delete", note).await;
        } else if left.is_some() {
            let note = format!(
                "the user {:?} no longer carries this resource's ownership tags: it stays in Connect as it is",
                self.username()
            );
            self.publish(EventKind::Warning, "Retained", "Delete", note).await;
        }
        let mut attempt = 1;
        loop {
            match self.on.cluster.remove_finalizer(&self.resource).await {
                Ok(()) => {
                    for uid in self.on.waiting.freed(&self.wanted()) {
                        self.on.memory.clear_hold(&uid);
                    }
                    return Flow::Break(End::Gone);
                }
                // Somebody else changes the resource too. What was decided still holds: a resource that is being deleted
                // does not come back.
                Err(error) if error.kind == ClusterErrorKind::Conflict && attempt < ATTEMPTS => {
                    attempt += 1;
                    let recorded = self.known.recorded.clone();
                    self.refresh().await?;
                    // Another operator was about to delete a user: its quick connects are to be seen to first.
                    if self.must_keep_recorded() && self.known.recorded != recorded {
                        return Flow::Continue(());
                    }
                }
                Err(error) => {
                    self.or_end(Err(error))?;
                    return Flow::Continue(());
                }
            }
        }
    }
}
