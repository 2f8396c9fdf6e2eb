//! A report as text and as Markdown.

use std::{collections::BTreeMap, fmt::Write};

use jiff::SignedDuration;

use super::{
    facts::{ClusterReport, InstanceReport, Person, Report},
    operator::OperatorReport,
};
use crate::cli::{markdown::cell, table::table};

/// How many rows a table for people shows.
pub(super) const SHOWN: usize = 25;
/// How many it shows if the report is repeated, so that the report on an instance fits on a screen.
pub(super) const SHOWN_ON_A_SCREEN: usize = 3;

/// A part of a report: a heading, a remark, and a table.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) remark: String,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Section {
    fn remark(heading: &str, remark: &str) -> Self {
        Self { heading: heading.into(), remark: remark.into(), columns: Vec::new(), rows: Vec::new() }
    }

    fn counts(heading: &str, column: &'static str, counts: &BTreeMap<String, usize>) -> Self {
        let mut rows: Vec<(&String, &usize)> = counts.iter().collect();
        rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let rows = rows.into_iter().map(|(name, count)| vec![name.clone(), count.to_string()]).collect();
        Self { heading: heading.into(), remark: String::new(), columns: vec![column, "USERS"], rows }
    }

    fn people(heading: &str, remark: &str, people: &[Person]) -> Self {
        let row = |person: &Person| {
            let profiles = person.security_profiles.join(", ");
            vec![person.username.clone(), person.name.clone(), profiles, person.managed_by.clone().unwrap_or_default()]
        };
        Self {
            heading: heading.into(),
            remark: remark.into(),
            columns: vec!["USERNAME", "NAME", "SECURITY-PROFILES", "MANAGED-BY"],
            rows: people.iter().map(row).collect(),
        }
    }
}

/// Returns a line that says how an instance stands.
pub(super) fn headline(report: &InstanceReport) -> String {
    let InstanceReport { users, users_quota, managed_by_cluster, unmanaged, .. } = report;
    let of_quota = users_quota.map(|quota| format!(" of {quota} ({} %)", users * 100 / quota.get() as usize));
    let managed: usize = managed_by_cluster.values().sum();
    format!("{users} users{}: {managed} managed, {} unmanaged", of_quota.unwrap_or_default(), unmanaged.len())
}

/// Returns the parts of the report on an instance that have something to say.
pub(super) fn sections(report: &InstanceReport) -> Vec<Section> {
    let mut sections = Vec::new();
    match &report.administrators {
        Some(administrators) => {
            let outside = administrators.iter().filter(|person| person.managed_by.is_none()).count();
            let remark = format!("They may change what users may do. {outside} of them are not managed in Git.");
            sections.push(Section::people("Administrators", &remark, administrators));
        }
        None => sections.push(Section::remark("Administrators", "Not known: allow connect:ListSecurityProfilePermissions.")),
    }
    if let Some(why) = &report.users_quota_fault {
        sections.push(Section::remark("Quota of users", &format!("Not known: {why}")));
    }
    let alike = report.alike.iter().map(|alike| vec![alike.by.to_owned(), alike.value.clone(), alike.usernames.join(", ")]);
    sections.push(Section {
        heading: "Users that may be one person".into(),
        remark: String::new(),
        columns: vec!["SAME", "VALUE", "USERNAMES"],
        rows: alike.collect(),
    });
    sections.push(Section::counts("Managed, by cluster", "CLUSTER", &report.managed_by_cluster));
    sections.push(Section::counts("By routing profile", "ROUTING-PROFILE", &report.by_routing_profile));
    sections.push(Section::counts("By security profile", "SECURITY-PROFILE", &report.by_security_profile));
    sections.push(Section::people("Users that no operator manages", "", &report.unmanaged));
    sections.retain(|section| !section.rows.is_empty() || section.columns.is_empty());
    sections
}

/// Returns the parts of the report on a cluster.
pub(super) fn of_cluster(report: &ClusterReport) -> (String, Vec<Section>) {
    let synced =
        report.synced_between.map(|(oldest, newest)| format!(", synced between {oldest} and {newest}")).unwrap_or_default();
    let headline = format!("{} ConnectUsers: {} Ready, {} in sync{synced}", report.all, report.ready, report.in_sync);
    let not_ready = report.not_ready.iter().map(|(reason, names)| vec![reason.clone(), names.len().to_string(), some(names)]);
    let sections = vec![
        Section {
            heading: "Not Ready".into(),
            remark: String::new(),
            columns: vec!["REASON", "COUNT", "WHICH"],
            rows: not_ready.collect(),
        },
        Section::counts("Drift", "FIELD", &report.drift_by_field),
    ];
    (headline, sections.into_iter().filter(|section| !section.rows.is_empty()).collect())
}

