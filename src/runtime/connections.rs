//! Clients of Connect, one per account and Region, each with its own limiter, according to the configuration.
//!
//! A ConnectUser can name any account and Region. So a client is made when a call is about to be made, and dropped when none has been
//! made for a while.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_aws::{Account, AccountOptions, AwsConnect, CredentialsFault, Role, SdkConfig};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use super::config::{AccountSettings, Config, UsersQuota};
use crate::{
    plan::Bounds,
    reconcile::Connections,
    telemetry::{AccountMetrics, Metrics},
};

/// The session name of assumed roles, unless the configuration sets one.
const SESSION_NAME: &str = "connect-operator";

/// How long a client is kept that is not used. What its limiter knows is worth nothing after some minutes.
const UNUSED: Duration = Duration::from_secs(3600);
/// How often unused clients are looked for.
const BETWEEN_CHECKS: Duration = Duration::from_secs(60);

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
    accounts: Mutex<Accounts>,
}

/// The accounts in use, by id.
struct Accounts {
    clients: HashMap<String, AccountClients>,
    /// When unused clients were last looked for.
    checked: Instant,
}

/// An account with its clients by Region, and the settings that they were created with.
struct AccountClients {
    settings: AccountSettings,
    account: Account,
    observer: Arc<AccountMetrics>,
    clients: HashMap<String, RegionClient>,
    used: Instant,
}

struct RegionClient {
    connect: Arc<dyn Connect>,
    used: Instant,
}

impl Accounts {
    /// Drops what was not used for a while. The credentials of an account that the configuration lists stay.
    fn drop_unused(&mut self, config: &Config, now: Instant) {
        if now < self.checked + BETWEEN_CHECKS {
            return;
        }
        self.checked = now;
        self.clients.retain(|id, account| {
            account.clients.retain(|_, client| now < client.used + UNUSED);
            now < account.used + UNUSED || config.accounts.contains_key(id.as_str())
        });
    }
}

impl AwsConnections {
    /// Returns the quota of users of an instance: the number in the configuration, or else that of Service Quotas.
    ///
    /// # Errors
    /// The reason why it was not read.
    pub(crate) async fn known_users_quota(&self, instance: &Arn) -> Result<NonZeroU32, String> {
        let configured = self.config.borrow().users_quota(instance);
        match configured {
            Some(UsersQuota::Users(quota)) => Ok(quota),
            Some(UsersQuota::From(_)) | None => self.users_quota(instance).await,
        }
    }

    /// Uses the operator's own credentials and the defaults, or the settings in the configuration for an account. A change of the
    /// configuration takes effect with the next client that is requested.
    pub fn new(aws: SdkConfig, defaults: Defaults, config: watch::Receiver<Arc<Config>>, metrics: Arc<Metrics>) -> Self {
        let accounts = Mutex::new(Accounts { clients: HashMap::new(), checked: Instant::now() });
        Self { aws, defaults, config, metrics, accounts }
    }

    /// Checks that the operator's own credentials can be obtained.
    pub(super) async fn check_own_credentials(&self) -> Result<(), Arc<CredentialsFault>> {
        connect_aws::check_own(&self.aws).await
    }

    /// Returns an account.
    pub(super) fn account(&self, id: &str) -> Account {
        self.with_account(id, |clients, _| clients.account.clone())
    }

    /// Calls a function with the clients of an account and the time. Creates them again if the settings of the account have changed.
    fn with_account<T>(&self, id: &str, act: impl FnOnce(&mut AccountClients, Instant) -> T) -> T {
        let (config, now) = (self.config.borrow().clone(), Instant::now());
        let settings = config.account(id);
        let mut accounts = self.accounts.lock();
        accounts.drop_unused(&config, now);
        // Calls in progress continue with the previous client.
        if accounts.clients.get(id).is_some_and(|clients| clients.settings != settings) {
            accounts.clients.remove(id);
        }
        let clients = accounts.clients.entry(id.to_owned()).or_insert_with(|| {
            let account = Account::new(&self.aws, self.options(id, &settings));
            let observer = Arc::new(AccountMetrics::new(self.metrics.clone(), id));
            AccountClients { settings, account, observer, clients: HashMap::new(), used: now }
        });
        clients.used = now;
        act(clients, now)
    }

    /// Returns a client of a Region for calls that name no instance: of an account as the configuration knows it, or of the operator's
    /// own credentials, whichever account they belong to.
    pub fn of_region(&self, account: Option<&str>, region: &str) -> Arc<dyn Connect> {
        let aws = match account {
            Some(id) => self.account(id).connect(region),
            None => AwsConnect::at(&self.aws, region, self.defaults.endpoint_url.as_deref()),
        };
        Arc::new(Limiter::new(aws, self.defaults.quotas.clone()))
    }

