//! What a spec asks for, parsed once: inside, every id is an id.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{
    Arn, ChannelConfigs, HierarchyGroupId, IdentityInfo, InstanceId, PhoneType, ProficiencyKey, Resource, RoutingProfileId,
    SecurityProfileId, Tags,
};
use kube::ResourceExt;

use super::{NameIndex, Owner, References, Unresolved, spelling};
use crate::api::ConnectUser;

/// What a ConnectUser asks for. A member that is None is not managed.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The instance, with its account and Region.
    pub instance: Arn,
    /// The name to sign in with.
    pub username: String,
    /// The id in the directory.
    pub directory_user_id: Option<String>,
    /// Names, e-mail, mobile; `""` clears.
    pub identity_info: IdentityInfo,
    /// Settings for all channels, by member.
    pub phone: DesiredPhone,
    /// Settings by channel: each list that is not None, with no channel twice. An empty list clears. What `phone` sets is not
    /// set here too.
    pub channel_configs: ChannelConfigs,
    /// The routing profile.
    pub routing_profile: RoutingProfileId,
    /// The security profiles.
    pub security_profiles: BTreeSet<SecurityProfileId>,
    /// The hierarchy group; `Some(None)` for none.
    pub hierarchy_group: Option<Option<HierarchyGroupId>>,
    /// Of what the spec gives by name: what the instance calls it, to speak of it in the spec's words.
    pub names: NameIndex,
    /// Proficiencies with their levels.
    pub proficiencies: Option<BTreeMap<ProficiencyKey, u8>>,
    /// The spec's own tags, without the proof of ownership.
    pub tags: Tags,
    /// The resource itself.
    pub owner: Owner,
}

/// Phone settings that the spec manages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredPhone {
    /// Soft phone or desk phone.
    pub phone_type: Option<PhoneType>,
    /// Whether contacts are accepted without the agent's doing.
    pub auto_accept: Option<bool>,
    /// After-contact work in seconds.
    pub after_contact_work_time_limit: Option<i32>,
    /// The desk phone's number; goes with the phone type.
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

/// A spec that cannot be read. The API server refuses such specs, unless the schema in the cluster is older or was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec.{field}: {message}")]
pub struct SpecError {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Why a spec does not say yet what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecIssue {
    /// It cannot be read.
    Spec(SpecError),
    /// These names in it mean nothing, more than one thing, or nobody has looked yet.
    Names(Vec<Unresolved>),
}

impl From<SpecError> for SpecIssue {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<Vec<Unresolved>> for SpecIssue {
    fn from(names: Vec<Unresolved>) -> Self {
        Self::Names(names)
    }
}

fn arn(field: &'static str, arn: &str) -> Result<Arn, SpecError> {
    arn.parse().map_err(|e: connect_api::ArnError| SpecError { field, message: e.to_string() })
}

/// The id of a profile or group, taken from its ARN.
pub(super) fn part<T>(
    field: &'static str,
    text: &str,
    instance: &Arn,
    pick: impl Fn(Resource) -> Option<T>,
) -> Result<T, SpecError> {
    let arn = arn(field, text)?;
    if arn.sibling(Resource::Instance) != *instance {
        return Err(SpecError { field, message: format!("{text:?} lies in another instance than instanceArn, {instance}") });
    }
    pick(arn.resource).ok_or_else(|| SpecError { field, message: format!("{text:?} is the ARN of something else") })
}

impl Desired {
    /// The instance that a resource speaks of: all that a deletion needs of the spec.
    ///
    /// # Errors
    /// An instance ARN that cannot be read.
    pub fn instance_of(resource: &ConnectUser) -> Result<Arn, SpecError> {
        let instance = arn("instanceArn", &resource.spec.instance_arn)?;
        if instance.resource != Resource::Instance {
            return Err(SpecError { field: "instanceArn", message: format!("{instance} is not the ARN of an instance") });
        }
        Ok(instance)
    }

    /// Who a resource is, as the tags of its user tell.
    pub fn owner_of(resource: &ConnectUser, cluster: &str) -> Owner {
        Owner {
            uid: resource.uid().unwrap_or_default(),
            cluster: cluster.to_owned(),
            namespace: resource.namespace().unwrap_or_default(),
            name: resource.name_any(),
        }
    }

    /// Reads a spec. Names in it mean what the directory says.
    ///
    /// # Errors
    /// The first field that cannot be read; else all names that the directory cannot tell the meaning of.
    pub fn parse(resource: &ConnectUser, cluster: &str, directory: &NameIndex) -> Result<Self, SpecIssue> {
        let spec = &resource.spec;
        let instance = Self::instance_of(resource)?;
        let references = References::parse(spec, &instance)?.resolve(directory)?;
        let proficiencies = spec.user_proficiencies.as_ref().map(|list| {
            list.iter()
                .map(|p| {
                    let key =
                        ProficiencyKey { attribute_name: p.attribute_name.clone(), attribute_value: p.attribute_value.clone() };
                    (key, p.level)
                })
                .collect()
        });
        let identity = spec.identity_info.clone().unwrap_or_default();
        let phone = spec.phone_config.clone().unwrap_or_default();
        Ok(Self {
            instance,
            username: spec.username.clone(),
            directory_user_id: spec.directory_user_id.clone(),
            identity_info: IdentityInfo {
                first_name: identity.first_name,
                last_name: identity.last_name,
                email: identity.email,
                secondary_email: identity.secondary_email,
                mobile: identity.mobile,
            },
            phone: DesiredPhone {
                phone_type: phone.phone_type.map(Into::into),
                auto_accept: phone.auto_accept,
                after_contact_work_time_limit: phone.after_contact_work_time_limit,
                desk_phone_number: phone.desk_phone_number,
                persistent_connection: phone.persistent_connection,
            },
            channel_configs: spelling::channel_configs(spec)?,
            routing_profile: references.routing_profile,
            security_profiles: references.security_profiles,
            hierarchy_group: references.hierarchy_group,
            names: references.names,
            proficiencies,
            tags: spec.tags.clone().unwrap_or_default(),
            owner: Self::owner_of(resource, cluster),
        })
    }

    /// The id of the instance, as calls name it.
    pub fn instance_id(&self) -> InstanceId {
        self.instance.instance.clone()
    }

    /// All tags that the user should carry because of this resource: the spec's and the proof of ownership.
    pub fn all_tags(&self) -> Tags {
        let mut tags = self.tags.clone();
        tags.extend(self.owner.tags());
        tags
    }
}
