//! The deletion of quick connects with their user.

use connect_api::{OperationName as Op, UserId};
use connect_sim::{Effect, Fault, QuickConnectTarget};
use testbed::world::{Setup, Simulation};

use crate::crashes::{explore, live, live_shortly};

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
