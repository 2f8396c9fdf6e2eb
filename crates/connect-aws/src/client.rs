//! The client of one Region.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_connect::{
    Client,
    config::{Builder, Region, retry::RetryConfig},
};
use connect_api::{Call, Caller, Connect, Error, OperationName, Reply};
use futures::future::{BoxFuture, FutureExt};
use tracing::{Instrument, field::Empty};

use crate::{
    CALL_TIMEOUT,
    calls::{instance, proficiencies, quick_connects, updates, users},
    config,
    credentials::CredentialsFault,
    error::Failure,
    request_log::{CALL, RequestLog},
};

/// Amazon Connect in one Region, through AWS' SDK.
///
/// Each call is one HTTP request. Calls are not retried, and none takes longer than [`CALL_TIMEOUT`].
#[derive(Clone)]
pub struct AwsConnect {
    client: Client,
    region: String,
    credentials: Option<SharedCredentialsProvider>,
    /// There were credentials once. If they are lost later, calls fail.
    has_credentials: Arc<AtomicBool>,
}

impl AwsConnect {
    /// Creates the client of a Region. Clients of the same configuration share credentials and connections.
    pub fn for_region(config: &SdkConfig, region: &str) -> Self {
        Self::with_timeout(config, region, CALL_TIMEOUT)
    }

    /// Creates the client of a Region. An endpoint that is given replaces the configuration's.
    pub fn at(config: &SdkConfig, region: &str, endpoint_url: Option<&str>) -> Self {
        let mut builder = builder(config, region, CALL_TIMEOUT);
        if let Some(url) = endpoint_url {
            builder = builder.endpoint_url(url);
        }
        Self::of(builder, config, region)
    }

    fn of(builder: Builder, config: &SdkConfig, region: &str) -> Self {
        Self {
            client: Client::from_conf(builder.build()),
            region: region.to_owned(),
            credentials: config.credentials_provider(),
            has_credentials: Arc::default(),
        }
    }

    /// Creates the client of a Region with a shorter time-out for each call. A longer one is cut to [`CALL_TIMEOUT`].
    pub fn with_timeout(config: &SdkConfig, region: &str, timeout: Duration) -> Self {
        Self::of(builder(config, region, timeout), config, region)
    }

    async fn reply(&self, call: Call) -> Result<Reply, Failure> {
        let client = &self.client;
        Ok(match call {
            Call::CreateUser(r) => Reply::CreateUser(users::create(client, r).await?),
            Call::DescribeUser(r) => Reply::DescribeUser(users::describe(client, r).await?),
            Call::DeleteUser(r) => Reply::DeleteUser(users::delete(client, r).await?),
            Call::ListUsers(r) => Reply::ListUsers(users::list(client, r).await?),
            Call::SearchUsers(r) => Reply::SearchUsers(users::search(client, r).await?),
            Call::UpdateUserIdentityInfo(r) => Reply::UpdateUserIdentityInfo(updates::identity_info(client, r).await?),
            Call::UpdateUserPhoneConfig(r) => Reply::UpdateUserPhoneConfig(updates::phone_config(client, r).await?),
            Call::UpdateUserConfig(r) => Reply::UpdateUserConfig(updates::config(client, r).await?),
            Call::UpdateUserRoutingProfile(r) => Reply::UpdateUserRoutingProfile(updates::routing_profile(client, r).await?),
            Call::UpdateUserSecurityProfiles(r) => {
                Reply::UpdateUserSecurityProfiles(updates::security_profiles(client, r).await?)
            }
            Call::UpdateUserHierarchy(r) => Reply::UpdateUserHierarchy(updates::hierarchy(client, r).await?),
            Call::AssociateUserProficiencies(r) => Reply::AssociateUserProficiencies(proficiencies::associate(client, r).await?),
            Call::DisassociateUserProficiencies(r) => {
                Reply::DisassociateUserProficiencies(proficiencies::disassociate(client, r).await?)
            }
            Call::UpdateUserProficiencies(r) => Reply::UpdateUserProficiencies(proficiencies::update(client, r).await?),
            Call::ListUserProficiencies(r) => Reply::ListUserProficiencies(proficiencies::list(client, r).await?),
            Call::TagResource(r) => Reply::TagResource(updates::tag(client, r).await?),
            Call::ListTagsForResource(r) => Reply::ListTagsForResource(updates::tags(client, r).await?),
            Call::UntagResource(r) => Reply::UntagResource(updates::untag(client, r).await?),
            Call::ListInstances(r) => Reply::ListInstances(instance::list(client, r).await?),
            Call::DescribeInstance(r) => Reply::DescribeInstance(instance::describe(client, r).await?),
            Call::ListRoutingProfiles(r) => Reply::ListRoutingProfiles(instance::routing_profiles(client, r).await?),
            Call::ListSecurityProfiles(r) => Reply::ListSecurityProfiles(instance::security_profiles(client, r).await?),
            Call::ListSecurityProfilePermissions(r) => {
                Reply::ListSecurityProfilePermissions(instance::permissions(client, r).await?)
            }
            Call::ListUserHierarchyGroups(r) => Reply::ListUserHierarchyGroups(instance::hierarchy_groups(client, r).await?),
            Call::DescribeUserHierarchyGroup(r) => Reply::DescribeUserHierarchyGroup(instance::hierarchy_group(client, r).await?),
            Call::SearchQuickConnects(r) => Reply::SearchQuickConnects(quick_connects::search(client, r).await?),
            Call::DescribeQuickConnect(r) => Reply::DescribeQuickConnect(quick_connects::describe(client, r).await?),
            Call::DeleteQuickConnect(r) => Reply::DeleteQuickConnect(quick_connects::delete(client, r).await?),
        })
    }
}

