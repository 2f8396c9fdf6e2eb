//! Create, update and delete, with a crash or a failure before and after each call, alone and in pairs.

use std::time::Duration;

use connect_api::{DisassociateUserProficiencies, OperationName};
use connect_operator::api::ConnectUserSpec;
use connect_sim::Sim;
use kube::ResourceExt;
use testbed::world::{
    Fault, Lag, Mutation, Setup, Simulation, jane, secret,
    specs::{by_name, first, plainly_edited, second},
};

/// Creates, changes and deletes a user. Returns the number of calls.
pub fn live(setup: Setup) -> Result<u64, String> {
    live_by(setup, |_, spec| spec)
}

/// Does the same with names in place of ARNs.
fn live_by_name(setup: Setup) -> Result<u64, String> {
    live_by(setup, by_name)
}

fn live_by(setup: Setup, words: fn(&Sim, ConnectUserSpec) -> ConnectUserSpec) -> Result<u64, String> {
    let mut simulation = Simulation::new(setup, 1);
    simulation.apply(words(&simulation.sim, first(&simulation.sim)));
    simulation.run_until("created", Simulation::is_ready);
    simulation.check_converged();
    simulation.edit(words(&simulation.sim, second(&simulation.sim)));
    simulation.end();
    simulation.finish()
}

/// Creates a user and edits it before an operator has a reason to read it.
fn live_and_be_edited(setup: Setup) -> Result<u64, String> {
    let mut simulation = Simulation::with_user(setup);
    simulation.edit(plainly_edited(&simulation.sim));
    simulation.finish()
}

/// Creates and deletes a user whose password the operator generates.
fn live_with_a_generated_password(setup: Setup) -> Result<u64, String> {
    let mut simulation = Simulation::new(setup, 1);
    let spec = ConnectUserSpec { password_secret_ref: None, generate_password: Some(true), ..first(&simulation.sim) };
    simulation.apply(spec);
    simulation.run_until("created", Simulation::is_ready);
    simulation.check_converged();
    let secrets = simulation.store.lock().unwrap().secrets.clone();
    let made: Vec<_> = secrets.iter().filter_map(|(name, secret)| Some((name.name.clone(), secret.owner.clone()?))).collect();
    if made != [("jane-initial-password".to_owned(), simulation.object().unwrap().uid().unwrap())] {
        simulation.violated(format!("these Secrets were created: {made:?}"));
    }
    simulation.end();
    simulation.finish()
}

/// Deletes a user right after its creation or the first fault.
pub fn live_shortly(setup: Setup) -> Result<u64, String> {
    let mut simulation = Simulation::new(setup, 1);
    simulation.apply(first(&simulation.sim));
    simulation.sync(0);
    while simulation.is_runnable(0) && !simulation.had_fault() {
        simulation.step(0);
    }
    simulation.end();
    simulation.finish()
}

