//! The rules of the CustomResourceDefinition, checked without an API server.

use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use serde_json::Value;

use super::{ConnectUser, crd, structure};

/// The structure and the CEL rules of the CustomResourceDefinition, compiled once for many objects.
#[derive(Debug)]
pub struct Rules(CompiledSchema);

/// A rule that an object breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRule {
    /// The field's path, such as `spec.username`.
    pub field: String,
    /// What the API server would say.
    pub message: String,
}

impl Rules {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A definition without a schema, which does not happen.
    pub fn new() -> serde_json::Result<Self> {
        let schema = crd().spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema);
        serde_json::to_value(schema).map(|schema| Self(compile_schema(&schema)))
    }

    /// Returns the rules that an object breaks: those for new objects, or also those for changes of the one that is there.
    ///
    /// # Errors
    /// An object that cannot be written as JSON, which does not happen.
    pub fn broken_by(&self, user: &ConnectUser, old: Option<&ConnectUser>) -> serde_json::Result<Vec<BrokenRule>> {
        let object: Value = serde_json::to_value(user)?;
        let mut broken = structure::broken_by(&object);
        let old: Option<Value> = old.map(serde_json::to_value).transpose()?;
        let errors = Validator::new().validate_compiled(&self.0, &object, old.as_ref()).err();
        let errors = errors.map(|errors| errors.into_vec()).unwrap_or_default();
        broken.extend(errors.into_iter().map(|error| BrokenRule { field: error.field_path, message: error.message }));
        Ok(broken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fixtures;

    #[test]
    fn broken_rules_name_field_and_message() {
        let rules = Rules::new().unwrap();
        let broken = |spec: Value| {
            let user = serde_json::from_value(fixtures::json_of(json!({ "spec": spec }))).unwrap();
            rules.broken_by(&user, None).unwrap()
        };
        assert_eq!(broken(json!({})), []);
        let [hangul] = &broken(json!({ "username": "김민준" }))[..] else { panic!("one rule is broken") };
        assert_eq!(
            (hangul.field.as_str(), hangul.message.as_str()),
            ("spec.username", "username must be 1 to 64 letters, digits and _ - . @")
        );
        let email = broken(json!({ "identityInfo": { "email": "jane" } }));
        assert_eq!(email.iter().map(|rule| rule.field.as_str()).collect::<Vec<_>>(), ["spec.identityInfo.email"]);
    }
}
