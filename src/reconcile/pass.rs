//! One pass over one resource: ask the plan for the next step, take it, ask again.
//!
//! Only this module changes what a pass knows. Steps get it by shared reference, and return what they have [`Learnt`].

use std::{convert::Infallible, time::Duration};

use connect_api::Priority;
use kube::ResourceExt;

use super::{
    cluster::{ClusterError, ClusterErrorKind},
    conditions::{condition, urgency},
    context::Context,
    failure::{Failure, Kind, Phase},
    learnt::Learnt,
    outcome::{End, Flow, State, Verdict, or_end},
    requests::{Request, is_paused, reconcile_requested},
    schedule::until_read,
    steps::{bounds, claim, create, delete, failures, finalizer, finish, names, password, quick_connects, read, update},
    subject::Subject,
    work::Work,
};
use crate::{
    api::{ConditionType, ConnectUser, DELETION_POLICY, DeletionPolicy, ManagementPolicy, Reason},
    plan::{
        CreateAttempts, Creation, Knowledge, Live, Observation, Ownership, Policy, QuickConnects, Step, from_status,
        ignored_drift, next,
    },
    telemetry::Personal,
};

/// How often a write that must not get lost is tried while others change the resource too.
const ATTEMPTS: u32 = 5;

/// How long the policy of a namespace is reused for resources whose deletion is held.
const HELD_POLICY_LASTS: Duration = Duration::from_secs(60);

pub(super) struct Pass<'a> {
    work: Work<'a>,
    known: Knowledge,
    /// The resource was read from the API server in this pass.
    fresh: bool,
    /// Connect has shown in this pass that the status' account of the user is wrong.
    status_outdated: bool,
    /// Why the user cannot be created now.
    not_created: Option<Box<Failure>>,
    /// The deletion policy of the namespace, once it was read.
    namespace_policy: Option<DeletionPolicy>,
}

/// What follows from what was learnt, before the plan is asked again.
enum Then {
    AskPlan,
    Record(Box<Live>),
    Release,
}

impl<'a> Pass<'a> {
    /// Begins a pass. If not even the resource's instance can be read, it fails with a pass that can only report.
    #[expect(clippy::result_large_err, reason = "made once per pass, and used either way")]
    pub(super) fn begin(ctx: &'a Context, resource: ConnectUser) -> Result<Self, (Self, Failure)> {
        let (subject, unreadable) = Subject::new(resource, &ctx.settings.cluster);
        let mut pass = Self {
            work: Work::new(ctx, subject),
            known: Knowledge::default(),
            fresh: false,
            status_outdated: false,
            not_created: None,
            namespace_policy: None,
        };
        pass.learn_from_resource();
        let request = Request::of(&pass.work.subject.resource);
        if ctx.memory.of(&pass.work.subject.uid, |m| m.parked.has_failure(&request)) {
            pass.not_created = ctx.memory.with(&pass.work.subject.uid, |m| m.parked.take_failure()).map(Box::new);
            pass.known.creation = Creation::Impossible;
        }
        match unreadable {
            None => Ok(pass),
            Some(message) => {
                let failure = Failure::new(Kind::Invalid, pass.phase(), message);
                Err((pass, failure))
            }
        }
    }

    pub(super) fn is_deleting(&self) -> bool {
        self.known.deleting
    }

    /// Returns whether the operator ever created or recorded a user for the resource.
    pub(super) fn may_have_user(&self) -> bool {
        self.known.mark != CreateAttempts::None || self.known.recorded.is_some()
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::of(&self.known)
    }

    /// Takes steps until one ends the pass.
    pub(super) async fn run(&mut self) -> Flow<Infallible> {
        let Work { ctx, subject, .. } = &self.work;
        if !self.known.deleting {
            // Before the username is looked up: the resource that has it may release it right after.
            ctx.waiters.wait(&subject.uid, subject.name(), subject.wanted_username());
        }
        self.ask_guard().await?;
        loop {
            let spec = &self.work.subject.resource.spec;
            let needs_policy = spec.deletion_policy.is_none() && spec.management_policy == ManagementPolicy::Full;
            if self.known.deleting && needs_policy && self.namespace_policy.is_none() {
                self.read_namespace_policy().await?;
            }
            let Some(step) = self.next_step() else {
                names::resolve(&mut self.work, &self.known).await?;
                continue;
            };
            if step.needs_fresh_resource() && !self.fresh {
                self.refresh().await?;
            } else {
                tracing::debug!(step = %Personal(&step));
                bounds::check(&self.work, &self.known, &step).await?;
                self.take(step).await?;
            }
        }
    }

