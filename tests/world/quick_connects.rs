//! Quick connects in the simulation: one points to every user from its creation on, and others point to no user.

use std::collections::BTreeSet;

use connect_api::{Call, Error, InstanceId, OperationName as Op, Reply, UserId};
use connect_sim::{Effect, Fault, QuickConnectTarget, QuickConnectView, Sim};
use jiff::Timestamp;

use crate::{
    crashes::{explore, live, live_shortly},
    simulation::{Setup, Simulation, World},
};

/// The users that operators created and deleted.
#[derive(Debug, Default)]
pub struct UserLedger {
    /// The users that operators created.
    ours: BTreeSet<UserId>,
    /// The users that operators deleted, with the times.
    deleted: Vec<(UserId, Timestamp)>,
}

const BYSTANDERS: [&str; 2] = ["Doctor", "Support"];

/// Creates a quick connect that points to a user.
pub fn point_to(sim: &Sim, instance: &InstanceId, user: &UserId) {
    sim.create_quick_connect(instance, &format!("to {user}"), QuickConnectTarget::User(user.to_string()));
}

impl World {
    pub fn record_users(&self, call: &Call, result: &Result<Reply, Error>) {
        let mut ledger = self.ledger.lock().unwrap();
        match (call, result) {
            (Call::CreateUser(_), Ok(Reply::CreateUser(made))) => {
                ledger.ours.insert(made.id.clone());
                point_to(&self.sim, &self.instance, &made.id);
            }
            (Call::DeleteUser(c), Ok(_)) => ledger.deleted.push((c.user.clone(), self.sim.now())),
            _ => {}
        }
    }

    pub fn check_quick_connect_call(&self, call: &Call) {
        let touches = matches!(call, Call::SearchQuickConnects(_) | Call::DescribeQuickConnect(_) | Call::DeleteQuickConnect(_));
        if touches && !self.setup.quick_connects {
            self.violated(format!("{} without the flag for it", call.name()));
        }
        let Call::DeleteQuickConnect(c) = call else { return };
        let all = self.sim.quick_connects(&self.instance);
        let Some(view) = all.into_iter().find(|view| view.quick_connect.id == c.quick_connect) else { return };
        let lives = |user: &UserId| self.sim.users(&self.instance).iter().any(|view| view.user.id == *user);
        match view.quick_connect.user {
            Some(user) if !self.ledger.lock().unwrap().ours.contains(&user) => {
                self.violated("DeleteQuickConnect on one that points to another owner's user".into());
            }
            Some(user) if lives(&user) => self.violated("DeleteQuickConnect before its user was deleted".into()),
            Some(_) => {}
            None => self.violated("DeleteQuickConnect on one that points to no user".into()),
        }
    }
}

impl World {
    pub fn add_bystanders(&self) {
        let [doctor, support] = BYSTANDERS;
        self.sim.create_quick_connect(&self.instance, doctor, QuickConnectTarget::PhoneNumber("+12065550100".into()));
        self.sim.create_quick_connect(&self.instance, support, QuickConnectTarget::Queue("queue-1".into()));
    }

    fn pointing_to(&self, user: &UserId) -> Vec<QuickConnectView> {
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
        let deleted = self.ledger.lock().unwrap().deleted.clone();
        let lag = self.setup.lag.of_search();
        for (user, at) in deleted {
            let left = self.pointing_to(&user);
            if !self.setup.quick_connects && left.is_empty() {
                self.violated(format!("quick connects of {user} were deleted without the flag for it"));
            }
            if self.setup.quick_connects && left.iter().any(|view| view.created + lag <= at) {
                self.violated(format!("a quick connect points to {user}, which was deleted"));
            }
        }
    }

    /// Returns how often passes published this Event.
    fn events(&self, reason: &str) -> usize {
        let line = format!(" Event {reason}: ");
        self.schedule.lock().unwrap().log.iter().filter(|call| call.contains(&line)).count()
    }
}

fn with_quick_connects(setup: Setup) -> Setup {
    Setup { quick_connects: true, ..setup }
}

/// Starts a simulation whose user exists and has one quick connect.
fn with_a_user() -> (Simulation, UserId) {
    let simulation = Simulation::with_user(with_quick_connects(Setup::default()));
    let user = simulation.ours()[0].user.id.clone();
    simulation.sim.reset_calls();
    (simulation, user)
}

