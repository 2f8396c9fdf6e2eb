//! The CustomResourceDefinition, as `connect-operator crd` prints it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSON};
use kube::CustomResourceExt;

use super::ConnectUser;

/// The CustomResourceDefinition of [`ConnectUser`].
///
/// What the derive cannot say is added here: a new object's status starts with `observedGeneration: -1`, so that no tool takes
/// an object that nobody has looked at yet for a finished one.
pub fn crd() -> CustomResourceDefinition {
    let mut crd = ConnectUser::crd();
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut());
        if let Some(status) = schema.and_then(|s| s.properties.as_mut()).and_then(|p| p.get_mut("status")) {
            status.default = Some(JSON(serde_json::json!({ "observedGeneration": -1 })));
            status.nullable = None;
        }
    }
    crd
}