    /// Ends the pass of a resource whose deletion is held, before anything is read for it: thousands may be held for days. What the
    /// guard admits is checked again right before the deletion.
    async fn ask_guard(&mut self) -> Flow {
        let (ctx, subject, guard) = (self.work.ctx, &self.work.subject, &self.work.ctx.settings.deletion_guard);
        let deletes_user = self.known.deleting && self.known.policy.management == ManagementPolicy::Full && self.may_have_user();
        // If its deletion was admitted, the user may be gone by now.
        if !deletes_user || ctx.deletions.is_admitted(guard, &subject.instance, &subject.uid, ctx.clock.uptime()) {
            return Flow::Continue(());
        }
        let is_held = delete::is_held(ctx, &self.work.report.status);
        let policy = match subject.resource.spec.deletion_policy {
            Some(policy) => policy,
            None if is_held => self.held_policy().await,
            None => {
                self.read_namespace_policy().await?;
                self.known.policy.deletion
            }
        };
        match policy {
            DeletionPolicy::Delete => delete::admit(&mut self.work),
            DeletionPolicy::Retain => Flow::Continue(()),
        }
    }

    /// Returns the namespace's deletion policy for a resource whose deletion is held. All that are held share a read. If the
    /// namespace cannot be read, they stay held.
    async fn held_policy(&mut self) -> DeletionPolicy {
        let (ctx, namespace) = (self.work.ctx, self.work.subject.namespace());
        let recent = ctx.namespace_policies.get(&namespace).filter(|(_, at)| ctx.clock.uptime() < *at + HELD_POLICY_LASTS);
        match recent {
            Some((policy, _)) => policy,
            None => match self.read_namespace_policy().await {
                Flow::Continue(()) => self.known.policy.deletion,
                Flow::Break(_) => DeletionPolicy::Delete,
            },
        }
    }

    fn next_step(&self) -> Option<Step> {
        next(&self.work.subject.owner, self.work.subject.desired.as_ref().ok(), &self.known)
    }

    async fn take(&mut self, step: Step) -> Flow {
        let (work, known) = (&mut self.work, &self.known);
        let learnt = match step {
            Step::LookById(id) => read::by_id(work, known, &id).await?,
            Step::LookByName => match (read::by_name(work, known).await, self.not_created.take()) {
                // What hinders the creation hinders more than a right to look whether the user exists.
                (Flow::Break(End::Report(State::Failed(Failure { kind: Kind::Denied, .. }), _)), Some(failure)) => {
                    return Flow::Break((*failure).into());
                }
                // The lookup continues in another pass, which must not try the same creation again.
                (Flow::Break(end), Some(failure)) => {
                    let request = Request::of(&work.subject.resource);
                    work.ctx.memory.with(&work.subject.uid, |m| m.parked.keep_failure(request, *failure));
                    return Flow::Break(end);
                }
                (learnt, not_created) => {
                    self.not_created = not_created;
                    learnt?
                }
            },
            Step::ReadProficiencies(id) => read::proficiencies(work, known, id).await?,
            Step::Create(request) => create::create(work, known, *request).await?,
            Step::Claim(live) => claim::claim(work, known, *live).await?,
            Step::AddFinalizer => finalizer::add(work, known).await?,
            Step::Keep(live) => claim::keep(work, known, *live).await?,
            Step::Record(live) => claim::found(work, known, live),
            Step::Forget => return Flow::Break(claim::forget(work).await),
            Step::Update(live, actions) => update::update(work, known, *live, actions).await?,
            Step::InSync(live) => {
                password::check_secret(work).await;
                return Flow::Break(End::Report(State::InSync, Some(live)));
            }
            Step::Immutable(live, change) => {
                password::check_secret(work).await;
                return Flow::Break(End::Report(State::NotKept(vec![change]), Some(live)));
            }
            Step::Drifted(live, changes) => {
                password::check_secret(work).await;
                return Flow::Break(End::Report(State::Drifted(changes), Some(live)));
            }
            Step::Missing => return Flow::Break(failures::missing(work, known).into()),
            Step::NotCreated => {
                let failure = self.not_created.take().map_or_else(|| failures::missing(work, known), |failure| *failure);
                return Flow::Break(failure.into());
            }
            Step::Unresolved => return Flow::Break(names::unresolved(work, known).into()),
            Step::Conflict(owner) => return Flow::Break(failures::conflict(work, known, &owner).into()),
            Step::Hidden => return Flow::Break(bounds::hidden(work, known).into()),
            Step::Raced => return Flow::Break(failures::raced(work, known).into()),
            Step::Wait => return Flow::Break(failures::unsettled(work, known).into()),
            Step::Delete(id) => delete::delete(work, known, id).await?,
            Step::DeleteQuickConnects(id) => quick_connects::delete(work, known, id).await?,
            Step::Disown(live) => delete::disown(work, known, *live).await?,
            Step::Release { left } => return self.release(left).await,
        };
        match self.learn(learnt) {
            Then::AskPlan => Flow::Continue(()),
            Then::Record(live) => self.record(live).await,
            Then::Release => self.release(None).await,
        }
    }

