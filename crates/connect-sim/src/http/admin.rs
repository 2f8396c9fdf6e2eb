//! `/_sim/`: the control interface for tests and demonstrations.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use connect_api::InstanceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::encode;
use crate::{Calls, ConfigError, Fault, Sim};

type AdminError = (StatusCode, String);

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/_sim/calls", get(calls))
        .route("/_sim/calls/reset", post(reset_calls))
        .route("/_sim/state", get(state))
        .route("/_sim/faults", get(faults).post(inject).delete(clear_faults))
        .route("/_sim/advance", post(advance))
        .route("/_sim/denied", post(deny))
        .route("/_sim/quota", post(quota))
}

async fn calls(State(sim): State<Sim>) -> Json<Calls> {
    Json(sim.calls())
}

async fn reset_calls(State(sim): State<Sim>) {
    sim.reset_calls();
}

async fn state(State(sim): State<Sim>) -> Json<Value> {
    let instances: Vec<Value> = sim
        .instances()
        .into_iter()
        .map(|i| {
            let users: Vec<Value> = sim
                .users(&i.id)
                .iter()
                .map(|u| {
                    json!({
                        "user": encode::user(&u.user, &i.region),
                        "proficiencies": u.proficiencies.iter().map(encode::proficiency).collect::<Vec<_>>(),
                        "hasPassword": u.has_password,
                        "created": u.created,
                    })
                })
                .collect();
            json!({
                "id": i.id, "arn": i.arn, "account": i.account, "region": i.region, "alias": i.alias,
                "identityManagementType": i.identity_management_type.as_str(), "usersQuota": i.users_quota, "users": users,
            })
        })
        .collect();
    Json(json!({ "now": sim.now(), "instances": instances }))
}

async fn faults(State(sim): State<Sim>) -> Json<Vec<Fault>> {
    Json(sim.faults())
}

async fn inject(State(sim): State<Sim>, Json(fault): Json<Fault>) -> Result<(), AdminError> {
    sim.try_inject(fault).map_err(bad_request)
}

async fn clear_faults(State(sim): State<Sim>) {
    sim.clear_faults();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

async fn advance(State(sim): State<Sim>, Json(body): Json<Advance>) -> Result<Json<Value>, AdminError> {
    let by = Duration::try_from_secs_f64(body.seconds)
        .map_err(|_| (StatusCode::BAD_REQUEST, "seconds must not be negative: time only moves forward".to_owned()))?;
    sim.advance(by);
    Ok(Json(json!({ "now": sim.now() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denied {
    operations: Vec<String>,
}

async fn deny(State(sim): State<Sim>, Json(body): Json<Denied>) -> Result<(), AdminError> {
    sim.try_deny(body.operations).map_err(bad_request)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsersQuota {
    instance: InstanceId,
    users: usize,
}

async fn quota(State(sim): State<Sim>, Json(body): Json<UsersQuota>) -> Result<(), AdminError> {
    if sim.set_users_quota(&body.instance, body.users) {
        return Ok(());
    }
    Err((StatusCode::NOT_FOUND, format!("there is no instance {}", body.instance)))
}

fn bad_request(error: ConfigError) -> AdminError {
    (StatusCode::BAD_REQUEST, error.to_string())
}
