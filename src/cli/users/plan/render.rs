//! A plan in words: for a terminal, for programs, and for a comment on a pull request.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use super::{
    forecast::Forecast,
    row::{Action, Field, Row},
};
use crate::cli::markdown::cell;

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const CYAN: &str = "\x1b[36m";

/// Returns the sign of an action, its colour, and the verb for one user.
fn shown(action: Action) -> (&'static str, &'static str, &'static str) {
    match action {
        Action::None => (" ", "", "is as it should be"),
        Action::Report => ("?", CYAN, "differs, and is only observed"),
        Action::Create => ("+", GREEN, "is created"),
        Action::Adopt => (">", CYAN, "is taken over"),
        Action::Update => ("~", YELLOW, "is changed"),
        Action::Release => ("-", YELLOW, "is not managed any more, and stays in Connect"),
        Action::Delete => ("-", RED, "is deleted"),
        Action::Refuse => ("!", RED, ""),
    }
}

/// The parts of a summary, in the order in which they are named.
const SUMMARY: [(Action, &str); 8] = [
    (Action::Create, "to create"),
    (Action::Adopt, "to take over"),
    (Action::Update, "to change"),
    (Action::Release, "to release"),
    (Action::Delete, "to delete"),
    (Action::Report, "observed that differ"),
    (Action::Refuse, "refused"),
    (Action::None, "as they should be"),
];

fn counts(rows: &[Row]) -> BTreeMap<Action, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.action).or_default() += 1;
    }
    counts
}

/// Returns what happens to how many users, such as "2 to create, 1 refused".
fn summary(rows: &[Row]) -> String {
    let counts = counts(rows);
    let parts = SUMMARY.iter().filter_map(|(action, words)| counts.get(action).map(|count| format!("{count} {words}")));
    parts.collect::<Vec<_>>().join(", ")
}

/// Returns the calls and their time; None without calls.
fn calls(forecast: &Forecast) -> Option<String> {
    let calls: Vec<_> = forecast.calls.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    let time = forecast.time().map_or_else(String::new, |time| format!(": at least {time} at the quota"));
    (!calls.is_empty()).then(|| format!("{}{time}", calls.join(", ")))
}

/// Returns the deletions that the guard holds, and the users that were not compared as a whole.
fn remarks(rows: &[Row]) -> Vec<String> {
    let held = rows.iter().filter(|row| row.action == Action::Delete && row.reason.is_some()).count();
    let unread = rows.iter().filter(|row| row.is_unread).count();
    let held = (held > 0).then(|| format!("The deletion guard holds {held} of the deletions until a person confirms them."));
    let unread = (unread > 0).then(|| {
        format!("The e-mail addresses, mobile numbers and proficiencies of {unread} users were not compared: --full reads them.")
    });
    held.into_iter().chain(unread).collect()
}

fn difference(field: &Field) -> (&'static str, String) {
    let quoted = |text: &Option<String>| text.as_deref().map_or_else(|| "(none)".to_owned(), |text| format!("{text:?}"));
    match (&field.from, &field.to) {
        (None, to) => ("+", format!("{}: {}", field.field, quoted(to))),
        (from, None) => ("-", format!("{}: {}", field.field, quoted(from))),
        (from, to) => ("~", format!("{}: {} → {}", field.field, quoted(from), quoted(to))),
    }
}

