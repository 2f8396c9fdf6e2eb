//! The contents of the configuration file, and what follows from them for an instance and a namespace.

use std::collections::BTreeMap;

use connect_api::{Arn, InstanceId, Quota, Quotas, partition_of};
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{
    ALL, AccountId, EndpointUrl, ExternalId, GroupPattern, InstanceArn, Namespace, Namespaces, Operation, Positive,
    ProfilePattern, RoleArn, SessionName, SessionTags, Share, StsRegion, UsersQuota,
};
use crate::plan::{Bounds, OthersUsers, Pattern};

/// The contents of the configuration file. The default applies if there is no file: the operator uses its own credentials for all
/// accounts, and every namespace may use every instance.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    pub accounts: BTreeMap<AccountId, AccountSettings>,
    pub instances: BTreeMap<InstanceArn, InstanceSettings>,
    /// Whether all namespaces may use instances that are not listed.
    pub instances_not_listed: NotListed,
}

/// The settings of an AWS account. Settings that are absent are those of the command line.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("dependencies" = { "externalId": ["roleArn"], "sessionName": ["roleArn"], "sessionTags": ["roleArn"] }))]
pub struct AccountSettings {
    /// The role to assume in this account. Absent: the operator's own credentials belong to this account.
    pub role_arn: Option<RoleArn>,
    /// The external id that the role's trust policy requires (`sts:ExternalId`).
    pub external_id: Option<ExternalId>,
    /// The session's name, which appears in CloudTrail. Default: connect-operator.
    pub session_name: Option<SessionName>,
    /// The session's tags, which policies can refer to as `aws:PrincipalTag`.
    pub session_tags: SessionTags,
    /// The Region whose STS endpoint is used for this account. Default: the environment's, or one of the role's partition.
    pub sts_region: Option<StsRegion>,
    /// The endpoint of Connect for this account.
    pub endpoint_url: Option<EndpointUrl>,
    /// AWS' rate limits in this account.
    pub quotas: QuotaSettings,
    /// The share of these limits that the operator uses.
    pub quota_share: Option<Share>,
}

/// AWS' rate limits in an account, where they differ from those of the command line.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QuotaSettings {
    /// Calls per second of each operation.
    pub calls_per_second: Option<Positive>,
    /// The burst of each operation.
    pub call_burst: Option<Positive>,
    /// The limits of operations that have their own.
    pub operations: BTreeMap<Operation, OperationQuota>,
}

/// The rate limit of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationQuota {
    pub calls_per_second: Positive,
    /// The burst. Default: that of the other operations.
    #[serde(default)]
    pub call_burst: Option<Positive>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceSettings {
    /// The namespaces whose ConnectUsers may use the instance. `*` means all namespaces; an empty list means none.
    pub namespaces: Namespaces,
    /// What these namespaces may do there. `*` sets what the others' own entries leave out.
    #[serde(default)]
    pub bounds: BTreeMap<Namespace, BoundsSettings>,
    /// The quota of users of the instance, which Service Quotas calls "Users per instance", or `ServiceQuotas` to read it there. An
    /// alert fires at 80 % of it. Default: not known.
    #[serde(default)]
    #[schemars(with = "UsersQuota")]
    pub users_quota: Option<UsersQuota>,
}

/// What the ConnectUsers of a namespace may do in an instance. What is absent is that of `*`, or else the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BoundsSettings {
    /// The security profiles that users may have. Default: all.
    pub security_profiles: Option<Vec<ProfilePattern>>,
    /// The routing profiles that users may be given. Default: all.
    pub routing_profiles: Option<Vec<ProfilePattern>>,
    /// The hierarchy groups that users may be given. Default: all.
    pub hierarchy_groups: Option<Vec<GroupPattern>>,
    /// Whether users without an owner may be taken over. Default: Refuse.
    pub adoption: Option<Adoption>,
    /// Whether users of other owners, or without an owner, may be observed. Default: WithoutAddresses.
    pub observe_others: Option<ObserveOthers>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Adoption {
    Allow,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ObserveOthers {
    Allow,
    // The observer sees neither e-mail addresses nor mobile numbers.
    WithoutAddresses,
    Refuse,
}

/// The rule for instances that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NotListed {
    #[default]
    Allow,
    Refuse,
}

