//! The rules of the CustomResourceDefinition, checked without an API server.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use serde_json::Value;

use super::{
    ConnectUser,
    structure::{self, BrokenRule},
};

/// The structure and the CEL rules of the CustomResourceDefinition, compiled once for many objects.
#[derive(Debug)]
pub struct Rules {
    validator: Validator,
    /// The rules that span several fields of the spec.
    spec: CompiledSchema,
    /// The fields of which these speak.
    spanned: BTreeSet<String>,
    /// The rules of each field of the spec.
    fields: BTreeMap<String, CompiledSchema>,
    /// Values that break no rule, by path: a rule's patterns are compiled each time, and most users share most values.
    good: RefCell<HashMap<String, HashSet<String>>>,
}

impl Rules {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A schema that cannot be written as JSON, which does not happen.
    pub fn new() -> serde_json::Result<Self> {
        let schema = serde_json::to_value(&*structure::SCHEMA)?;
        let mut spec = compile_schema(&schema);
        // Their defaults and types stay: rules that span several fields need them.
        spec.properties.values_mut().for_each(without_rules);
        let rules = || spec.validations.iter().flatten().map(|compiled| &compiled.rule.rule);
        let is_spanned = |name: &&String| rules().any(|rule| rule.contains(&format!(".{name}")));
        Ok(Self {
            validator: Validator::new(),
            spanned: spec.properties.keys().filter(is_spanned).cloned().collect(),
            spec,
            fields: compile_schema(&schema).properties.into_iter().collect(),
            good: RefCell::default(),
        })
    }

    /// Returns the rules that an object breaks: those for new objects, or also those for changes of the one that is there.
    ///
    /// # Errors
    /// An object that cannot be written as JSON, which does not happen.
    pub fn broken_by(&self, user: &ConnectUser, old: Option<&ConnectUser>) -> serde_json::Result<Vec<BrokenRule>> {
        let object: Value = serde_json::to_value(user)?;
        let mut broken = structure::broken_by(&object);
        let spec = &object["spec"];
        let old: Option<Value> = old.map(|old| serde_json::to_value(&old.spec)).transpose()?;
        let fields = spec.as_object().into_iter().flatten();
        let spanned = fields.filter(|(name, _)| self.spanned.contains(*name));
        let spanned = spanned.map(|(name, value)| (name.clone(), value.clone())).collect();
        broken.extend(self.broken("spec", &self.spec, &spanned, old.as_ref()));
        for (name, rules) in &self.fields {
            if let Some(value) = spec.get(name) {
                let old = old.as_ref().and_then(|old| old.get(name));
                broken.extend(self.broken(&format!("spec.{name}"), rules, value, old));
            }
        }
        Ok(broken)
    }

    /// Returns the rules that the value at this path breaks.
    fn broken(&self, path: &str, rules: &CompiledSchema, value: &Value, old: Option<&Value>) -> Vec<BrokenRule> {
        let text = value.to_string();
        let mut good = self.good.borrow_mut();
        let good = good.entry(path.to_owned()).or_default();
        if old.is_none() && good.contains(&text) {
            return Vec::new();
        }
        let errors = self.validator.validate_compiled(rules, value, old).err();
        let errors = errors.map(|errors| errors.into_vec()).unwrap_or_default();
        if old.is_none() && errors.is_empty() {
            good.insert(text);
        }
        // A rule that names a field has its path with a point before it.
        let below = |inner: &str| match inner.chars().next() {
            None => path.to_owned(),
            Some('[' | '.') => format!("{path}{inner}"),
            Some(_) => format!("{path}.{inner}"),
        };
        errors.into_iter().map(|error| BrokenRule { field: below(&error.field_path), message: error.message }).collect()
    }
}

/// Removes the rules of a schema and of all that it contains.
fn without_rules(schema: &mut CompiledSchema) {
    schema.validations.clear();
    let CompiledSchema { properties, items, additional_properties, .. } = schema;
    properties.values_mut().chain(items.as_deref_mut()).chain(additional_properties.as_deref_mut()).for_each(without_rules);
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
        let both = broken(json!({ "hierarchyGroupArn": "", "hierarchyGroupPath": "/North" }));
        assert_eq!(both.iter().map(|rule| rule.field.as_str()).collect::<Vec<_>>(), ["spec.hierarchyGroupArn"]);
        let email = broken(json!({ "identityInfo": { "email": "jane" } }));
        assert_eq!(email.iter().map(|rule| rule.field.as_str()).collect::<Vec<_>>(), ["spec.identityInfo.email"]);
    }

    #[test]
    fn rules_of_the_spec_name_the_fields_that_they_need() {
        let rules = Rules::new().unwrap();
        for compiled in rules.spec.validations.iter().flatten() {
            let rule = compiled.rule.rule.replace("oldSelf", "self");
            assert!(rule.split("self").skip(1).all(|rest| rest.starts_with('.')), "{rule}");
        }
        assert!(rules.spanned.contains("region") && !rules.spanned.contains("username"), "{:?}", rules.spanned);
    }
}
