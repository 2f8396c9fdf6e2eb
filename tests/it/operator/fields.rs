//! Every field of the spec, both ways: created with it, then unset → set → changed → cleared → left out → changed in Connect, on
//! the real API server and over HTTP. The calls of each step, reads included, are the table in `docs/fields.md`; with
//! `UPDATE_GOLDEN=1` the test writes it.

mod rows;
mod table;

use std::collections::BTreeSet;

use connect_operator::api::crd;
use connect_sim::UserView;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value, json};

use self::{
    rows::{Row, in_scene, pointer, rows},
    table::{COLUMNS, Table},
};
use super::scene::{Scene, Setting, condition, is_ready};
use crate::{golden, support::eventually};

/// How many rows are walked at the same time, each on an instance of its own.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_set_changed_cleared_and_corrected_by_these_calls() {
    let rows = rows();
    let (scenes, mut table) = (futures::future::join_all((0..AT_ONCE).map(|_| swept_once())).await, Table::default());
    // For generatePassword.
    scenes.iter().for_each(Scene::let_passwords_be_generated);
    let walks = scenes.iter().enumerate().map(|(lane, scene)| {
        let mine = rows.iter().enumerate().skip(lane).step_by(AT_ONCE);
        async move {
            let mut walked = Vec::new();
            for (number, row) in mine {
                walked.push((number, row.path, Walk { scene, row }.all().await));
            }
            walked
        }
    });
    let mut walked: Vec<_> = futures::future::join_all(walks).await.into_iter().flatten().collect();
    walked.sort_by_key(|(number, ..)| *number);
    for (_, path, cells) in walked {
        table.row(path, cells);
    }
    golden::file("docs/fields.md", &table.page());
}

/// A scene where sweeps keep the users' statuses fresh, as they do by default, and whose only sweep is over: its calls are not
/// those of a field.
async fn swept_once() -> Scene<'static> {
    let mut scene = Setting::shared("fields").flag("--sweep-interval=24h").start().await;
    scene.applied("first", &json!({})).await;
    // What there is at the start is swept at once.
    scene.operator.terminate();
    scene.operator.start_again();
    eventually("the sweep is over", || scene.operator.metric("connect_operator_sweeps_total{result=\"complete\"}") == 1.0);
    scene
}

#[test]
fn every_field_of_the_schema_has_a_row() {
    let schema = crd().spec.versions.remove(0).schema.unwrap().open_api_v3_schema.unwrap();
    let mut fields = BTreeSet::new();
    leaves("", &schema.properties.unwrap()["spec"], &mut fields);
    let rows: BTreeSet<_> = rows().iter().map(|row| row.path.to_owned()).collect();
    assert_eq!(rows, fields);
}

/// The fields that hold values. A list or a map is one value.
fn leaves(below: &str, schema: &JSONSchemaProps, found: &mut BTreeSet<String>) {
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{below}{name}");
        match &field.properties {
            Some(_) => leaves(&format!("{path}."), field, found),
            None => _ = found.insert(path),
        }
    }
}

/// One row's way through all steps.
struct Walk<'a> {
    scene: &'a Scene<'static>,
    row: &'a Row,
}

impl Walk<'_> {
    async fn all(&self) -> [String; COLUMNS] {
        let Row { unset, set, changed, cleared, .. } = self.row;
        let with = self.step("with", Some(set)).await;
        let drifted = self.drifted().await;
        let without = self.step("without", Some(unset)).await;
        let is_set = self.step("without", Some(set)).await;
        let changed = self.step("without", changed.as_ref()).await;
        let cleared = self.step("without", cleared.as_ref()).await;
        let left_out = self.step("without", Some(unset)).await;
        let drift = self.scene.notes(&self.name("without"), "DriftDetected").await;
        assert!(drift.is_empty(), "{}: an edit is not drift: {drift:?}", self.row.path);
        [with, without, is_set, changed, cleared, left_out, drifted]
    }

    fn name(&self, user: &str) -> String {
        format!("{user}-{}", self.row.path.to_lowercase())
    }

    /// Applies a manifest, and says what calls came of it. What it asks for must then be what Connect shows.
    async fn step(&self, user: &str, overlay: Option<&Value>) -> String {
        let Some(overlay) = overlay else { return "–".to_owned() };
        let (name, scene) = (self.name(user), self.scene);
        let manifest = scene.manifest(&name, &in_scene(scene, overlay));
        scene.sim.reset_calls();
        let applied = scene.users().patch(&name, &PatchParams::apply("git").force(), &Patch::Apply(&manifest)).await;
        let generation = match applied {
            Ok(user) => user.metadata.generation,
            Err(kube::Error::Api(refusal)) if refusal.code == 422 => return "refused".to_owned(),
            Err(error) => panic!("{name}: {error}"),
        };
        let ended = scene
            .until(&name, "done", |user| {
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

    /// What Connect itself shows, not what the operator expects of its calls.
    async fn assert_shown(&self, name: &str, spec: &Value) {
        let pointer = pointer(self.row.path);
        let Some(asked) = spec.pointer(&pointer).filter(|_| self.row.shown) else { return };
        let seen = self.scene.requeue(name).await;
        let observed = serde_json::to_value(seen.status.unwrap().observed).unwrap();
        let shown = observed.pointer(&pointer).unwrap_or(&Value::Null);
        assert_eq!(comparable(shown), comparable(asked), "{name}");
    }

    /// Somebody changes the field at Connect's console, and the operator is asked to look.
    async fn drifted(&self) -> String {
        let Some(drift) = self.row.drift else { return "–".to_owned() };
        let (name, scene) = (self.name("with"), self.scene);
        let sample = format!("connect_operator_drift_detected_total{{field=\"{}\"}}", self.row.path);
        let (before, detected) = (scene.live(&name), scene.operator.metric(&sample));
        scene.sim.console().call_now(drift(scene, before.user.clone())).unwrap();
        assert_ne!(content(scene.live(&name)), content(before.clone()), "{name}: nothing was changed");
        scene.sim.reset_calls();
        assert!(is_ready(&scene.requeue(&name).await), "{name}");
        assert_eq!(content(scene.live(&name)), content(before), "{name}: not put right");
        let calls = self.calls();
        let note = scene.event_note(&name, "DriftDetected").await;
        assert!(note.starts_with("changed outside of Kubernetes: ") && note.contains(self.row.path), "{name}: {note}");
        // Events are published after the metric is counted.
        scene.event_note(&name, "DriftCorrected").await;
        assert_eq!(scene.operator.metric(&sample), detected + 1.0, "{sample}");
        calls
    }

    fn calls(&self) -> String {
        let calls = self.scene.sim.calls().operations;
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

/// Nothing is nothing, however it is written, the proof of ownership is not the spec's, and lists have no order.
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

/// A channel's setting that is Connect's default is the same as none.
fn is_default(setting: &Value) -> bool {
    let Some(members) = setting.as_object().filter(|members| members.contains_key("channel")) else { return false };
    let set = members.iter().filter(|(name, _)| *name != "channel").map(|(_, value)| value);
    let is_default = |value: &Value| {
        [json!(null), json!(false), json!("SOFT_PHONE"), json!("NONE"), json!({ "afterContactWorkTimeLimit": 0 })].contains(value)
    };
    set.into_iter().all(is_default)
}