/// Returns the parts of the report on the operator.
fn of_operator(report: &OperatorReport) -> (String, Vec<Section>) {
    let calls: u64 = report.queue.iter().map(|waiting| waiting.calls).sum();
    // The operations wait side by side.
    let longest = report.queue.iter().filter_map(|waiting| waiting.seconds).max();
    let time = longest.map(|seconds| format!(" for up to {}", duration(seconds))).unwrap_or_default();
    let interval = match report.sweep_interval_seconds {
        None => String::new(),
        Some(0) => ", there are no sweeps".into(),
        Some(seconds) => format!(", instances are swept every {}", duration(seconds)),
    };
    let headline = format!("{} leads: {calls} calls wait{time}{interval}", report.leader);
    let queue = report.queue.iter().map(|waiting| {
        let time = waiting.seconds.map(duration).unwrap_or_default();
        vec![waiting.operation.clone(), waiting.account.clone(), waiting.region.clone(), waiting.calls.to_string(), time]
    });
    let sweeps = report.sweeps.iter().map(|sweep| {
        let at = sweep.completed_at.map_or_else(|| "not known".into(), |at| at.strftime("%F %T UTC").to_string());
        vec![sweep.instance_arn.clone(), at]
    });
    let sections = vec![
        Section {
            heading: "Calls that wait for the rate limit".into(),
            remark: String::new(),
            columns: vec!["OPERATION", "ACCOUNT", "REGION", "CALLS", "TIME"],
            rows: queue.collect(),
        },
        Section {
            heading: "Last sweeps".into(),
            remark: String::new(),
            columns: vec!["INSTANCE", "COMPLETED"],
            rows: sweeps.collect(),
        },
    ];
    (headline, sections.into_iter().filter(|section| !section.rows.is_empty()).collect())
}

fn duration(seconds: u64) -> String {
    format!("{:#}", SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// Returns the first names of many.
fn some(names: &[String]) -> String {
    const NAMED: usize = 3;
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{named}, …") } else { named }
}

/// Returns all parts, each group below its title and headline.
pub(super) fn groups(report: &Report) -> Vec<(String, String, Vec<Section>)> {
    let mut groups: Vec<_> = report
        .instances
        .iter()
        .map(|instance| (format!("Instance {}", instance.instance_arn), headline(instance), sections(instance)))
        .collect();
    if let Some(cluster) = &report.connect_users {
        let (headline, sections) = of_cluster(cluster);
        groups.push(("Cluster".into(), headline, sections));
    }
    if let Some(operator) = &report.operator {
        let (headline, sections) = of_operator(operator);
        groups.push(("Operator".into(), headline, sections));
    }
    if let Some(why) = &report.operator_fault {
        groups.push(("Operator".into(), format!("Queue and last sweeps are not known: {why}"), Vec::new()));
    }
    groups
}

/// Returns the report as text, with this many rows of each table.
pub(super) fn text(report: &Report, shown: usize) -> String {
    let mut text = String::new();
    for (title, headline, sections) in groups(report) {
        let _ = writeln!(text, "{title}\n{headline}");
        for Section { heading, remark, columns, rows } in sections {
            let count = if columns.is_empty() { String::new() } else { format!(" ({})", rows.len()) };
            let _ = writeln!(text, "\n{heading}{count}");
            if !remark.is_empty() {
                let _ = writeln!(text, "{remark}");
            }
            let more = rows.len().saturating_sub(shown);
            if !columns.is_empty() {
                text.push_str(&table(columns, rows.into_iter().take(shown)));
            }
            if more > 0 {
                let _ = writeln!(text, "… and {more} more: -o json has all");
            }
        }
        text.push('\n');
    }
    let _ = writeln!(text, "As of {}.", report.made_at.strftime("%F %T UTC"));
    text
}

pub(super) fn markdown(report: &Report) -> String {
    let mut text = format!("# Users of Amazon Connect\n\nAs of {}.\n", report.made_at.strftime("%F %T UTC"));
    for (title, headline, sections) in groups(report) {
        let _ = writeln!(text, "\n## {}\n\n{}", cell(&title), cell(&headline));
        for Section { heading, remark, columns, rows } in sections {
            let _ = writeln!(text, "\n### {heading}\n");
            if !remark.is_empty() {
                let _ = writeln!(text, "{}\n", cell(&remark));
            }
            if columns.is_empty() {
                continue;
            }
            let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::users::report::{
        html,
        operator::{LastSweep, WaitingCalls},
    };

    fn report() -> Report {
        let waiting = |operation: &str, calls, seconds| WaitingCalls {
            account: "123456789012".into(),
            region: "us-west-2".into(),
            operation: operation.into(),
            calls,
            seconds,
        };
        let sweep = |instance: &str, at: Option<&str>| LastSweep {
            instance_arn: instance.into(),
            completed_at: at.map(|at| at.parse().unwrap()),
        };
        let operator = OperatorReport {
            leader: "pod-a".into(),
            queue: vec![waiting("CreateUser", 700, Some(350)), waiting("DescribeUser", 3, None)],
            sweep_interval_seconds: Some(300),
            sweeps: vec![sweep("arn:one", Some("2026-05-06T07:08:09Z")), sweep("arn:two", None)],
        };
        Report { operator: Some(operator), ..Report::default() }
    }

    #[test]
    fn queue_and_sweeps_are_in_every_format() {
        let headline = "pod-a leads: 703 calls wait for up to 5m 50s, instances are swept every 5m";
        let report = report();
        for text in [text(&report, SHOWN), markdown(&report), html::page(&report)] {
            for part in
                [headline, "CreateUser", "700", "DescribeUser", "arn:one", "2026-05-06 07:08:09 UTC", "arn:two", "not known"]
            {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["operator"]["queue"][0]["seconds"], 350);
        assert_eq!(json["operator"]["sweeps"][0]["completedAt"], "2026-05-06T07:08:09Z");
    }

    #[test]
    fn unread_metrics_are_one_line() {
        let report = Report { operator_fault: Some("it needs a right".into()), ..Report::default() };
        for text in [text(&report, SHOWN), markdown(&report), html::page(&report)] {
            assert!(text.contains("Queue and last sweeps are not known: it needs a right"), "{text}");
        }
    }
}
