//! Every field of the spec, both ways: created with it, then unset → set → changed → cleared → left out → changed in Connect, on
//! the real API server and over HTTP. The calls of each step, reads included, are the table in `docs/fields.md`; with
//! `UPDATE_GOLDEN=1` the test writes it.

mod cases;
mod table;

use std::collections::BTreeSet;

use connect_operator::api::crd;
use connect_sim::UserView;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value, json};

use self::{
    cases::{FieldCase, cases, pointer, resolved},
    table::{COLUMNS, Table},
};
use super::harness::{Harness, condition, is_ready};
use crate::{golden, support::eventually};

/// The number of cases that are tested at the same time, each on an instance of its own.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_set_changed_cleared_and_corrected_by_these_calls() {
    let cases = cases();
    let (harnesses, mut table) = (futures::future::join_all((0..AT_ONCE).map(|_| swept_once())).await, Table::default());
    // For generatePassword.
    harnesses.iter().for_each(Harness::allow_generated_passwords);
    let tests = harnesses.iter().enumerate().map(|(lane, harness)| {
        let mine = cases.iter().enumerate().skip(lane).step_by(AT_ONCE);
        async move {
            let mut results = Vec::new();
            for (number, case) in mine {
                results.push((number, case.path.as_str(), FieldTest { harness, case }.all().await));
            }
            results
        }
    });
    let mut results: Vec<_> = futures::future::join_all(tests).await.into_iter().flatten().collect();
    results.sort_by_key(|(number, ..)| *number);
    for (_, path, cells) in results {
        table.row(path, cells);
    }
    golden::file("docs/fields.md", &table.page());
}

/// A harness where sweeps keep the users' statuses fresh, as they do by default, and whose only sweep is over: its calls are not
/// those of a field.
async fn swept_once() -> Harness<'static> {
    let mut harness = Harness::builder("fields").flag("--sweep-interval=24h").start().await;
    harness.apply_until_ready("first", &json!({})).await;
    // The first sweep follows the start.
    harness.operator.terminate();
    harness.operator.start_again();
    eventually("the sweep is over", || harness.operator.metric("connect_operator_sweeps_total{result=\"complete\"}") == 1.0);
    harness
}

#[test]
fn every_field_of_the_schema_is_tested() {
    let schema = crd().spec.versions.remove(0).schema.unwrap().open_api_v3_schema.unwrap();
    let mut fields = BTreeSet::new();
    leaves("", &schema.properties.unwrap()["spec"], &mut fields);
    let cases: BTreeSet<_> = cases().into_iter().map(|case| case.path).collect();
    assert_eq!(cases, fields);
}

/// Collects the fields that hold values. A list or a map is one value.
fn leaves(below: &str, schema: &JSONSchemaProps, found: &mut BTreeSet<String>) {
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{below}{name}");
        match &field.properties {
            Some(_) => leaves(&format!("{path}."), field, found),
            None => _ = found.insert(path),
        }
    }
}

/// One case's way through all steps.
struct FieldTest<'a> {
    harness: &'a Harness<'static>,
    case: &'a FieldCase,
}

