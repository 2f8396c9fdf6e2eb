//! What was called, how often, with which outcome: for tests that hold a budget of calls.

use std::collections::BTreeMap;

use serde::Serialize;

/// Calls of one operation, as its callers saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationCalls {
    /// Answered with success.
    pub succeeded: u64,
    /// Answered with an error, or not at all.
    pub failed: u64,
    /// The failures by error code; `HTTP 429` where there was none, `NoReply` where no reply went out.
    pub errors: BTreeMap<String, u64>,
}

impl OperationCalls {
    /// All calls.
    pub fn total(&self) -> u64 {
        self.succeeded + self.failed
    }
}

/// CreateUser calls for one username.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Creates {
    /// How often it was asked for.
    pub attempts: u64,
    /// How often a user came of it, whether the caller got to know or not.
    pub created: u64,
}

/// Counts since the start or the last reset. Calls through the console are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// By operation.
    pub operations: BTreeMap<String, OperationCalls>,
    /// CreateUser by username.
    pub creates: BTreeMap<String, Creates>,
}

impl Calls {
    /// All calls of one operation.
    pub fn of(&self, operation: impl ToString) -> u64 {
        self.operations.get(&operation.to_string()).map_or(0, OperationCalls::total)
    }

    /// All calls.
    pub fn total(&self) -> u64 {
        self.operations.values().map(OperationCalls::total).sum()
    }

    /// Calls of operations that change something.
    pub fn writes(&self) -> u64 {
        self.operations.iter().filter(|(name, _)| is_write(name)).map(|(_, calls)| calls.total()).sum()
    }

    pub(crate) fn count(&mut self, operation: &str, failure: Option<String>) {
        let calls = self.operations.entry(operation.to_owned()).or_default();
        match failure {
            None => calls.succeeded += 1,
            Some(code) => {
                calls.failed += 1;
                *calls.errors.entry(code).or_default() += 1;
            }
        }
    }

    pub(crate) fn count_create(&mut self, username: &str, created: bool) {
        let creates = self.creates.entry(username.to_owned()).or_default();
        creates.attempts += 1;
        creates.created += u64::from(created);
    }
}

/// AWS names its reads so. AssumeRole changes nothing either.
fn is_write(operation: &str) -> bool {
    !["Describe", "List", "Search", "Get", "Assume"].iter().any(|read| operation.starts_with(read))
}
