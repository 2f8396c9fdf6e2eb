//! What the steps of a pass work with: clients, subject and report, but not what the pass knows.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use connect_api::{Caller, Connect, Priority};
use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    cluster::{ClusterError, ClusterErrorKind, Event, EventKind},
    context::{Context, Settings},
    instance_client::InstanceClient,
    memory::KeptRead,
    report::Report,
    subject::Subject,
};
use crate::{
    api::{ConnectUser, ConnectUserStatus},
    plan::{Bounds, Live},
};

/// What the steps of a pass work with.
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Context,
    /// The client of the resource's account and Region, once the pass has something to ask it.
    connect: OnceLock<Arc<dyn Connect>>,
    pub(super) caller: Caller,
    pub(super) subject: Subject,
    /// What the resource's namespace may do in its instance.
    pub(super) bounds: Bounds,
    pub(super) report: Report,
    /// The time at which the pass began.
    pub(super) began: Timestamp,
    /// The uptime of the last read of the user; without one, of the beginning of the pass.
    pub(super) read_at: Duration,
    /// The user that was tagged as the resource's since the resource was last written, so that it may be released by now.
    pub(super) tagged: Option<String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(ctx: &'a Context, subject: Subject) -> Self {
        Self {
            connect: OnceLock::new(),
            caller: Caller::new(subject.uid.clone(), Priority::Backlog).in_group(subject.namespace()),
            report: Report { before: subject.resource.status.clone().unwrap_or_default(), ..Report::default() },
            bounds: ctx.connections.bounds(&subject.instance, &subject.namespace()),
            began: ctx.clock.now(),
            read_at: ctx.clock.uptime(),
            tagged: None,
            ctx,
            subject,
        }
    }

    /// Returns the client of the resource's account and Region. Many passes need none, and a resource that is refused must not cause
    /// one to be made.
    pub(super) fn connect(&self) -> &Arc<dyn Connect> {
        self.connect.get_or_init(|| self.ctx.connections.client_for(&self.subject.instance))
    }

    /// Returns a client of the resource's instance.
    pub(super) fn client(&self) -> InstanceClient<'_> {
        InstanceClient { connect: &**self.connect(), caller: &self.caller, instance: &self.subject.instance.instance }
    }

    /// Returns the time from which an absence of the user counts, if there was a create attempt.
    pub(super) fn settles_at(&self) -> Option<Timestamp> {
        let attempt = self.report.status.create_attempt?;
        let Settings { call_timeout, settle_window, .. } = self.ctx.settings;
        attempt.at.checked_add(call_timeout + settle_window).ok()
    }

    /// Keeps a read of this pass for the next one.
    pub(super) fn keep_read(&self, live: Live, lifetime: Duration) {
        let read = KeptRead { live, generation: self.subject.generation(), at: self.read_at, lifetime };
        self.ctx.memory.with(&self.subject.uid, |m| m.parked.keep_read(read));
    }

    /// Adds the finalizer: from here on there may be something to clean up.
    pub(super) async fn add_finalizer(&mut self) -> Result<(), ClusterError> {
        if !self.subject.resource.has_finalizer() {
            let written = self.ctx.cluster.add_finalizer(&self.subject.resource).await?;
            self.take_over(written)?;
        }
        Ok(())
    }

    /// Writes the status as it now stands, if that changes anything.
    pub(super) async fn write_status(&mut self) -> Result<(), ClusterError> {
        let before = self.subject.resource.status.clone().unwrap_or_default();
        let status = &mut self.report.status;
        let time = std::mem::take(&mut status.last_sync_time);
        let unchanged = *status == ConnectUserStatus { last_sync_time: None, ..before.clone() };
        status.last_sync_time = if unchanged { before.last_sync_time } else { time };
        if unchanged {
            return Ok(());
        }
        let written = self.ctx.cluster.write_status(&self.subject.resource, status).await?;
        self.take_over(written)
    }

    /// Continues with the resource as our own write left it. Another spec than this pass has read is a conflict: an etcd that was
    /// restored gives resourceVersions and generations a second time.
    fn take_over(&mut self, written: ConnectUser) -> Result<(), ClusterError> {
        if written.spec != self.subject.resource.spec {
            self.ctx.memory.with(&self.subject.uid, |m| m.freshness.distrust());
            let message = "the object is another one of the same resourceVersion".to_owned();
            return Err(ClusterError { kind: ClusterErrorKind::Conflict, message });
        }
        let uptime = self.ctx.clock.uptime();
        self.ctx.memory.with(&self.subject.uid, |m| m.freshness.wrote(written.resource_version().as_deref(), uptime));
        self.subject.resource = written;
        self.tagged = None;
        Ok(())
    }

    pub(super) async fn publish(&self, kind: EventKind, reason: &'static str, action: &'static str, note: String) {
        self.ctx.cluster.publish(&self.subject.resource, Event { kind, reason, action, note }).await;
    }
}
