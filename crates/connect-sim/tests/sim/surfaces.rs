//! The API and the console: throttles, permissions, counters and hooks.

use connect_api::{
    Class, ConnectExt, DeleteUser, DescribeUser, ListUsers, OperationName as Op, SearchUsers, UpdateUserRoutingProfile,
};
use connect_sim::{Config, Effect, Fault, Sim, Throttling};

use crate::support::*;

#[test]
fn a_throttled_call_does_not_use_up_a_fault() {
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
fn denied_operations_are_refused_until_allowed_again() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    sim.deny([Op::DeleteUser]);
    let delete = || call(&sim, DeleteUser { instance: instance(), user: user.clone() });
    let error = delete().unwrap_err();
    assert_eq!((error.class, error.status), (Class::Denied, Some(403)));
    let resource =
        format!("on resource: arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/{user}");
    assert!(error.message.contains("connect:DeleteUser") && error.message.contains(&resource), "{error}");
    assert!(describe(&sim, &user).is_ok());
    sim.deny([] as [Op; 0]);
    delete().unwrap();
}

#[test]
fn a_search_requires_its_dependent_permissions() {
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
fn calls_are_counted_by_operation_and_outcome() {
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
fn console_calls_are_not_counted_throttled_or_denied() {
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
fn a_hook_runs_right_after_its_call() {
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
fn a_call_without_a_poll_has_no_effect() {
    let sim = sim();
    let client = sim.client();
    let caller = connect_api::Caller::default();
    drop(client.call(&caller, new_user(&sim, "jane")));
    assert_eq!(sim.calls().total(), 0);
    drop(client.call(&caller, DescribeUser { instance: instance(), user: "x".into() }));
    assert_eq!(sim.users(&instance()), []);
}