    /// Returns the quotas of an instance's account, and the share of them that may be used.
    pub fn quotas(&self, instance: &Arn) -> Quotas {
        self.config.borrow().account(&instance.account).quotas(&self.defaults.quotas)
    }

    fn options(&self, id: &str, settings: &AccountSettings) -> AccountOptions {
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
            sts_region: settings.sts_region.as_ref().map(ToString::to_string),
            default_sts_region: settings.default_sts_region().to_owned(),
            named: format!("accounts.{id}"),
        }
    }
}

impl Connections for AwsConnections {
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
        self.with_account(&instance.account, |AccountClients { settings, account, observer, clients, .. }, now| {
            let client = clients.entry(instance.region.clone()).or_insert_with(|| {
                let aws = Meter::new(account.connect(&instance.region), observer.clone());
                let limiter = Limiter::new(aws, settings.quotas(&self.defaults.quotas));
                let limiter = Arc::new(limiter.with_observer(self.metrics.clone()));
                self.metrics.add_limiter(instance, &limiter);
                RegionClient { connect: limiter, used: now }
            });
            client.used = now;
            client.connect.clone()
        })
    }

    fn cancel(&self, instance: &Arn, caller: &str) {
        let accounts = self.accounts.lock();
        let client = accounts.clients.get(&instance.account).and_then(|account| account.clients.get(&instance.region));
        if let Some(client) = client {
            client.connect.cancel(caller);
        }
    }

    fn users_quota<'a>(&'a self, instance: &'a Arn) -> BoxFuture<'a, Result<NonZeroU32, String>> {
        let account = self.account(&instance.account);
        async move { account.users_quota(instance).await.map_err(|fault| fault.to_string()) }.boxed()
    }

    fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        self.config.borrow().refusal(instance, namespace)
    }

    fn bounds(&self, instance: &Arn, namespace: &str) -> Bounds {
        self.config.borrow().bounds(instance, namespace)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::runtime::config::parse;

    fn connections(config: &str) -> AwsConnections {
        let defaults = Defaults { endpoint_url: None, quotas: Quotas::default() };
        let (_, config) = watch::channel(Arc::new(parse(config).unwrap()));
        AwsConnections::new(SdkConfig::builder().build(), defaults, config, Arc::default())
    }

    fn instance(account: &str, region: &str) -> Arn {
        format!("arn:aws:connect:{region}:{account}:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73").parse().unwrap()
    }

    /// Returns the accounts, each with the number of its Regions.
    fn held(connections: &AwsConnections) -> Vec<(String, usize)> {
        let accounts = connections.accounts.lock();
        let mut held: Vec<_> = accounts.clients.iter().map(|(id, account)| (id.clone(), account.clients.len())).collect();
        held.sort();
        held
    }

    #[tokio::test(start_paused = true)]
    async fn unused_clients_are_dropped() {
        let connections = connections("accounts: { '000000000001': { roleArn: arn:aws:iam::000000000001:role/r } }");
        connections.cancel(&instance("000000000001", "us-west-2"), "u-1");
        assert_eq!(held(&connections), [], "a caller that was never there needs no client");
        for (account, region) in [
            ("000000000001", "us-west-2"),
            ("000000000002", "us-west-2"),
            ("000000000002", "eu-west-2"),
            ("000000000003", "us-west-2"),
        ] {
            connections.client_for(&instance(account, region));
        }
        advance(UNUSED / 2).await;
        connections.client_for(&instance("000000000002", "eu-west-2"));
        advance(UNUSED / 2).await;
        connections.client_for(&instance("000000000002", "eu-west-2"));
        assert_eq!(held(&connections), [("000000000001".to_owned(), 0), ("000000000002".to_owned(), 1)]);
    }

    #[test]
    fn no_instance_decides_the_region_of_sts() {
        let connections = connections(
            "accounts:
               '000000000001': { roleArn: 'arn:aws-us-gov:iam::000000000001:role/r' }
               '000000000002': { roleArn: 'arn:aws:iam::000000000002:role/r', stsRegion: eu-west-2 }
               '000000000003': { stsRegion: cn-north-1 }",
        );
        let regions = |id: &str| {
            let options = connections.options(id, &connections.config.borrow().account(id));
            (options.sts_region, options.default_sts_region)
        };
        let set = |region: &str| Some(region.to_owned());
        assert_eq!(regions("000000000001"), (None, "us-gov-west-1".to_owned()));
        assert_eq!(regions("000000000002"), (set("eu-west-2"), "us-east-1".to_owned()));
        assert_eq!(regions("000000000003"), (set("cn-north-1"), "us-east-1".to_owned()));
        assert_eq!(regions("000000000004"), (None, "us-east-1".to_owned()));
    }
}
