//! Against the simulator, with its calls counted.

use std::{
    future::Future,
    task::{Context, Poll, Waker},
};

use connect_api::{Call, Caller, Class, OperationName, OperationName as Op, Reply};
use connect_sim::{Config, Effect, Fault, InstanceConfig, Sim, Throttling};
use futures::{executor::block_on, future::BoxFuture};

use super::*;
use crate::plan::ReferenceKind::{HierarchyGroup, RoutingProfile, SecurityProfile};

struct World {
    sim: Sim,
    instance: Arn,
    inventory: Inventory,
}

/// An hour after the machine started, so that nothing is long ago by accident.
const START: u64 = 3600;

fn world(page_limit: Option<usize>) -> World {
    let instance = |id: &str| InstanceConfig {
        routing_profiles: ["Basic", "Night", "Sales"].map(Into::into).into(),
        hierarchy_groups: ["/North/Hamburg", "/South/Hamburg", "/South/Munich"].map(Into::into).into(),
        ..InstanceConfig::new(id)
    };
    let instances = vec![instance("i-1"), instance("i-2")];
    let sim = Sim::new(Config { page_limit, throttling: Throttling::off(), instances, ..Config::manual() }).unwrap();
    let instance = sim.instances()[0].arn.parse().unwrap();
    World { sim, instance, inventory: Inventory::default() }
}

impl World {
    /// Asks at a second after the start for names that are at most so many seconds old.
    fn ask(&self, second: u64, at_most: u64, wanted: &[(ReferenceKind, &str)]) -> Result<Found, Error> {
        let (client, now) = (self.sim.client(), Duration::from_secs(START + second));
        let oldest = now - Duration::from_secs(at_most);
        let ask = Query { connect: &client, priority: Priority::Backlog, instance: &self.instance, now, since: now, oldest };
        block_on(self.inventory.read(&ask, &names(wanted)))
    }

    fn calls(&self, operation: OperationName) -> u64 {
        self.sim.calls().of(operation)
    }
}

fn names(wanted: &[(ReferenceKind, &str)]) -> Wanted {
    let mut names = Wanted::new();
    for (kind, name) in wanted {
        names.entry(*kind).or_default().insert((*name).to_owned());
    }
    names
}

const SALES: &[(ReferenceKind, &str)] = &[(RoutingProfile, "Sales")];
const HAMBURG: &[(ReferenceKind, &str)] = &[(HierarchyGroup, "/North/Hamburg")];
const HOUR: u64 = 3600;

fn deferred(answer: Result<Found, Error>) -> Duration {
    let error = answer.unwrap_err();
    assert_eq!(error.class, Class::Deferred);
    error.retry_after.unwrap()
}

#[test]
fn one_read_serves_all_who_ask_and_only_what_is_asked_for_is_read() {
    let world = world(None);
    for second in 0..20 {
        world.ask(second, HOUR, &[SALES, &[(SecurityProfile, "Agent")]].concat()).unwrap();
    }
    assert_eq!(world.sim.calls().total(), 2);
    assert_eq!((world.calls(Op::ListRoutingProfiles), world.calls(Op::ListSecurityProfiles)), (1, 1));
}

