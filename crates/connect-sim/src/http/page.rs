//! The page at `/`, which shows the state in a browser: one document without anything from elsewhere.
//!
//! Each text of the account passes through [`Escaped`]. Besides, the page's policy lets the browser run no script but its own.

use std::{fmt, sync::LazyLock};

use axum::{
    body::Body,
    extract::{Query, State},
    http::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::reply;
use crate::{
    Effect, Fault, InstanceView, OperationCalls, Rate, Sim, Trigger,
    overview::{Overview, Selection, UserRow},
};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// Shows the page.
pub(super) async fn show(State(sim): State<Sim>, Query(selection): Query<Selection>) -> Response<Body> {
    let page = document(&sim.overview(&selection), &selection);
    let headers = [
        ("content-type", Some("text/html; charset=utf-8")),
        ("cache-control", Some("no-store")),
        ("content-security-policy", Some(POLICY.as_str())),
        ("x-content-type-options", Some("nosniff")),
    ];
    reply::reply(200, headers, page)
}

/// Text in HTML, also in an attribute with double quotes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// A cell of a table.
enum Cell {
    Text(String),
    /// Right-aligned.
    Number(String),
    /// A point in time.
    Time(Timestamp),
    /// A share of a quota.
    Meter {
        value: usize,
        max: usize,
    },
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "<td>{}</td>", Escaped(text)),
            Self::Number(number) => write!(f, "<td class=\"number\">{}</td>", Escaped(number)),
            Self::Time(at) => write!(f, "<td class=\"time\">{}</td>", time(*at)),
            Self::Meter { value, max } => {
                let high = max.saturating_mul(8) / 10;
                write!(
                    f,
                    "<td class=\"number\"><meter value=\"{value}\" max=\"{max}\" high=\"{high}\" optimum=\"0\"></meter> \
                     {} of {}</td>",
                    count(*value),
                    count(*max)
                )
            }
        }
    }
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(number: u64) -> Cell {
    Cell::Number(count(number))
}

/// Writes a number with a comma between thousands.
fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let comma = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.char_indices().map(|(at, digit)| format!("{}{digit}", comma(at))).collect()
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A table, or a sentence if it would be empty. A heading that starts with `#` is that of a column of numbers.
fn table(headings: &[&str], rows: Vec<Vec<Cell>>, otherwise: &str) -> String {
    if rows.is_empty() {
        return format!("<p class=\"none\">{otherwise}</p>");
    }
    let head: String = headings
        .iter()
        .map(|heading| match heading.strip_prefix('#') {
            Some(heading) => format!("<th scope=\"col\" class=\"number\">{heading}</th>"),
            None => format!("<th scope=\"col\">{heading}</th>"),
        })
        .collect();
    let row = |cells: &Vec<Cell>| format!("<tr>{}</tr>\n", cells.iter().map(Cell::to_string).collect::<String>());
    let body: String = rows.iter().map(row).collect();
    format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>")
}

fn document(overview: &Overview, selection: &Selection) -> String {
    let Overview { now, instances, users, matching, .. } = overview;
    let option = |instance: &InstanceView| {
        let selected = if instance.arn == selection.instance { " selected" } else { "" };
        let name = format!("{} ({})", name(instance), instance.region);
        format!("<option value=\"{}\"{selected}>{}</option>", Escaped(&instance.arn), Escaped(&name))
    };
    let options: String = instances.iter().map(option).collect();
    let (version, filter, now) = (env!("CARGO_PKG_VERSION"), Escaped(&selection.filter), time(*now));
    let (tiles, calls, faults) = (tiles(overview), calls(overview), faults(overview));
    let (instance_table, users_table) = (instance_table(instances), users_table(users, instances.len() > 1));
    let shown = shown(users.len(), *matching);
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<title>connect-sim</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>connect-sim</h1>
<p>Amazon Connect, simulated · version {version} · <span id="now" class="live">{now} UTC</span>
<span id="stale" role="status">no answer from the simulator</span></p>
<nav><a href="/_sim/state">state as JSON</a> <a href="/_sim/calls">calls as JSON</a></nav>
</header>
<main>
<ul id="tiles" class="live">{tiles}</ul>
<section aria-labelledby="h-instances"><h2 id="h-instances">Instances</h2><div id="instances" class="live">{instance_table}</div></section>
<section aria-labelledby="h-calls"><h2 id="h-calls">Calls by operation</h2><div id="calls" class="live">{calls}</div></section>
<section aria-labelledby="h-faults"><h2 id="h-faults">Faults and denials</h2><div id="faults" class="live">{faults}</div></section>
<section aria-labelledby="h-users"><h2 id="h-users">Users</h2>
<form method="get" action="/">
<label>Instance <select name="instance"><option value="">all</option>{options}</select></label>
<label>Filter <input type="search" name="filter" value="{filter}" placeholder="username, name, e-mail, profile, group, tag" autocomplete="off"></label>
<noscript><button>Show</button></noscript>
<span id="shown" class="live">{shown}</span>
</form>
<div id="users" class="live">{users_table}</div>
</section>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"#
    )
}

fn name(instance: &InstanceView) -> &str {
    instance.alias.as_deref().unwrap_or(instance.id.as_str())
}

