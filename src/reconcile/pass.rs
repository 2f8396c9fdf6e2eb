//! One pass over one resource: ask the plan for the next step, take it, ask again.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use connect_api::{Arn, Caller, Class, Connect, Error, InstanceId, Priority, User, UserId};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    ClusterError, ClusterErrorKind, Event, EventKind, Failure, Kind, Phase,
    conditions::{to_the_second, urgency},
    lookup::{self, Look},
    memory::KeptLook,
    reconciler::{Reconciler, Settings, reconcile_requested},
    snapshot::remembered,
    username_waiters::{NamespacedName, Username},
};
use crate::{
    api::{AdoptionPolicy, ConnectUser, ConnectUserStatus, DELETION_POLICY, DeletionPolicy, ManagementPolicy, Reason},
    plan::{
        Change, CreateAttempts, Desired, Knowledge, Live, NameIndex, Observation, Owner, Ownership, Policy, SpecIssue, Step,
        ignored_drift, next,
    },
};

/// How long a look is good for the rest of the look, if that has to wait for the rate limit. Whatever may follow from it.
const HALF_A_LOOK_LASTS: Duration = Duration::from_secs(5);
/// How long a look is good for calls that carry nothing over, if they have to wait for the rate limit: a hundred of one operation
/// take 50 s.
pub(super) const LOOK_LASTS: Duration = Duration::from_secs(60);

/// How a pass ends.
#[derive(Debug)]
pub(super) enum End {
    /// The user is as the spec asks.
    InSync(Box<Live>),
    /// The user differs from the spec, and that is only to be told.
    Drifted(Box<Live>, Vec<Change>),
    /// A person asked to do nothing.
    Paused,
    /// The resource is gone, or was let go.
    Gone,
    /// The user is being worked on; come back at once.
    Again(Reason, String),
    /// It could not go on.
    Failed(Failure),
}

/// A step went well (ask for the next) or ended the pass.
pub(super) type Flow = ControlFlow<End>;

/// A pass under way.
pub(super) struct Pass<'a> {
    pub(super) on: &'a Reconciler,
    pub(super) resource: ConnectUser,
    pub(super) status: ConnectUserStatus,
    /// The status as the pass found it.
    pub(super) before: ConnectUserStatus,
    pub(super) uid: String,
    pub(super) began: Timestamp,
    pub(super) fresh: bool,
    pub(super) connect: Arc<dyn Connect>,
    pub(super) caller: Caller,
    pub(super) instance: Arn,
    pub(super) owner: Owner,
    pub(super) desired: Result<Desired, SpecIssue>,
    /// What the instance calls its profiles and groups, as far as the spec names them and this pass has asked.
    pub(super) directory: NameIndex,
    pub(super) known: Knowledge,
    /// The uptime of the look at the user, if there was one.
    pub(super) looked_at: Duration,
    /// What the status has of the user has proved wrong in this pass.
    pub(super) doubts_memory: bool,
    /// The deletion policy that the namespace sets, once it was asked.
    namespace_policy: Option<DeletionPolicy>,
    /// What was put right in this pass.
    pub(super) changed: Vec<Change>,
    /// How the user came to be ours, if it did in this pass.
    pub(super) appeared: Option<Appeared>,
    /// Which state of the Secret the password of the user that was created in this pass is from.
    pub(super) sent: Option<String>,
}

/// How a user came to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appeared {
    /// We created it.
    Created,
    /// It carried our tags already.
    Adopted,
}

