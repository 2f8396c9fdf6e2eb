//! `/_sim/`: the control interface for demonstrations and for tests in other processes. Tests in the same process use [`Sim`].

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::encode;
use crate::{Calls, ConfigError, Fault, InstanceView, Sim, UserView, config::known_operation};

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/_sim/calls", get(calls).delete(reset_calls))
        .route("/_sim/state", get(state))
        .route("/_sim/advance", post(advance))
        .route("/_sim/faults", get(faults).post(inject).delete(clear_faults))
        .route("/_sim/denied", put(deny))
}

async fn calls(State(sim): State<Sim>) -> Json<Calls> {
    Json(sim.calls())
}

async fn state(State(sim): State<Sim>) -> Json<Value> {
    let user = |u: &UserView, region: &str| {
        json!({
            "user": encode::without_nulls(encode::user(&u.user, region)),
            "proficiencies": u.proficiencies.iter().map(encode::proficiency).collect::<Vec<_>>(),
            "hasPassword": u.has_password,
            "created": u.created,
        })
    };
    let instance = |i: &InstanceView| {
        json!({
            "id": i.id, "arn": i.arn, "account": i.account, "region": i.region, "alias": i.alias,
            "identityManagementType": i.identity_management_type.as_str(), "usersQuota": i.users_quota,
            "users": sim.users(&i.id).iter().map(|u| user(u, &i.region)).collect::<Vec<_>>(),
        })
    };
    let instances: Vec<_> = sim.instances().iter().map(instance).collect();
    Json(json!({ "now": sim.now(), "instances": instances }))
}

async fn reset_calls(State(sim): State<Sim>) {
    sim.reset_calls();
}

async fn faults(State(sim): State<Sim>) -> Json<Vec<Fault>> {
    Json(sim.faults())
}

type Invalid = (StatusCode, String);

async fn inject(State(sim): State<Sim>, Json(fault): Json<Fault>) -> Result<(), Invalid> {
    fault.check().map_err(invalid)?;
    sim.inject(fault);
    Ok(())
}

async fn clear_faults(State(sim): State<Sim>) {
    sim.clear_faults();
}

/// Denies these operations, and no others.
async fn deny(State(sim): State<Sim>, Json(operations): Json<BTreeSet<String>>) -> Result<(), Invalid> {
    operations.iter().try_for_each(|operation| known_operation(operation)).map_err(invalid)?;
    sim.deny(operations);
    Ok(())
}

fn invalid(error: ConfigError) -> Invalid {
    (StatusCode::BAD_REQUEST, error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

async fn advance(State(sim): State<Sim>, Json(body): Json<Advance>) -> Result<Json<Value>, (StatusCode, &'static str)> {
    let by = Duration::try_from_secs_f64(body.seconds)
        .map_err(|_| (StatusCode::BAD_REQUEST, "seconds must not be negative: time only moves forward"))?;
    sim.advance(by);
    Ok(Json(json!({ "now": sim.now() })))
}
