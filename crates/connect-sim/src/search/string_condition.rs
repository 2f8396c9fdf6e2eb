//! `StringCondition`: how a value is compared with a text.

use serde::Deserialize;

use crate::{LongSearchValues, refusal::Refusal};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StringCondition {
    pub field_name: String,
    value: String,
    comparison_type: StringComparison,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StringComparison {
    StartsWith,
    Contains,
    Exact,
}

impl StringCondition {
    /// Returns the condition that a user has this name.
    pub fn username(value: String) -> Self {
        Self { field_name: "Username".into(), value, comparison_type: StringComparison::Exact }
    }

    pub fn check(&self, fields: &[&str]) -> Result<(), Refusal> {
        if fields.contains(&self.field_name.as_str()) {
            return Ok(());
        }
        let (given, known) = (&self.field_name, fields.join(", "));
        Err(Refusal::invalid_parameter(format!("FieldName {given} is unknown; expected one of {known}")))
    }

    /// The index folds case, as full-text indexes do. `limits` applies to fields with values of 2 to 25 characters.
    pub fn matches(&self, text: &str, limits: Option<LongSearchValues>) -> bool {
        let (text, mut value) = (text.to_lowercase(), self.value.to_lowercase());
        if let Some(long_values) = limits
            && !(2..=25).contains(&value.chars().count())
        {
            match long_values {
                LongSearchValues::AsGiven => {}
                LongSearchValues::NoMatch => return false,
                LongSearchValues::Truncated => {
                    value = value.chars().take(25).collect();
                    return text.contains(&value);
                }
            }
        }
        match self.comparison_type {
            StringComparison::StartsWith => text.starts_with(&value),
            StringComparison::Contains => text.contains(&value),
            StringComparison::Exact => text == value,
        }
    }
}
