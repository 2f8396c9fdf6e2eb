//! The measures in virtual time, which would take hours at AWS' rate limits.

use std::{thread, time::Duration};

use connect_api::OperationName;
use connect_sim::Effect;
use testbed::{
    Agent,
    scenarios::{self, AtOnceReport, Beside, EditsReport, HeldReport, NamespaceReport, OutageReport, Takeover, Waits},
};

use super::table::Table;

const FLEET: usize = 10_000;
/// The user that is edited while a fleet is being created.
const BESIDE: Beside = Beside { standing: 1000, queued: FLEET, edits: 200 };
/// The user that is observed for a day.
const DAILY: usize = 1000;
/// The users of a namespace that is deleted, and those of another one.
const NAMESPACE: usize = 5_000;
const OTHERS: usize = 90;
/// The users whose deletion is held.
const HELD: usize = 2000;
/// The users that are applied while Connect is unreachable.
const WAITING: usize = 100;

/// Each scenario has its own clock, so that they can run in parallel.
pub(super) fn measure(table: &mut Table) {
    thread::scope(|scope| {
        let creates = scope.spawn(|| {
            let plain: Vec<_> = (0..1000).map(|number| Agent::plain("sales", number)).collect();
            (scenarios::applied_at_once(&plain), scenarios::edits_beside(BESIDE), scenarios::naive(FLEET))
        });
        let crowds = scope.spawn(|| {
            let applied = scenarios::applied_at_once(&Agent::fleet("sales", FLEET));
            (applied, scenarios::deleted_at_once(FLEET), scenarios::namespace_deleted(NAMESPACE, OTHERS))
        });
        let (made, edits, naive) = joined(creates);
        creating(table, &made);
        editing(table, &edits);
        let took = naive.took.as_secs() / 60;
        table.note(
            format!("beside it, a client that reads each of {FLEET} users one by one, with the same limiter: calls, and how long one round takes"),
            format!("{} calls, {took} min", naive.calls),
        );
        let day = scenarios::day(DAILY);
        table.add(
            format!("a day of {DAILY} users in sync, all sweeps succeed: users read individually / DescribeUser calls"),
            "each once",
            format!("{} / {}", day.read, day.reads),
            day.read == DAILY && day.reads <= DAILY * 5 / 4 && day.violations.is_empty(),
        );
        takeovers(table);
        let (applied, deleted, namespace) = joined(crowds);
        at_once(table, "applied", OperationName::CreateUser, &applied);
        at_once(table, "deleted", OperationName::DeleteUser, &deleted);
        namespace_deleted(table, &namespace);
        held(table, &scenarios::held_deletions(HELD));
        outage(table, &scenarios::outage(FLEET, WAITING, Effect::LostRequest));
    });
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn creating(table: &mut Table, report: &AtOnceReport) {
    let share = report.share_of_create_bucket * 100.0;
    table.add(
        "1,000 creates: share of the CreateUser bucket used / throttles seen",
        "≥ 98 % / 0",
        format!("{share:.1} % / {}", report.throttled),
        share >= 98.0 && report.throttled == 0 && report.violations.is_empty(),
    );
}

fn editing(table: &mut Table, report: &EditsReport) {
    let Waits { count, p50, p99, .. } = &report.edits;
    table.add(
        format!("a spec edit while {FLEET} creates are queued and sweeps run: time to its call, p50 / p99 of {count}"),
        "p99 ≤ 1 s",
        format!("{} ms / {} ms", p50.as_millis(), p99.as_millis()),
        *p99 <= Duration::from_secs(1) && *count == BESIDE.edits,
    );
}

/// At two calls a second, a thousand take 500 s.
fn at_once(table: &mut Table, what: &str, operation: OperationName, report: &AtOnceReport) {
    let calls = report.calls.get(&operation).copied().unwrap_or_default();
    let left = if operation == OperationName::CreateUser { report.users } else { 0 };
    table.add(
        format!("{} ConnectUsers {what} at once: {} calls / throttles / until all is done", report.users, operation.as_str()),
        "one for each / 0 / –",
        format!("{calls} / {} / {}", report.throttled, minutes(report.done_after)),
        (calls, report.throttled, report.users_left) == (report.users, 0, left)
            && report.done_after.is_some()
            && report.violations.is_empty(),
    );
}

/// If two operators tag a user at once, the list of its tags shows its owner.
fn takeovers(table: &mut Table) {
    for how in Takeover::ALL {
        let report = scenarios::taken_over(how, FLEET);
        let adopts = matches!(how, Takeover::Adopt | Takeover::AdoptOrCreate);
        let [reads, listed_tags, tags] =
            [OperationName::DescribeUser, OperationName::ListTagsForResource, OperationName::TagResource]
                .map(|o| report.of(&[o]));
        let others = report.writes() - tags;
        let most_tags = if adopts { FLEET } else { 0 };
        table.add(
            format!(
                "{FLEET} users that exist meet their ConnectUsers at once ({how:?}): listing calls / DescribeUser / TagResource / ListTagsForResource / other writes / Kubernetes writes / until all is done"
            ),
            if adopts { "≤ 40 / one each / one each / one each / ≤ 20 / – / –" } else { "≤ 40 / one each / 0 / 0 / ≤ 20 / – / –" },
            format!(
                "{} / {reads} / {tags} / {listed_tags} / {others} / {} / {}",
                report.listing(),
                report.kubernetes_writes,
                minutes(report.done_after)
            ),
            report.listing() <= report.most_listings()
                && reads <= FLEET
                && tags.max(listed_tags) <= most_tags
                && others <= 20
                && report.throttled == 0
                && report.done_after.is_some()
                && report.violations.is_empty(),
        );
    }
}

fn namespace_deleted(table: &mut Table, report: &NamespaceReport) {
    let waits = [&report.edits, &report.creates, &report.deletions];
    let ms = |wait: &Waits| wait.longest.as_millis();
    table.add(
        format!(
            "a namespace of {} users is deleted: until all are gone; meanwhile in another one, an edit's / a create's / a deletion's longest wait for its call, of {}",
            NAMESPACE,
            waits.iter().map(|wait| wait.count).sum::<usize>()
        ),
        "– ; ≤ 3 s each",
        format!("{}; {} / {} / {} ms", minutes(report.gone_after), ms(waits[0]), ms(waits[1]), ms(waits[2])),
        report.gone_after.is_some()
            && report.forgotten == 0
            && report.violations.is_empty()
            && waits.iter().all(|wait| wait.longest <= Duration::from_secs(3)),
    );
}

fn held(table: &mut Table, report: &HeldReport) {
    let calls: usize = report.calls.values().sum();
    let events = report.events.saturating_sub(report.leavers as u64);
    table.add(
        format!("{HELD} deletions held for a day: calls / status writes / Events; single deletions in another namespace meanwhile; until all are gone once confirmed"),
        "0 / ≤ 1 each / ≤ 1 each; all; –",
        format!("{calls} / {} / {events}; {}; {}", report.status_writes, report.leavers, minutes(report.gone_after)),
        report.held == HELD
            && calls == 0
            && report.status_writes <= HELD as u64
            && events <= HELD as u64
            && report.gone_after.is_some()
            && report.violations.is_empty(),
    );
}

fn outage(table: &mut Table, report: &OutageReport) {
    let listed = |calls: &[usize]| calls.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    table.add(
        format!(
            "Connect out of reach for an hour, {} users, {} more applied and as many edited: calls in each ten minutes of it / in each of the first minutes after it / throttles / until all are in sync",
            FLEET, WAITING
        ),
        "– / – / 0 / –",
        format!(
            "{} / {} / {} / {}",
            listed(&report.calls_during),
            listed(&report.calls_after),
            report.throttled,
            minutes(report.in_sync_after)
        ),
        report.throttled == 0 && report.in_sync_after.is_some() && report.violations.is_empty(),
    );
}

fn minutes(time: Option<Duration>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| format!("{:.1} min", time.as_secs_f64() / 60.0))
}
