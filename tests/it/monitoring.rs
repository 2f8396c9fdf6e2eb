//! Alerts and dashboard: checked by Prometheus' own code against a page of `/metrics` on which everything has happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use control_plane::tool;
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{read, repository};

const ALERTS: &str = "deploy/helm/connect-operator/files/prometheus-rules.yaml";
const TESTS_OF_ALERTS: &str = "deploy/monitoring/prometheus-rules.test.yaml";
const DASHBOARD: &str = "deploy/helm/connect-operator/files/grafana-dashboard.json";
const GUIDE: &str = "docs/alerts.md";

/// The labels that Prometheus adds to each sample of a target in Kubernetes.
const TARGET: [(&str, &str); 3] = [("namespace", "ops"), ("job", "connect-operator"), ("pod", "a")];

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap()
}

fn promtool(arguments: &[&str]) {
    let output = Command::new(tool("promtool").unwrap()).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {arguments:?}:\n{}", String::from_utf8_lossy(&text));
}

/// Returns the samples of the page, with their labels as text and their value.
fn samples() -> Vec<(String, String, String)> {
    let page = xtask::generate::example_metrics().unwrap();
    let sample = |line: &str| {
        // An exemplar may follow.
        let (sample, value) = line.split(" # ").next()?.rsplit_once(' ')?;
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        Some((name.to_owned(), labels.trim_end_matches('}').to_owned(), value.to_owned()))
    };
    page.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

fn names_of_labels(labels: &str) -> BTreeSet<String> {
    let name = Regex::new(r#"([a-z_]+) *= *""#).unwrap();
    let names = name.captures_iter(labels).map(|found| found[1].to_owned());
    names.filter(|label| TARGET.iter().all(|(target, _)| target != label)).collect()
}

/// Returns the labels of each metric.
fn exposed() -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, labels, _) in samples() {
        all.entry(name).or_default().extend(names_of_labels(&labels));
    }
    all
}

fn alerts() -> Vec<Value> {
    let groups = yaml(ALERTS)["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// Returns the queries of all panels, with Grafana's variables filled in.
fn queries() -> BTreeMap<String, String> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let mut queries = BTreeMap::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            let query = query.replace("$__rate_interval", "5m").replace("$namespace", ".*").replace("$job", ".*");
            assert!(!query.contains('$'), "{query}");
            queries.insert(format!("{}: {}", panel["title"], target["refId"]), query);
        }
    }
    queries
}

#[test]
fn the_alerts_hold_and_do_what_their_tests_say() {
    promtool(&["check", "rules", "--lint=all", "--lint-fatal", repository(ALERTS).to_str().unwrap()]);
    promtool(&["test", "rules", repository(TESTS_OF_ALERTS).to_str().unwrap()]);
}

#[test]
fn alerts_and_their_tests_use_existing_metrics() {
    let exposed = exposed();
    let name = Regex::new("connect_operator_[a-z_]+").unwrap();
    for alert in alerts() {
        let expression = alert["expr"].as_str().unwrap();
        for name in name.find_iter(expression) {
            assert!(exposed.contains_key(name.as_str()), "{}: there is no {}", alert["alert"], name.as_str());
        }
    }
    for test in yaml(TESTS_OF_ALERTS)["tests"].as_array().unwrap() {
        for series in test["input_series"].as_array().unwrap() {
            let series = series["series"].as_str().unwrap();
            let (name, labels) = series.split_once('{').unwrap();
            assert_eq!(exposed.get(name), Some(&names_of_labels(labels)), "{series}");
        }
    }
}

#[test]
fn every_alert_was_seen_to_fire_and_has_a_guide() {
    let (guide, tests) = (read(GUIDE), read(TESTS_OF_ALERTS));
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(guide.contains(&format!("\n## {name}\n")), "{GUIDE} does not describe {name}");
        let link = alert["annotations"]["runbook_url"].as_str().unwrap();
        assert!(link.ends_with(&format!("{GUIDE}#{}", name.to_lowercase())), "{link}");
        let fires = [format!("alertname=\"{name}\""), format!("alertname: {name}")];
        assert!(fires.iter().any(|fires| tests.contains(fires)), "no test has {name} fire");
    }
    assert_eq!(guide.matches("\n## ").count(), alerts().len(), "{GUIDE} has more than the alerts");
}

/// Prometheus itself evaluates the queries over series with the names and labels of the page.
#[test]
fn every_query_of_the_dashboard_finds_what_the_operator_exposes() {
    let target: Vec<String> = TARGET.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let rises = |name: &str| ["_total", "_bucket", "_count", "_sum"].iter().any(|end| name.ends_with(end));
    let series: Vec<Value> = samples()
        .into_iter()
        .map(|(name, labels, value)| {
            let labels = Some(labels).filter(|labels| !labels.is_empty()).into_iter().chain(target.clone());
            let series = format!("{name}{{{}}}", labels.collect::<Vec<_>>().join(","));
            json!({ "series": series, "values": if rises(&name) { "0+3x30".to_owned() } else { format!("{value}x30") } })
        })
        .collect();
    let queries = queries();
    assert!(queries.len() > 20);
    // Some panels show 0 if a query finds nothing: here it must find something.
    let found = |query: &str| {
        json!({
            "expr": format!("count({}) > bool 0", query.trim_end_matches(" or vector(0)")),
            "eval_time": "20m",
            "exp_samples": [{ "labels": "{}", "value": 1 }],
        })
    };
    let tests = json!({
        "evaluation_interval": "1m",
        "tests": [{
            "name": "every query finds something",
            "interval": "1m",
            "input_series": series,
            "promql_expr_test": queries.values().map(|query| found(query)).collect::<Vec<_>>(),
        }],
    });
    let directory = tempfile::tempdir().unwrap();
    // YAML reads JSON.
    let path = directory.path().join("queries.test.yaml");
    fs::write(&path, tests.to_string()).unwrap();
    promtool(&["test", "rules", path.to_str().unwrap()]);
}
