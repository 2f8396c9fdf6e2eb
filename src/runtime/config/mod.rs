//! The operator's configuration file: how it works in each AWS account, and which namespaces may use which instance.
//!
//! `values` are what may stand in it, this module what follows from it, `file` how it is read and read again. People find it
//! described in docs/configuration.md.

mod file;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use connect_api::{Arn, Quota, Quotas};
use serde::Deserialize;

pub use file::{ConfigError, ConfigFile};
pub(crate) use values::is_of_tags;
pub use values::{
    AccountId, EndpointUrl, ExternalId, InstanceArn, Namespaces, Operation, Positive, RoleArn, SessionName, SessionTags, Share,
};

/// What the configuration file says. Without a file, it is the default: the operator's own credentials everywhere, and every
/// namespace may use every instance.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// How to work in an AWS account.
    pub accounts: BTreeMap<AccountId, AccountSettings>,
    /// Who may use an instance.
    pub instances: BTreeMap<InstanceArn, InstanceSettings>,
    /// Whether everybody may use the instances that are not there.
    pub instances_not_listed: NotListed,
}

/// How to work in an AWS account. What is absent is as everywhere.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AccountSettings {
    /// The role to assume, in this account. Absent: the operator's own credentials are those of this account.
    pub role_arn: Option<RoleArn>,
    /// What the role's trust policy asks for as `sts:ExternalId`.
    pub external_id: Option<ExternalId>,
    /// The session's name, in CloudTrail above all. Default: connect-operator.
    pub session_name: Option<SessionName>,
    /// The session's tags: `aws:PrincipalTag` in policies.
    pub session_tags: SessionTags,
    /// Where Connect is for this account.
    pub endpoint_url: Option<EndpointUrl>,
    /// AWS' rate limits in this account.
    pub quotas: QuotaSettings,
    /// The part of them that the operator uses.
    pub quota_share: Option<Share>,
}

/// AWS' rate limits where they are not those that the command line tells.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QuotaSettings {
    /// Calls a second of each operation.
    pub calls_per_second: Option<Positive>,
    /// Calls of an operation at once.
    pub call_burst: Option<Positive>,
    /// Those of operations that have limits of their own.
    pub operations: BTreeMap<Operation, OperationQuota>,
}

/// The rate limit of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationQuota {
    /// Calls a second.
    pub calls_per_second: Positive,
    /// Calls at once. Default: as of the others.
    #[serde(default)]
    pub call_burst: Option<Positive>,
}

/// Who may use an instance.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceSettings {
    /// The namespaces whose ConnectUsers may be users of it; `*` stands for all, and none of them for nobody.
    pub namespaces: Namespaces,
}

/// What holds for instances that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum NotListed {
    /// Every namespace may use them.
    #[default]
    Allow,
    /// No namespace may.
    Refuse,
}

impl Config {
    /// How to work in an account.
    pub fn account(&self, id: &str) -> AccountSettings {
        self.accounts.get(id).cloned().unwrap_or_default()
    }

    /// Why the resources of a namespace may not use an instance; None: they may.
    ///
    /// An instance is told by its id alone, since that is all that Connect is sent: an ARN that puts a listed instance into
    /// another account or Region does not get around its namespaces.
    pub fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        let listed = self.instances.iter().find(|(listed, _)| listed.has_the_id_of(instance));
        match (listed, self.instances_not_listed) {
            (Some((listed, _)), _) if !listed.is(instance) => Some(format!(
                "the operator's configuration lists this instance as {listed}, and not as {instance}: correct instanceArn"
            )),
            (Some((_, settings)), _) if settings.namespaces.hold(namespace) => None,
            (Some((listed, _)), _) => Some(format!(
                "the namespace {namespace:?} may not use the instance {instance}: \
                 whoever runs the operator allows it in its configuration, instances.{listed}.namespaces"
            )),
            (None, NotListed::Allow) => None,
            (None, NotListed::Refuse) => Some(format!(
                "the namespace {namespace:?} may not use the instance {instance}, which the operator's configuration does not \
                 list: whoever runs the operator allows it there, instances.{instance}.namespaces"
            )),
        }
    }

    /// Whether a resource of this namespace and instance may fare otherwise under another configuration.
    pub fn treats_alike(&self, other: &Self, instance: &Arn, namespace: &str) -> bool {
        self.account(&instance.account) == other.account(&instance.account)
            && self.refusal(instance, namespace) == other.refusal(instance, namespace)
    }

    /// Checks what spans several values. What is wrong is given with its key.
    fn check(&self) -> Result<(), (String, String)> {
        for (id, account) in &self.accounts {
            account.check(id).map_err(|(key, why)| (format!("accounts.{id}.{key}"), why))?;
        }
        let mut seen: BTreeMap<String, &InstanceArn> = BTreeMap::new();
        for instance in self.instances.keys() {
            if let Some(other) = seen.insert(instance.id(), instance) {
                return Err((format!("instances.{instance}"), format!("is there twice, as {other} too")));
            }
        }
        Ok(())
    }
}

impl AccountSettings {
    /// The rate limits in this account: its own, and what it does not say, as it is everywhere.
    pub fn quotas(&self, everywhere: &Quotas) -> Quotas {
        let default = Quota {
            rate: self.quotas.calls_per_second.map_or(everywhere.default.rate, Positive::get),
            burst: self.quotas.call_burst.map_or(everywhere.default.burst, Positive::get),
        };
        let mut by_operation = everywhere.by_operation.clone();
        by_operation.extend(self.quotas.operations.iter().map(|(operation, quota)| {
            let burst = quota.call_burst.map_or(default.burst, Positive::get);
            (operation.name(), Quota { rate: quota.calls_per_second.get(), burst })
        }));
        Quotas { default, by_operation, share: self.quota_share.map_or(everywhere.share, Share::get) }
    }

    fn check(&self, id: &AccountId) -> Result<(), (&'static str, String)> {
        match &self.role_arn {
            Some(role) if role.account() != id.as_str() => {
                let why = format!(
                    "is a role of account {}: give one of account {id}, which the operator is to work in",
                    role.account()
                );
                return Err(("roleArn", why));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let of_a_session = [
            ("externalId", self.external_id.is_some()),
            ("sessionName", self.session_name.is_some()),
            ("sessionTags", !self.session_tags.is_empty()),
        ];
        match of_a_session.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => {
                Err((key, "says how to assume a role, and none is given: give roleArn too, or leave it out".into()))
            }
            None => Ok(()),
        }
    }
}
