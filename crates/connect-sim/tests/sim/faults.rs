//! Faults, in-process.

use connect_api::{DeleteUser, Error, OperationName as Op};
use connect_sim::{Config, Effect, Fault, Sim};

use crate::support::*;

fn try_create(sim: &Sim, username: &str) -> Result<(), Error> {
    call(sim, new_user(sim, username)).map(drop)
}

#[test]
fn a_fault_applies_to_its_operation_and_user() {
    let sim = sim();
    let jane = create(&sim, "jane").id;
    let joe = create(&sim, "joe").id;
    sim.inject(Fault::on(Op::DeleteUser, Effect::internal_error()).about("JANE"));
    assert!(describe(&sim, &jane).is_ok());
    let delete = |user| call(&sim, DeleteUser { instance: instance(), user });
    delete(joe).unwrap();
    assert!(delete(jane.clone()).is_err());
    sim.inject(Fault::any(Effect::internal_error()).about(jane.as_str()));
    try_create(&sim, "jim").unwrap();
    assert!(describe(&sim, &jane).is_err());
    delete(jane).unwrap();
}

#[test]
fn a_create_is_about_its_username() {
    let sim = sim();
    sim.inject(Fault::any(Effect::LostRequest).about("joe"));
    try_create(&sim, "jane").unwrap();
    assert!(try_create(&sim, "joe").is_err());
}

#[test]
fn faults_apply_to_a_number_of_calls_after_others() {
    let sim = sim();
    sim.inject(Fault::on(Op::CreateUser, Effect::internal_error()).after(1).times(2));
    let outcomes: Vec<bool> = (0..5).map(|i| try_create(&sim, &format!("u{i}")).is_ok()).collect();
    assert_eq!(outcomes, [true, false, false, true, true]);
    sim.inject(Fault::on(Op::CreateUser, Effect::internal_error()).always());
    assert!((0..5).all(|i| try_create(&sim, &format!("v{i}")).is_err()));
    sim.clear_faults();
    try_create(&sim, "w").unwrap();
}

#[test]
fn probabilities_depend_on_the_seed() {
    let run = |seed| {
        let sim = Sim::new(Config { seed, ..config() }).unwrap();
        sim.inject(Fault::on(Op::CreateUser, Effect::internal_error()).with_probability(0.5));
        (0..40).map(|i| try_create(&sim, &format!("u{i}")).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let passed = run(1).iter().filter(|ok| **ok).count();
    assert!((10..30).contains(&passed), "{passed} of 40");
}

#[test]
fn invalid_faults_and_denials_panic() {
    let mistyped = Fault { operation: Some("CreateUsr".into()), ..Fault::any(Effect::LostReply) };
    let fine = Fault::any(Effect::Error { status: 200, code: None, message: String::new() });
    for (fault, reason) in [
        (mistyped, "CreateUsr is not a simulated operation"),
        (fine, "200 is not an error status"),
        (Fault::any(Effect::LostReply).with_probability(2.0), "2 is not a probability"),
    ] {
        let panic = std::panic::catch_unwind(|| sim().inject(fault)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    assert!(std::panic::catch_unwind(|| sim().deny(["CreateUsr"])).is_err());
}
