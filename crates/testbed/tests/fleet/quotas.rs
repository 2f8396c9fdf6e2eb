//! Quotas that are shared with another tool, or exhausted.

use std::time::Duration;

use connect_api::{Caller, Class, ConnectExt, OperationName};
use testbed::{Agent, Fleet, ROUTING_PROFILES, SECURITY_PROFILES, Sent, Setup, create_by_hand, in_virtual_time};

use crate::{DAY, HOUR, MINUTE, end};

fn created(fleet: &Fleet, mark: usize) -> Vec<Sent> {
    let sent = fleet.journal().since(mark).into_iter();
    sent.filter(|call| call.operation == OperationName::CreateUser && call.error.is_none()).collect()
}

/// Returns the rate of these calls per second.
fn rate(calls: &[Sent]) -> f64 {
    let times = || calls.iter().map(|call| call.at);
    let lasted = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    (calls.len() - 1) as f64 / lasted.as_secs_f64()
}

/// Sends one CreateUser per second that fails, which counts for the rate: half of it.
async fn other_tool(fleet: &Fleet) {
    let (connect, caller, instance) = (fleet.stranger(), Caller::default(), &fleet.instance().id);
    loop {
        let call = create_by_hand(fleet.sim(), instance, "bystander-1", ROUTING_PROFILES[0], SECURITY_PROFILES[0]);
        connect.call(&caller, call).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(950)).await;
    }
}

#[test]
fn rate_recovers_after_another_tool_used_half_of_it() {
    let users = 600;
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let operator = fleet.start();
        (0..users).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        let in_sync = tokio::select! {
            settled = fleet.settled(DAY) => settled,
            () = other_tool(&fleet) => None,
        };
        assert!(in_sync.is_some());
        // Each throttle slows the operator down for a while, so there are few for each created user.
        let throttled = fleet.journal().failed(0, Class::Throttled);
        assert!(throttled <= 120, "{throttled}");
        let beside = rate(&created(&fleet, 0));
        assert!(beside >= 0.8, "{beside}");

        let mark = fleet.journal().mark();
        (users..2 * users).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        fleet.settled(DAY).await;
        let sent = created(&fleet, mark);
        let afterwards = rate(&sent[sent.len() / 2..]);
        assert!(afterwards >= 1.9, "{afterwards}");
        assert_eq!(fleet.journal().failed(mark, Class::Throttled), 0);
        end(&fleet, operator).await;
    });
}

#[test]
fn users_above_the_quota_stall_and_are_created_after_a_raise() {
    let (wanted, quota) = (700, 503);
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { users_quota: quota, ..Setup::default() });
        let room = quota - fleet.sim().users(&fleet.instance().id).len();
        let operator = fleet.start();
        (0..wanted).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        let decided = || {
            let tally = fleet.api().tally();
            (tally.in_sync, tally.stalled.get("QuotaExceeded").copied().unwrap_or_default())
        };
        fleet.until(DAY, |_| decided().0 + decided().1 == wanted).await;
        assert_eq!((room, decided()), (500, (500, 200)));

        tokio::time::sleep(MINUTE).await;
        let mark = fleet.journal().mark();
        tokio::time::sleep(HOUR).await;
        let calls = fleet.journal().counts(mark);
        // Each of 200 every ten minutes, with a search for a user of that name, and the sweeps.
        assert!(calls.values().sum::<usize>() <= 2 * 200 * 6 + 60, "{calls:?}");

        fleet.sim().set_users_quota(&fleet.instance().id, 10 * wanted);
        let in_sync = fleet.settled(DAY).await;
        assert!(in_sync.is_some_and(|after| after <= 15 * MINUTE), "{in_sync:?}");
        end(&fleet, operator).await;
    });
}
