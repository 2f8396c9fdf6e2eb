//! Checks the operator's own credentials and those of the roles in the configuration: at the start, and again for each account
//! whose settings have changed.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use connect_api::Class;
use futures::{StreamExt, stream};
use tokio::sync::watch;

use super::{config::Config, connections::AwsConnections, health::Health};

/// How long to wait before unavailable credentials are requested again.
const RETRY: Duration = Duration::from_secs(5);
/// The number of accounts that are checked at the same time, so that accounts whose STS does not answer do not delay the others.
const CONCURRENCY: usize = 16;

/// Credentials to check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CredentialSource {
    /// The operator's own, with which it assumes roles.
    Operator,
    /// Those of the role in an account.
    Account(String),
}

/// The name of the part in `/readyz`.
impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("AWS credentials of the operator itself"),
            Self::Account(id) => write!(f, "credentials of account {id}"),
        }
    }
}

/// Requests the operator's own credentials until they are available, and those of each account with a role until STS has granted
/// or denied them. Before that, the process is not ready. Checks an account again when its settings change.
pub async fn check_accounts(connections: Arc<AwsConnections>, mut config: watch::Receiver<Arc<Config>>, health: Arc<Health>) {
    let mut current = config.borrow_and_update().clone();
    // The credentials that are not available yet, each with the reason that was logged.
    let mut pending: BTreeMap<CredentialSource, String> = sources(&current).map(|source| (source, String::new())).collect();
    loop {
        // The operator's own credentials come first: no role can be assumed without them.
        if let Some(logged) = pending.remove(&CredentialSource::Operator) {
            let why = check(&connections, &current, &CredentialSource::Operator, &logged).await;
            health.set_lacking(&CredentialSource::Operator, why.clone());
            pending.extend(why.map(|why| (CredentialSource::Operator, why)));
        }
        if !pending.contains_key(&CredentialSource::Operator) {
            let checks = std::mem::take(&mut pending).into_iter().map(|(source, logged)| {
                let (connections, current) = (&connections, &current);
                async move { (check(connections, current, &source, &logged).await, source) }
            });
            let mut results = stream::iter(checks).buffer_unordered(CONCURRENCY);
            while let Some((why, source)) = results.next().await {
                health.set_lacking(&source, why.clone());
                pending.extend(why.map(|why| (source, why)));
            }
        }
        let changed = if pending.is_empty() {
            config.changed().await.is_ok()
        } else {
            tokio::select! {
                Ok(()) = config.changed() => true,
                () = tokio::time::sleep(RETRY) => continue,
            }
        };
        if !changed {
            return;
        }
        let new = config.borrow_and_update().clone();
        pending.retain(|source, _| {
            let remains = sources(&new).any(|other| other == *source);
            if !remains {
                health.set_lacking(source, None);
            }
            remains
        });
        let differs =
            |source: &CredentialSource| matches!(source, CredentialSource::Account(id) if new.account(id) != current.account(id));
        pending.extend(sources(&new).filter(differs).map(|source| (source, String::new())));
        current = new;
    }
}

/// Marks all credentials as not checked yet, so that the process is not ready before [`check_accounts`] has checked them.
pub fn await_accounts(config: &Config, health: &Health) {
    sources(config).for_each(|source| health.set_lacking(&source, Some("not checked yet".to_owned())));
}

/// Returns the operator and the accounts with a role.
fn sources(config: &Config) -> impl Iterator<Item = CredentialSource> {
    let with_role = config.accounts.iter().filter(|(_, settings)| settings.role_arn.is_some());
    [CredentialSource::Operator].into_iter().chain(with_role.map(|(id, _)| CredentialSource::Account(id.to_string())))
}

/// Requests credentials once. Returns why they have to be requested again, if so, and logs the reason unless it equals `logged`.
async fn check(connections: &AwsConnections, config: &Config, source: &CredentialSource, logged: &str) -> Option<String> {
    let (result, is_final) = match source {
        CredentialSource::Operator => (connections.check_own_credentials().await, false),
        CredentialSource::Account(id) => {
            config.account(id).role_arn?;
            let result = connections.account(id).check().await;
            let is_final = result.as_ref().is_err_and(|fault| fault.class != Class::Transient);
            (result, is_final)
        }
    };
    match result {
        Ok(()) => {
            tracing::info!("{source}: available");
            None
        }
        Err(fault) if is_final => {
            tracing::error!("{source}: {fault}");
            None
        }
        Err(fault) => {
            let why = fault.to_string();
            if why != logged {
                tracing::warn!("{source}: {why}; retrying every {} s", RETRY.as_secs());
            }
            Some(why)
        }
    }
}
