//! The inventory against the simulator, with its calls counted.

use std::{
    future::Future,
    task::{Context, Poll, Waker},
    time::Duration,
};

use connect_api::{Call, Caller, Class, Connect, OperationName, OperationName as Op, Priority, Reply};
use connect_sim::{Config, Effect, Fault, InstanceConfig, Sim, Throttling};
use futures::{executor::block_on, future::BoxFuture};

use super::*;
use crate::plan::ReferenceKind::{HierarchyGroup, RoutingProfile, SecurityProfile};

struct Fixture {
    sim: Sim,
    instance: Arn,
    inventory: Inventory,
}

/// An hour of uptime, so that no time is near zero by accident.
const START: u64 = 3600;

fn fixture(page_limit: Option<usize>) -> Fixture {
    let instance = |id: &str| InstanceConfig {
        routing_profiles: ["Basic", "Night", "Sales"].map(Into::into).into(),
        hierarchy_groups: ["/North/Hamburg", "/South/Hamburg", "/South/Munich"].map(Into::into).into(),
        ..InstanceConfig::new(id)
    };
    let instances = vec![instance("11111111-aaaa-4bbb-8ccc-000000000001"), instance("11111111-aaaa-4bbb-8ccc-000000000002")];
    let sim = Sim::new(Config { page_limit, throttling: Throttling::off(), instances, ..Config::manual() }).unwrap();
    let instance = sim.instances()[0].arn.parse().unwrap();
    Fixture { sim, instance, inventory: Inventory::default() }
}

impl Fixture {
    /// Reads names that are at most `at_most` seconds old, at a second after the start.
    fn read(&self, second: u64, at_most: u64, wanted: &[(ReferenceKind, &str)]) -> Result<Found, Error> {
        let (client, now) = (self.sim.client(), Duration::from_secs(START + second));
        let oldest = now - Duration::from_secs(at_most);
        let query = Query { connect: &client, priority: Priority::Backlog, instance: &self.instance, now, since: now, oldest };
        block_on(self.inventory.read(&query, &names(wanted)))
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

fn deferred_for(read: Result<Found, Error>) -> Duration {
    let error = read.unwrap_err();
    assert_eq!(error.class, Class::Deferred);
    error.retry_after.unwrap()
}

#[test]
fn one_read_serves_all_callers_and_only_wanted_kinds_are_read() {
    let fixture = fixture(None);
    for second in 0..20 {
        fixture.read(second, HOUR, &[SALES, &[(SecurityProfile, "Agent")]].concat()).unwrap();
    }
    assert_eq!(fixture.sim.calls().total(), 2);
    assert_eq!((fixture.calls(Op::ListRoutingProfiles), fixture.calls(Op::ListSecurityProfiles)), (1, 1));
}

#[test]
fn each_instance_has_its_own_names() {
    let mut fixture = fixture(None);
    let first = fixture.read(0, HOUR, SALES).unwrap();
    fixture.instance = fixture.sim.instances()[1].arn.parse().unwrap();
    let second = fixture.read(0, HOUR, SALES).unwrap();
    assert_ne!(first.catalogs, second.catalogs);
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn names_older_than_the_query_allows_are_read_again() {
    let fixture = fixture(None);
    assert_eq!(fixture.read(0, 300, SALES).unwrap().read_at, Duration::from_secs(START));
    assert_eq!(fixture.read(300, 300, SALES).unwrap().read_at, Duration::from_secs(START));
    assert_eq!(fixture.read(301, 300, SALES).unwrap().read_at, Duration::from_secs(START + 301));
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn names_are_never_read_again_within_the_refresh_interval() {
    let fixture = fixture(None);
    for second in [0, 3, 9] {
        assert_eq!(fixture.read(second, 0, SALES).unwrap().read_at, Duration::from_secs(START));
    }
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 1);
    assert_eq!(fixture.read(10, 0, SALES).unwrap().read_at, Duration::from_secs(START + 10));
}

#[test]
fn invalidated_names_are_read_again_after_the_refresh_interval() {
    let fixture = fixture(None);
    fixture.read(0, HOUR, SALES).unwrap();
    fixture.inventory.invalidate(&fixture.instance, RoutingProfile);
    fixture.read(9, HOUR, SALES).unwrap();
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 1);
    for second in 10..15 {
        fixture.read(second, HOUR, SALES).unwrap();
    }
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 2);
}

#[test]
fn interrupted_read_changes_nothing_and_resumes() {
    let fixture = fixture(Some(1));
    let before = fixture.read(0, HOUR, SALES).unwrap().catalogs;
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 3);
    fixture.sim.create_routing_profile(&fixture.instance.instance, "Weekend");
    fixture.sim.reset_calls();

