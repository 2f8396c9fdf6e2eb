//! A client that reads each user, as operators without sweeps do.

use std::{cell::RefCell, collections::VecDeque, time::Duration};

use connect_api::{Caller, Class, ConnectExt, DescribeUser, Limiter, Priority, Quotas, UserId};
use futures::future::join_all;

use super::SECOND;
use crate::{Agent, Fleet, Setup, in_virtual_time, operator::tokio_now};

/// The result of one read of each user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NaiveReport {
    /// DescribeUser calls, including throttled ones.
    pub calls: usize,
    /// The throttled calls.
    pub throttled: usize,
    /// The time that it took.
    pub took: Duration,
}

/// The workers of a controller that reads each user.
const WORKERS: usize = 8;

/// Reads each user of a fleet of this size with DescribeUser. It uses the operator's own limiter, which avoids throttles: this is the
/// minimum cost.
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
        NaiveReport { calls: count(describes.total()), throttled: count(describes.failed), took: fleet.elapsed() - began }
    })
}
