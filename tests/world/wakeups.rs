//! Wake-ups during a pass that no watch reports.

use std::time::Duration;

use connect_api::{Call, CreateUser, DeleteUser, IdentityInfo, Password, Reply, UserId};

use crate::{
    simulation::{Setup, Simulation},
    specs::{PASSWORD, USERNAME, first},
};

/// Creates a user of the same name by hand.
fn foreign_user(simulation: &Simulation) -> UserId {
    let (sim, instance) = (&simulation.sim, simulation.instance.clone());
    let name = |name: &str| Some(name.to_owned());
    let create = CreateUser {
        instance: instance.clone(),
        username: USERNAME.into(),
        password: Some(Password::new(PASSWORD)),
        identity_info: Some(IdentityInfo { first_name: name("Some"), last_name: name("Body"), ..IdentityInfo::default() }),
        phone_config: None,
        channel_configs: Default::default(),
        directory_user_id: None,
        security_profile_ids: [sim.security_profile_id(&instance, "Agent").unwrap()].into(),
        routing_profile_id: sim.routing_profile_id(&instance, "Basic").unwrap(),
        hierarchy_group_id: None,
        tags: Default::default(),
    };
    let Ok(Reply::CreateUser(created)) = sim.client().call_now(Call::CreateUser(create)) else { panic!("it cannot be created") };
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
    simulation.check_converged();
    simulation.result().unwrap();
}