fn builder(config: &SdkConfig, region: &str, timeout: Duration) -> Builder {
    Builder::from(config)
        .behavior_version(config::behavior_version())
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(config::timeouts(timeout.min(CALL_TIMEOUT)))
        .interceptor(RequestLog)
}

impl Connect for AwsConnect {
    fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        let span = tracing::debug_span!("call", %operation, code = Empty, request_id = Empty);
        let recorded = span.clone();
        let reply = async move {
            let mut result = self.reply(call).await.map_err(|failure| failure.of(operation));
            if let Err(error) = &mut result
                && error.status.is_none()
            {
                error.message = format!("{} (Region {})", error.message, self.region);
            }
            let answer = result.as_ref().map_or_else(Error::answer, |_| "OK".into());
            recorded.record("code", &*answer);
            result
        };
        CALL.scope(span.clone(), reply).instrument(span).boxed()
    }

    fn ready(&self, operation: OperationName) -> BoxFuture<'_, Result<(), Error>> {
        async move {
            let Some(credentials) = self.credentials.as_ref().filter(|_| !self.has_credentials.load(Ordering::Relaxed)) else {
                return Ok(());
            };
            match credentials.provide_credentials().await {
                Ok(_) => {
                    self.has_credentials.store(true, Ordering::Relaxed);
                    Ok(())
                }
                Err(error) => {
                    let mut error = Failure::from(&*CredentialsFault::of(&error)).of(operation);
                    error.message = format!("{} (Region {})", error.message, self.region);
                    Err(error)
                }
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_settings_change_neither_attempts_nor_timeouts() {
        let shared = SdkConfig::builder()
            .behavior_version(config::behavior_version())
            .retry_config(RetryConfig::standard().with_max_attempts(7))
            .timeout_config(config::timeouts(Duration::from_secs(99)))
            .build();
        for asked in [CALL_TIMEOUT, Duration::from_secs(60)] {
            let client = AwsConnect::with_timeout(&shared, "eu-west-2", asked).client;
            let (retries, timeouts) = (client.config().retry_config().unwrap(), client.config().timeout_config().unwrap());
            assert_eq!(retries.max_attempts(), 1);
            assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(10)));
            assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(10)));
            assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(3)));
            assert_eq!(client.config().region().map(Region::as_ref), Some("eu-west-2"));
        }
    }
}
