//! When a resource is due for a pass, and how long what was read stays good.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::{
    conditions::is_in_sync,
    context::Context,
    requests::{Request, reconcile_requested},
    spread::spread,
};
use crate::api::{ConnectUser, ManagementPolicy};

/// The longest drift interval for users of an instance whose sweeps cannot show every change, unless their resources set one.
const WITHOUT_SWEEPS: Duration = Duration::from_secs(600);

/// Returns the time for which a resource that failed is still left alone, unless people have asked something new of it.
pub(super) fn still_held(ctx: &Context, cached: &ConnectUser, uid: &str) -> Option<Duration> {
    let until = ctx.memory.of(uid, |m| m.back_off.held_until(&Request::of(cached)))?;
    until.checked_sub(ctx.clock.uptime()).filter(|left| !left.is_zero())
}

/// Returns the time for which a user that was seen in sync needs no pass.
pub(super) fn still_fresh(ctx: &Context, cached: &ConnectUser, uid: &str) -> Option<Duration> {
    let generation = cached.metadata.generation?;
    let status = cached.status.as_ref()?;
    if cached.metadata.deletion_timestamp.is_some() || reconcile_requested(cached).is_some() || !is_in_sync(status, generation) {
        return None;
    }
    // A person or a tool took it off.
    if cached.spec.management_policy == ManagementPolicy::Full && !cached.has_finalizer() {
        return None;
    }
    // Since the process started, there was no pass over it: if sweeps find changes, its status counts.
    let counts_by_status = ctx.settings.sweep_interval.is_some() && ctx.memory.of(uid, |m| m.freshness.is_unmet());
    if !counts_by_status && !ctx.memory.of(uid, |m| m.freshness.is_verified(generation)) {
        return None;
    }
    Some(until_read(ctx, cached)).filter(|left| !left.is_zero())
}

/// Returns the time until a user is due to be read on its own; zero if it is due. A sweep does not postpone this, since no list
/// shows every field.
pub(super) fn until_read(ctx: &Context, resource: &ConnectUser) -> Duration {
    let (uid, interval) = (resource.uid().unwrap_or_default(), drift_interval(ctx, resource));
    let due = match ctx.memory.of(&uid, |m| m.freshness.last_read) {
        Some(read) => read + interval,
        // The reads of a fleet are spread over the interval, by the time of day: so a process that does not live as long as the
        // interval still reads its share of all users.
        None => {
            let (uptime, time) = *ctx.started.lock();
            uptime + until_slot(time, interval, interval.mul_f64(spread(&uid, 1)))
        }
    };
    due.saturating_sub(ctx.clock.uptime())
}

/// Returns the drift interval of a resource, shortened by up to a tenth: users that were created at once are not read at once.
/// While sweeps fail, or show no times of changes, a long default is shortened.
fn drift_interval(ctx: &Context, resource: &ConnectUser) -> Duration {
    let own = resource.spec.drift_interval.as_ref().and_then(|text| text.parse::<SignedDuration>().ok());
    let interval = own.and_then(|own| Duration::try_from(own).ok()).unwrap_or_else(|| {
        let sweeps_fail = ctx.settings.sweep_interval.is_some() && !was_swept_lately(ctx, &resource.spec.instance_arn);
        let without_times = ctx.without_times.get(&resource.spec.instance_arn).unwrap_or_default();
        if sweeps_fail || without_times { ctx.settings.drift_interval.min(WITHOUT_SWEEPS) } else { ctx.settings.drift_interval }
    });
    interval - interval.mul_f64(spread(&resource.uid().unwrap_or_default(), 0) / 10.0)
}

/// Returns the time from `time` to the next slot. A slot comes once in each interval, `slot` after the interval's beginning.
fn until_slot(time: Timestamp, interval: Duration, slot: Duration) -> Duration {
    let now = Duration::from_secs(time.as_second().unsigned_abs() % interval.as_secs().max(1));
    if slot >= now { slot - now } else { slot + interval - now }
}

/// Returns whether an instance was swept in the last three intervals, or still may be.
pub(super) fn was_swept_lately(ctx: &Context, instance: &str) -> bool {
    let Some(interval) = ctx.settings.sweep_interval else { return false };
    ctx.clock.uptime().saturating_sub(ctx.sweeps.get(instance).unwrap_or(ctx.started.lock().0)) <= interval * 3
}

/// Returns how long names that an instance gave stay good: half of the interval at which users are compared.
pub(super) fn name_lifetime(ctx: &Context) -> Duration {
    ctx.settings.sweep_interval.unwrap_or(ctx.settings.drift_interval).min(ctx.settings.drift_interval) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_slots_do_not_depend_on_when_the_process_started() {
        let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(24 * 3600));
        let at = |hours: i64| Timestamp::from_second(1_000 * 24 * 3600 + hours * 3600).unwrap();
        for (now, left) in [(0, 6), (5, 1), (6, 0), (7, 23), (23, 7)] {
            assert_eq!(until_slot(at(now), day, hour * 6), hour * left, "at {now} o'clock");
        }
    }
}
