//! A namespace for one test.

use anyhow::{Context, Result};
use serde_json::json;

use crate::plane::ControlPlane;

/// A namespace that nobody else uses. Dropping it asks for its deletion and does not wait for it.
#[derive(Debug)]
pub struct Namespace<'plane> {
    plane: &'plane ControlPlane,
    name: String,
}

impl<'plane> Namespace<'plane> {
    /// Creates a namespace whose name is `prefix`, a dash and what the API server makes unique.
    ///
    /// # Errors
    /// The API server refuses it: `prefix` is no part of a valid name.
    pub fn create(plane: &'plane ControlPlane, prefix: &str) -> Result<Self> {
        let manifest = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "generateName": format!("{prefix}-") } });
        let created = plane.kubectl().run_with_input(&["create", "--filename=-", "--output=name"], &manifest.to_string())?;
        let name = created.trim().strip_prefix("namespace/").with_context(|| format!("kubectl printed {created:?}"))?;
        Ok(Self { plane, name: name.to_owned() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        // It goes with the control plane if it cannot be deleted now (the API server may be down, or the test has deleted it).
        let _ = self.plane.kubectl().output(&["delete", "namespace", &self.name, "--wait=false", "--ignore-not-found"]);
    }
}
