//! Throttles, permissions, counters, the console and what happens in between.

use connect_api::{
    Class, ConnectExt, DeleteUser, DescribeUser, ListUsers, OperationName as Op, SearchUsers, UpdateUserRoutingProfile,
};
use connect_sim::{Config, Effect, Fault, Sim, Throttling};

use crate::support::*;

#[test]
fn each_operation_is_throttled_for_itself_and_recovers_with_time() {
    let sim = Sim::new(Config { throttling: Throttling::default(), ..config() }).unwrap();
    let creates = |tag: &str| (0..8).filter(|i| call(&sim, new_user(&sim, &format!("{tag}{i}"))).is_ok()).count();
    assert_eq!(creates("a"), 5);
    let error = call(&sim, new_user(&sim, "b")).unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (Class::Throttled, Some("ThrottlingException")));
    assert!(call(&sim, ListUsers { instance: instance(), max_results: 1, next_token: None }).is_ok());
    sim.advance(seconds(1));
    assert_eq!(creates("c"), 2);
    assert_eq!(sim.users(&instance()).len(), 7);
}

#[test]
fn a_throttled_call_uses_up_no_fault() {
    let sim = Sim::new(Config { throttling: Throttling::default(), ..config() }).unwrap();
    let request = || ListUsers { instance: instance(), max_results: 1, next_token: None };
    for _ in 0..5 {
        call(&sim, request()).unwrap();
    }
    sim.inject(Fault::on(Op::ListUsers, Effect::internal_error()));
    assert_eq!(call(&sim, request()).unwrap_err().class, Class::Throttled);
    sim.advance(seconds(1));
    assert_eq!(call(&sim, request()).unwrap_err().class, Class::Transient);
}

#[test]
fn denied_operations_say_so_until_they_are_allowed_again() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    sim.deny([Op::DeleteUser]);
    let delete = || call(&sim, DeleteUser { instance: instance(), user: user.clone() });
    let error = delete().unwrap_err();
    assert_eq!((error.class, error.status), (Class::Denied, Some(403)));
    let resource = format!("on resource: arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/{user}");
    assert!(error.message.contains("connect:DeleteUser") && error.message.contains(&resource), "{error}");
    assert!(describe(&sim, &user).is_ok());
    sim.deny([] as [Op; 0]);
    delete().unwrap();
}

#[test]
fn a_search_needs_the_permissions_that_aws_makes_it_depend_on() {
    let sim = sim();
    let search = || {
        let request = SearchUsers { instance: instance(), max_results: 1, next_token: None, username: None };
        call(&sim, request)
    };
    sim.deny([Op::ListUserProficiencies]);
    assert!(search().unwrap_err().message.contains("connect:ListUserProficiencies"));
    sim.deny([Op::DeleteUser]);
    assert!(search().is_ok());
}

#[test]
fn calls_are_counted_by_operation_and_outcome_and_creates_by_name() {
    let sim = sim();
    create(&sim, "jane");
    call(&sim, new_user(&sim, "jane")).unwrap_err();
    sim.inject(Fault::on(Op::CreateUser, Effect::LostReply));
    call(&sim, new_user(&sim, "joe")).unwrap_err();
    send(&sim, ListUsers { instance: instance(), max_results: 1, next_token: None }).unwrap();
    let calls = sim.calls();
    assert_eq!((calls.of(Op::CreateUser), calls.of("ListUsers"), calls.of(Op::DeleteUser)), (3, 1, 0));
    assert_eq!((calls.total(), calls.writes()), (4, 3));
    let creates = &calls.operations["CreateUser"];
    assert_eq!((creates.succeeded, creates.failed), (1, 2));
    assert_eq!(creates.errors["DuplicateResourceException"], 1);
    assert_eq!(creates.errors["NoReply"], 1);
    assert_eq!((calls.creates["jane"].attempts, calls.creates["jane"].created), (2, 1));
    assert_eq!((calls.creates["joe"].attempts, calls.creates["joe"].created), (1, 1));
    sim.reset_calls();
    assert_eq!(sim.calls().total(), 0);
}

#[test]
fn the_console_is_neither_counted_nor_throttled_denied_or_hit_by_faults() {
    let sim = Sim::new(Config { throttling: Throttling::default(), ..config() }).unwrap();
    let user = create(&sim, "jane").id;
    sim.reset_calls();
    sim.deny([Op::UpdateUserRoutingProfile]);
    sim.inject(Fault::any(Effect::LostRequest).always());
    let routing_profile_id = sim.routing_profile_id(&instance(), "Sales").unwrap();
    let edit = UpdateUserRoutingProfile { instance: instance(), user, routing_profile_id: routing_profile_id.clone() };
    for _ in 0..20 {
        sim.console().call_now(edit.clone().into()).unwrap();
    }
    assert_eq!(sim.user(&instance(), "jane").unwrap().user.routing_profile_id, Some(routing_profile_id));
    assert_eq!(sim.calls().total(), 0);
}

#[test]
fn something_may_happen_right_after_a_call() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    let gone = user.clone();
    sim.after_next(Op::DescribeUser, move |sim| {
        sim.console().call_now(DeleteUser { instance: instance(), user: gone }.into()).unwrap();
    });
    assert!(describe(&sim, &user).is_ok());
    assert_eq!(refusal(describe(&sim, &user)), not_found());
    create(&sim, "jane");
}

#[test]
fn a_call_that_is_not_polled_does_nothing() {
    let sim = sim();
    let client = sim.client();
    let caller = connect_api::Caller::default();
    drop(client.call(&caller, new_user(&sim, "jane")));
    assert_eq!(sim.calls().total(), 0);
    drop(client.call(&caller, DescribeUser { instance: instance(), user: "x".into() }));
    assert_eq!(sim.users(&instance()), []);
}
