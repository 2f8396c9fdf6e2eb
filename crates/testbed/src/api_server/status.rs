//! Error responses of the API server.

use kube::core::Status;

fn refusal(code: u16, reason: &str, message: &str) -> Box<Status> {
    Status::failure(message, reason).with_code(code).boxed()
}

pub(super) fn not_found(resource: &str, name: &str) -> Box<Status> {
    refusal(404, "NotFound", &format!("{resource} {name:?} not found"))
}

pub(super) fn conflict(name: &str, guard: &str) -> Box<Status> {
    let cause = format!("the object has been modified ({guard})");
    refusal(409, "Conflict", &format!("Operation cannot be fulfilled on connectusers {name:?}: {cause}"))
}

pub(super) fn exists(name: &str) -> Box<Status> {
    refusal(409, "AlreadyExists", &format!("secrets {name:?} already exists"))
}

pub(super) fn invalid(name: &str, why: &str) -> Box<Status> {
    refusal(422, "Invalid", &format!("ConnectUser {name:?} is invalid: {why}"))
}

pub(super) fn expired() -> Box<Status> {
    refusal(410, "Expired", "too old resource version")
}

pub(super) fn not_served(what: &str) -> Box<Status> {
    refusal(405, "MethodNotAllowed", &format!("this API server does not serve {what}"))
}