/// Returns a plan in the manner of a terminal: a line for each user and field that changes, and a summary.
pub(super) fn text(rows: &[Row], forecast: &Forecast, coloured: bool) -> String {
    let paint = |colour: &str, text: &str| match coloured && !colour.is_empty() {
        true => format!("{colour}{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.action != Action::None) {
        let (sign, colour, verb) = shown(row.action);
        let (username, reason) = (&row.username, row.reason.unwrap_or_default());
        let said = match &row.message {
            Some(message) if verb.is_empty() => format!("{reason}: {message}"),
            Some(message) => format!("{username:?} {verb}, {reason}: {message}"),
            None => format!("{username:?} {verb}"),
        };
        let _ = writeln!(text, "{} {}  {said}", paint(colour, sign), row.place);
        for field in &row.changes {
            let (sign, difference) = difference(field);
            let colour = shown(match sign {
                "+" => Action::Create,
                "-" => Action::Delete,
                _ => Action::Update,
            });
            let _ = writeln!(text, "    {} {difference}", paint(colour.1, sign));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "Plan: {}.", summary(rows));
    if let Some(calls) = calls(forecast) {
        let _ = writeln!(text, "Calls: {calls}.");
    }
    for remark in remarks(rows) {
        let _ = writeln!(text, "{remark}");
    }
    text
}

/// A plan as JSON: what happens to each user to which something happens, and counts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    users: Vec<&'a Row>,
    summary: BTreeMap<Action, usize>,
    #[serde(flatten)]
    forecast: &'a Forecast,
    not_compared: usize,
}

pub(super) fn json(rows: &[Row], forecast: &Forecast) -> serde_json::Result<String> {
    let document = Document {
        users: rows.iter().filter(|row| row.action != Action::None).collect(),
        summary: counts(rows),
        forecast,
        not_compared: rows.iter().filter(|row| row.is_unread).count(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// How many users of one kind of change are named in Markdown. Hosts of Git limit the length of a comment.
const NAMED: usize = 20;
/// How many kinds of changes are shown in Markdown.
const SHOWN: usize = 100;

/// What users have in common that change alike: the action, the changes, and the message of a refusal.
type Alike<'a> = (Action, Vec<&'a Field>, Option<&'a str>);

/// Returns a plan as Markdown: users that change alike are one row of the table.
pub(super) fn markdown(rows: &[Row], forecast: &Forecast) -> String {
    let mut alike: BTreeMap<Alike<'_>, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.action != Action::None) {
        // New users differ in their names, and each refusal has its own words.
        let changes = if row.action == Action::Create { Vec::new() } else { row.changes.iter().collect() };
        let message = row.message.as_deref().filter(|_| row.action == Action::Refuse);
        alike.entry((row.action, changes, message)).or_default().push(row);
    }
    let mut text = format!("### Plan for Amazon Connect\n\n**{}**\n", summary(rows));
    if !alike.is_empty() {
        text.push_str("\n| | users | change |\n|---|---|---|\n");
    }
    let kinds = alike.len();
    for ((action, changes, _), rows) in alike.iter().rev().take(SHOWN) {
        let (sign, _, verb) = shown(*action);
        let names: Vec<String> = rows.iter().take(NAMED).map(|row| cell(&row.username)).collect();
        let more = rows.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let users = match rows.len() {
            1 => names.join(", "),
            count => format!("<details><summary>{count} users</summary>{}{more}</details>", names.join(", ")),
        };
        let said = rows.first().and_then(|row| Some(format!("{}: {}", row.reason?, row.message.as_deref()?)));
        let said = match (verb, said) {
            ("", said) => cell(&said.unwrap_or_default()),
            (verb, None) => verb.to_owned(),
            (verb, Some(said)) => format!("{verb}. {}", cell(&said)),
        };
        let changes: String = changes.iter().map(|field| format!("<br>{}", code(&difference(field).1))).collect();
        let _ = writeln!(text, "| {} | {users} | {said}{changes} |", code(sign));
    }
    if kinds > SHOWN {
        let _ = writeln!(text, "\n{} more kinds of changes are not shown.", kinds - SHOWN);
    }
    if let Some(calls) = calls(forecast) {
        let _ = writeln!(text, "\nCalls: {calls}.");
    }
    for remark in remarks(rows) {
        let _ = writeln!(text, "\n{remark}");
    }
    text
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::NamespacedName;

    fn row(name: &str, action: Action, changes: &[(&str, Option<&str>, Option<&str>)]) -> Row {
        let owned = |text: &Option<&str>| text.map(str::to_owned);
        Row {
            action,
            place: NamespacedName { namespace: "sales".into(), name: name.into() },
            instance_arn: "arn".into(),
            username: name.into(),
            user_arn: None,
            reason: None,
            message: None,
            changes: changes
                .iter()
                .map(|(field, from, to)| Field { field: (*field).to_owned(), from: owned(from), to: owned(to) })
                .collect(),
            calls: BTreeMap::new(),
            is_unread: false,
        }
    }

    fn rows() -> Vec<Row> {
        let moved = [("routingProfileName", Some("Basic"), Some("Sales | <b>"))];
        let mut rows: Vec<_> = (0..25).map(|n| row(&format!("agent_{n}"), Action::Update, &moved)).collect();
        rows.push(row("new", Action::Create, &[("identityInfo.firstName", None, Some("Ann"))]));
        rows.push(row("gone", Action::Delete, &[]));
        rows.push(row("same", Action::None, &[]));
        rows.push(Row { reason: Some("Conflict"), message: Some("taken".into()), ..row("taken", Action::Refuse, &[]) });
        rows.push(Row { is_unread: true, ..row("less", Action::Update, &[("tags.team", Some("a"), None)]) });
        rows
    }

    fn forecast() -> Forecast {
        Forecast { users_in_connect: 30, calls: [("UpdateUserRoutingProfile".into(), 25)].into(), seconds: 70.2 }
    }

    #[test]
    fn text_has_a_line_for_each_change_and_a_summary() {
        let text = text(&rows(), &forecast(), false);
        for line in [
            "~ sales/agent_7  \"agent_7\" is changed\n    ~ routingProfileName: \"Basic\" → \"Sales | <b>\"\n",
            "+ sales/new  \"new\" is created\n    + identityInfo.firstName: \"Ann\"\n",
            "- sales/gone  \"gone\" is deleted\n",
            "! sales/taken  Conflict: taken\n",
            "    - tags.team: \"a\"\n",
            "\n\nPlan: 1 to create, 26 to change, 1 to delete, 1 refused, 1 as they should be.\n",
            "Calls: 25 UpdateUserRoutingProfile: at least 1m 11s at the quota.\n",
            "proficiencies of 1 users were not compared",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("same") && !text.contains('\x1b'), "{text}");
        assert!(super::text(&rows(), &forecast(), true).contains("\x1b[32m+\x1b[0m sales/new"));
    }

    #[test]
    fn markdown_groups_users_that_change_alike() {
        let text = markdown(&rows(), &forecast());
        assert!(text.contains("<details><summary>25 users</summary>agent\\_0, "), "{text}");
        assert!(text.contains(" and 5 more</details>"), "{text}");
        assert!(text.contains("Sales \\| &lt;b&gt;"), "{text}");
        assert!(text.contains("| taken | Conflict: taken |"), "{text}");
        assert!(text.lines().filter(|line| line.starts_with('|')).all(|line| line.replace("\\|", "").matches('|').count() == 4));
    }

    #[test]
    fn json_holds_what_changes() {
        let json: serde_json::Value = serde_json::from_str(&json(&rows(), &forecast()).unwrap()).unwrap();
        assert_eq!(json["users"].as_array().unwrap().len(), 29);
        assert_eq!(json["summary"]["update"], 26);
        assert_eq!((&json["calls"]["UpdateUserRoutingProfile"], &json["usersInConnect"]), (&25.into(), &30.into()));
    }
}
