//! A full sweep over a fleet of which some have drifted, and the same done by a client that asks for each user.

use std::{cell::RefCell, collections::VecDeque, time::Duration};

use connect_api::{Call, Caller, Class, ConnectExt, DescribeUser, OperationName, UpdateUserRoutingProfile, UserId};
use futures::future::join_all;

use super::{Calls, HOUR, MINUTE, SECOND};
use crate::{Agent, Fleet, Setup, agent::ROUTING_PROFILES, in_virtual_time};

/// What a sweep came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// How many users there are.
    pub users: usize,
    /// How many of them were changed behind the operator's back, between two sweeps.
    pub drifted: usize,
    /// Calls that look: from the drift until all is put right.
    pub reads: Calls,
    /// Calls that put right.
    pub repairs: Calls,
    /// From the drift until all is put right, the wait for the sweep included. None: it was not, in an hour.
    pub put_right_after: Option<Duration>,
    /// From the start of the sweep until all is put right.
    pub put_right_after_sweep_began: Option<Duration>,
    /// Writes to Kubernetes.
    pub kubernetes_writes: u64,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

impl SweepReport {
    /// Calls of this operation that look.
    pub fn read(&self, operation: OperationName) -> usize {
        self.reads.get(&operation).copied().unwrap_or_default()
    }

    /// Calls that look at the fleet as a whole: all but those at one user.
    pub fn batch_reads(&self) -> usize {
        let single = [OperationName::DescribeUser, OperationName::ListUserProficiencies];
        self.reads.iter().filter(|(operation, _)| !single.contains(operation)).map(|(_, count)| count).sum()
    }
}

/// Sweeps a fleet, of which so many drift in their routing profile right after the first sweep.
pub fn sweep(users: usize, drifted: usize) -> SweepReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let agents = Agent::fleet("sales", users);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        tokio::time::sleep(MINUTE).await;
        fleet.api().reset_requests();
        let (mark, drifted_at) = (fleet.journal().len(), fleet.elapsed());
        let changed = drift(&fleet, &agents, drifted);
        let as_wanted = |fleet: &Fleet| changed.iter().all(|(user, wanted)| routing_profile(fleet, user) == *wanted);
        // Looking at so many users is not for nothing: it begins when the calls that put right are made.
        let put_right = |fleet: &Fleet| {
            let calls = fleet.journal().counts(mark);
            calls.get(&OperationName::UpdateUserRoutingProfile).is_some_and(|made| *made >= drifted) && as_wanted(fleet)
        };
        let put_right_after = fleet.until(HOUR, put_right).await;
        fleet.settled(MINUTE).await;
        // What else would the sweep have done?
        tokio::time::sleep(10 * SECOND).await;
        let sent = fleet.journal().since(mark);
        let began = sent.iter().find(|call| call.operation == OperationName::SearchUsers).map(|call| call.at);
        let (repairs, reads): (Calls, Calls) =
            fleet.journal().counts(mark).into_iter().partition(|(operation, _)| operation.is_write());
        let report = SweepReport {
            users,
            drifted,
            reads,
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

/// At the console, gives so many agents, evenly spread, the other routing profile. Gives the users with the one they should have.
fn drift(fleet: &Fleet, agents: &[Agent], count: usize) -> Vec<(UserId, String)> {
    let instance = &fleet.instance().id;
    let every = agents.len() / count.max(1);
    let chosen = agents.iter().step_by(every.max(1)).take(count);
    chosen
        .filter_map(|agent| {
            let resource = fleet.api().get(&agent.place())?;
            let user: UserId = resource["status"]["userId"].as_str()?.into();
            let profile = |name: &str| fleet.sim().routing_profile_id(instance, name);
            let (own, other) = (agent.number % 2, 1 - agent.number % 2);
            let routing_profile_id = profile(ROUTING_PROFILES[other])?;
            let call = UpdateUserRoutingProfile { instance: instance.clone(), user: user.clone(), routing_profile_id };
            fleet.at_console(Call::UpdateUserRoutingProfile(call)).ok()?;
            Some((user, profile(ROUTING_PROFILES[own])?.as_str().to_owned()))
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

/// What one round of looking at each user came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NaiveReport {
    /// How many users there are.
    pub users: usize,
    /// DescribeUser calls, those that were throttled included.
    pub calls: usize,
    /// How many were throttled.
    pub throttled: usize,
    /// How long the round took.
    pub took: Duration,
}

/// How often the SDK tries a call that is throttled, by default.
const ATTEMPTS: u32 = 3;
/// Workers of a controller that asks for each user.
const WORKERS: usize = 8;

/// Looks at each user of a fleet of the same size by a DescribeUser of its own, as operators do that know no sweep: a few workers,
/// the SDK's retries (three attempts, doubling from 1 s with full jitter), and back into the queue after that.
pub fn naive(users: usize) -> NaiveReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        fleet.seed(&Agent::fleet("sales", users)).await;
        let (connect, caller) = (fleet.stranger(), Caller::default());
        let ids = fleet.sim().users(&fleet.instance().id).into_iter().map(|user| user.user.id);
        let queue: RefCell<VecDeque<UserId>> = RefCell::new(ids.take(users).collect());
        let began = fleet.elapsed();
        let worker = || async {
            loop {
                let Some(user) = queue.borrow_mut().pop_front() else { return };
                for attempt in 0..ATTEMPTS {
                    let request = DescribeUser { instance: fleet.instance().id.clone(), user: user.clone() };
                    match connect.call(&caller, request).await {
                        Err(error) if error.class == Class::Throttled && attempt + 1 < ATTEMPTS => {
                            tokio::time::sleep(SECOND.mul_f64(f64::from(1 << attempt) * fastrand::f64())).await;
                        }
                        Err(error) if error.class == Class::Throttled => queue.borrow_mut().push_back(user.clone()),
                        _ => break,
                    }
                }
            }
        };
        join_all((0..WORKERS).map(|_| worker())).await;
        let calls = fleet.sim().calls();
        let describes = calls.operations.get("DescribeUser").cloned().unwrap_or_default();
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        NaiveReport { users, calls: count(describes.total()), throttled: count(describes.failed), took: fleet.elapsed() - began }
    })
}