impl<'a> Pass<'a> {
    /// Reads the resource. Fails, with a pass that can only report, where not even its instance can be read.
    #[expect(clippy::result_large_err, reason = "made once per pass, and used either way")]
    pub(super) fn begin(on: &'a Reconciler, resource: ConnectUser) -> Result<Self, (Self, Failure)> {
        // A recorded user tells its instance too: a deletion needs nothing else.
        let recorded = resource.status.as_ref().and_then(|s| s.user_arn.as_ref()).and_then(|a| a.parse::<Arn>().ok());
        let (instance, unreadable) = match (Desired::instance_of(&resource), recorded) {
            (Ok(instance), _) => (instance, None),
            (Err(_), Some(user)) => (user.sibling(connect_api::Resource::Instance), None),
            (Err(error), None) => (no_instance(), Some(error.to_string())),
        };
        let uid = resource.uid().unwrap_or_default();
        let mut pass = Self {
            connect: on.connections.client_for(&instance),
            caller: Caller::new(uid.clone(), Priority::Backlog).in_group(resource.namespace().unwrap_or_default()),
            owner: Desired::owner_of(&resource, &on.settings.cluster),
            desired: Err(SpecIssue::Names(vec![])),
            directory: NameIndex::default(),
            known: Knowledge {
                deleting: false,
                recorded: None,
                mark: CreateAttempts::None,
                settled: true,
                by_id: Observation::NotLooked,
                remembered: None,
                by_name: Observation::NotLooked,
                taken: false,
                applied_tag_keys: Default::default(),
                ignored: Default::default(),
                policy: Policy::default(),
                quick_connects_of: None,
            },
            looked_at: on.clock.uptime(),
            doubts_memory: false,
            namespace_policy: None,
            status: ConnectUserStatus::default(),
            before: resource.status.clone().unwrap_or_default(),
            began: on.clock.now(),
            fresh: false,
            changed: Vec::new(),
            appeared: None,
            sent: None,
            on,
            resource,
            uid,
            instance,
        };
        pass.learn();
        match unreadable {
            None => Ok(pass),
            Some(message) => {
                let failure = Failure::new(Kind::Invalid, pass.phase(), message);
                Err((pass, failure))
            }
        }
    }

    /// Takes over what the resource itself tells.
    fn learn(&mut self) {
        self.status = self.resource.status.clone().unwrap_or_default();
        self.read_spec();
        let recorded = self.status.user_id.as_deref().map(Into::into);
        if recorded != self.known.recorded {
            self.known.by_id = Observation::NotLooked;
        }
        self.known.recorded = recorded;
        self.known.deleting = self.resource.metadata.deletion_timestamp.is_some();
        self.known.remembered = if self.doubts_memory { None } else { self.as_the_status_has_it() };
        self.known.applied_tag_keys = self.status.applied_tag_keys.clone();
        self.known.ignored = ignored_drift(&self.resource.spec, &self.status);
        let spec = &self.resource.spec;
        self.known.policy = Policy {
            adoption: spec.adoption_policy,
            deletion: spec.deletion_policy.or(self.namespace_policy).unwrap_or(self.on.settings.deletion_policy),
            management: spec.management_policy,
            quick_connects: self.on.settings.quick_connects,
        };
        self.known.mark = match self.status.create_attempt {
            None => CreateAttempts::None,
            Some(attempt) if attempt.clean => CreateAttempts::Clean,
            Some(_) => CreateAttempts::Unclean,
        };
        // By the time at which the pass began: a look from before the window's end says nothing, even if it is over by now.
        self.known.settled = self.settles_at().is_none_or(|at| self.began > at);
        if let (true, Some(user)) = (self.known.deleting, &self.known.recorded)
            && self.on.memory.was_the_last(&self.uid, user)
        {
            self.known.nothing_of_ours_is_left();
        }
        self.caller.priority = match (self.known.deleting, self.known.recorded.is_some()) {
            (true, _) => Priority::Edit,
            (false, true) => urgency(&self.status, self.generation()),
            (false, false) => Priority::Backlog,
        };
    }

    /// The user as the status has it, if it is certain enough that Connect has it so: it was read, or a sweep compared it, a short
    /// time ago, and neither does anybody ask for a look, nor is it the user's turn to be read by itself.
    fn as_the_status_has_it(&self) -> Option<Box<Live>> {
        if self.known.by_id != Observation::NotLooked
            || self.known.deleting
            || reconcile_requested(&self.resource).is_some()
            || self.on.until_read(&self.resource).is_zero()
        {
            return None;
        }
        let confirmed = self.on.memory.confirmed(&self.uid, self.known.recorded.as_ref()?)?;
        let age = self.on.clock.uptime().saturating_sub(confirmed);
        (age <= self.on.settings.sweep_interval? * 2).then(|| remembered(&self.instance, &self.status))?.map(Box::new)
    }