impl FieldTest<'_> {
    async fn all(&self) -> [String; COLUMNS] {
        let FieldCase { unset, set, changed, cleared, .. } = self.case;
        let with = self.step("with", Some(set)).await;
        let drifted = self.drifted().await;
        let without = self.step("without", Some(unset)).await;
        let is_set = self.step("without", Some(set)).await;
        let changed = self.step("without", changed.as_ref()).await;
        let cleared = self.step("without", cleared.as_ref()).await;
        let left_out = self.step("without", Some(unset)).await;
        let drift = self.harness.event_notes(&self.name("without"), "DriftDetected").await;
        assert!(drift.is_empty(), "{}: an edit is not drift: {drift:?}", self.case.path);
        [with, without, is_set, changed, cleared, left_out, drifted]
    }

    fn name(&self, user: &str) -> String {
        format!("{user}-{}", self.case.path.to_lowercase())
    }

    /// Applies a manifest and returns the calls that followed. The status must then show its value.
    async fn step(&self, user: &str, overlay: Option<&Map<String, Value>>) -> String {
        let Some(overlay) = overlay else { return "–".to_owned() };
        let (name, harness) = (self.name(user), self.harness);
        let manifest = harness.manifest(&name, &resolved(harness, &Value::Object(overlay.clone())));
        harness.sim.reset_calls();
        let applied = harness.users().patch(&name, &PatchParams::apply("git").force(), &Patch::Apply(&manifest)).await;
        let generation = match applied {
            Ok(user) => user.metadata.generation,
            Err(kube::Error::Api(refusal)) if refusal.code == 422 => return "refused".to_owned(),
            Err(error) => panic!("{name}: {error}"),
        };
        let ended = harness
            .wait_until(&name, "done", |user| {
                let stalled = condition(user, "Stalled").is_some_and(|c| c.observed_generation == generation);
                user.metadata.generation == generation && (is_ready(user) || stalled)
            })
            .await;
        let calls = self.calls();
        if let Some(stalled) = condition(&ended, "Stalled") {
            return format!("{calls}: `{}`", stalled.reason);
        }
        self.assert_shown(&name, &manifest["spec"]).await;
        calls
    }

    /// Checks the status after a read, which is not a prediction from the calls.
    async fn assert_shown(&self, name: &str, spec: &Value) {
        let pointer = pointer(&self.case.path);
        let Some(asked) = spec.pointer(&pointer).filter(|_| self.case.shown) else { return };
        let seen = self.harness.requeue(name).await;
        let observed = serde_json::to_value(seen.status.unwrap().observed).unwrap();
        let shown = observed.pointer(&pointer).unwrap_or(&Value::Null);
        assert_eq!(comparable(shown), comparable(asked), "{name}");
    }

    /// Changes the field at Connect's console and requests a reconciliation.
    async fn drifted(&self) -> String {
        let Some((call, body)) = &self.case.drift else { return "–".to_owned() };
        let (name, harness) = (self.name("with"), self.harness);
        let sample = format!("connect_operator_drift_detected_total{{field=\"{}\"}}", self.case.path);
        let (before, detected) = (harness.live(&name), harness.operator.metric(&sample));
        let path = match call.as_str() {
            "tags" => format!("tags/{}", before.user.arn),
            call => format!("users/{}/{}/{call}", harness.instance(), before.user.id),
        };
        let url = format!("{}/_sim/console/{path}", harness.url());
        ureq::post(url).send_json(resolved(harness, body)).unwrap();
        assert_ne!(content(harness.live(&name)), content(before.clone()), "{name}: nothing was changed");
        harness.sim.reset_calls();
        assert!(is_ready(&harness.requeue(&name).await), "{name}");
        assert_eq!(content(harness.live(&name)), content(before), "{name}: not put right");
        let calls = self.calls();
        let note = harness.wait_for_event(&name, "DriftDetected").await;
        assert!(note.starts_with("changed outside of Kubernetes: ") && note.contains(&self.case.path), "{name}: {note}");
        // Events are published after the metric is counted.
        harness.wait_for_event(&name, "DriftCorrected").await;
        let expected = detected + note.matches(&self.case.path).count() as f64;
        assert_eq!(harness.operator.metric(&sample), expected, "{sample}: {note}");
        calls
    }

    fn calls(&self) -> String {
        let calls = self.harness.sim.calls().operations;
        let list: Vec<_> = calls
            .iter()
            .map(|(operation, calls)| match calls.total() {
                1 => format!("`{operation}`"),
                n => format!("{n} `{operation}`"),
            })
            .collect();
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    }
}

fn content(mut view: UserView) -> UserView {
    view.user.last_modified_time = None;
    view.proficiencies.sort_by(|a, b| a.key.cmp(&b.key));
    view
}

/// Removes differences without meaning: empty values, ownership tags, and the order of lists.
fn comparable(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Array(elements) => {
            let mut elements: Vec<_> = elements.iter().filter(|element| !is_default(element)).map(comparable).collect();
            elements.sort_by_key(Value::to_string);
            if elements.is_empty() { Value::Null } else { Value::Array(elements) }
        }
        Value::Object(members) => {
            let theirs = members.iter().filter(|(name, _)| !name.starts_with("connect-operator.dev/"));
            let members: Map<_, _> = theirs.map(|(name, member)| (name.clone(), member.clone())).collect();
            if members.is_empty() { Value::Null } else { Value::Object(members) }
        }
        value => value.clone(),
    }
}

/// Returns whether a setting of a channel is Connect's default, which is the same as none.
fn is_default(setting: &Value) -> bool {
    let Some(members) = setting.as_object().filter(|members| members.contains_key("channel")) else { return false };
    let set = members.iter().filter(|(name, _)| *name != "channel").map(|(_, value)| value);
    let is_default = |value: &Value| {
        [json!(null), json!(false), json!("SOFT_PHONE"), json!("NONE"), json!({ "afterContactWorkTimeLimit": 0 })].contains(value)
    };
    set.into_iter().all(is_default)
}
