//! Error responses of the API server.

use serde_json::{Value, json};

/// A request that is refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub code: u16,
    reason: &'static str,
    message: String,
}

impl Refusal {
    /// Returns the body of the response.
    pub fn body(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        })
    }
}

pub(super) fn not_found(resource: &str, name: &str) -> Refusal {
    Refusal { code: 404, reason: "NotFound", message: format!("{resource} {name:?} not found") }
}

pub(super) fn conflict(name: &str, guard: &str) -> Refusal {
    let message = format!("Operation cannot be fulfilled on connectusers {name:?}: the object has been modified ({guard})");
    Refusal { code: 409, reason: "Conflict", message }
}

pub(super) fn exists(name: &str) -> Refusal {
    Refusal { code: 409, reason: "AlreadyExists", message: format!("secrets {name:?} already exists") }
}

pub(super) fn invalid(name: &str, why: &str) -> Refusal {
    Refusal { code: 422, reason: "Invalid", message: format!("ConnectUser {name:?} is invalid: {why}") }
}

pub(super) fn expired() -> Refusal {
    Refusal { code: 410, reason: "Expired", message: "too old resource version".into() }
}

pub(super) fn not_served(what: &str) -> Refusal {
    Refusal { code: 405, reason: "MethodNotAllowed", message: format!("this API server does not serve {what}") }
}