    /// Applies what a step has learnt.
    fn learn(&mut self, learnt: Learnt) -> Then {
        let known = &mut self.known;
        // Steps record tag keys in the status before they set them.
        known.applied_tag_keys.clone_from(&self.work.report.status.applied_tag_keys);
        known.finalizer = self.work.subject.resource.has_finalizer();
        match learnt {
            Learnt::ById(seen) => {
                known.remembered = None;
                known.by_id = seen;
            }
            Learnt::ByName(seen) => known.by_name = seen,
            Learnt::Proficiencies(id, list) => {
                known.replace(&id, |live| Observation::Present(Box::new(live.clone().with_proficiencies(list.clone()))))
            }
            Learnt::Gone(id) => known.replace(&id, |_| Observation::Absent),
            Learnt::Created(mark, live) => {
                (known.mark, known.settled) = (mark, false);
                // CreateUser takes most of the spec, not all of it: updates must apply the rest.
                known.ignored.clear();
                return Then::Record(live);
            }
            Learnt::Taken { mark, settled } => {
                (known.mark, known.settled) = (mark, settled);
                known.creation = Creation::Taken;
                known.by_name = Observation::NotLooked;
            }
            Learnt::NotCreated { mark, settled, failure } => {
                (known.mark, known.settled) = (mark, settled);
                known.creation = Creation::Impossible;
                self.not_created = Some(failure);
            }
            Learnt::FinalizerAdded => {}
            Learnt::Kept(live) => {
                known.replace(&live.user.id.clone(), |_| Observation::Present(live.clone()));
                if let Some(remembered) = &mut known.remembered {
                    *remembered = live;
                }
            }
            Learnt::Claimed(id, seen) if known.recorded.as_ref() == Some(&id) => known.by_id = seen,
            Learnt::Claimed(_, seen) => known.by_name = seen,
            Learnt::Found(live) => return Then::Record(live),
            Learnt::Updated(live) => known.by_id = Observation::Present(live),
            Learnt::StatusOutdated => {
                self.status_outdated = true;
                known.remembered = None;
            }
            Learnt::RecordedGone => known.by_id = Observation::Absent,
            Learnt::Deleted => {
                known.by_id = Observation::Absent;
                if known.by_name != Observation::NotLooked {
                    // A lagging read may still show the deleted user.
                    known.by_name = Observation::Absent;
                }
            }
            Learnt::DeletedLast => known.nothing_of_ours_is_left(),
            Learnt::Disowned => (known.by_id, known.by_name) = (Observation::Absent, Observation::Absent),
            Learnt::DisownedLast => return Then::Release,
            Learnt::QuickConnectsDone(user) => known.quick_connects_of = Some(user),
        }
        Then::AskPlan
    }

