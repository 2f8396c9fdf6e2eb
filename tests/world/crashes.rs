//! Create, update and delete, with each call of theirs crashed before and after, failed before and after, alone and in pairs.

use std::time::Duration;

use connect_api::{DisassociateUserProficiencies, OperationName};
use connect_operator::api::ConnectUserSpec;
use connect_sim::Sim;
use kube::ResourceExt;

use crate::{
    door::Fault,
    mutation::Mutation,
    specs::{SECRET, by_name, first, plainly_edited, second},
    world::{Lag, Setting, World},
};

/// A user's life: created, changed, deleted. Returns how many calls it took.
pub fn live(setting: Setting) -> Result<u64, String> {
    live_by(setting, |_, spec| spec)
}

/// The same with names in place of ARNs.
fn live_by_name(setting: Setting) -> Result<u64, String> {
    live_by(setting, by_name)
}

fn live_by(setting: Setting, words: fn(&Sim, ConnectUserSpec) -> ConnectUserSpec) -> Result<u64, String> {
    let mut world = World::new(setting, 1);
    world.apply(words(&world.sim, first(&world.sim)));
    world.run_until("created", World::is_ready);
    world.check_converged();
    world.apply(words(&world.sim, second(&world.sim)));
    world.run_until("updated", World::is_ready);
    world.check_converged();
    world.delete();
    world.run_until("deleted", |w| w.object().is_none());
    world.check_gone();
    world.check_secrecy();
    world.verdict()?;
    let calls = world.schedule.lock().unwrap().calls;
    Ok(calls)
}

/// A user is created and then edited, before anybody had a reason to read it.
fn live_and_be_edited(setting: Setting) -> Result<u64, String> {
    let mut world = World::new(setting, 1);
    world.apply(first(&world.sim));
    world.run_until("created", World::is_ready);
    world.apply(plainly_edited(&world.sim));
    world.run_until("updated", World::is_ready);
    world.check_converged();
    world.check_secrecy();
    world.verdict()?;
    let calls = world.schedule.lock().unwrap().calls;
    Ok(calls)
}

/// The life of a user whose password the operator makes.
fn live_with_a_generated_password(setting: Setting) -> Result<u64, String> {
    let mut world = World::new(setting, 1);
    let spec = ConnectUserSpec { password_secret_ref: None, generate_password: Some(true), ..first(&world.sim) };
    world.apply(spec);
    world.run_until("created", World::is_ready);
    world.check_converged();
    let made = world.store.lock().unwrap().owned_secrets.clone();
    if made != [("jane-initial-password".to_owned(), world.object().unwrap().uid().unwrap())].into() {
        world.violated(format!("these Secrets were made: {made:?}"));
    }
    world.delete();
    world.run_until("deleted", |w| w.object().is_none());
    world.check_gone();
    world.check_secrecy();
    world.verdict()?;
    let calls = world.schedule.lock().unwrap().calls;
    Ok(calls)
}

/// A short life: created and deleted before anybody looked.
pub fn live_shortly(setting: Setting) -> Result<u64, String> {
    let mut world = World::new(setting, 1);
    world.apply(first(&world.sim));
    world.sync(0);
    // The deletion comes right after the first mishap, or after the creation.
    while world.is_runnable(0) && !world.had_mishap() {
        world.step(0);
    }
    world.delete();
    world.run_until("deleted", |w| w.object().is_none());
    world.check_gone();
    world.check_secrecy();
    world.verdict()?;
    let calls = world.schedule.lock().unwrap().calls;
    Ok(calls)
}