/// Runs every schedule of one fault, and of two, in every setup. Returns the number of schedules, or the first failure.
pub fn explore(life: fn(Setup) -> Result<u64, String>, mutation: Option<Mutation>, pairs: bool) -> Result<u64, String> {
    // Each lag has a thread, since there are many schedules.
    std::thread::scope(|scope| {
        let threads = Lag::ALL.map(|lag| scope.spawn(move || explore_with(lag, life, mutation, pairs)));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// The pairs of calls that are tried in one of the six setups. Every pair is tried in one of them; with `WORLD_PAIRS=all`, or where
/// a mutation must be noticed, in each.
struct Share(Option<u64>);

impl Share {
    const OF: u64 = 6;

    fn of(lag: Lag, travel: bool, mutation: Option<Mutation>) -> Self {
        let all = mutation.is_some() || std::env::var("WORLD_PAIRS").is_ok_and(|pairs| pairs == "all");
        let lag = Lag::ALL.iter().position(|other| *other == lag).unwrap();
        Self((!all).then(|| 2 * lag as u64 + u64::from(travel)))
    }

    fn has(&self, pair: u64) -> bool {
        self.0.is_none_or(|part| pair % Self::OF == part)
    }
}

fn explore_with(
    lag: Lag,
    life: fn(Setup) -> Result<u64, String>,
    mutation: Option<Mutation>,
    pairs: bool,
) -> Result<u64, String> {
    let mut schedules = 0;
    for travel in [false, true] {
        let share = Share::of(lag, travel, mutation);
        let setup = Setup { lag, travel, sweeps: travel, mutation, ..Setup::default() };
        let calls = life(setup.clone())?;
        for at in 0..calls {
            for fault in Fault::ALL {
                let one = Setup { faults: vec![(at, fault)], ..setup.clone() };
                let then = life(one.clone())?;
                schedules += 1;
                if !pairs || !matches!(fault, Fault::CrashBefore | Fault::CrashAfter | Fault::FailAfter) {
                    continue;
                }
                for second in (at + 1..then).filter(|second| share.has(at + second)) {
                    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::FailAfter] {
                        let mut two = one.clone();
                        two.faults.push((second, fault));
                        life(two)?;
                        schedules += 1;
                    }
                }
            }
        }
    }
    Ok(schedules)
}

#[test]
fn life_without_faults_costs_two_calls() {
    let mut simulation = Simulation::with_user(Setup::default());
    let calls = simulation.sim.calls();
    assert_eq!(calls.writes(), 2, "CreateUser and, for the proficiencies, one more: {calls:?}");
    assert_eq!(calls.total(), 2, "no reads: {calls:?}");
    assert_eq!(simulation.store.lock().unwrap().writes, 4, "finalizer, mark, id, done");
    simulation.check_converged();
    simulation.end();
    simulation.result().unwrap();
}

/// Makes an edit. Returns the number of reads of the user and of writes.
fn an_edit(sweeps: bool, before: impl FnOnce(&mut Simulation)) -> (u64, u64) {
    let mut simulation = Simulation::with_user(Setup { sweeps, ..Setup::default() });
    before(&mut simulation);
    simulation.sim.reset_calls();
    simulation.apply(plainly_edited(&simulation.sim));
    simulation.run_until("updated", Simulation::is_ready);
    let calls = simulation.sim.calls();
    simulation.assert_converged();
    (calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies), calls.writes())
}

#[test]
fn edit_of_a_recently_seen_user_costs_no_read() {
    // Routing profile, hierarchy group, two for tags, two for proficiencies.
    assert_eq!(an_edit(true, |_| {}), (0, 6));
    assert_eq!(an_edit(false, |_| {}), (2, 6), "without sweeps the user may have changed");
    assert_eq!(
        an_edit(true, |simulation| simulation.sim.advance(Duration::from_secs(601))),
        (2, 6),
        "the user may have changed since"
    );
}

/// The write of the status then meets another resourceVersion, and the old status does not show how the user is now.
#[test]
fn edit_that_is_reverted_while_it_is_made_is_undone() {
    for made in 1..=6 {
        let mut simulation = Simulation::with_user(Setup { sweeps: true, ..Setup::default() });
        simulation.sim.reset_calls();
        simulation.apply(plainly_edited(&simulation.sim));
        simulation.sync(0);
        while simulation.sim.calls().writes() < made {
            simulation.step(0);
        }
        simulation.apply(first(&simulation.sim));
        simulation.run_until("reverted", Simulation::is_ready);
        simulation.assert_converged();
    }
}

#[test]
fn edit_refused_because_of_a_stale_status_succeeds_after_a_read() {
    // A person removes a proficiency whose level the edit changes, which Connect then refuses.
    let (reads, writes) = an_edit(true, |simulation| {
        let request = DisassociateUserProficiencies {
            instance: simulation.instance.clone(),
            user: simulation.ours()[0].user.id.clone(),
            proficiencies: vec![simulation.ours()[0].proficiencies[0].key.clone()],
        };
        simulation.sim.console().call_now(request.into()).unwrap();
    });
    assert_eq!(reads, 2);
    assert_eq!(writes, 7, "the refused call is not repeated unchanged");
}

#[test]
fn one_fault_at_any_call_does_no_harm() {
    let schedules = [live, live_by_name, live_shortly, live_and_be_edited].map(|life| explore(life, None, false).unwrap());
    println!("{schedules:?} schedules of one fault");
}

#[test]
fn one_password_is_generated_despite_a_fault_at_any_call() {
    let schedules = explore(live_with_a_generated_password, None, false).unwrap();
    println!("{schedules} schedules of one fault");
}

/// Injects a fault into the first CreateUser and changes the password in the Secret before the next one. Returns whether the status
/// then says that the change was ignored.
fn change_the_secret_between_two_attempts(lag: Lag, fault: Fault) -> bool {
    let is_create = |call: &String| call.contains("CreateUser");
    let mut simulation = Simulation::new(Setup::default(), 1);
    simulation.apply(first(&simulation.sim));
    simulation.sync(0);
    while !simulation.schedule.lock().unwrap().log.iter().any(is_create) {
        simulation.step(0);
    }
    let at = u64::try_from(simulation.schedule.lock().unwrap().log.iter().position(is_create).unwrap()).unwrap();

    let mut simulation = Simulation::new(Setup { lag, faults: vec![(at, fault)], ..Setup::default() }, 1);
    simulation.apply(first(&simulation.sim));
    simulation.sync(0);
    while !simulation.had_fault() {
        simulation.step(0);
    }
    simulation.store.lock().unwrap().write_secret(&secret(), "password", "An0ther-Whistle");
    simulation.run_until("created", Simulation::is_ready);
    simulation.check_converged();
    simulation.check_secrecy();
    simulation.result().unwrap();
    let status = simulation.object().unwrap().status.unwrap();
    status.conditions.iter().any(|c| c.type_ == "PasswordChangeIgnored")
}

#[test]
fn password_of_a_lost_create_is_not_mistaken_for_a_later_one() {
    for (fault, ignored) in
        [(Fault::FailAfter, true), (Fault::CrashAfter, true), (Fault::FailBefore, false), (Fault::CrashBefore, false)]
    {
        for lag in Lag::ALL {
            assert_eq!(change_the_secret_between_two_attempts(lag, fault), ignored, "{lag:?} {fault:?}");
        }
    }
}

#[test]
fn two_faults_at_any_calls_do_no_harm() {
    let schedules = explore(live, None, true).unwrap() + explore(live_shortly, None, true).unwrap();
    println!("{schedules} schedules of one and two faults");
}

#[test]
fn each_mutation_is_noticed() {
    for mutation in [Mutation::NoTagsInCreate, Mutation::CleanUpByIdOnly, Mutation::NoMark, Mutation::MarkNotKept] {
        let noticed = explore(live, Some(mutation), false).and_then(|_| explore(live_shortly, Some(mutation), true));
        assert!(noticed.is_err(), "{mutation:?} goes unnoticed");
    }
}

/// Removes a resource by force and creates it again, while an operator still has the deleted one in its cache.
fn recreate_with_a_stale_cache(mutation: Option<Mutation>) -> Result<(), String> {
    let mut simulation = Simulation::new(Setup { mutation, ..Setup::default() }, 2);
    simulation.operators[1].frozen = true;
    simulation.apply(first(&simulation.sim));
    simulation.run_until("created", Simulation::is_ready);
    simulation.operators[0].frozen = true;
    simulation.delete();
    simulation.sync(1);
    simulation.store.lock().unwrap().strip_finalizers(&jane());
    simulation.apply(first(&simulation.sim));
    simulation.operators[0].frozen = false;
    simulation.run_until("adopted by the new resource", Simulation::is_ready);
    simulation.operators[1].frozen = false;
    while simulation.is_runnable(1) {
        simulation.step(1);
    }
    simulation.run_until("still ready", Simulation::is_ready);
    simulation.check_converged();
    simulation.result()
}

#[test]
fn stale_cache_does_not_delete_the_user_of_a_recreated_resource() {
    recreate_with_a_stale_cache(None).unwrap();
    assert!(recreate_with_a_stale_cache(Some(Mutation::NoFreshGet)).is_err(), "a missing fresh GET goes unnoticed");
}
