//! A sweep over a fleet with some drift, and a client that reads each user.

use std::{collections::HashSet, time::Duration};

use connect_api::{DescribeUser, OperationName as Op, Quota, Quotas, UpdateUserRoutingProfile, UserId};
use connect_sim::{Rate, Throttling};
use testbed::{Agent, Fleet, ROUTING_PROFILES, Setup, at_console, in_virtual_time, scenarios, size};

use crate::{HOUR, MINUTE, end, pages};

/// An agent whose routing profile was changed at the console.
struct Drifted {
    agent: Agent,
    user: UserId,
    /// The UID of its ConnectUser.
    uid: String,
}

/// Gives a number of agents, evenly spread, the other routing profile at the console.
fn drift(fleet: &Fleet, agents: &[Agent], count: usize) -> Vec<Drifted> {
    // Agents of all kinds: a step of a hundred would choose only those with proficiencies.
    let chosen = (0..count).map(|nth| &agents[nth * agents.len() / count + nth % (agents.len() / count)]);
    let instance = &fleet.instance().id;
    let drifted = chosen.map(|agent| {
        let resource = fleet.api().get(&agent.resource()).unwrap();
        let user: UserId = resource["status"]["userId"].as_str().unwrap().into();
        let other = ROUTING_PROFILES[1 - agent.number % 2];
        let routing_profile_id = fleet.sim().routing_profile_id(instance, other).unwrap();
        let call = UpdateUserRoutingProfile { instance: instance.clone(), user: user.clone(), routing_profile_id };
        at_console(fleet.sim(), call).unwrap();
        Drifted { agent: agent.clone(), user, uid: resource["metadata"]["uid"].as_str().unwrap().to_owned() }
    });
    drifted.collect()
}

fn is_put_right(fleet: &Fleet, drifted: &Drifted) -> bool {
    let instance = &fleet.instance().id;
    let user = at_console(fleet.sim(), DescribeUser { instance: instance.clone(), user: drifted.user.clone() }).unwrap();
    user.routing_profile_id == fleet.sim().routing_profile_id(instance, ROUTING_PROFILES[drifted.agent.number % 2])
}

/// What a sweep cost besides one read and one correction of each user that has drifted.
struct Cost {
    /// Calls that read the whole instance.
    batch_reads: usize,
    /// Calls that read other users, each of which is read once per drift interval.
    reads_of_others: usize,
    /// The time from the drift until all was corrected, including the wait for the sweep.
    put_right_after: Duration,
}

/// Sweeps a fleet in which some routing profiles are changed right after the first sweep. Each is read once and corrected once.
fn sweep(setup: Setup, users: usize, count: usize) -> Cost {
    in_virtual_time(async {
        let interval = setup.sweep_interval.unwrap();
        let fleet = Fleet::new(setup);
        let agents = Agent::fleet("sales", users);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        // Between two sweeps.
        tokio::time::sleep(interval / 5).await;
        let mark = fleet.journal().mark();
        let drifted = drift(&fleet, &agents, count);
        // Comparing all users is slow, so it begins only when the corrections have been sent.
        let sent = |fleet: &Fleet| fleet.journal().counts(mark).get(&Op::UpdateUserRoutingProfile).copied().unwrap_or_default();
        let put_right = |fleet: &Fleet| sent(fleet) >= count && drifted.iter().all(|drifted| is_put_right(fleet, drifted));
        let put_right_after = fleet.until(HOUR, put_right).await.expect("all is corrected within an hour");
        fleet.settled(MINUTE).await;
        // The sweep may do more.
        tokio::time::sleep(Duration::from_secs(10)).await;

        let calls = fleet.journal().since(mark).into_iter().skip_while(|call| call.operation != Op::SearchUsers);
        let (reads, rest): (Vec<_>, Vec<_>) =
            calls.partition(|call| matches!(call.operation, Op::DescribeUser | Op::ListUserProficiencies));
        let (repairs, batch_reads): (Vec<_>, Vec<_>) = rest.into_iter().partition(|call| call.operation.is_write());
        let uids: HashSet<_> = drifted.iter().map(|drifted| &drifted.uid).collect();
        let (reads_of_drifted, reads_of_others): (Vec<_>, Vec<_>) = reads.into_iter().partition(|call| uids.contains(&call.key));
        let reads = reads_of_drifted.iter().filter(|call| call.operation == Op::DescribeUser).count();
        assert_eq!(reads, count);
        assert_eq!(repairs.len(), count);
        assert!(repairs.iter().all(|call| call.operation == Op::UpdateUserRoutingProfile), "{repairs:?}");
        end(&fleet, operator).await;
        Cost { batch_reads: batch_reads.len(), reads_of_others: reads_of_others.len(), put_right_after }
    })
}

