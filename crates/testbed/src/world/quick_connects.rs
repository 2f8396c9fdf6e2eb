//! Quick connects in the simulation: one points to every user from its creation on, and others point to no user.

use connect_api::{Call, Error, InstanceId, Reply, UserId};
use connect_operator::api::PREFIX;
use connect_sim::{QuickConnectTarget, QuickConnectView, Sim};

use super::{
    connect::{CheckedConnect, owner_of},
    lock::lock,
    simulation::Simulation,
};

const BYSTANDERS: [&str; 2] = ["Doctor", "Support"];

/// Creates a quick connect that points to a user.
pub fn point_to(sim: &Sim, instance: &InstanceId, user: &UserId) {
    sim.create_quick_connect(instance, &format!("to {user}"), QuickConnectTarget::User(user.to_string()));
}

impl CheckedConnect {
    pub(super) fn record_users(&self, call: &Call, result: &Result<Reply, Error>) {
        let mut ledger = lock(&self.ledger);
        if let (Some(user), Ok(_)) = (Self::target(call), result) {
            ledger.touched_midway.remove(&user);
            ledger.written.insert((user, self.operator), self.sim.now());
        }
        match (call, result) {
            (Call::CreateUser(_), Ok(Reply::CreateUser(made))) => {
                ledger.ours.insert(made.id.clone());
                point_to(&self.sim, &self.instance, &made.id);
            }
            (Call::TagResource(c), Ok(_)) if owner_of(&c.tags).is_some() => {
                ledger.ours.extend(c.arn.rsplit('/').next().map(UserId::new));
            }
            (Call::UntagResource(c), Ok(_)) if c.keys.iter().any(|key| key.starts_with(PREFIX)) => {
                ledger.handed_back.extend(c.arn.rsplit('/').next().map(|user| (UserId::new(user), self.sim.now())));
            }
            (Call::DeleteUser(c), Ok(_)) => ledger.deleted.push((c.user.clone(), self.sim.now())),
            _ => {}
        }
    }

    pub(super) fn check_quick_connect_call(&self, call: &Call) {
        let touches = matches!(call, Call::SearchQuickConnects(_) | Call::DescribeQuickConnect(_) | Call::DeleteQuickConnect(_));
        if touches && !self.quick_connects {
            self.violated(format!("{} without the flag for it", call.name()));
        }
        let Call::DeleteQuickConnect(c) = call else { return };
        let all = self.sim.quick_connects(&self.instance);
        let Some(view) = all.into_iter().find(|view| view.quick_connect.id == c.quick_connect) else { return };
        let lives = |user: &UserId| self.sim.users(&self.instance).iter().any(|view| view.user.id == *user);
        match view.quick_connect.user {
            Some(user) if !lock(&self.ledger).ours.contains(&user) => {
                self.violated("DeleteQuickConnect on one that points to another owner's user".into());
            }
            Some(user) if lives(&user) => self.violated("DeleteQuickConnect before its user was deleted".into()),
            Some(_) => {}
            None => self.violated("DeleteQuickConnect on one that points to no user".into()),
        }
    }
}

impl Simulation {
    pub(super) fn add_bystanders(&self) {
        let [doctor, support] = BYSTANDERS;
        self.sim.create_quick_connect(&self.instance, doctor, QuickConnectTarget::PhoneNumber("+12065550100".into()));
        self.sim.create_quick_connect(&self.instance, support, QuickConnectTarget::Queue("queue-1".into()));
    }

    /// Returns the quick connects that point to a user.
    pub fn pointing_to(&self, user: &UserId) -> Vec<QuickConnectView> {
        let all = self.sim.quick_connects(&self.instance);
        all.into_iter().filter(|view| view.quick_connect.user.as_ref() == Some(user)).collect()
    }

    /// Checks that exactly those quick connects of deleted users are gone that the index had shown.
    pub fn check_quick_connects(&self) {
        let all = self.sim.quick_connects(&self.instance);
        for name in BYSTANDERS {
            if !all.iter().any(|view| view.quick_connect.name == name) {
                self.violated(format!("the quick connect {name} is gone"));
            }
        }
        let deleted = lock(&self.ledger).deleted.clone();
        let lag = self.setup.lag.of_search();
        for (user, at) in deleted {
            let left = self.pointing_to(&user);
            if !self.setup.quick_connects && left.is_empty() {
                self.violated(format!("quick connects of {user} were deleted without the flag for it"));
            }
            // A deletion does not wait for a permission.
            let is_reported = |call: &String| call.contains(" Event QuickConnectsLeft: ") && call.contains(user.as_str());
            if lock(&self.schedule).log.iter().any(is_reported) {
                continue;
            }
            if self.setup.quick_connects && left.iter().any(|view| view.created + lag <= at) {
                self.violated(format!("a quick connect points to {user}, which was deleted"));
            }
        }
    }

    /// Returns how often passes published this Event.
    pub fn events(&self, reason: &str) -> usize {
        let line = format!(" Event {reason}: ");
        lock(&self.schedule).log.iter().filter(|call| call.contains(&line)).count()
    }
}