    /// When an absence starts to count, if there was an attempt.
    pub(super) fn settles_at(&self) -> Option<Timestamp> {
        let attempt = self.status.create_attempt?;
        let Settings { call_timeout, settle_window, .. } = self.on.settings;
        attempt.at.checked_add(call_timeout + settle_window).ok()
    }

    pub(super) fn generation(&self) -> i64 {
        self.resource.metadata.generation.unwrap_or_default()
    }

    pub(super) fn instance_id(&self) -> InstanceId {
        self.instance.instance.clone()
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.known.deleting, self.known.policy.management, self.known.recorded.is_some()) {
            (true, ..) => Phase::Delete,
            (false, ManagementPolicy::Observe, _) => Phase::Observe,
            (false, ManagementPolicy::Full, true) => Phase::Update,
            (false, ManagementPolicy::Full, false) => Phase::Create,
        }
    }

    pub(super) async fn run(&mut self) -> ControlFlow<End, std::convert::Infallible> {
        loop {
            if self.known.deleting && self.resource.spec.deletion_policy.is_none() && self.namespace_policy.is_none() {
                self.ask_namespace().await?;
            }
            let Some(step) = next(&self.owner, self.desired.as_ref().ok(), &self.known) else {
                self.understand().await?;
                continue;
            };
            if step.needs_fresh_resource() && !self.fresh {
                self.refresh().await?;
            } else {
                tracing::debug!(%step);
                self.take(step).await?;
            }
        }
    }

    /// Asks the namespace what becomes of users whose resources do not say it.
    async fn ask_namespace(&mut self) -> Flow {
        let namespace = self.resource.namespace().unwrap_or_default();
        let asked = self.on.cluster.namespace_annotation(&namespace, DELETION_POLICY).await;
        let policy = self.or_end(asked)?.as_deref().map(DeletionPolicy::of_annotation);
        let policy = policy.unwrap_or(self.on.settings.deletion_policy);
        self.on.note_policy(namespace, policy);
        self.namespace_policy = Some(policy);
        self.known.policy.deletion = policy;
        Flow::Continue(())
    }

    async fn take(&mut self, step: Step) -> Flow {
        match step {
            Step::LookById(id) => {
                self.known.remembered = None;
                self.known.by_id = match self.kept_look(&id) {
                    Some(live) => Observation::Present(Box::new(live)),
                    None => {
                        self.looked_at = self.on.clock.uptime();
                        let found = lookup::by_id(&*self.connect, &self.caller, &self.instance_id(), &id).await;
                        self.seen(found)?
                    }
                };
            }
            Step::LookByName => self.look_by_name().await?,
            Step::ReadProficiencies(id) => {
                let read = lookup::proficiencies(&*self.connect, &self.caller, &self.instance_id(), &id).await;
                if let (Err(Error { class: Class::Deferred, .. }), Observation::Present(live), true) =
                    (&read, &self.known.by_id, self.changed.is_empty())
                {
                    self.keep_look((**live).clone(), HALF_A_LOOK_LASTS);
                }
                let read = self.or_fail(read, "userProficiencies")?;
                for seen in [&mut self.known.by_id, &mut self.known.by_name] {
                    let Observation::Present(live) = seen else { continue };
                    if live.user.id == id {
                        *seen = match &read {
                            Some(list) => Observation::Present(Box::new(live.as_ref().clone().with_proficiencies(list.clone()))),
                            None => Observation::Absent,
                        };
                    }
                }
            }
            Step::Create(request) => self.create(*request).await?,
            Step::Claim(live) => self.claim(*live).await?,
            Step::Record(live) => self.record(live).await?,
            Step::Forget => return self.forget_user().await,
            Step::Update(live, actions) => self.update(*live, actions).await?,
            Step::InSync(live) => {
                self.look_at_password().await;
                return Flow::Break(End::InSync(live));
            }
            Step::Missing => return Flow::Break(End::Failed(self.missing())),
            Step::Drifted(live, changes) => {
                self.look_at_password().await;
                return Flow::Break(End::Drifted(live, changes));
            }
            Step::Conflict(owner) => return Flow::Break(End::Failed(self.conflict(&owner))),
            Step::Raced => {
                let message = format!("Connect says that the username {:?} is taken, but does not list it yet", self.username());
                return Flow::Break(End::Failed(Failure::new(Kind::Raced, self.phase(), message)));
            }
            Step::Wait => return Flow::Break(End::Failed(self.unsettled())),
            Step::Delete(id) => self.delete(id).await?,
            Step::DeleteQuickConnects(id) => self.delete_quick_connects(id).await?,
            Step::Disown(live) => self.disown(*live).await?,
            Step::Release { left } => return self.release(left).await,
        }
        Flow::Continue(())
    }

    /// The user as the last pass read it a moment ago, if what it was to do about it had to wait and nobody asks for a look.
    fn kept_look(&mut self, id: &UserId) -> Option<Live> {
        if self.known.deleting || reconcile_requested(&self.resource).is_some() {
            return None;
        }
        let (live, looked_at) = self.on.memory.take_look(&self.uid, id, self.generation(), self.on.clock.uptime())?;
        self.looked_at = looked_at;
        Some(live)
    }

    /// Keeps a look of this pass for the next one.
    pub(super) fn keep_look(&self, live: Live, lasts: Duration) {
        let look = KeptLook { live, generation: self.generation(), at: self.looked_at, lasts };
        self.on.memory.keep_look(&self.uid, look);
    }

    async fn look_by_name(&mut self) -> Flow {
        // What decides whether a resource may go, follows a "taken" from Connect, or ends in "there is no such user", is not
        // left to the search index.
        let Policy { adoption, management, .. } = self.known.policy;
        let thorough = self.known.taken
            || (self.known.deleting && self.known.mark != CreateAttempts::None)
            || adoption == AdoptionPolicy::Adopt
            || management == ManagementPolicy::Observe;
        let look = if thorough { Look::Thorough } else { Look::Quick };
        let key = (self.status.create_attempt, self.known.settled);
        let mut listing = self.on.memory.take_listing(&self.uid, key);
        let username = self.username();
        let found = lookup::by_name(&*self.connect, &self.caller, &self.instance_id(), &username, look, &mut listing).await;
        if found.is_err() {
            self.on.memory.keep_listing(&self.uid, key, listing);
        }
        self.known.by_name = self.seen(found)?;
        Flow::Continue(())
    }

    pub(super) fn username(&self) -> String {
        self.resource.spec.username.clone()
    }

    /// The username as what one may wait for.
    pub(super) fn wanted(&self) -> Username {
        Username::new(&self.instance, &self.resource.spec.username)
    }

    pub(super) fn place(&self) -> NamespacedName {
        NamespacedName::of(&self.resource)
    }

    fn seen(&self, found: Result<Option<User>, Error>) -> ControlFlow<End, Observation> {
        let found = self.or_fail(found, "spec")?;
        ControlFlow::Continue(found.map_or(Observation::Absent, |user| Observation::Present(Box::new(Live::unread(user)))))
    }

    /// Ends the pass where a call failed.
    pub(super) fn or_fail<T>(&self, result: Result<T, Error>, fields: &str) -> ControlFlow<End, T> {
        match result {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(End::Failed(Failure::of_call(&error, self.phase(), fields))),
        }
    }

    /// Ends the pass where a Kubernetes call failed. An object that is gone, or another by now, needs no report.
    pub(super) fn or_end<T>(&self, result: Result<T, ClusterError>) -> ControlFlow<End, T> {
        match result {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) if error.kind == ClusterErrorKind::Gone => ControlFlow::Break(End::Gone),
            Err(error) => ControlFlow::Break(End::Failed(Failure::of_cluster(&error, self.phase()))),
        }
    }

    /// Reads the resource from the API server: what follows must not rest on a cache.
    pub(super) async fn refresh(&mut self) -> Flow {
        let (namespace, name) = (self.resource.namespace().unwrap_or_default(), self.resource.name_any());
        let found = self.or_end(self.on.cluster.get(&namespace, &name).await)?;
        match found {
            Some(resource) if resource.uid().as_deref() == Some(&self.uid) => {
                self.resource = resource;
                self.fresh = true;
                self.learn();
                Flow::Continue(())
            }
            _ => Flow::Break(End::Gone),
        }
    }

    /// Writes the status as it now stands, if that changes anything.
    pub(super) async fn write_status(&mut self) -> Result<(), ClusterError> {
        let before = self.resource.status.clone().unwrap_or_default();
        let time = std::mem::take(&mut self.status.last_sync_time);
        let unchanged = self.status == ConnectUserStatus { last_sync_time: None, ..before.clone() };
        self.status.last_sync_time = if unchanged { before.last_sync_time } else { time };
        if unchanged {
            return Ok(());
        }
        let written = self.on.cluster.write_status(&self.resource, &self.status).await?;
        self.took_over(written);
        Ok(())
    }

    /// Goes on with the resource as our own write left it.
    pub(super) fn took_over(&mut self, written: ConnectUser) {
        self.on.memory.wrote(&self.uid, written.resource_version().as_deref());
        self.resource = written;
    }

    pub(super) async fn publish(&self, kind: EventKind, reason: &'static str, action: &'static str, note: String) {
        self.on.cluster.publish(&self.resource, Event { kind, reason, action, note }).await;
    }

    fn conflict(&self, owner: &Ownership) -> Failure {
        let whose = match owner {
            Ownership::Theirs { owner } => format!("belongs to {owner}"),
            Ownership::Nobodys | Ownership::Ours => "exists already and carries no ownership tags of this operator".to_owned(),
        };
        let instead = match owner {
            Ownership::Theirs { .. } => "delete that resource with deletionPolicy: Retain and adopt the user then",
            Ownership::Nobodys | Ownership::Ours => "set adoptionPolicy: AdoptOrCreate to take this user over",
        };
        let message = format!("the user {:?} {whose}: it is left alone. Choose another username, or {instead}", self.username());
        Failure::new(Kind::NotOurs, self.phase(), message)
    }

    fn missing(&self) -> Failure {
        let (policy, instead) = match self.known.policy.management {
            ManagementPolicy::Observe => ("managementPolicy: Observe", "managementPolicy to Full"),
            ManagementPolicy::Full => ("adoptionPolicy: Adopt", "adoptionPolicy to AdoptOrCreate"),
        };
        let message = format!(
            "there is no user {:?} in the instance, and {policy} never creates one. Create it in Connect, or set {instead}",
            self.username()
        );
        Failure::new(Kind::DependencyNotFound, self.phase(), message)
    }

    fn unsettled(&self) -> Failure {
        let until = self.settles_at().map(to_the_second);
        let what = if self.known.deleting { "letting this resource go" } else { "creating the user again" };
        let when = until.map_or_else(String::new, |at| format!(" until {at}"));
        let message = format!(
            "Connect does not show the user, but an attempt to create it is recent and Connect may show it late: {what} waits{when}"
        );
        let left = until.and_then(|at| Duration::try_from(at - self.on.clock.now()).ok());
        let mut failure = Failure::new(Kind::Unsettled, self.phase(), message);
        // Looked at again on the way, and not later than needed.
        failure.retry_after = left.map(|left| (left + Duration::from_secs(1)).min(Kind::Unsettled.pace().longest));
        failure
    }
}

/// Stands in for the ARN of a spec that cannot be read; nothing is ever sent there.
fn no_instance() -> Arn {
    Arn {
        partition: String::new(),
        region: String::new(),
        account: String::new(),
        instance: InstanceId::new(""),
        resource: connect_api::Resource::Instance,
    }
}
