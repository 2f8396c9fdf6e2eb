//! What changes for a resource while a pass over it is under way, and no watch tells of.

use std::time::Duration;

use connect_api::{Call, CreateUser, DeleteUser, IdentityInfo, Password, Reply, UserId};

use crate::{
    specs::{PASSWORD, USERNAME, first},
    world::{Setting, World},
};

/// Somebody else's user of this name.
fn somebody(world: &World) -> UserId {
    let (sim, instance) = (&world.sim, world.instance.clone());
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
    let Ok(Reply::CreateUser(created)) = sim.client().call_now(Call::CreateUser(create)) else { panic!("it can be created") };
    created.id
}

/// Goes on until a pass has told of a conflict, and has its Event yet to publish.
fn until_it_has_told(world: &mut World) {
    world.sync(0);
    let told = |world: &World| {
        let status = world.object().and_then(|object| object.status).unwrap_or_default();
        status.conditions.iter().any(|condition| condition.reason == "Conflict")
    };
    for _ in 0..100 {
        if told(world) {
            return assert!(world.is_running(0), "{:?}", world.schedule.lock().unwrap().log);
        }
        world.step(0);
    }
    panic!("there is no conflict: {:?}", world.schedule.lock().unwrap().log);
}

#[test]
fn a_resource_that_is_woken_while_its_pass_ends_does_not_sleep_for_an_hour() {
    let mut world = World::new(Setting::default(), 1);
    let user = somebody(&world);
    world.apply(first(&world.sim));
    until_it_has_told(&mut world);

    // It has seen the user, and says so; meanwhile the username becomes free, or the configuration lets it in.
    let delete = DeleteUser { instance: world.instance.clone(), user };
    world.sim.client().call_now(Call::DeleteUser(delete)).unwrap();
    world.wake(0);
    let woken = world.sim.now();
    world.run_until("created", World::is_ready);
    assert!(world.sim.now() < woken + Duration::from_secs(60), "by {}, woken at {woken}", world.sim.now());
    world.check_converged();
    world.verdict().unwrap();
}