    /// Takes over what the resource itself says.
    fn learn_from_resource(&mut self) {
        let Self { work, known, .. } = self;
        let (ctx, uid) = (work.ctx, work.subject.uid.clone());
        work.report.status = work.subject.resource.status.clone().unwrap_or_default();
        if work.subject.resource.metadata.deletion_timestamp.is_none() {
            // It belongs to a deletion. A backup may have restored it with the status.
            (work.report.status.deletion_held_by, work.report.status.refused_confirmation) = (None, None);
        }
        work.subject.parse_spec();
        let (status, spec) = (&work.report.status, &work.subject.resource.spec);
        let recorded = status.user_id.as_deref().map(Into::into);
        if recorded != known.recorded {
            known.by_id = Observation::NotLooked;
        }
        known.recorded = recorded;
        known.finalizer = work.subject.resource.has_finalizer();
        // An observer shows each user that it records. Another pass records a user that it has created, or that carries our tags.
        known.was_ours = match &status.observed {
            Some(observed) => work.subject.owner.of(&observed.tags) == Ownership::Ours,
            None => true,
        };
        // A user of another owner is probably still there. An attempt with a generated password would leave its Secret behind.
        let is_of_other = [Reason::Conflict, Reason::AdoptionNotAllowed, Reason::ProfileNotAllowed].map(Reason::as_str);
        let is_conflict = condition(status, ConditionType::Ready).is_some_and(|c| is_of_other.contains(&c.reason.as_str()));
        known.look_first = known.recorded.is_none()
            && (is_conflict
                || spec.generate_password == Some(true)
                || ctx.inventory.shows_user(&work.subject.instance, &spec.username, ctx.clock.uptime()));
        known.deleting = work.subject.resource.metadata.deletion_timestamp.is_some();
        known.remembered = if self.status_outdated { None } else { user_of_status(work, known) };
        known.applied_tag_keys = status.applied_tag_keys.clone();
        known.ignored = ignored_drift(spec, status);
        known.policy = Policy {
            adoption: spec.adoption_policy,
            deletion: spec.deletion_policy.or(self.namespace_policy).unwrap_or(ctx.settings.deletion_policy),
            management: spec.management_policy,
            quick_connects: ctx.settings.quick_connects,
            others_users: work.bounds.others_users,
            bounded: work.bounds.security_profiles.is_some(),
        };
        known.mark = match status.create_attempt {
            None => CreateAttempts::None,
            Some(attempt) if attempt.clean => CreateAttempts::Clean,
            Some(_) => CreateAttempts::Unclean,
        };
        // The time at which the pass began counts: a read from before the window's end proves nothing, even if it is over by now.
        known.settled = work.settles_at().is_none_or(|at| work.began > at);
        if let (true, Some(user)) = (known.deleting, &known.recorded)
            && ctx.memory.of(&uid, |m| m.parked.was_the_last(user))
        {
            known.nothing_of_ours_is_left();
        }
        work.caller.priority = match (known.deleting, known.recorded.is_some()) {
            (true, _) => Priority::Edit,
            (false, true) => urgency(status, work.subject.generation()),
            (false, false) => Priority::Backlog,
        };
    }

    /// Reads the deletion policy of the namespace.
    async fn read_namespace_policy(&mut self) -> Flow {
        let (ctx, namespace) = (self.work.ctx, self.work.subject.namespace());
        let annotation = ctx.cluster.namespace_annotation(&namespace, DELETION_POLICY).await;
        let annotation = annotation.map_err(|error| ClusterError {
            message: format!(
                "{error}. Its annotation {DELETION_POLICY} may say that the user stays, so the user is not deleted. Or set \
                 deletionPolicy in this ConnectUser"
            ),
            ..error
        });
        let policy = or_end(annotation, self.phase())?.as_deref().map(DeletionPolicy::of_annotation);
        let policy = policy.unwrap_or(ctx.settings.deletion_policy);
        ctx.namespace_policies.record(namespace, (policy, ctx.clock.uptime()));
        self.namespace_policy = Some(policy);
        self.known.policy.deletion = policy;
        Flow::Continue(())
    }

    /// Reads the resource from the API server: what follows must not rely on a cache.
    pub(super) async fn refresh(&mut self) -> Flow {
        let subject = &mut self.work.subject;
        let (namespace, name) = (subject.namespace(), subject.resource.name_any());
        let found = or_end(self.work.ctx.cluster.get(&namespace, &name).await, Phase::of(&self.known))?;
        match found {
            Some(resource) if resource.uid().as_deref() == Some(&subject.uid) => {
                subject.resource = resource;
                self.fresh = true;
                self.learn_from_resource();
                if is_paused(&self.work.subject.resource) {
                    Flow::Break(State::Paused { deleting: self.known.deleting }.into())
                } else {
                    Flow::Continue(())
                }
            }
            _ => Flow::Break(End::Gone),
        }
    }