    let fault = Fault { skip: 2, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) };
    fixture.sim.inject(fault);
    assert_eq!(fixture.read(20, 5, SALES).unwrap_err().class, Class::Transient);
    assert_eq!(fixture.read(20, HOUR, SALES).unwrap().catalogs, before);
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 3);
    let after = fixture.read(23, 5, SALES).unwrap();
    assert_ne!(after.catalogs, before);
    // The age is that of the first page.
    assert_eq!(after.read_at, Duration::from_secs(START + 20));
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 5, "four pages, one of them read twice");
}

#[test]
fn rejected_page_token_restarts_the_read() {
    let fixture = fixture(Some(1));
    fixture.sim.inject(Fault { skip: 1, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) });
    fixture.read(0, 0, SALES).unwrap_err();
    fixture.sim.advance(Duration::from_secs(25 * HOUR));
    assert_eq!(fixture.read(3, HOUR, SALES).unwrap_err().class, Class::Transient);
    fixture.sim.reset_calls();
    fixture.read(6, HOUR, SALES).unwrap();
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 3);
}

#[test]
fn read_with_old_pages_starts_over() {
    let fixture = fixture(Some(1));
    fixture.sim.inject(Fault { skip: 1, ..Fault::on(Op::ListRoutingProfiles, Effect::internal_error()) });
    fixture.read(0, 0, SALES).unwrap_err();
    fixture.sim.reset_calls();
    assert_eq!(fixture.read(61, HOUR, SALES).unwrap().read_at, Duration::from_secs(START + 61));
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 3);
}

#[test]
fn only_groups_that_a_path_may_mean_are_described_once_each() {
    let fixture = fixture(None);
    for second in 0..20 {
        fixture.read(second, HOUR, HAMBURG).unwrap();
    }
    assert_eq!((fixture.calls(Op::ListUserHierarchyGroups), fixture.calls(Op::DescribeUserHierarchyGroup)), (1, 2));
    fixture.read(20, HOUR, &[(HierarchyGroup, "/South/Munich")]).unwrap();
    assert_eq!((fixture.calls(Op::ListUserHierarchyGroups), fixture.calls(Op::DescribeUserHierarchyGroup)), (1, 3));
}

#[test]
fn path_is_described_again_only_if_a_group_was_renamed() {
    let fixture = fixture(None);
    let wanted = [HAMBURG, &[(HierarchyGroup, "/South/Munich")]].concat();
    let described = || fixture.calls(Op::DescribeUserHierarchyGroup);
    fixture.read(0, HOUR, &wanted).unwrap();
    assert_eq!(described(), 3);
    for second in [300, 600, 900] {
        fixture.read(second, 5, &wanted).unwrap();
    }
    assert_eq!((fixture.calls(Op::ListUserHierarchyGroups), described()), (4, 3), "nothing was renamed");

    // The parent of one Hamburg: the other and Munich are not described again.
    let instance = &fixture.instance.instance;
    let north = fixture.sim.hierarchy_group_id(instance, "/North").unwrap();
    fixture.sim.rename_hierarchy_group(instance, &north, "Far North");
    let (_, catalog) = fixture.read(1200, 5, &[(HierarchyGroup, "/Far North/Hamburg")]).unwrap().catalogs.remove(0);
    assert_eq!(described(), 4);
    assert!(catalog.unplaced("/Far North/Hamburg").is_empty());

    // A list does not show where a group is, so paths are described once a day.
    fixture.read(24 * HOUR + 1, 5, &wanted).unwrap();
    assert_eq!(described(), 6);
}

#[test]
fn near_groups_are_shown_with_their_paths() {
    let fixture = fixture(None);
    let (_, catalog) = fixture.read(0, HOUR, &[(HierarchyGroup, "/Suoth")]).unwrap().catalogs.remove(0);
    assert_eq!(fixture.calls(Op::DescribeUserHierarchyGroup), 1, "only the near one");
    let mut index = crate::plan::NameIndex::default();
    index.insert(HierarchyGroup, catalog);
    assert_eq!(index.near(HierarchyGroup, "/Suoth"), ["/South"]);
}

#[test]
fn rejected_id_makes_all_paths_doubtful() {
    let fixture = fixture(None);
    fixture.read(0, HOUR, HAMBURG).unwrap();
    fixture.inventory.invalidate(&fixture.instance, HierarchyGroup);
    fixture.read(20, HOUR, HAMBURG).unwrap();
    assert_eq!(fixture.calls(Op::DescribeUserHierarchyGroup), 4);
}

#[test]
fn path_of_a_group_is_kept_when_the_next_lookup_fails() {
    let fixture = fixture(None);
    fixture.sim.inject(Fault { skip: 1, ..Fault::on(Op::DescribeUserHierarchyGroup, Effect::internal_error()) });
    fixture.read(0, HOUR, HAMBURG).unwrap_err();
    fixture.read(3, HOUR, HAMBURG).unwrap();
    assert_eq!((fixture.calls(Op::ListUserHierarchyGroups), fixture.calls(Op::DescribeUserHierarchyGroup)), (1, 3));
}

