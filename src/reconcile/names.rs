//! From the names in a spec to ids, before the plan is asked.

use connect_api::{Class, Error, OperationName};

use super::{
    Failure, Kind, Phase,
    pass::{End, Flow, Pass},
    reconciler::{asked, reconcile_requested},
};
use crate::{
    inventory::{Ask, REFRESH, Wanted},
    plan::{Desired, Nameable, Unclear, Unresolved, explain},
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
        // Not older than half of the interval in which everything else is looked at; and who asks for a look gets a new one.
        let mut oldest = now.saturating_sub((self.on.settings.drift_interval / 2).max(REFRESH));
        if reconcile_requested(&self.resource).is_some() {
            oldest = oldest.max(since);
        }
        let mut read_at = now;
        // What is missing may have been made a moment ago: it is looked for once more, as new as the pace of reading allows.
        for oldest in [oldest, now.saturating_sub(REFRESH)] {
            let Err(Unclear::Names(missing)) = &self.desired else { break };
            let (wanted, priority) = (wanted(missing), self.caller.priority);
            let ask = Ask { connect: &*self.connect, priority, instance: &self.instance, now, since, oldest };
            let read = self.on.inventory.read(&ask, &wanted).await;
            let found = self.or_fail(read, "instanceArn")?;
            for (kind, catalog) in found.catalogs {
                self.directory.insert(kind, catalog);
            }
            read_at = found.read_at;
            self.read_spec();
        }
        let failure = match &self.desired {
            Ok(_) => return Flow::Continue(()),
            Err(Unclear::Spec(error)) => Failure::new(Kind::Invalid, Phase::Observe, error.to_string()),
            Err(Unclear::Names(missing)) => Failure {
                // Names that are older than the question: the next ones answer it.
                retry_after: (read_at < since).then(|| (read_at + REFRESH).saturating_sub(now)),
                ..Failure::new(Kind::DependencyNotFound, self.phase(), explain(missing, &self.instance.instance))
            },
        };
        Flow::Break(End::Failed(failure))
    }

    /// Connect does not know what a name stood for: the names are read again before they are believed again.
    pub(super) fn doubt_names(&self, error: &Error) {
        let kinds: &[Nameable] = match error.operation {
            _ if error.class != Class::NotFound => &[],
            OperationName::UpdateUserRoutingProfile => &[Nameable::RoutingProfile],
            OperationName::UpdateUserSecurityProfiles => &[Nameable::SecurityProfile],
            OperationName::UpdateUserHierarchy => &[Nameable::HierarchyGroup],
            OperationName::CreateUser => &Nameable::ALL,
            _ => &[],
        };
        for kind in kinds {
            self.on.inventory.doubt(&self.instance, *kind);
        }
    }

    /// The spec's fields that refer to something in Connect.
    pub(super) fn reference_fields(&self) -> String {
        let [routing, security, group] = Nameable::ALL.map(|kind| self.directory.field(kind));
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
