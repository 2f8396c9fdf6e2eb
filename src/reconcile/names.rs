//! From the names in a spec to ids, before the plan is asked.

use connect_api::{Class, Error, OperationName};

use super::{
    Failure, Kind,
    pass::{End, Flow, Pass},
    reconciler::{asked, reconcile_requested},
};
use crate::{
    inventory::{Query, REFRESH, Wanted},
    plan::{Desired, ReferenceKind, SpecIssue, Unresolved, explain},
};

impl Pass<'_> {
    /// Reads the spec, with the names that are known so far.
    pub(super) fn read_spec(&mut self) {
        self.desired = Desired::parse(&self.resource, &self.on.settings.cluster, &self.directory);
    }

    /// Asks the instance what the spec's names mean. From here on the spec says what is wanted, or the pass ends.
    pub(super) async fn understand(&mut self) -> Flow {
        let now = self.on.clock.uptime();
        let since = self.on.memory.asked_since(&self.uid, asked(&self.resource), now);
        let asked_for = reconcile_requested(&self.resource).is_some();
        // Not older than half of the interval in which everything else is looked at; and who asks for a look gets a new one.
        let oldest = if asked_for { since } else { now.saturating_sub(self.on.names_last()) };
        let mut newer = None;
        // What is missing may have been made a moment ago: it is looked for once more, in names as new as may be.
        for oldest in [oldest, now] {
            let Err(SpecIssue::Names(missing)) = &self.desired else { break };
            let (wanted, priority) = (wanted(missing), self.caller.priority);
            let query = Query { connect: &*self.connect, priority, instance: &self.instance, now, since, oldest };
            let read = self.on.inventory.read(&query, &wanted).await;
            let found = self.or_fail(read, "instanceArn")?;
            for (kind, catalog) in found.catalogs {
                self.directory.insert(kind, catalog);
            }
            // When there are newer ones, if these are older than the question.
            newer = (found.read_at < since).then(|| (found.read_at + REFRESH).saturating_sub(now));
            if asked_for && newer.is_some() {
                let message = "the names in the spec are about to be looked up again";
                let failure = Failure::new(Kind::Deferred, self.phase(), message);
                return Flow::Break(End::Failed(Failure { retry_after: newer, ..failure }));
            }
            self.read_spec();
        }
        let failure = match &self.desired {
            Ok(_) => return Flow::Continue(()),
            Err(SpecIssue::Spec(error)) => Failure::new(Kind::Invalid, self.phase(), error.to_string()),
            Err(SpecIssue::Names(missing)) => Failure {
                retry_after: newer,
                ..Failure::new(Kind::DependencyNotFound, self.phase(), explain(missing, &self.instance.instance))
            },
        };
        Flow::Break(End::Failed(failure))
    }

    /// Connect does not know what a name stood for: the names are read again before they are believed again.
    pub(super) fn doubt_names(&self, error: &Error) {
        let kinds: &[ReferenceKind] = match error.operation {
            _ if error.class != Class::NotFound => &[],
            OperationName::UpdateUserRoutingProfile => &[ReferenceKind::RoutingProfile],
            OperationName::UpdateUserSecurityProfiles => &[ReferenceKind::SecurityProfile],
            OperationName::UpdateUserHierarchy => &[ReferenceKind::HierarchyGroup],
            OperationName::CreateUser => &ReferenceKind::ALL,
            _ => &[],
        };
        for kind in kinds {
            self.on.inventory.invalidate(&self.instance, *kind);
        }
    }

    /// The spec's fields that refer to something in Connect.
    pub(super) fn reference_fields(&self) -> String {
        let [routing, security, group] = ReferenceKind::ALL.map(|kind| self.directory.field(kind));
        format!("instanceArn, {routing}, {security} and {group}")
    }
}

fn wanted(names: &[Unresolved]) -> Wanted {
    let mut wanted = Wanted::new();
    for Unresolved { kind, name, .. } in names {
        wanted.entry(*kind).or_default().insert(name.clone());
    }
    wanted
}
