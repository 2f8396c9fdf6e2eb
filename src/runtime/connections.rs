//! Clients of Connect, one per account and Region, each with its own limiter, as the configuration has it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_aws::{Account, AccountOptions, CredentialsFault, Role, SdkConfig};
use tokio::sync::watch;

use super::config::{AccountSettings, Config};
use crate::{reconcile::Connections, telemetry::Metrics};

/// What a session is called where the configuration does not say.
const SESSION_NAME: &str = "connect-operator";

/// What holds for all accounts, unless the configuration says otherwise of one.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Where Connect is, instead of at AWS.
    pub endpoint_url: Option<String>,
    /// AWS' rate limits.
    pub quotas: Quotas,
}

/// Clients over the AWS SDK.
pub struct AwsConnections {
    /// The operator's own credentials, and how AWS is reached.
    aws: SdkConfig,
    everywhere: Defaults,
    config: watch::Receiver<Arc<Config>>,
    metrics: Arc<Metrics>,
    accounts: Mutex<HashMap<String, AccountClients>>,
}

/// An account with its clients by Region, and the settings that they were made with.
struct AccountClients {
    settings: AccountSettings,
    account: Account,
    clients: HashMap<String, Arc<dyn Connect>>,
}

impl std::fmt::Debug for AwsConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsConnections").field("everywhere", &self.everywhere).finish_non_exhaustive()
    }
}

impl AwsConnections {
    /// Clients with the credentials and limits that hold everywhere, or as the configuration has them for an account, from then
    /// on when it has changed.
    pub fn new(aws: SdkConfig, everywhere: Defaults, config: watch::Receiver<Arc<Config>>, metrics: Arc<Metrics>) -> Self {
        Self { aws, everywhere, config, metrics, accounts: Mutex::default() }
    }

    /// Gets the operator's own credentials, to see whether they can be had.
    pub(super) async fn own_credentials(&self) -> Result<(), Arc<CredentialsFault>> {
        connect_aws::check_own(&self.aws).await
    }

    /// An account; its STS is in this Region where the environment names none.
    pub(super) fn account(&self, id: &str, sts_region: &str) -> Account {
        self.with(id, sts_region, |in_use| in_use.account.clone())
    }

    /// Does something with an account as it is configured now.
    fn with<T>(&self, id: &str, sts_region: &str, act: impl FnOnce(&mut AccountClients) -> T) -> T {
        let settings = self.config.borrow().account(id);
        // Nothing panics while holding the lock.
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is in the middle of a call goes on with the client from before.
        if accounts.get(id).is_some_and(|in_use| in_use.settings != settings) {
            accounts.remove(id);
        }
        act(accounts.entry(id.to_owned()).or_insert_with(|| {
            let account = Account::new(&self.aws, self.options(id, sts_region, &settings));
            AccountClients { settings, account, clients: HashMap::new() }
        }))
    }

    fn options(&self, id: &str, sts_region: &str, settings: &AccountSettings) -> AccountOptions {
        let role = settings.role_arn.as_ref().map(|arn| Role {
            arn: arn.to_string(),
            external_id: settings.external_id.as_ref().map(ToString::to_string),
            session_name: settings.session_name.as_ref().map_or_else(|| SESSION_NAME.to_owned(), ToString::to_string),
            session_tags: settings.session_tags.get().clone(),
        });
        let endpoint_url = settings.endpoint_url.as_ref().map(ToString::to_string);
        AccountOptions {
            id: id.to_owned(),
            role,
            endpoint_url: endpoint_url.or_else(|| self.everywhere.endpoint_url.clone()),
            sts_region: sts_region.to_owned(),
            named: format!("accounts.{id}"),
        }
    }
}

impl Connections for AwsConnections {
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
        self.with(&instance.account, &instance.region, |AccountClients { settings, account, clients }| {
            let client = clients.entry(instance.region.clone()).or_insert_with(|| {
                let aws = Meter::new(account.connect(&instance.region), self.metrics.clone());
                let limiter = Limiter::new(aws, settings.quotas(&self.everywhere.quotas));
                let limiter = Arc::new(limiter.telling(self.metrics.clone()));
                self.metrics.limiter(instance, &limiter);
                limiter
            });
            client.clone()
        })
    }

    fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        self.config.borrow().refusal(instance, namespace)
    }
}