#[test]
fn sweep_of_a_fleet_costs_its_pages_and_one_call_per_drift() {
    let users = size(2_000, 10_000);
    let cost = sweep(Setup::default(), users, 100);
    assert!(cost.batch_reads <= pages(users), "{}", cost.batch_reads);
    // In a minute, few users reach their drift interval.
    assert!(cost.reads_of_others <= 20, "{}", cost.reads_of_others);

    let naive = scenarios::naive(users);
    println!("{naive:#?}");
    assert_eq!((naive.calls, naive.throttled), (users, 0));
}

/// Reading the drifted users takes longer than the interval: the next sweeps see some as they were before the correction.
#[test]
fn user_corrected_during_a_sweep_is_not_read_again() {
    let cost = sweep(Setup { sweep_interval: Some(Duration::from_secs(20)), ..Setup::default() }, 3_000, 100);
    assert!(cost.put_right_after > Duration::from_secs(40), "several sweeps: {:?}", cost.put_right_after);
}

/// Reads are fast and corrections slow: a user that waits for its correction is not read again.
#[test]
fn user_waiting_for_its_correction_is_not_read_again() {
    let reads = [Op::DescribeUser, Op::ListUserProficiencies];
    let operations = reads.map(|op| (op.as_str().to_owned(), Rate { per_second: 10.0, burst: 10 })).into();
    let by_operation = reads.map(|op| (op, Quota { rate: 10.0, burst: 10.0 })).into();
    let setup = Setup {
        throttling: Throttling { operations, ..Throttling::default() },
        quotas: Some(Quotas { by_operation, ..Quotas::default() }),
        ..Setup::default()
    };
    sweep(setup, 1_000, 100);
}

/// A path is one call, so a sweep that read 400 of them would need minutes.
#[test]
fn sweep_reads_the_paths_of_renamed_hierarchy_groups_alone() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let (sim, instance) = (fleet.sim(), &fleet.instance().id);
        let sites: Vec<_> = (0..20).map(|site| sim.create_hierarchy_group(instance, None, &format!("Site {site}"))).collect();
        let spare = sim.create_hierarchy_group(instance, Some(&sites[9]), "Spare");
        for number in 0..size(100, 400) {
            let (site, team) = (number % 20, format!("Team {number}"));
            sim.create_hierarchy_group(instance, Some(&sites[site]), &team);
            let agent = Agent::plain("sales", number);
            let mut spec = fleet.spec(&agent);
            spec.as_object_mut().unwrap().remove("hierarchyGroupArn");
            spec["hierarchyGroupPath"] = format!("/Site {site}/{team}").into();
            fleet.apply(&agent);
            fleet.api().apply(&agent.resource(), spec);
        }
        let operator = fleet.start();
        assert!(fleet.settled(HOUR).await.is_some(), "{:?}", fleet.api().tally());
        let describes_until_the_next_sweep_ends = async || {
            let mark = fleet.journal().mark();
            operator.swept(HOUR, operator.sweeps() + 1).await;
            assert!(fleet.settled(HOUR).await.is_some());
            let counts = fleet.journal().counts(mark);
            assert_eq!(counts.get(&Op::ListUserHierarchyGroups), Some(&1), "{counts:?}");
            counts.get(&Op::DescribeUserHierarchyGroup).copied()
        };
        operator.swept(HOUR, operator.sweeps() + 1).await;
        assert_eq!(describes_until_the_next_sweep_ends().await, None);

        // A group that may be meant by a path from now on.
        fleet.sim().rename_hierarchy_group(instance, &spare, "Team 61");
        assert_eq!(describes_until_the_next_sweep_ends().await, Some(1));
        end(&fleet, operator).await;
    });
}

/// The passes have listed the users shortly before.
#[test]
fn change_after_a_takeover_is_found_by_the_next_sweep() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: Some(Duration::from_secs(10)), ..Setup::default() });
        let agents = Agent::fleet("sales", 20);
        fleet.seed(&agents).await;
        for agent in &agents {
            fleet.api().restore_bare(&agent.resource(), fleet.spec(agent));
        }
        let operator = fleet.start();
        assert!(fleet.settled(HOUR).await.is_some(), "{:?}", fleet.api().tally());
        operator.swept(HOUR, operator.sweeps() + 1).await;
        let before = operator.sweeps();
        let drifted = drift(&fleet, &agents, 1);
        assert!(fleet.until(HOUR, |fleet| is_put_right(fleet, &drifted[0])).await.is_some());
        // One may be under way, and SearchUsers lags behind.
        assert!(operator.sweeps() - before <= 3, "{} sweeps", operator.sweeps() - before);
        end(&fleet, operator).await;
    });
}
