//! `ListCondition`: which users have a proficiency, by its name, value and level.

use std::collections::BTreeMap;

use connect_api::ProficiencyKey;
use serde::Deserialize;

use super::string_condition::StringCondition;
use crate::refusal::Refusal;

/// A user matches if one of its proficiencies meets all conditions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListCondition {
    target_list_type: TargetList,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TargetList {
    Proficiencies,
}

/// A condition with one member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Condition {
    string_condition: Option<StringCondition>,
    number_condition: Option<NumberCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NumberCondition {
    field_name: String,
    min_value: Option<i32>,
    max_value: Option<i32>,
    comparison_type: NumberComparison,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum NumberComparison {
    GreaterOrEqual,
    Greater,
    LesserOrEqual,
    Lesser,
    Equal,
    NotEqual,
    Range,
}

impl ListCondition {
    pub fn check(&self) -> Result<(), Refusal> {
        let TargetList::Proficiencies = self.target_list_type;
        if self.conditions.is_empty() {
            return Err(Refusal::invalid_parameter("Conditions of a ListCondition must not be empty"));
        }
        self.conditions.iter().try_for_each(|condition| match (&condition.string_condition, &condition.number_condition) {
            (Some(text), None) => text.check(&["name", "value"]),
            (None, Some(number)) => number.check(),
            _ => Err(Refusal::invalid_parameter("a condition of a ListCondition must have one member")),
        })
    }

    pub fn matches(&self, proficiencies: &BTreeMap<ProficiencyKey, f32>) -> bool {
        proficiencies.iter().any(|(key, level)| self.conditions.iter().all(|condition| condition.matches(key, *level)))
    }
}

impl Condition {
    fn matches(&self, key: &ProficiencyKey, level: f32) -> bool {
        let text = self.string_condition.as_ref().is_none_or(|condition| match condition.field_name.as_str() {
            "name" => condition.matches(&key.attribute_name, None),
            _ => condition.matches(&key.attribute_value, None),
        });
        text && self.number_condition.as_ref().is_none_or(|condition| condition.matches(level))
    }
}

impl NumberCondition {
    /// AWS does not document which bound each comparison takes: it must be the one after which the comparison is named.
    fn check(&self) -> Result<(), Refusal> {
        if self.field_name != "limit" {
            let message = format!("FieldName {} is unknown; expected limit", self.field_name);
            return Err(Refusal::invalid_parameter(message));
        }
        let wanted = match self.comparison_type {
            NumberComparison::GreaterOrEqual | NumberComparison::Greater => self.min_value,
            NumberComparison::LesserOrEqual | NumberComparison::Lesser => self.max_value,
            NumberComparison::Equal | NumberComparison::NotEqual => self.min_value.or(self.max_value),
            NumberComparison::Range => self.min_value.and(self.max_value),
        };
        if wanted.is_some() {
            return Ok(());
        }
        let bounds = match self.comparison_type {
            NumberComparison::GreaterOrEqual | NumberComparison::Greater => "MinValue",
            NumberComparison::LesserOrEqual | NumberComparison::Lesser => "MaxValue",
            NumberComparison::Equal | NumberComparison::NotEqual => "MinValue or MaxValue",
            NumberComparison::Range => "MinValue and MaxValue",
        };
        Err(Refusal::invalid_parameter(format!("the NumberCondition needs {bounds}")))
    }

    fn matches(&self, level: f32) -> bool {
        let level = f64::from(level);
        let min = self.min_value.map(f64::from);
        let max = self.max_value.map(f64::from);
        let either = min.or(max);
        match self.comparison_type {
            NumberComparison::GreaterOrEqual => min.is_some_and(|min| level >= min),
            NumberComparison::Greater => min.is_some_and(|min| level > min),
            NumberComparison::LesserOrEqual => max.is_some_and(|max| level <= max),
            NumberComparison::Lesser => max.is_some_and(|max| level < max),
            NumberComparison::Equal => either == Some(level),
            NumberComparison::NotEqual => either.is_some_and(|value| level != value),
            NumberComparison::Range => min.zip(max).is_some_and(|(min, max)| (min..=max).contains(&level)),
        }
    }
}