impl Config {
    pub fn account(&self, id: &str) -> AccountSettings {
        self.accounts.get(id).cloned().unwrap_or_default()
    }

    /// Returns why the resources of a namespace may not use an instance, or None if they may.
    ///
    /// Requests to Connect contain only the id of an instance. So an ARN that places a listed instance in another account or Region does
    /// not circumvent its namespaces: a replica, which has the id of the instance that it replicates, is listed on its own.
    pub fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        let is_elsewhere = |listed: &&InstanceArn| listed.arn().instance == instance.instance;
        match (self.instances.get(instance), self.instances.keys().find(is_elsewhere), self.instances_not_listed) {
            (Some(settings), ..) if settings.namespaces.contain(namespace) => None,
            (Some(_), ..) => Some(format!(
                "the namespace {namespace:?} may not use the instance {instance}: \
                 an administrator can allow it in the operator's configuration, instances.{instance}.namespaces"
            )),
            (None, Some(listed), _) => Some(format!(
                "the operator's configuration lists this instance as {listed}, not as {instance}: correct instanceArn, or have an \
                 administrator list the replica of an instance too"
            )),
            (None, None, NotListed::Allow) => None,
            (None, None, NotListed::Refuse) => Some(format!(
                "the namespace {namespace:?} may not use the instance {instance}, which the operator's configuration does not \
                 list: an administrator can allow it there, instances.{instance}.namespaces"
            )),
        }
    }

    /// Returns the listed instances that some namespace may use.
    pub fn listed_instances(&self) -> impl Iterator<Item = &Arn> {
        self.instances.iter().filter(|(_, settings)| !settings.namespaces.is_empty()).map(|(instance, _)| instance.arn())
    }

    /// Returns the quota of users of an instance, or where to read it, if the file says so.
    pub fn users_quota(&self, instance: &Arn) -> Option<UsersQuota> {
        self.instances.get(instance)?.users_quota
    }

    /// Returns what the resources of a namespace may do in an instance that they may use.
    pub fn bounds(&self, instance: &Arn, namespace: &str) -> Bounds {
        match self.instances.get(instance) {
            Some(settings) => settings.bounds(&format!("instances.{instance}"), namespace),
            None => Bounds { key: format!("instances.{instance}.bounds.{namespace}"), ..Bounds::default() },
        }
    }

    /// Returns whether another configuration has the same effect on a resource of this namespace and instance, apart from its bounds.
    pub fn treats_alike(&self, other: &Self, instance: &Arn, namespace: &str) -> bool {
        self.account(&instance.account) == other.account(&instance.account)
            && self.refusal(instance, namespace) == other.refusal(instance, namespace)
    }

    /// Checks constraints between values. An error is a key with a message.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        for (id, account) in &self.accounts {
            account.check(id).map_err(|(key, why)| (format!("accounts.{id}.{key}"), why))?;
        }
        let mut accounts: BTreeMap<&InstanceId, &InstanceArn> = BTreeMap::new();
        for instance in self.instances.keys() {
            let other = *accounts.entry(&instance.arn().instance).or_insert(instance);
            // A replica is in another Region of the same account.
            if other.arn().account != instance.arn().account {
                return Err((
                    format!("instances.{instance}"),
                    format!("has the same instance id as {other}, which is in another account: remove one of them"),
                ));
            }
        }
        for (instance, settings) in &self.instances {
            settings.check().map_err(|(key, why)| (format!("instances.{instance}.{key}"), why))?;
        }
        Ok(())
    }
}

