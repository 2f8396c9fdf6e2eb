//! Counts of calls by operation and outcome, for tests with a budget of calls.

use std::collections::BTreeMap;

use serde::Serialize;

/// The calls of one operation, from the view of the callers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationCalls {
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls with an error or without a reply.
    pub failed: u64,
    /// The failures by error code, `HTTP 429` without a code, or `NoReply` without a reply.
    pub errors: BTreeMap<String, u64>,
}

impl OperationCalls {
    /// Returns the number of all calls.
    pub fn total(&self) -> u64 {
        self.succeeded + self.failed
    }
}

/// CreateUser calls for one username.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Creates {
    /// How often it was called.
    pub attempts: u64,
    /// How often a user was created, whether or not the caller received the reply.
    pub created: u64,
}

/// Counts since the start or the last reset, without calls through the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// Calls by operation.
    pub operations: BTreeMap<String, OperationCalls>,
    /// CreateUser calls by username.
    pub creates: BTreeMap<String, Creates>,
}

impl Calls {
    /// Returns the number of calls of one operation.
    pub fn of(&self, operation: impl ToString) -> u64 {
        self.operations.get(&operation.to_string()).map_or(0, OperationCalls::total)
    }

    /// Returns the number of all calls.
    pub fn total(&self) -> u64 {
        self.operations.values().map(OperationCalls::total).sum()
    }

    /// Returns the number of calls that change something.
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

/// Returns whether an operation changes something. AWS' reads start with these words, and AssumeRole changes nothing either.
fn is_write(operation: &str) -> bool {
    !["Describe", "List", "Search", "Get", "Assume"].iter().any(|read| operation.starts_with(read))
}
