//! A sweep over a fleet with some drift, and the same work by a client that reads each user.

use std::{
    cell::RefCell,
    collections::{HashSet, VecDeque},
    time::Duration,
};

use connect_api::{
    Call, Caller, Class, ConnectExt, DescribeUser, Limiter, OperationName, Priority, Quotas, UpdateUserRoutingProfile, UserId,
};
use futures::future::join_all;

use super::{Calls, HOUR, MINUTE, SECOND};
use crate::{Agent, Fleet, Setup, agent::ROUTING_PROFILES, in_virtual_time, operator::tokio_now};

/// The result of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// The number of users.
    pub users: usize,
    /// The number of them that were changed at the console, between two sweeps.
    pub drifted: usize,
    /// Calls that read the whole instance, from the start of the sweep until all is corrected.
    pub batch_reads: Calls,
    /// Calls that read a user that drifted.
    pub reads_of_drifted: Calls,
    /// Calls that read others, each of which is read once per drift interval.
    pub reads_of_others: Calls,
    /// Calls that correct drift.
    pub repairs: Calls,
    /// The time from the drift until all is corrected, including the wait for the sweep. None: not within an hour.
    pub put_right_after: Option<Duration>,
    /// The time from the start of the sweep until all is corrected.
    pub put_right_after_sweep_began: Option<Duration>,
    /// Writes to Kubernetes.
    pub kubernetes_writes: u64,
    /// The violations.
    pub violations: Vec<String>,
}

/// Sweeps a fleet at the default interval, in which some routing profiles are changed right after the first sweep.
pub fn sweep(users: usize, drifted: usize) -> SweepReport {
    sweep_in(Setup::default(), users, drifted)
}

