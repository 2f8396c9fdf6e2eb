//! The measures in virtual time: what would have to wait for hours on AWS' rate limits.

use std::time::Duration;

use fleet::scenarios::{self, Beside};

use super::table::{Table, VIRTUAL};

const FLEET: usize = 10_000;

pub(super) fn measure(table: &mut Table) {
    let report = scenarios::creates(1000);
    let share = report.share_of_bucket * 100.0;
    table.add(
        "1,000 creates: share of the CreateUser bucket used / throttles seen",
        "≥ 98 % / 0",
        format!("{share:.1} % / {}", report.throttled),
        share >= 98.0 && report.throttled == 0 && report.violations.is_empty(),
        VIRTUAL,
    );

    let beside = Beside { standing: 1000, queued: FLEET, edits: 200 };
    let report = scenarios::edits_beside(beside);
    let ms = |time: Duration| time.as_millis();
    table.add(
        format!(
            "a spec edit while {FLEET} creates are queued and sweeps run: time to its call, p50 / p99 of {}",
            report.edits.count
        ),
        "p99 ≤ 1 s",
        format!("{} ms / {} ms", ms(report.edits.p50), ms(report.edits.p99)),
        report.edits.p99 <= Duration::from_secs(1) && report.edits.count == beside.edits,
        VIRTUAL,
    );

    let report = scenarios::naive(FLEET);
    table.note(
        format!("beside it, a client that reads each of {FLEET} users by itself, with the same limiter: calls, and how long one look takes"),
        format!("{} calls, {} min", report.calls, report.took.as_secs() / 60),
        VIRTUAL,
    );
}
