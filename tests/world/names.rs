//! Names that are renamed, created or deleted, on a clock that the test moves.

use std::time::Duration;

use connect_api::OperationName;

use testbed::world::{
    Setup, Simulation,
    specs::{USERNAME, by_name, first},
};

/// Returns whether a condition contains these words.
fn says(words: &'static str) -> impl Fn(&Simulation) -> bool {
    move |simulation| {
        let conditions = simulation.object().and_then(|o| o.status).map(|status| status.conditions).unwrap_or_default();
        conditions.iter().any(|condition| condition.message.contains(words))
    }
}

fn created_by_name() -> Simulation {
    let simulation = Simulation::new(Setup::default(), 1);
    simulation.apply(by_name(&simulation.sim, first(&simulation.sim)));
    simulation
}

#[test]
fn refused_name_is_looked_up_again_before_the_next_attempt() {
    let mut simulation = created_by_name();
    let instance = simulation.instance.clone();
    simulation.sim.after_next(OperationName::ListRoutingProfiles, move |sim| {
        sim.delete_routing_profile(&instance, &sim.routing_profile_id(&instance, "Basic").unwrap());
    });
    simulation.run_until("refused", says("Routing profile not found"));
    let advice = "Check instanceArn, routingProfileName, securityProfileNames and hierarchyGroupPath";
    assert!(says(advice)(&simulation), "{:#?}", simulation.object().unwrap().status);
    simulation.run_until("unknown", says("routingProfileName \"Basic\" does not exist"));
    assert_eq!(simulation.sim.calls().creates[USERNAME].attempts, 1);

    simulation.sim.create_routing_profile(&simulation.instance, "Basic");
    simulation.run_until("created", Simulation::is_ready);
    simulation.assert_converged();
}

#[test]
fn name_created_after_it_was_missed_is_found_within_a_minute() {
    let mut simulation = created_by_name();
    let (instance, basic) = (&simulation.instance.clone(), |simulation: &Simulation| {
        simulation.sim.routing_profile_id(&simulation.instance, "Basic").unwrap()
    });
    simulation.run_until("created", Simulation::is_ready);
    let mut spec = by_name(&simulation.sim, first(&simulation.sim));
    spec.routing_profile_name = Some("Nights".into());
    simulation.sim.advance(Duration::from_secs(3));
    let asked = simulation.sim.now();
    simulation.apply(spec);
    simulation.run_until("missed", says("\"Nights\" does not exist"));
    simulation.sim.rename_routing_profile(instance, &basic(&simulation), "Nights");
    simulation.run_until("found", Simulation::is_ready);
    assert!(simulation.sim.now() < asked + Duration::from_secs(60), "by {}, asked at {asked}", simulation.sim.now());
    simulation.assert_converged();
}

#[test]
fn renamed_group_is_reported_and_the_user_is_left_as_it_is() {
    let mut simulation = created_by_name();
    simulation.run_until("created", Simulation::is_ready);
    let (instance, writes) = (simulation.instance.clone(), simulation.sim.calls().writes());
    let north = simulation.sim.hierarchy_group_id(&instance, "/North").unwrap();
    simulation.sim.rename_hierarchy_group(&instance, &north, "Nord");
    simulation.run_until("noticed", says("hierarchyGroupPath \"/North\" does not exist"));
    assert!(says("Near names: \"/Nord\"")(&simulation), "{:#?}", simulation.object().unwrap().status);
    assert_eq!(simulation.sim.calls().writes(), writes);

    simulation.sim.rename_hierarchy_group(&instance, &north, "North");
    simulation.run_until("renamed back", Simulation::is_ready);
    assert_eq!(simulation.sim.calls().writes(), writes);
    simulation.assert_converged();
}
