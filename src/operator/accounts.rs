//! Whether the roles of the configuration can be assumed: asked at the start, and of an account again when it has changed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use connect_api::Class;
use tokio::sync::watch;

use super::{
    AwsConnections, Health,
    config::{Config, RoleArn},
};

/// How long to wait before STS is asked again, if it could not be reached.
const RETRY: Duration = Duration::from_secs(5);

/// Asks for the credentials of each account with a role until STS has answered, with a yes or a no: before, the process is not
/// ready. Then, asks again for an account whose settings have changed, so that the log tells whether they will do.
pub async fn check_accounts(connections: Arc<AwsConnections>, mut config: watch::Receiver<Arc<Config>>, health: Arc<Health>) {
    let mut known = config.borrow_and_update().clone();
    let mut open = roles(&known);
    while !open.is_empty() {
        let mut unanswered = BTreeMap::new();
        for (id, role) in open {
            let why = ask(&connections, &id, &role).await;
            health.waits_for_credentials(&id, why.clone());
            if why.is_some() {
                unanswered.insert(id, role);
            }
        }
        open = unanswered;
        if !open.is_empty() {
            tokio::time::sleep(RETRY).await;
        }
    }
    while config.changed().await.is_ok() {
        let new = config.borrow_and_update().clone();
        for (id, role) in roles(&new) {
            if new.account(&id) != known.account(&id) {
                ask(&connections, &id, &role).await;
            }
        }
        known = new;
    }
}

/// The process is not ready before it has asked for these.
pub fn await_accounts(config: &Config, health: &Health) {
    for id in roles(config).into_keys() {
        health.waits_for_credentials(&id, Some("not asked for yet".to_owned()));
    }
}

/// The accounts with a role.
fn roles(config: &Config) -> BTreeMap<String, RoleArn> {
    config.accounts.iter().filter_map(|(id, settings)| Some((id.to_string(), settings.role_arn.clone()?))).collect()
}

/// Asks once. What is given is why there was no answer.
async fn ask(connections: &AwsConnections, id: &str, role: &RoleArn) -> Option<String> {
    match connections.account(id, sts_region(role)).check().await {
        Ok(()) => {
            tracing::info!(account = id, %role, "the role can be assumed");
            None
        }
        Err(fault) if fault.class == Class::Transient => {
            tracing::warn!(account = id, "{fault}; trying again");
            Some(fault.to_string())
        }
        Err(fault) => {
            tracing::error!(account = id, "{fault}");
            None
        }
    }
}

/// A Region with an STS for the role's partition, for where the environment names none.
fn sts_region(role: &RoleArn) -> &'static str {
    match role.partition() {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}
