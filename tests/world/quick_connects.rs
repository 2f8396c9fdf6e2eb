//! Quick connects in these worlds: somebody points one to every user at once, and others point to no user at all.

use std::collections::BTreeSet;

use connect_api::{Call, Error, InstanceId, OperationName as Op, Reply, UserId};
use connect_sim::{Effect, Fault, QuickConnectTarget, QuickConnectView, Sim};
use jiff::Timestamp;

use crate::{
    connect::WatchedConnect,
    crashes::{explore, live, live_shortly},
    specs::first,
    world::{Lag, Setting, World},
};

/// What is remembered of users that are gone.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Users that operators created.
    ours: BTreeSet<UserId>,
    /// Users that operators deleted, and when.
    deleted: Vec<(UserId, Timestamp)>,
}

const BYSTANDERS: [&str; 2] = ["Doctor", "Support"];

/// Somebody points a quick connect to a user.
pub fn point_to(sim: &Sim, instance: &InstanceId, user: &UserId) {
    sim.create_quick_connect(instance, &format!("to {user}"), QuickConnectTarget::User(user.to_string()));
}

impl WatchedConnect {
    pub fn note_users(&self, call: &Call, result: &Result<Reply, Error>) {
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

    pub fn watch_quick_connects(&self, call: &Call) {
        let touches = matches!(call, Call::SearchQuickConnects(_) | Call::DescribeQuickConnect(_) | Call::DeleteQuickConnect(_));
        if touches && !self.quick_connects {
            self.violated(format!("{}, which nobody asked for", call.name()));
        }
        let Call::DeleteQuickConnect(c) = call else { return };
        let all = self.sim.quick_connects(&self.instance);
        let Some(view) = all.into_iter().find(|view| view.quick_connect.id == c.quick_connect) else { return };
        let lives = |user: &UserId| self.sim.users(&self.instance).iter().any(|view| view.user.id == *user);
        match view.quick_connect.user {
            Some(user) if !self.ledger.lock().unwrap().ours.contains(&user) => {
                self.violated("DeleteQuickConnect on one that points to somebody else's user".into());
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

    /// Of the users that operators deleted, none that the index had shown is left; all others are.
    pub fn check_quick_connects(&self) {
        let all = self.sim.quick_connects(&self.instance);
        for name in BYSTANDERS {
            if !all.iter().any(|view| view.quick_connect.name == name) {
                self.violated(format!("the quick connect {name} is gone"));
            }
        }
        let deleted = self.ledger.lock().unwrap().deleted.clone();
        let lag = self.setting.lag.map(Lag::of_search).unwrap_or_default();
        for (user, at) in deleted {
            let left = self.pointing_to(&user);
            if !self.setting.quick_connects && left.is_empty() {
                self.violated(format!("quick connects of {user} went, which nobody asked for"));
            }
            if self.setting.quick_connects && left.iter().any(|view| view.created + lag <= at) {
                self.violated(format!("a quick connect points to {user}, who was deleted"));
            }
        }
    }

    /// How often a pass published this Event.
    fn told(&self, reason: &str) -> usize {
        let line = format!(" Event {reason}: ");
        self.schedule.lock().unwrap().log.iter().filter(|call| call.contains(&line)).count()
    }
}

fn with_quick_connects(setting: Setting) -> Setting {
    Setting { quick_connects: true, ..setting }
}

/// A world whose user is there, and has one quick connect.
fn with_a_user() -> (World, UserId) {
    let mut world = World::new(with_quick_connects(Setting::default()), 1);
    world.apply(first(&world.sim));
    world.run_until("created", World::is_ready);
    let user = world.ours()[0].user.id.clone();
    world.sim.reset_calls();
    (world, user)
}

fn leave(world: &mut World) {
    world.delete();
    world.run_until("deleted", |w| w.object().is_none());
    assert_eq!(world.sim.users(&world.instance), [], "the user is gone");
}

#[test]
fn one_mishap_at_any_call_leaves_no_quick_connect_behind() {
    let lives = [|s| live(with_quick_connects(s)), |s| live_shortly(with_quick_connects(s))];
    let schedules: u64 = lives.into_iter().map(|life| explore(life, None, false).unwrap()).sum();
    println!("{schedules} schedules of one mishap");
}

#[test]
fn two_mishaps_in_a_short_life_leave_no_quick_connect_behind() {
    let schedules = explore(|setting| live_shortly(with_quick_connects(setting)), None, true).unwrap();
    println!("{schedules} schedules of one and two mishaps");
}

#[test]
fn a_deletion_with_quick_connects_costs_three_more_calls() {
    let (mut world, user) = with_a_user();
    leave(&mut world);
    let calls = world.sim.calls();
    for operation in [Op::DeleteUser, Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        assert_eq!(calls.of(operation), 1, "{operation}: {calls:#?}");
    }
    assert_eq!((world.pointing_to(&user).len(), world.told("QuickConnectsDeleted"), world.told("QuickConnectsLeft")), (0, 1, 0));
    world.verdict().unwrap();
}

#[test]
fn a_walk_that_fails_goes_on_where_it_stopped_and_the_user_is_not_looked_for_again() {
    let (mut world, user) = with_a_user();
    for n in 0..250 {
        world.sim.create_quick_connect(&world.instance, &format!("queue {n}"), QuickConnectTarget::Queue("queue-1".into()));
    }
    world.sim.inject(Fault::on(Op::SearchQuickConnects, Effect::internal_error()).after(1));
    leave(&mut world);
    let calls = world.sim.calls();
    assert_eq!(calls.of(Op::SearchQuickConnects), 3 + 1, "{calls:#?}");
    assert_eq!((calls.of(Op::DescribeUser), calls.of(Op::ListUsers)), (1, 0), "{calls:#?}");
    assert_eq!((world.pointing_to(&user).len(), world.told("QuickConnectsDeleted")), (0, 1));
    world.verdict().unwrap();
}

#[test]
fn a_resource_does_not_wait_for_ever_for_a_connect_that_fails() {
    for operation in [Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        let (mut world, user) = with_a_user();
        world.sim.inject(Fault::on(operation, Effect::internal_error()).always());
        leave(&mut world);
        assert_eq!(world.sim.calls().of(operation), 8, "{operation}");
        assert_eq!((world.pointing_to(&user).len(), world.told("QuickConnectsLeft")), (1, 1), "{operation}");
    }
}

#[test]
fn what_connect_denies_is_told_and_not_tried_again() {
    for operation in [Op::SearchQuickConnects, Op::DescribeQuickConnect, Op::DeleteQuickConnect] {
        let (mut world, user) = with_a_user();
        world.sim.inject(Fault::on(operation, Effect::AccessDenied).always());
        leave(&mut world);
        assert_eq!(world.sim.calls().of(operation), 1, "{operation}");
        assert_eq!((world.pointing_to(&user).len(), world.told("QuickConnectsLeft")), (1, 1), "{operation}");
    }
}

#[test]
fn one_that_points_elsewhere_by_now_stays() {
    let (mut world, user) = with_a_user();
    let (instance, old) = (world.instance.clone(), world.pointing_to(&user).remove(0).quick_connect.id);
    // What the index shows is older than what the quick connect is.
    world.sim.after_next(Op::SearchQuickConnects, move |sim| {
        sim.point_quick_connect_to(&instance, &old, QuickConnectTarget::Queue("queue-1".into()));
    });
    leave(&mut world);
    let calls = world.sim.calls();
    assert_eq!((calls.of(Op::DescribeQuickConnect), calls.of(Op::DeleteQuickConnect)), (1, 0), "{calls:#?}");
    assert_eq!((world.told("QuickConnectsDeleted"), world.told("QuickConnectsLeft")), (0, 0));
    world.verdict().unwrap();
}