#[test]
fn group_deleted_between_list_and_describe_is_absent() {
    let fixture = fixture(None);
    let (instance, munich) = (fixture.instance.instance.clone(), &[(HierarchyGroup, "/South/Munich")]);
    fixture.sim.after_next(Op::ListUserHierarchyGroups, move |sim| {
        let munich = sim.hierarchy_group_id(&instance, "/South/Munich").unwrap();
        sim.delete_hierarchy_group(&instance, &munich);
    });
    let (_, catalog) = fixture.read(0, HOUR, munich).unwrap().catalogs.remove(0);
    assert!(catalog.unplaced("/South/Munich").is_empty());
    fixture.read(1, HOUR, munich).unwrap();
    assert_eq!(fixture.sim.calls().total(), 2);
}

#[test]
fn failure_is_returned_only_to_queries_older_than_it() {
    let fixture = fixture(None);
    fixture.sim.deny([Op::ListRoutingProfiles]);
    let client = fixture.sim.client();
    let at = |now: u64, since: u64| {
        let (now, since) = (Duration::from_secs(START + now), Duration::from_secs(START + since));
        let (priority, instance) = (Priority::Sweep, &fixture.instance);
        let query = Query { connect: &client, priority, instance, now, since, oldest: Duration::ZERO };
        block_on(fixture.inventory.read(&query, &names(SALES))).unwrap_err().class
    };
    assert_eq!([at(5, 5), at(6, 4), at(6, 5)], [Class::Denied; 3]);
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 1);
    assert_eq!(at(6, 6), Class::Denied);
    assert_eq!(at(8, 0), Class::Denied);
    assert_eq!(fixture.calls(Op::ListRoutingProfiles), 3);
}

/// Never replies.
struct Silent;

impl Connect for Silent {
    fn send<'a>(&'a self, _: &'a Caller, _: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(futures::future::pending())
    }
}

#[test]
fn concurrent_read_is_deferred_and_a_dropped_one_unblocks() {
    let fixture = fixture(None);
    let now = Duration::from_secs(START);
    let (instance, priority) = (&fixture.instance, Priority::Edit);
    let query = Query { connect: &Silent, priority, instance, now, since: now, oldest: now };
    let wanted = names(SALES);
    let mut reading = Box::pin(fixture.inventory.read(&query, &wanted));
    assert!(matches!(reading.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    assert_eq!(deferred_for(fixture.read(0, HOUR, SALES)), Duration::from_secs(1));
    assert_eq!(fixture.sim.calls().total(), 0);
    drop(reading);
    fixture.read(0, HOUR, SALES).unwrap();
}

#[test]
fn list_of_users_is_kept_while_it_finds_users() {
    let fixture = fixture(None);
    let instance = &fixture.instance;
    let client = fixture.sim.client();
    fixture.sim.console().call_now(fixture.sim.new_user(&instance.instance, "jane").into()).unwrap();
    let find = |now: u64| {
        let (now, priority) = (Duration::from_secs(START + now), Priority::Backlog);
        let query = Query { connect: &client, priority, instance, now, since: now, oldest: Duration::ZERO };
        block_on(fixture.inventory.user_named(&query, "jane")).unwrap().unwrap();
        fixture.calls(Op::ListUsers)
    };
    assert_eq!([0, 599, 1100, 1699].map(find), [1, 1, 1, 1]);
    assert_eq!([2400, 2401].map(find), [2, 2]);
}

#[test]
fn profile_that_makes_administrators_is_read_once_a_day() {
    let fixture = fixture(None);
    let (client, id) = (fixture.sim.client(), &fixture.instance.instance);
    let editors = fixture.sim.create_security_profile(id, "Helpers");
    fixture.sim.set_permissions(id, &editors, ["Users.EditPermission"]);
    let agents = fixture.sim.security_profile_id(id, "Agent").unwrap();
    let administrating = |hour: u64| {
        let now = Duration::from_secs(START + hour * HOUR);
        let query =
            Query { connect: &client, priority: Priority::Sweep, instance: &fixture.instance, now, since: now, oldest: now };
        let all = [editors.clone(), agents.clone(), "that-was-deleted".into()].into();
        (block_on(fixture.inventory.administrating(&query, &all)).unwrap(), fixture.calls(Op::ListSecurityProfilePermissions))
    };
    assert_eq!(administrating(0), ([editors.clone()].into(), 3));
    fixture.sim.set_permissions(id, &editors, ["BasicAgentAccess"]);
    assert_eq!(administrating(23), ([editors.clone()].into(), 3));
    assert_eq!(administrating(24), ([].into(), 6));
}
