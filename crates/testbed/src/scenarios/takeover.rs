//! Ten thousand ConnectUsers whose users exist already: adopted, restored without their status, observed.

use std::time::Duration;

use connect_api::{Class, OperationName, UntagResource};
use connect_operator::api::PREFIX;
use serde_json::{Value, json};

use super::{Calls, DAY, MINUTE, SECOND};
use crate::{Agent, Fleet, Setup, at_console, in_virtual_time};

/// What meets the users that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// `adoptionPolicy: Adopt`, and users without tags.
    Adopt,
    /// `adoptionPolicy: AdoptOrCreate`, and users without tags.
    AdoptOrCreate,
    /// The same ConnectUsers without finalizers and statuses, and users with their tags.
    Restored,
    /// `managementPolicy: Observe`, and users without tags.
    Observe,
}

impl Takeover {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Adopt, Self::AdoptOrCreate, Self::Restored, Self::Observe];

    fn change(self, spec: &mut Value) {
        match self {
            Self::Adopt => spec["adoptionPolicy"] = json!("Adopt"),
            Self::AdoptOrCreate => spec["adoptionPolicy"] = json!("AdoptOrCreate"),
            Self::Restored => {}
            Self::Observe => spec["managementPolicy"] = json!("Observe"),
        }
    }
}

/// What it cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TakeoverReport {
    /// The number of users.
    pub users: usize,
    /// The time that it took. None: not within a day.
    pub done_after: Option<Duration>,
    /// Calls, by operation.
    pub calls: Calls,
    /// Writes of ConnectUsers and Events.
    pub kubernetes_writes: u64,
    /// Calls that Connect throttled.
    pub throttled: usize,
    /// The violations.
    pub violations: Vec<String>,
}

impl TakeoverReport {
    /// Returns the number of calls of these operations.
    pub fn of(&self, operations: &[OperationName]) -> usize {
        operations.iter().filter_map(|operation| self.calls.get(operation)).sum()
    }

    /// Returns the number of calls that list users.
    pub fn listing(&self) -> usize {
        self.of(&[OperationName::ListUsers, OperationName::SearchUsers])
    }

    /// Returns the number of listing calls that the first sweep takes: a search shows 500 users a page, a list 1,000, and a last page
    /// may be empty. The sweep and the passes share the list.
    pub fn most_listings(&self) -> usize {
        self.users / 500 + 1 + self.users / 1_000 + 1
    }

    /// Returns the number of calls that change something, if they succeed.
    pub fn writes(&self) -> usize {
        self.calls.iter().filter(|(operation, _)| operation.is_write()).map(|(_, count)| count).sum()
    }
}

/// Lets an operator take over this number of existing users at once.
pub fn taken_over(how: Takeover, users: usize) -> TakeoverReport {
    in_virtual_time(async {
        // One sweep at the start.
        let fleet = Fleet::new(Setup { sweep_interval: Some(DAY * 300), ..Setup::default() });
        let agents: Vec<_> = (0..users).map(|number| Agent::plain("sales", number)).collect();
        fleet.seed(&agents).await;
        if how != Takeover::Restored {
            for view in fleet.sim().users(&fleet.instance().id) {
                let ours = view.user.tags.get(&format!("{PREFIX}cluster")).is_some_and(|name| name == crate::operator::CLUSTER);
                let keys = view.user.tags.into_keys().filter(|key| key.starts_with(PREFIX)).collect();
                if ours {
                    at_console(fleet.sim(), UntagResource { arn: view.user.arn, keys }).expect("the user exists");
                }
            }
        }
        for agent in &agents {
            let mut spec = fleet.spec(agent);
            how.change(&mut spec);
            fleet.api().restore_bare(&agent.resource(), spec);
        }
        tokio::time::sleep(MINUTE).await;
        fleet.api().compact();
        fleet.reset();
        let mark = fleet.journal().mark();
        let operator = fleet.start();
        let done = fleet.settled(DAY).await;
        // The watch may still have events to report.
        tokio::time::sleep(10 * SECOND).await;
        let report = TakeoverReport {
            users,
            done_after: done,
            calls: fleet.journal().counts(mark),
            kubernetes_writes: fleet.api().writes(),
            throttled: fleet.journal().failed(mark, Class::Throttled),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}
