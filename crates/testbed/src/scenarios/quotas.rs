//! Quotas that are shared with another tool, or exhausted.

use std::time::Duration;

use connect_api::{Caller, Class, ConnectExt, CreateUser, OperationName};

use super::{Calls, DAY, HOUR, MINUTE, SECOND};
use crate::{
    Agent, Fleet, Sent, Setup,
    agent::{ROUTING_PROFILES, SECURITY_PROFILES},
    in_virtual_time, most_within,
};

/// The result of a rate limit that another tool uses too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedReport {
    /// The number of ConnectUsers that were applied beside the other tool; as many again after it had stopped.
    pub users: usize,
    /// The time until all were in sync. None: not within a day.
    pub in_sync_after: Option<Duration>,
    /// Calls of the operator that were throttled meanwhile.
    pub throttled: usize,
    /// CreateUser calls of the other tool, and how many of them were throttled.
    pub others: (u64, u64),
    /// Users created per second, meanwhile.
    pub rate_beside: f64,
    /// The same for the second half of those that were applied after the other tool had stopped.
    pub rate_afterwards: f64,
    /// Calls of the operator that were throttled after the other tool had stopped.
    pub throttled_afterwards: usize,
    /// The violations.
    pub violations: Vec<String>,
}

/// Returns the rate of these calls per second.
fn rate(calls: &[Sent]) -> f64 {
    let times = || calls.iter().map(|call| call.at);
    let lasted = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "no fleet has 2^52 users")]
    let sent = calls.len().saturating_sub(1) as f64;
    sent / lasted.as_secs_f64().max(1e-9)
}

fn created(fleet: &Fleet, mark: usize) -> Vec<Sent> {
    let sent = fleet.journal().since(mark).into_iter();
    sent.filter(|call| call.operation == OperationName::CreateUser && call.error.is_none()).collect()
}

/// Creates users while another tool sends one CreateUser per second: half of the rate.
pub fn shared_quota(users: usize) -> SharedReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let operator = fleet.start();
        (0..users).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        let both = async {
            tokio::select! {
                settled = fleet.settled(DAY) => settled,
                () = other_tool(&fleet) => None,
            }
        };
        let in_sync_after = both.await;
        let all = fleet.sim().calls().operations.get("CreateUser").cloned().unwrap_or_default();
        let ours = fleet.journal().counts(0).get(&OperationName::CreateUser).copied().unwrap_or_default() as u64;
        let throttled = fleet.journal().failed(0, Class::Throttled);
        let all_throttled = all.errors.get("ThrottlingException").copied().unwrap_or_default();
        let mut report = SharedReport {
            users,
            in_sync_after,
            throttled,
            others: (all.total() - ours, all_throttled - throttled as u64),
            rate_beside: rate(&created(&fleet, 0)),
            ..SharedReport::default()
        };
        let mark = fleet.journal().len();
        (0..users).for_each(|number| _ = fleet.apply(&Agent::plain("sales", users + number)));
        fleet.settled(DAY).await;
        let sent = created(&fleet, mark);
        report.rate_afterwards = rate(&sent[sent.len() / 2..]);
        report.throttled_afterwards = fleet.journal().failed(mark, Class::Throttled);
        report.violations = fleet.violations();
        operator.stop().await;
        report
    })
}

/// Sends one CreateUser per second that fails, which counts for the rate.
async fn other_tool(fleet: &Fleet) {
    let (connect, caller, instance) = (fleet.stranger(), Caller::default(), &fleet.instance().id);
    let sim = fleet.sim();
    let (Some(routing_profile_id), Some(security)) =
        (sim.routing_profile_id(instance, ROUTING_PROFILES[0]), sim.security_profile_id(instance, SECURITY_PROFILES[0]))
    else {
        return;
    };
    loop {
        let call = CreateUser {
            instance: instance.clone(),
            username: "bystander-1".into(),
            password: None,
            identity_info: None,
            phone_config: None,
            channel_configs: Default::default(),
            directory_user_id: None,
            security_profile_ids: [security.clone()].into(),
            routing_profile_id: routing_profile_id.clone(),
            hierarchy_group_id: None,
            tags: Default::default(),
        };
        _ = connect.call(&caller, call).await;
        tokio::time::sleep(SECOND - Duration::from_millis(50)).await;
    }
}

/// The result of more ConnectUsers than the users quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsersQuotaReport {
    /// The number of ConnectUsers that were applied.
    pub wanted: usize,
    /// The number of users within the quota.
    pub quota: usize,
    /// The number of users that were created.
    pub created: usize,
    /// The number of ConnectUsers that are Stalled with QuotaExceeded.
    pub stalled: usize,
    /// The time until each of them was created or Stalled. None: not within a day.
    pub decided_after: Option<Duration>,
    /// Calls to Connect in the hour after that, sweeps included.
    pub calls_in_an_hour: Calls,
    /// The most calls within 10 s of that hour.
    pub most_calls_in_10_s: usize,
    /// Writes to Kubernetes in that hour.
    pub writes_in_an_hour: u64,
    /// The time from the increase of the quota until all were in sync. None: not within a day.
    pub in_sync_after_raise: Option<Duration>,
    /// The violations.
    pub violations: Vec<String>,
}

/// Applies more ConnectUsers than the quota allows, waits for an hour, and raises the quota.
pub fn users_quota(wanted: usize, quota: usize) -> UsersQuotaReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { users_quota: quota, ..Setup::default() });
        let room = quota - fleet.sim().users(&fleet.instance().id).len();
        let operator = fleet.start();
        (0..wanted).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        let stalled = |fleet: &Fleet| fleet.api().tally().stalled.get("QuotaExceeded").copied().unwrap_or_default();
        let decided_after = fleet.until(DAY, |fleet| fleet.api().tally().in_sync + stalled(fleet) == wanted).await;
        let mut report = UsersQuotaReport {
            wanted,
            quota: room,
            created: fleet.api().tally().in_sync,
            stalled: stalled(&fleet),
            decided_after,
            ..UsersQuotaReport::default()
        };
        tokio::time::sleep(MINUTE).await;
        let mark = fleet.journal().len();
        fleet.api().reset_requests();
        tokio::time::sleep(HOUR).await;
        report.calls_in_an_hour = fleet.journal().counts(mark);
        report.most_calls_in_10_s = most_within(&fleet.journal().since(mark), 10 * SECOND);
        report.writes_in_an_hour = fleet.api().writes();
        fleet.sim().set_users_quota(&fleet.instance().id, 10 * wanted);
        report.in_sync_after_raise = fleet.settled(DAY).await;
        report.violations = fleet.violations();
        operator.stop().await;
        report
    })
}