fn tiles(overview: &Overview) -> String {
    let users: usize = overview.instances.iter().map(|instance| instance.users).sum();
    let operations = overview.calls.operations.values();
    let throttled: u64 = operations.clone().map(throttles).sum();
    let failed: u64 = operations.map(|calls| calls.failed).sum::<u64>() - throttled;
    [
        ("Users", count(users)),
        ("Calls", count(overview.calls.total())),
        ("Throttled", count(throttled)),
        ("Other errors", count(failed)),
        ("Faults", count(overview.faults.len())),
    ]
    .map(|(what, number)| format!("<li><b>{number}</b> {what}</li>"))
    .concat()
}

fn instance_table(instances: &[InstanceView]) -> String {
    let row = |instance: &InstanceView| {
        vec![
            text(name(instance)),
            text(instance.id.as_str()),
            text(&instance.account),
            text(&instance.region),
            text(instance.identity_management_type.as_str()),
            Cell::Meter { value: instance.users, max: instance.users_quota },
        ]
    };
    let headings = ["Alias", "Id", "Account", "Region", "Identity management", "#Users of quota"];
    table(&headings, instances.iter().map(row).collect(), "")
}

/// The errors that mean that a rate is used up.
const THROTTLES: [&str; 3] = ["ThrottlingException", "TooManyRequestsException", "HTTP 429"];

fn throttles(calls: &OperationCalls) -> u64 {
    THROTTLES.iter().filter_map(|code| calls.errors.get(*code)).sum()
}

fn calls(overview: &Overview) -> String {
    let rate = |rate: &Option<Rate>| match rate {
        Some(Rate { per_second, burst }) => format!("{per_second} per second, {burst} at once"),
        None => "unlimited".into(),
    };
    let row = |((operation, calls), (_, limit)): ((&String, &OperationCalls), &(String, Option<Rate>))| {
        let others = calls.errors.iter().filter(|(code, _)| !THROTTLES.contains(&code.as_str()));
        let others: Vec<String> = others.map(|(code, times)| format!("{code} × {}", count(*times))).collect();
        vec![
            text(operation),
            number(calls.total()),
            number(calls.succeeded),
            number(throttles(calls)),
            text(others.join(", ")),
            text(rate(limit)),
        ]
    };
    let rows = overview.calls.operations.iter().zip(&overview.rates).map(row).collect();
    let headings = ["Operation", "#Calls", "#Succeeded", "#Throttled", "Other errors", "Rate limit"];
    table(&headings, rows, "There have been no calls yet.")
}

fn faults(overview: &Overview) -> String {
    let row = |fault: &Fault| {
        let any = |text: &Option<String>| text.clone().unwrap_or_else(|| "any".into());
        vec![text(any(&fault.operation)), text(any(&fault.user)), text(applies(fault)), text(effect(&fault.effect))]
    };
    let denial = |operation: &String| vec![text(operation), text("any"), text("every call"), text("AccessDeniedException")];
    let rows = overview.faults.iter().map(row).chain(overview.denied.iter().map(denial)).collect();
    table(&["Operation", "User", "Applies to", "Effect"], rows, "No fault is injected, and no operation is denied.")
}

fn applies(fault: &Fault) -> String {
    let calls = match fault.trigger {
        Trigger::Times(1) => "the next call".into(),
        Trigger::Times(times) => format!("the next {times} calls"),
        Trigger::Always => "every call".into(),
        Trigger::Probability(share) => format!("{} % of calls", share * 100.0),
    };
    if fault.skip == 0 { calls } else { format!("{calls}, after {} more", fault.skip) }
}

fn effect(effect: &Effect) -> String {
    let error = |status: &u16, code: &Option<String>| format!("{status} {}", code.as_deref().unwrap_or("without a code"));
    match effect {
        Effect::Error { status, code, .. } => error(status, code),
        Effect::ErrorAfter { status, code, .. } => format!("{}, although the call takes effect", error(status, code)),
        Effect::LostReply => "the reply is lost".into(),
        Effect::LostRequest => "the request is lost".into(),
        Effect::Bare429 => "429 without a code or body".into(),
        Effect::AccessDenied => "AccessDeniedException".into(),
        Effect::Delay { milliseconds } => format!("a delay of {milliseconds} ms"),
    }
}

fn shown(rows: usize, matching: usize) -> String {
    if rows < matching {
        format!("the first {} of {} by username", count(rows), count(matching))
    } else {
        format!("{} {}", count(matching), if matching == 1 { "user" } else { "users" })
    }
}

fn users_table(users: &[UserRow], with_instance: bool) -> String {
    let row = |user: &UserRow| {
        let own = [
            text(&user.username),
            text(&user.name),
            text(&user.routing_profile),
            text(&user.security_profiles),
            text(&user.hierarchy_group),
            text(&user.proficiencies),
            text(&user.tags),
            Cell::Time(user.modified),
        ];
        own.into_iter().chain(with_instance.then(|| text(&user.instance))).collect()
    };
    let mut headings = vec![
        "Username",
        "Name",
        "Routing profile",
        "Security profiles",
        "Hierarchy group",
        "Proficiencies",
        "Tags",
        "Last modified (UTC)",
    ];
    headings.extend(with_instance.then_some("Instance"));
    table(&headings, users.iter().map(row).collect(), "No user matches.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (44_000, "44,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }
}
