//! Clients of Connect, one per account and Region, each with its own limiter.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_aws::{AwsConnect, SdkConfig};

use crate::{reconcile::Connections, telemetry::Metrics};

/// Clients over the AWS SDK.
pub struct AwsConnections {
    config: SdkConfig,
    quotas: Quotas,
    metrics: Arc<Metrics>,
    clients: Mutex<HashMap<(String, String), Arc<dyn Connect>>>,
}

impl std::fmt::Debug for AwsConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsConnections").field("quotas", &self.quotas).finish_non_exhaustive()
    }
}

impl AwsConnections {
    /// Clients with these credentials, kept to these quotas.
    pub fn new(config: SdkConfig, quotas: Quotas, metrics: Arc<Metrics>) -> Self {
        Self { config, quotas, metrics, clients: Mutex::default() }
    }
}

impl Connections for AwsConnections {
    fn to(&self, instance: &Arn) -> Arc<dyn Connect> {
        // Nothing panics while holding the lock.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry((instance.account.clone(), instance.region.clone())).or_insert_with(|| {
            let aws = AwsConnect::for_region(&self.config, &instance.region);
            let limiter = Limiter::new(Meter::new(aws, self.metrics.clone()), self.quotas.clone());
            let limiter = Arc::new(limiter.telling(self.metrics.clone()));
            self.metrics.limiter(instance, &limiter);
            limiter
        });
        client.clone()
    }
}
