//! A namespace for one test.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::plane::ControlPlane;

const NAMESPACES: &str = "/api/v1/namespaces";

/// A namespace with a unique name. Dropping it requests its deletion, but does not wait for it.
#[derive(Debug)]
pub struct Namespace<'plane> {
    plane: &'plane ControlPlane,
    name: String,
}

impl<'plane> Namespace<'plane> {
    /// Creates a namespace. Its name is `prefix`, a dash, and a unique suffix.
    ///
    /// # Errors
    /// The API server refuses the name.
    pub fn create(plane: &'plane ControlPlane, prefix: &str) -> Result<Self> {
        let manifest = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "generateName": format!("{prefix}-") } });
        // One request: kubectl would find out first what the API server serves.
        let created = plane.kubectl().run_with_input(&["create", "--raw", NAMESPACES, "--filename=-"], &manifest.to_string())?;
        let created: Value = serde_json::from_str(&created)?;
        let name = created["metadata"]["name"].as_str().with_context(|| format!("the API server answered {created}"))?;
        Ok(Self { plane, name: name.to_owned() })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        // This may fail, since the API server may be down or the test may have deleted it. It disappears with the control plane anyway.
        let _ = self.plane.kubectl().output(&["delete", "--raw", &format!("{NAMESPACES}/{}", self.name)]);
    }
}