#[test]
fn instances_have_names_of_their_own() {
    let mut world = world(None);
    let first = world.ask(0, HOUR, SALES).unwrap();
    world.instance = world.sim.instances()[1].arn.parse().unwrap();
    let second = world.ask(0, HOUR, SALES).unwrap();
    assert_ne!(first.catalogs, second.catalogs);
    assert_eq!(world.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn names_are_read_again_when_they_are_older_than_is_asked_for() {
    let world = world(None);
    assert_eq!(world.ask(0, 300, SALES).unwrap().read_at, Duration::from_secs(START));
    assert_eq!(world.ask(300, 300, SALES).unwrap().read_at, Duration::from_secs(START));
    assert_eq!(world.ask(301, 300, SALES).unwrap().read_at, Duration::from_secs(START + 301));
    assert_eq!(world.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn names_are_not_read_again_before_their_time_however_new_they_should_be() {
    let world = world(None);
    for second in [0, 3, 9] {
        assert_eq!(world.ask(second, 0, SALES).unwrap().read_at, Duration::from_secs(START));
    }
    assert_eq!(world.calls(Op::ListRoutingProfiles), 1);
    assert_eq!(world.ask(10, 0, SALES).unwrap().read_at, Duration::from_secs(START + 10));
}

#[test]
fn names_that_connect_did_not_know_are_read_again_as_soon_as_that_may_be() {
    let world = world(None);
    world.ask(0, HOUR, SALES).unwrap();
    world.inventory.doubt(&world.instance, RoutingProfile);
    world.ask(9, HOUR, SALES).unwrap();
    assert_eq!(world.calls(Op::ListRoutingProfiles), 1);
    for second in 10..15 {
        world.ask(second, HOUR, SALES).unwrap();
    }
    assert_eq!(world.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn a_walk_that_has_to_stop_changes_nothing_and_goes_on_where_it_was() {
    let world = world(Some(1));
    let before = world.ask(0, HOUR, SALES).unwrap().catalogs;
    assert_eq!(world.calls(Op::ListRoutingProfiles), 3);
    world.sim.create_routing_profile(&world.instance.instance, "Weekend");
    world.sim.reset_calls();

    let fault = Fault { skip: 2, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) };
    world.sim.inject(fault);
    assert_eq!(world.ask(20, 5, SALES).unwrap_err().class, Class::Transient);
    assert_eq!(world.ask(20, HOUR, SALES).unwrap().catalogs, before);
    assert_eq!(world.calls(Op::ListRoutingProfiles), 3);
    let after = world.ask(23, 5, SALES).unwrap();
    assert_ne!(after.catalogs, before);
    // Its first page is as old as it says.
    assert_eq!(after.read_at, Duration::from_secs(START + 20));
    assert_eq!(world.calls(Op::ListRoutingProfiles), 5, "four pages, one of them twice");
}

#[test]
fn a_page_token_that_is_refused_starts_the_walk_again() {
    let world = world(Some(1));
    world.sim.inject(Fault { skip: 1, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) });
    world.ask(0, 0, SALES).unwrap_err();
    world.sim.advance(Duration::from_secs(25 * HOUR));
    assert_eq!(world.ask(3, HOUR, SALES).unwrap_err().class, Class::Transient);
    world.sim.reset_calls();
    world.ask(6, HOUR, SALES).unwrap();
    assert_eq!(world.calls(Op::ListRoutingProfiles), 3);
}

#[test]
fn pages_that_are_too_old_are_not_gone_on_with() {
    let world = world(Some(1));
    world.sim.inject(Fault { skip: 1, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) });
    world.ask(0, 0, SALES).unwrap_err();
    world.sim.reset_calls();
    assert_eq!(world.ask(61, HOUR, SALES).unwrap().read_at, Duration::from_secs(START + 61));
    assert_eq!(world.calls(Op::ListRoutingProfiles), 3);
}

#[test]
fn of_groups_only_those_are_looked_up_that_may_be_meant_and_each_once() {
    let world = world(None);
    for second in 0..20 {
        world.ask(second, HOUR, HAMBURG).unwrap();
    }
    assert_eq!((world.calls(Op::ListUserHierarchyGroups), world.calls(Op::DescribeUserHierarchyGroup)), (1, 2));
    world.ask(20, HOUR, &[(HierarchyGroup, "/South/Munich")]).unwrap();
    assert_eq!((world.calls(Op::ListUserHierarchyGroups), world.calls(Op::DescribeUserHierarchyGroup)), (1, 3));
    // A group above it may have another name by then: with the list, the places are read anew.
    world.ask(60, 5, HAMBURG).unwrap();
    assert_eq!((world.calls(Op::ListUserHierarchyGroups), world.calls(Op::DescribeUserHierarchyGroup)), (2, 5));
}

#[test]
fn a_place_that_was_looked_up_is_kept_when_the_next_one_fails() {
    let world = world(None);
    world.sim.inject(Fault { skip: 1, ..Fault::on(Op::DescribeUserHierarchyGroup, Effect::internal_error()) });
    world.ask(0, HOUR, HAMBURG).unwrap_err();
    world.ask(3, HOUR, HAMBURG).unwrap();
    assert_eq!((world.calls(Op::ListUserHierarchyGroups), world.calls(Op::DescribeUserHierarchyGroup)), (1, 3));
}

#[test]
fn a_group_that_goes_between_two_calls_is_not_there() {
    let world = world(None);
    let (instance, munich) = (world.instance.instance.clone(), &[(HierarchyGroup, "/South/Munich")]);
    world.sim.after_next(Op::ListUserHierarchyGroups, move |sim| {
        let munich = sim.hierarchy_group_id(&instance, "/South/Munich").unwrap();
        sim.delete_hierarchy_group(&instance, &munich);
    });
    let (_, catalog) = world.ask(0, HOUR, munich).unwrap().catalogs.remove(0);
    assert!(catalog.unplaced("/South/Munich").is_empty());
    world.ask(1, HOUR, munich).unwrap();
    assert_eq!(world.sim.calls().total(), 2);
}

#[test]
fn a_failure_answers_those_who_asked_before_it_and_nobody_who_asks_later() {
    let world = world(None);
    world.sim.deny([Op::ListRoutingProfiles]);
    let client = world.sim.client();
    let at = |now: u64, since: u64| {
        let (now, since) = (Duration::from_secs(START + now), Duration::from_secs(START + since));
        let (priority, instance) = (Priority::Sweep, &world.instance);
        let ask = Query { connect: &client, priority, instance, now, since, oldest: Duration::ZERO };
        block_on(world.inventory.read(&ask, &names(SALES))).unwrap_err().class
    };
    assert_eq!([at(5, 5), at(6, 4), at(6, 5)], [Class::Denied; 3]);
    assert_eq!(world.calls(Op::ListRoutingProfiles), 1);
    assert_eq!(at(6, 6), Class::Denied);
    assert_eq!(at(8, 0), Class::Denied);
    assert_eq!(world.calls(Op::ListRoutingProfiles), 3);
}

/// Never answers.
struct Silent;

impl Connect for Silent {
    fn send<'a>(&'a self, _: &'a Caller, _: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(futures::future::pending())
    }
}

#[test]
fn while_somebody_reads_the_others_come_back_later_and_whoever_gives_up_leaves_the_way_free() {
    let world = world(None);
    let now = Duration::from_secs(START);
    let (instance, priority) = (&world.instance, Priority::Edit);
    let ask = Query { connect: &Silent, priority, instance, now, since: now, oldest: now };
    let wanted = names(SALES);
    let mut reading = Box::pin(world.inventory.read(&ask, &wanted));
    assert!(matches!(reading.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    assert_eq!(deferred(world.ask(0, HOUR, SALES)), Duration::from_secs(1));
    assert_eq!(world.sim.calls().total(), 0);
    drop(reading);
    world.ask(0, HOUR, SALES).unwrap();
}