    /// Writes the user's id into the status before anything else is done. If the resource changes meanwhile, the id is written
    /// into the new state of the resource: it must not get lost.
    async fn record(&mut self, live: Box<Live>) -> Flow {
        let mut attempt = 1;
        let generation = self.work.subject.generation();
        loop {
            self.known.recorded = Some(live.user.id.clone());
            self.known.by_id = Observation::Present(live.clone());
            let was_edited = self.work.subject.generation() != generation;
            let is_in_sync = !was_edited && matches!(self.next_step(), Some(Step::InSync(_)));
            let Work { ctx, subject, report, .. } = &mut self.work;
            report.record_user(&live, subject.generation(), ctx.clock.now());
            if is_in_sync {
                report.compose(subject, self.known.policy.management, &State::InSync, Some(&live), ctx.clock.now());
            }
            match self.work.write_status().await {
                Err(error) if error.kind == ClusterErrorKind::Conflict && attempt < ATTEMPTS => {
                    attempt += 1;
                    self.refresh().await?;
                    // That id is still needed for its quick connects, and this user's own tags will bring it back.
                    if self.must_keep_recorded() && self.known.recorded.as_ref() != Some(&live.user.id) {
                        return Flow::Continue(());
                    }
                }
                written => {
                    or_end(written, self.phase())?;
                    // A field that the spec manages only now may have been changed since the user was created.
                    if was_edited {
                        self.known.by_id = Observation::NotLooked;
                    }
                    return Flow::Continue(());
                }
            }
        }
    }

    /// Returns whether quick connects must be deleted by the recorded id, which another operator may have just written.
    fn must_keep_recorded(&self) -> bool {
        self.known.deleting && self.known.policy.quick_connects == QuickConnects::Go && self.known.recorded.is_some()
    }

    pub(super) async fn release(&mut self, left: Option<Ownership>) -> Flow {
        delete::report_retained(&self.work, &self.known, left.is_some()).await;
        let mut attempt = 1;
        loop {
            match delete::remove_finalizer(&self.work).await {
                Ok(()) => return Flow::Break(End::Gone),
                // The resource changed meanwhile. The decision still holds: a resource that is being deleted does not come back.
                Err(error) if error.kind == ClusterErrorKind::Conflict && attempt < ATTEMPTS => {
                    attempt += 1;
                    let recorded = self.known.recorded.clone();
                    self.refresh().await?;
                    // Another operator was about to delete a user: its quick connects must be deleted first.
                    if self.must_keep_recorded() && self.known.recorded != recorded {
                        return Flow::Continue(());
                    }
                }
                Err(error) => return or_end(Err(error), self.phase()),
            }
        }
    }

    /// Ends the pass of a resource that has nothing in Connect: removes the finalizer.
    pub(super) async fn end_without_user(&mut self) -> End {
        match self.release(None).await {
            Flow::Break(end) => end,
            Flow::Continue(()) => End::Gone,
        }
    }

    /// Reports how the pass ended, and returns when the next one is due.
    pub(super) async fn finish(&mut self, end: End) -> Verdict {
        finish::finish(&mut self.work, &self.known, end).await
    }
}

/// Returns the user as the status shows it, if that is recent enough: a read or a sweep confirmed it a short time ago, only this
/// process has written it since, there is no request for a read, and the user is not due for one.
fn user_of_status(work: &Work<'_>, known: &Knowledge) -> Option<Box<Live>> {
    let Work { ctx, subject, .. } = work;
    if known.by_id != Observation::NotLooked
        || known.deleting
        || reconcile_requested(&subject.resource).is_some()
        || until_read(ctx, &subject.resource).is_zero()
    {
        return None;
    }
    let recorded = known.recorded.as_ref()?;
    let status = &work.report.status;
    let confirmed = ctx.memory.of(&subject.uid, |m| m.freshness.confirmed(recorded).filter(|_| m.freshness.is_own(status)))?;
    let age = ctx.clock.uptime().saturating_sub(confirmed);
    (age <= ctx.settings.sweep_interval? * 2).then(|| from_status(&subject.instance, status))?.map(Box::new)
}
