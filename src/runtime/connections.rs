//! Clients of Connect, one per account and Region, each with its own limiter, according to the configuration.

use std::{collections::HashMap, sync::Arc};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_aws::{Account, AccountOptions, CredentialsFault, Role, SdkConfig};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::config::{AccountSettings, Config};
use crate::{
    plan::Bounds,
    reconcile::Connections,
    telemetry::{AccountMetrics, Metrics},
};

/// The session name of assumed roles, unless the configuration sets one.
const SESSION_NAME: &str = "connect-operator";

/// Settings for all accounts, unless the configuration overrides them for one.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The endpoint of Connect, instead of AWS' own.
    pub endpoint_url: Option<String>,
    /// AWS' rate limits.
    pub quotas: Quotas,
}

/// Clients over the AWS SDK.
pub struct AwsConnections {
    /// The operator's own credentials and the settings of the SDK.
    aws: SdkConfig,
    defaults: Defaults,
    config: watch::Receiver<Arc<Config>>,
    metrics: Arc<Metrics>,
    accounts: Mutex<HashMap<String, AccountClients>>,
}

/// An account with its clients by Region, and the settings that they were created with.
struct AccountClients {
    settings: AccountSettings,
    account: Account,
    observer: Arc<AccountMetrics>,
    clients: HashMap<String, Arc<dyn Connect>>,
}

impl AwsConnections {
    /// Uses the operator's own credentials and the defaults, or the settings in the configuration for an account. A change of the
    /// configuration takes effect with the next client that is requested.
    pub fn new(aws: SdkConfig, defaults: Defaults, config: watch::Receiver<Arc<Config>>, metrics: Arc<Metrics>) -> Self {
        Self { aws, defaults, config, metrics, accounts: Mutex::default() }
    }

    /// Checks that the operator's own credentials can be obtained.
    pub(super) async fn check_own_credentials(&self) -> Result<(), Arc<CredentialsFault>> {
        connect_aws::check_own(&self.aws).await
    }

    /// Returns an account. `sts_region` is the Region of its STS endpoint, unless the environment sets one.
    pub(super) fn account(&self, id: &str, sts_region: &str) -> Account {
        self.with_account(id, sts_region, |clients| clients.account.clone())
    }

    /// Calls a function with the clients of an account. Creates them again if the settings of the account have changed.
    fn with_account<T>(&self, id: &str, sts_region: &str, act: impl FnOnce(&mut AccountClients) -> T) -> T {
        let settings = self.config.borrow().account(id);
        let mut accounts = self.accounts.lock();
        // Calls in progress continue with the previous client.
        if accounts.get(id).is_some_and(|clients| clients.settings != settings) {
            accounts.remove(id);
        }
        act(accounts.entry(id.to_owned()).or_insert_with(|| {
            let account = Account::new(&self.aws, self.options(id, sts_region, &settings));
            let observer = Arc::new(AccountMetrics::new(self.metrics.clone(), id));
            AccountClients { settings, account, observer, clients: HashMap::new() }
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
            endpoint_url: endpoint_url.or_else(|| self.defaults.endpoint_url.clone()),
            sts_region: sts_region.to_owned(),
            named: format!("accounts.{id}"),
        }
    }
}

impl Connections for AwsConnections {
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
        self.with_account(&instance.account, &instance.region, |AccountClients { settings, account, observer, clients }| {
            let client = clients.entry(instance.region.clone()).or_insert_with(|| {
                let aws = Meter::new(account.connect(&instance.region), observer.clone());
                let limiter = Limiter::new(aws, settings.quotas(&self.defaults.quotas));
                let limiter = Arc::new(limiter.with_observer(self.metrics.clone()));
                self.metrics.add_limiter(instance, &limiter);
                limiter
            });
            client.clone()
        })
    }

    fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        self.config.borrow().refusal(instance, namespace)
    }

    fn bounds(&self, instance: &Arn, namespace: &str) -> Bounds {
        self.config.borrow().bounds(instance, namespace)
    }
}