fn delete(simulation: &mut Simulation) {
    simulation.end();
    assert_eq!(simulation.sim.users(&simulation.instance), [], "the user is deleted");
}

#[test]
fn one_fault_at_any_call_leaves_no_quick_connect() {
    let lives = [|s| live(with_quick_connects(s)), |s| live_shortly(with_quick_connects(s))];
    let schedules: u64 = lives.into_iter().map(|life| explore(life, None, false).unwrap()).sum();
    println!("{schedules} schedules of one fault");
}

#[test]
fn two_faults_in_a_short_life_leave_no_quick_connect() {
    let schedules = explore(|setup| live_shortly(with_quick_connects(setup)), None, true).unwrap();
    println!("{schedules} schedules of one and two faults");
}

#[test]
fn deletion_with_quick_connects_costs_three_more_calls() {
    let (mut simulation, user) = with_a_user();
    delete(&mut simulation);
    let calls = simulation.sim.calls();
    for operation in [Op::DeleteUser, Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        assert_eq!(calls.of(operation), 1, "{operation}: {calls:#?}");
    }
    assert_eq!(
        (simulation.pointing_to(&user).len(), simulation.events("QuickConnectsDeleted"), simulation.events("QuickConnectsLeft")),
        (0, 1, 0)
    );
    simulation.result().unwrap();
}

#[test]
fn failed_search_resumes_without_looking_up_the_user_again() {
    let (mut simulation, user) = with_a_user();
    for n in 0..250 {
        simulation.sim.create_quick_connect(
            &simulation.instance,
            &format!("queue {n}"),
            QuickConnectTarget::Queue("queue-1".into()),
        );
    }
    simulation.sim.inject(Fault::on(Op::SearchQuickConnects, Effect::internal_error()).after(1));
    delete(&mut simulation);
    let calls = simulation.sim.calls();
    assert_eq!(calls.of(Op::SearchQuickConnects), 3 + 1, "{calls:#?}");
    assert_eq!((calls.of(Op::DescribeUser), calls.of(Op::ListUsers)), (1, 0), "{calls:#?}");
    assert_eq!((simulation.pointing_to(&user).len(), simulation.events("QuickConnectsDeleted")), (0, 1));
    simulation.result().unwrap();
}

#[test]
fn resource_does_not_wait_forever_while_connect_fails() {
    for operation in [Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        let (mut simulation, user) = with_a_user();
        simulation.sim.inject(Fault::on(operation, Effect::internal_error()).always());
        delete(&mut simulation);
        assert_eq!(simulation.sim.calls().of(operation), 8, "{operation}");
        assert_eq!((simulation.pointing_to(&user).len(), simulation.events("QuickConnectsLeft")), (1, 1), "{operation}");
    }
}

#[test]
fn denied_quick_connect_call_is_reported_and_not_retried() {
    for operation in [Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        let (mut simulation, user) = with_a_user();
        simulation.sim.inject(Fault::on(operation, Effect::AccessDenied).always());
        delete(&mut simulation);
        assert_eq!(simulation.sim.calls().of(operation), 1, "{operation}");
        assert_eq!((simulation.pointing_to(&user).len(), simulation.events("QuickConnectsLeft")), (1, 1), "{operation}");
    }
}

#[test]
fn quick_connect_that_was_pointed_elsewhere_stays() {
    let (mut simulation, user) = with_a_user();
    let (instance, old) = (simulation.instance.clone(), simulation.pointing_to(&user).remove(0).quick_connect.id);
    // The index is behind the quick connect.
    simulation.sim.after_next(Op::SearchQuickConnects, move |sim| {
        sim.point_quick_connect_to(&instance, &old, QuickConnectTarget::Queue("queue-1".into()));
    });
    delete(&mut simulation);
    let calls = simulation.sim.calls();
    assert_eq!((calls.of(Op::DescribeQuickConnect), calls.of(Op::DeleteQuickConnect)), (1, 0), "{calls:#?}");
    assert_eq!((simulation.events("QuickConnectsDeleted"), simulation.events("QuickConnectsLeft")), (0, 0));
    simulation.result().unwrap();
}