impl InstanceSettings {
    /// Returns the bounds of a namespace: its own, and where it sets none, those of `*`.
    fn bounds(&self, key: &str, namespace: &str) -> Bounds {
        let (own, of_all) = (self.bounds.get(namespace), self.bounds.get(ALL));
        Bounds {
            security_profiles: patterns(first(own, of_all, |bounds| bounds.security_profiles.as_ref()), ProfilePattern::as_str),
            routing_profiles: patterns(first(own, of_all, |bounds| bounds.routing_profiles.as_ref()), ProfilePattern::as_str),
            hierarchy_groups: patterns(first(own, of_all, |bounds| bounds.hierarchy_groups.as_ref()), GroupPattern::as_str),
            adoption: first(own, of_all, |bounds| bounds.adoption.as_ref()) == Some(&Adoption::Allow),
            others_users: match first(own, of_all, |bounds| bounds.observe_others.as_ref()) {
                Some(ObserveOthers::Allow) => OthersUsers::Shown,
                Some(ObserveOthers::WithoutAddresses) | None => OthersUsers::WithoutAddresses,
                Some(ObserveOthers::Refuse) => OthersUsers::Hidden,
            },
            key: format!("{key}.bounds.{namespace}"),
        }
    }

    /// Checks that the bounds are those of namespaces that may use the instance: a mistyped name would bound nothing.
    fn check(&self) -> Result<(), (String, String)> {
        let is_unknown = |namespace: &&Namespace| namespace.as_str() != ALL && !self.namespaces.contain(namespace.as_str());
        match self.bounds.keys().find(is_unknown) {
            Some(namespace) => Err((
                format!("bounds.{namespace}"),
                format!("the namespace {namespace} may not use the instance: add it to namespaces, or correct its name"),
            )),
            None => Ok(()),
        }
    }
}

/// Returns a member of the namespace's own settings, or else of those of all namespaces.
fn first<'a, T>(
    own: Option<&'a BoundsSettings>,
    of_all: Option<&'a BoundsSettings>,
    member: impl Fn(&'a BoundsSettings) -> Option<&'a T>,
) -> Option<&'a T> {
    own.and_then(&member).or_else(|| of_all.and_then(&member))
}

/// Returns the patterns; None if one of them matches everything.
fn patterns<T>(texts: Option<&Vec<T>>, text: impl Fn(&T) -> &str) -> Option<Vec<Pattern>> {
    let patterns: Vec<_> = texts?.iter().map(|one| Pattern::new(text(one))).collect();
    (!patterns.iter().any(Pattern::is_open)).then_some(patterns)
}

impl AccountSettings {
    /// Returns the rate limits in this account: its own, and the defaults where it sets none.
    pub fn quotas(&self, defaults: &Quotas) -> Quotas {
        let default = Quota {
            rate: self.quotas.calls_per_second.map_or(defaults.default.rate, Positive::get),
            burst: self.quotas.call_burst.map_or(defaults.default.burst, Positive::get),
        };
        let mut by_operation = defaults.by_operation.clone();
        by_operation.extend(self.quotas.operations.iter().map(|(operation, quota)| {
            let burst = quota.call_burst.map_or(default.burst, Positive::get);
            (operation.name(), Quota { rate: quota.calls_per_second.get(), burst })
        }));
        Quotas { default, by_operation, share: self.quota_share.map_or(defaults.share, Share::get) }
    }

    /// Returns a Region with an STS endpoint that knows the account, for use if neither `sts_region` nor the environment sets one. No
    /// ConnectUser decides it.
    pub fn default_sts_region(&self) -> &'static str {
        match self.role_arn.as_ref().map_or("aws", RoleArn::partition) {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    fn check(&self, id: &AccountId) -> Result<(), (&'static str, String)> {
        match &self.role_arn {
            Some(role) if role.account() != id.as_str() => {
                let why = format!("is a role of account {}: set a role of account {id}", role.account());
                return Err(("roleArn", why));
            }
            Some(role) if self.sts_region.as_ref().is_some_and(|at| partition_of(at.as_str()) != Some(role.partition())) => {
                return Err(("stsRegion", format!("is not a Region of the role's partition, {}", role.partition())));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let session_settings = [
            ("externalId", self.external_id.is_some()),
            ("sessionName", self.session_name.is_some()),
            ("sessionTags", !self.session_tags.is_empty()),
        ];
        match session_settings.into_iter().find(|(_, is_set)| *is_set) {
            Some((key, _)) => Err((key, "applies only to an assumed role: set roleArn too, or remove it".into())),
            None => Ok(()),
        }
    }
}