/// Does the same with another setup.
pub fn sweep_in(setup: Setup, users: usize, drifted: usize) -> SweepReport {
    in_virtual_time(async {
        let interval = setup.sweep_interval.unwrap_or(5 * MINUTE);
        let fleet = Fleet::new(setup);
        let agents = Agent::fleet("sales", users);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        // Between two sweeps.
        tokio::time::sleep(interval / 5).await;
        fleet.api().reset_requests();
        let (mark, drifted_at) = (fleet.journal().len(), fleet.elapsed());
        let changed = drift(&fleet, &agents, drifted);
        let as_wanted = |fleet: &Fleet| changed.iter().all(|(user, wanted, _)| routing_profile(fleet, user) == *wanted);
        // Comparing all users is slow, so it begins only when the corrections have been sent.
        let put_right = |fleet: &Fleet| {
            let calls = fleet.journal().counts(mark);
            calls.get(&OperationName::UpdateUserRoutingProfile).is_some_and(|made| *made >= drifted) && as_wanted(fleet)
        };
        let put_right_after = fleet.until(HOUR, put_right).await;
        fleet.settled(MINUTE).await;
        // The sweep may do more.
        tokio::time::sleep(10 * SECOND).await;
        let sent = fleet.journal().since(mark);
        let began = sent.iter().find(|call| call.operation == OperationName::SearchUsers).map(|call| call.at);
        let drifters = changed.iter().filter_map(|(_, _, uid)| uid.as_deref()).collect::<HashSet<_>>();
        let (mut batch_reads, mut reads_of_drifted, mut reads_of_others, mut repairs) =
            (Calls::new(), Calls::new(), Calls::new(), Calls::new());
        for call in sent.iter().filter(|call| began.is_some_and(|began| call.at >= began)) {
            let kind =
                match call.operation {
                    write if write.is_write() => &mut repairs,
                    OperationName::DescribeUser | OperationName::ListUserProficiencies => {
                        if drifters.contains(call.key.as_str()) { &mut reads_of_drifted } else { &mut reads_of_others }
                    }
                    _ => &mut batch_reads,
                };
            *kind.entry(call.operation).or_default() += 1;
        }
        let report = SweepReport {
            users,
            drifted,
            batch_reads,
            reads_of_drifted,
            reads_of_others,
            repairs,
            put_right_after,
            put_right_after_sweep_began: put_right_after.zip(began).map(|(after, began)| (drifted_at + after) - began),
            kubernetes_writes: fleet.api().writes(),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}

/// Gives a number of agents, evenly spread, the other routing profile at the console. Returns the users, the profile that they should
/// have, and the UIDs of their ConnectUsers.
fn drift(fleet: &Fleet, agents: &[Agent], count: usize) -> Vec<(UserId, String, Option<String>)> {
    let instance = &fleet.instance().id;
    // Agents of all kinds: a step of a hundred would choose only those with proficiencies.
    let chosen = (0..count).filter_map(|nth| agents.get(nth * agents.len() / count + nth % (agents.len() / count)));
    chosen
        .filter_map(|agent| {
            let resource = fleet.api().get(&agent.resource())?;
            let user: UserId = resource["status"]["userId"].as_str()?.into();
            let profile = |name: &str| fleet.sim().routing_profile_id(instance, name);
            let (own, other) = (agent.number % 2, 1 - agent.number % 2);
            let routing_profile_id = profile(ROUTING_PROFILES[other])?;
            let call = UpdateUserRoutingProfile { instance: instance.clone(), user: user.clone(), routing_profile_id };
            fleet.at_console(Call::UpdateUserRoutingProfile(call)).ok()?;
            let uid = resource["metadata"]["uid"].as_str().map(str::to_owned);
            Some((user, profile(ROUTING_PROFILES[own])?.as_str().to_owned(), uid))
        })
        .collect()
}

fn routing_profile(fleet: &Fleet, user: &UserId) -> String {
    let call = DescribeUser { instance: fleet.instance().id.clone(), user: user.clone() };
    match fleet.at_console(Call::DescribeUser(call)) {
        Ok(connect_api::Reply::DescribeUser(user)) => {
            user.routing_profile_id.map(|id| id.as_str().to_owned()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The result of one read of each user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NaiveReport {
    /// The number of users.
    pub users: usize,
    /// DescribeUser calls, including throttled ones.
    pub calls: usize,
    /// The throttled calls.
    pub throttled: usize,
    /// The time that it took.
    pub took: Duration,
}

/// The workers of a controller that reads each user.
const WORKERS: usize = 8;

/// Reads each user of a fleet of the same size with DescribeUser, as operators without sweeps do. It uses the operator's own limiter,
/// which avoids throttles: this is the minimum cost.
pub fn naive(users: usize) -> NaiveReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        fleet.seed(&Agent::fleet("sales", users)).await;
        let connect = Limiter::with_clock(fleet.stranger(), Quotas::default(), tokio_now);
        let ids = fleet.sim().users(&fleet.instance().id).into_iter().map(|user| user.user.id);
        let queue: RefCell<VecDeque<UserId>> = RefCell::new(ids.take(users).collect());
        let began = fleet.elapsed();
        let (connect, queue, instance) = (&connect, &queue, &fleet.instance().id);
        let worker = |nth: usize| async move {
            let caller = Caller::new(format!("worker {nth}"), Priority::Sweep);
            loop {
                let Some(user) = queue.borrow_mut().pop_front() else { return };
                let request = || DescribeUser { instance: instance.clone(), user: user.clone() };
                while let Err(error) = connect.call(&caller, request()).await {
                    if !matches!(error.class, Class::Deferred | Class::Throttled) {
                        break;
                    }
                    tokio::time::sleep(error.retry_after.unwrap_or(SECOND)).await;
                }
            }
        };
        join_all((0..WORKERS).map(worker)).await;
        let calls = fleet.sim().calls();
        let describes = calls.operations.get("DescribeUser").cloned().unwrap_or_default();
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        NaiveReport { users, calls: count(describes.total()), throttled: count(describes.failed), took: fleet.elapsed() - began }
    })
}
