//! What a resource promises while its status says that it is ready.

use std::collections::BTreeMap;

use connect_operator::{
    api::{ConnectUser, ConnectUserSpec},
    reconcile::NamespacedName,
};
use connect_sim::{Rules, UserView};
use serde_json::Value;

use super::readings;
use crate::{
    ExtraTags, user_matches,
    world::{SWEEP_INTERVAL, Simulation, is_ready, lock},
};

/// The edits whose effect was not checked yet.
#[derive(Debug, Default)]
pub(super) struct Promises {
    specs: BTreeMap<NamespacedName, (String, ConnectUserSpec)>,
    edits: BTreeMap<NamespacedName, Vec<&'static str>>,
    /// What Connect keeps of values.
    rules: Rules,
    /// A profile or a group got another name.
    renamed: bool,
    /// Revisions are given a second time, so a pass from before may write its status over an edit.
    suspended: bool,
}

/// The parts of a spec that an edit may change, as JSON pointers.
const PARTS: [&[&str]; 11] = [
    &["/identityInfo/firstName"],
    &["/identityInfo/lastName"],
    &["/identityInfo/email"],
    &["/identityInfo/secondaryEmail"],
    &["/identityInfo/mobile"],
    &["/phoneConfig", "/afterContactWorkConfigs", "/autoAcceptConfigs"],
    &["/routingProfileArn", "/routingProfileName"],
    &["/securityProfileArns"],
    &["/hierarchyGroupArn", "/hierarchyGroupPath"],
    &["/userProficiencies"],
    &["/tags"],
];

impl Promises {
    /// Returns no promises yet.
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Forgets all edits: the cluster shows an older state.
    pub(super) fn forget(&mut self) {
        self.edits.clear();
        self.specs.clear();
    }

    /// Checks nothing until all that is due is done: an object may look as it did to a pass from before a restore.
    pub(super) fn suspend(&mut self) {
        self.suspended = true;
    }

    /// Checks edits again.
    pub(super) fn resume(&mut self) {
        self.suspended = false;
    }

    /// A change by another client may come right after an edit was made: what was promised until then cannot be checked any more.
    pub(super) fn user_changed_in_connect(&mut self) {
        self.edits.clear();
    }

    /// A profile or a group got another name, was deleted, or was made again. Names that were read stay good for half the interval at which users are compared, so an edit may be
    /// made with what the name meant before. What is so in the end is checked then.
    pub(super) fn name_changed(&mut self) {
        self.edits.clear();
        self.renamed = true;
    }

    /// Checks that each part of a spec that was edited is so in Connect, once its resource is ready. What was not edited may have
    /// changed in Connect since it was last read: a sweep will find it.
    pub(super) fn check(&mut self, simulation: &Simulation) {
        let store = lock(&simulation.store);
        for (name, object) in &store.snapshot().objects {
            let uid = object.metadata.uid.clone().unwrap_or_default();
            match self.specs.insert(name.clone(), (uid.clone(), object.spec.clone())) {
                Some((before, spec)) if before == uid => {
                    let edited = edited(&spec, &object.spec);
                    if !edited.is_empty() {
                        self.edits.insert(name.clone(), edited);
                    }
                }
                _ => drop(self.edits.remove(name)),
            }
            let observes = object.spec.management_policy == connect_operator::api::ManagementPolicy::Observe;
            if self.suspended || observes || !is_ready(object) {
                continue;
            }
            let Some(mut parts) = self.edits.remove(name) else { continue };
            let id = object.status.as_ref().and_then(|status| status.user_id.clone());
            let users = simulation.sim.users(&simulation.instance);
            let Some(view) = users.into_iter().find(|view| Some(view.user.id.as_str()) == id.as_deref()) else { continue };
            // An edit may rest on the last list. What was changed since is found by the next one, but for proficiencies.
            let since = simulation.sim.now() - 2 * SWEEP_INTERVAL;
            if simulation.setup.sweeps && lock(&simulation.ledger).touched.get(&view.user.id).is_some_and(|at| *at >= since) {
                parts.retain(|part| *part == "/userProficiencies");
            }
            if self.renamed {
                parts.retain(|part| !part.starts_with("/routingProfile") && !part.starts_with("/hierarchyGroup"));
            }
            let mut spec = only(object, &parts, &view);
            // The next read shows that Connect keeps other values.
            readings::keep(&self.rules, &mut spec);
            if let Err(difference) = user_matches(&spec, &view, &simulation.sim, ExtraTags::Allowed) {
                simulation.violated(format!("ready after an edit of {}, but {difference}", parts.join(", ")));
            }
        }
    }
}

fn json(spec: &ConnectUserSpec) -> Value {
    serde_json::to_value(spec).expect("a spec is JSON")
}

fn edited(before: &ConnectUserSpec, after: &ConnectUserSpec) -> Vec<&'static str> {
    let (before, after) = (json(before), json(after));
    let mut parts = Vec::new();
    for part in PARTS {
        let value = |json: &Value, field: &str| json.pointer(field).cloned().unwrap_or_default();
        if part.iter().any(|field| value(&before, field) != value(&after, field)) {
            parts.extend(part);
        }
    }
    parts
}

/// Returns the spec with these parts only. What a spec cannot leave out is as the user has it.
fn only(object: &ConnectUser, parts: &[&'static str], view: &UserView) -> ConnectUserSpec {
    let mut spec = json(&object.spec);
    for field in PARTS.into_iter().flatten().filter(|field| !parts.contains(*field)) {
        if let Some(value) = spec.pointer_mut(field) {
            *value = Value::Null;
        }
    }
    let spec: ConnectUserSpec = serde_json::from_value(spec).expect("a spec without some optional fields");
    ConnectUserSpec { password_secret_ref: None, generate_password: None, ..without_ignored(&spec, view) }
}

/// Returns the spec without the fields whose drift is ignored: those may differ for as long as people like. What a spec cannot leave out
/// is as the user has it.
pub(super) fn without_ignored(spec: &ConnectUserSpec, view: &UserView) -> ConnectUserSpec {
    let mut json = json(spec);
    for path in spec.ignore_drift.iter().flatten().map(|field| field.path()) {
        if let Some(value) = json.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
            *value = Value::Null;
        }
    }
    let mut spec: ConnectUserSpec = serde_json::from_value(json).expect("a spec without some optional fields");
    if spec.routing_profile_arn.is_none() && spec.routing_profile_name.is_none() {
        spec.routing_profile_arn = view.user.routing_profile_id.as_ref().map(ToString::to_string);
    }
    if spec.security_profile_arns.is_none() && spec.security_profile_names.is_none() {
        spec.security_profile_arns = Some(view.user.security_profile_ids.iter().map(ToString::to_string).collect());
    }
    spec
}
