//! Names whose meaning changes, on a clock that the test moves.

use std::time::Duration;

use connect_api::OperationName;

use crate::{
    specs::{USERNAME, by_name, first},
    world::{Setting, World},
};

/// Whether some condition says this.
fn says(words: &'static str) -> impl Fn(&World) -> bool {
    move |world| {
        let conditions = world.object().and_then(|o| o.status).map(|status| status.conditions).unwrap_or_default();
        conditions.iter().any(|condition| condition.message.contains(words))
    }
}

fn world() -> World {
    let world = World::new(Setting::default(), 1);
    world.apply(by_name(&world.sim, first(&world.sim)));
    world
}

#[test]
fn a_name_that_connect_refused_is_looked_up_anew_before_it_is_tried_again() {
    let mut world = world();
    let instance = world.instance.clone();
    world.sim.after_next(OperationName::ListRoutingProfiles, move |sim| {
        sim.delete_routing_profile(&instance, &sim.routing_profile_id(&instance, "Basic").unwrap());
    });
    world.run_until("refused", says("Routing profile not found"));
    world.run_until("unknown", says("routingProfileName \"Basic\" does not exist"));
    assert_eq!(world.sim.calls().creates[USERNAME].attempts, 1);

    world.sim.create_routing_profile(&world.instance, "Basic");
    world.run_until("created", World::is_ready);
    world.check_converged();
    world.verdict().unwrap();
}

#[test]
fn what_is_made_a_moment_after_its_name_was_missed_is_found_without_the_long_wait() {
    let mut world = world();
    let (instance, basic) =
        (&world.instance.clone(), |world: &World| world.sim.routing_profile_id(&world.instance, "Basic").unwrap());
    world.run_until("created", World::is_ready);
    let mut spec = by_name(&world.sim, first(&world.sim));
    spec.routing_profile_name = Some("Nights".into());
    world.sim.advance(Duration::from_secs(3));
    let asked = world.sim.now();
    world.apply(spec);
    world.run_until("missed", says("\"Nights\" does not exist"));
    world.sim.rename_routing_profile(instance, &basic(&world), "Nights");
    world.run_until("found", World::is_ready);
    assert!(world.sim.now() < asked + Duration::from_secs(60), "by {}, asked at {asked}", world.sim.now());
    world.check_converged();
    world.verdict().unwrap();
}

#[test]
fn a_renaming_is_noticed_at_the_next_look_and_undone_by_nobody() {
    let mut world = world();
    world.run_until("created", World::is_ready);
    let (instance, writes) = (world.instance.clone(), world.sim.calls().writes());
    let north = world.sim.hierarchy_group_id(&instance, "/North").unwrap();
    world.sim.rename_hierarchy_group(&instance, &north, "Nord");
    world.run_until("noticed", says("hierarchyGroupPath \"/North\" does not exist"));
    assert_eq!(world.sim.calls().writes(), writes);

    world.sim.rename_hierarchy_group(&instance, &north, "North");
    world.run_until("named so again", World::is_ready);
    assert_eq!(world.sim.calls().writes(), writes);
    world.check_converged();
    world.verdict().unwrap();
}
