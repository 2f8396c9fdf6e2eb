//! Wake-ups during a pass that no watch reports.

use std::time::Duration;

use connect_api::{Call, DeleteUser, Reply, UserId};
use testbed::create_by_hand;

use testbed::world::{
    Setup, Simulation,
    specs::{USERNAME, first},
};

/// Creates a user of the same name by hand.
fn foreign_user(simulation: &Simulation) -> UserId {
    let create = create_by_hand(&simulation.sim, &simulation.instance, USERNAME, "Basic", "Agent");
    let Ok(Reply::CreateUser(created)) = simulation.sim.client().call_now(create.into()) else { panic!("it cannot be created") };
    created.id
}

/// Runs a pass until it has written a conflict into the status, and still has to publish its Event.
fn run_until_conflict(simulation: &mut Simulation) {
    simulation.sync(0);
    let in_conflict = |simulation: &Simulation| {
        let status = simulation.object().and_then(|object| object.status).unwrap_or_default();
        status.conditions.iter().any(|condition| condition.reason == "Conflict")
    };
    for _ in 0..100 {
        if in_conflict(simulation) {
            return assert!(simulation.is_running(0), "{:?}", simulation.schedule.lock().unwrap().log);
        }
        simulation.step(0);
    }
    panic!("no conflict: {:?}", simulation.schedule.lock().unwrap().log);
}

#[test]
fn wake_up_at_the_end_of_a_pass_starts_another_soon() {
    let mut simulation = Simulation::new(Setup::default(), 1);
    let user = foreign_user(&simulation);
    simulation.apply(first(&simulation.sim));
    run_until_conflict(&mut simulation);

    // The pass has seen the foreign user; meanwhile the username becomes free, or the configuration allows the instance.
    let delete = DeleteUser { instance: simulation.instance.clone(), user };
    simulation.sim.client().call_now(Call::DeleteUser(delete)).unwrap();
    simulation.wake(0);
    let woken = simulation.sim.now();
    simulation.run_until("created", Simulation::is_ready);
    assert!(simulation.sim.now() < woken + Duration::from_secs(60), "by {}, woken at {woken}", simulation.sim.now());
    simulation.assert_converged();
}