/// Every schedule of one mishap, and of two, in every setting; the first that fails.
pub fn explore(life: fn(Setting) -> Result<u64, String>, sabotage: Option<Mutation>, pairs: bool) -> Result<u64, String> {
    // Each lag in a thread of its own: there are many schedules.
    std::thread::scope(|scope| {
        let threads = Lag::ALL.map(|lag| scope.spawn(move || explore_with(lag, life, sabotage, pairs)));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Which pairs of calls are tried in one of the six settings. Every pair is tried in two of them, or, with `WORLD_PAIRS=all` or
/// where harm is to be noticed, in each.
struct Share(Option<u64>);

impl Share {
    const OF: u64 = 3;

    fn of(lag: Lag, travel: bool, sabotage: Option<Mutation>) -> Self {
        let all = sabotage.is_some() || std::env::var("WORLD_PAIRS").is_ok_and(|pairs| pairs == "all");
        let lag = Lag::ALL.iter().position(|other| *other == lag).unwrap();
        Self((!all).then(|| (lag as u64 + u64::from(travel)) % Self::OF))
    }

    fn has(&self, pair: u64) -> bool {
        self.0.is_none_or(|part| pair % Self::OF == part)
    }
}

fn explore_with(
    lag: Lag,
    life: fn(Setting) -> Result<u64, String>,
    sabotage: Option<Mutation>,
    pairs: bool,
) -> Result<u64, String> {
    let mut schedules = 0;
    for travel in [false, true] {
        let share = Share::of(lag, travel, sabotage);
        let setting = Setting { lag: Some(lag), travel, sweeps: travel, sabotage, ..Setting::default() };
        let calls = life(setting.clone())?;
        for at in 0..calls {
            for mishap in Fault::ALL {
                let one = Setting { mishaps: vec![(at, mishap)], ..setting.clone() };
                let then = life(one.clone())?;
                schedules += 1;
                if !pairs || !matches!(mishap, Fault::CrashBefore | Fault::CrashAfter | Fault::FailAfter) {
                    continue;
                }
                for second in (at + 1..then).filter(|second| share.has(at + second)) {
                    for mishap in [Fault::CrashBefore, Fault::CrashAfter, Fault::FailAfter] {
                        let mut two = one.clone();
                        two.mishaps.push((second, mishap));
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
fn a_life_without_mishaps_costs_what_it_must() {
    let mut world = World::new(Setting::default(), 1);
    world.apply(first(&world.sim));
    world.run_until("created", World::is_ready);
    let calls = world.sim.calls();
    assert_eq!(calls.writes(), 2, "CreateUser and, for the proficiencies, one more: {calls:?}");
    assert_eq!(calls.total(), 2, "and not a read: {calls:?}");
    assert_eq!(world.store.lock().unwrap().writes, 4, "finalizer, mark, id, done");
    world.check_converged();
    world.delete();
    world.run_until("deleted", |w| w.object().is_none());
    world.check_gone();
    world.verdict().unwrap();
}

/// How many reads of the user an edit costs, and how many writes.
fn an_edit(sweeps: bool, before: impl FnOnce(&mut World)) -> (u64, u64) {
    let mut world = World::new(Setting { sweeps, ..Setting::default() }, 1);
    world.apply(first(&world.sim));
    world.run_until("created", World::is_ready);
    before(&mut world);
    world.sim.reset_calls();
    world.apply(plainly_edited(&world.sim));
    world.run_until("updated", World::is_ready);
    let calls = world.sim.calls();
    world.check_converged();
    world.verdict().unwrap();
    (calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies), calls.writes())
}

#[test]
fn an_edit_of_a_user_that_was_seen_a_short_time_ago_costs_no_read() {
    // Routing profile, hierarchy group, two for tags, two for proficiencies.
    assert_eq!(an_edit(true, |_| {}), (0, 6));
    assert_eq!(an_edit(false, |_| {}), (2, 6), "without sweeps nobody knows what has become of it");
    assert_eq!(an_edit(true, |world| world.sim.advance(Duration::from_secs(601))), (2, 6), "it may have changed since");
}

/// The status that was to tell of it meets another resourceVersion, and what it had before is not how the user is now.
#[test]
fn an_edit_that_is_taken_back_while_it_is_made_is_undone() {
    for made in 1..=6 {
        let mut world = World::new(Setting { sweeps: true, ..Setting::default() }, 1);
        world.apply(first(&world.sim));
        world.run_until("created", World::is_ready);
        world.sim.reset_calls();
        world.apply(plainly_edited(&world.sim));
        world.sync(0);
        while world.sim.calls().writes() < made {
            world.step(0);
        }
        world.apply(first(&world.sim));
        world.run_until("taken back", World::is_ready);
        world.check_converged();
        world.verdict().unwrap();
    }
}

#[test]
fn what_is_refused_for_want_of_a_look_is_done_after_one() {
    // Somebody takes a proficiency away whose level the edit changes, which Connect then refuses.
    let (reads, writes) = an_edit(true, |world| {
        let request = DisassociateUserProficiencies {
            instance: world.instance.clone(),
            user: world.ours()[0].user.id.clone(),
            proficiencies: vec![world.ours()[0].proficiencies[0].key.clone()],
        };
        world.sim.console().call_now(request.into()).unwrap();
    });
    assert_eq!(reads, 2);
    assert_eq!(writes, 7, "the refused call is not made again as it was");
}

#[test]
fn one_mishap_at_any_call_does_no_harm() {
    let schedules = [live, live_by_name, live_shortly, live_and_be_edited].map(|life| explore(life, None, false).unwrap());
    println!("{schedules:?} schedules of one mishap");
}

#[test]
fn one_password_is_generated_whatever_call_meets_a_mishap() {
    let schedules = explore(live_with_a_generated_password, None, false).unwrap();
    println!("{schedules} schedules of one mishap");
}

/// The first CreateUser meets a mishap, and the Secret has another password before the next. Tells whether the resource says that
/// the user has not got that one.
fn change_the_secret_between_two_attempts(lag: Lag, mishap: Fault) -> bool {
    let is_create = |call: &String| call.contains("CreateUser");
    let mut world = World::new(Setting::default(), 1);
    world.apply(first(&world.sim));
    world.sync(0);
    while !world.schedule.lock().unwrap().log.iter().any(is_create) {
        world.step(0);
    }
    let at = u64::try_from(world.schedule.lock().unwrap().log.iter().position(is_create).unwrap()).unwrap();

    let mut world = World::new(Setting { lag: Some(lag), mishaps: vec![(at, mishap)], ..Setting::default() }, 1);
    world.apply(first(&world.sim));
    world.sync(0);
    while !world.had_mishap() {
        world.step(0);
    }
    world.store.lock().unwrap().change_secret(SECRET, "password", "An0ther-Whistle");
    world.run_until("created", World::is_ready);
    world.check_converged();
    world.check_secrecy();
    world.verdict().unwrap();
    let status = world.object().unwrap().status.unwrap();
    status.conditions.iter().any(|c| c.type_ == "PasswordChangeIgnored")
}

#[test]
fn the_password_that_a_lost_create_has_set_is_not_taken_for_a_later_one() {
    for (mishap, ignored) in
        [(Fault::FailAfter, true), (Fault::CrashAfter, true), (Fault::FailBefore, false), (Fault::CrashBefore, false)]
    {
        for lag in Lag::ALL {
            assert_eq!(change_the_secret_between_two_attempts(lag, mishap), ignored, "{lag:?} {mishap:?}");
        }
    }
}

#[test]
fn two_mishaps_at_any_calls_do_no_harm() {
    let schedules = explore(live, None, true).unwrap() + explore(live_shortly, None, true).unwrap();
    println!("{schedules} schedules of one and two mishaps");
}

#[test]
fn the_oracles_notice_each_ingredient_that_is_taken_out() {
    for sabotage in [Mutation::NoTagsInCreate, Mutation::CleanUpByIdOnly, Mutation::NoMark, Mutation::MarkNotKept] {
        let noticed = explore(live, Some(sabotage), false).and_then(|_| explore(live_shortly, Some(sabotage), true));
        assert!(noticed.is_err(), "{sabotage:?} goes unnoticed");
    }
}

/// A resource is forced away and made again, while an operator still holds its old, deleting self in the cache.
fn come_back(sabotage: Option<Mutation>) -> Result<(), String> {
    let mut world = World::new(Setting { sabotage, ..Setting::default() }, 2);
    world.operators[1].frozen = true;
    world.apply(first(&world.sim));
    world.run_until("created", World::is_ready);
    world.operators[0].frozen = true;
    world.delete();
    world.sync(1);
    world.store.lock().unwrap().strip_finalizers();
    world.apply(first(&world.sim));
    world.operators[0].frozen = false;
    world.run_until("taken up by its second self", World::is_ready);
    world.operators[1].frozen = false;
    while world.is_runnable(1) {
        world.step(1);
    }
    world.run_until("still ready", World::is_ready);
    world.check_converged();
    world.verdict()
}

#[test]
fn a_stale_cache_does_not_delete_the_user_of_a_resource_that_came_back() {
    come_back(None).unwrap();
    assert!(come_back(Some(Mutation::NoFreshGet)).is_err(), "taking the fresh GET out goes unnoticed");
}
