//! The resource that a pass is about, as it was last read or written, and what follows from it alone.

use std::time::Duration;

use connect_api::{Arn, InstanceId, Resource};
use kube::ResourceExt;

use super::username_waiters::{NamespacedName, Username};
use crate::{
    api::ConnectUser,
    plan::{ClusterNames, Desired, NameIndex, Owner, SpecIssue},
};

/// The resource of a pass and what its spec says.
pub(super) struct Subject {
    pub(super) resource: ConnectUser,
    pub(super) uid: String,
    pub(super) instance: Arn,
    pub(super) owner: Owner,
    pub(super) desired: Result<Desired, SpecIssue>,
    /// The instance's names of profiles and groups, as far as the spec uses them and this pass has read them.
    pub(super) names: NameIndex,
    /// The time until newer names can be read, if those that were read are older than the question.
    pub(super) newer_names_after: Option<Duration>,
}

impl Subject {
    /// Reads the resource, but not its spec yet. Also returns the error if not even its instance can be read.
    pub(super) fn new(resource: ConnectUser, cluster: &ClusterNames) -> (Self, Option<String>) {
        // The ARN of a recorded user names the instance too: a deletion needs nothing else.
        let recorded = resource.status.as_ref().and_then(|s| s.user_arn.as_ref()).and_then(|a| a.parse::<Arn>().ok());
        let (instance, unreadable) = match (Desired::instance_of(&resource), recorded) {
            (Ok(instance), _) => (instance, None),
            (Err(_), Some(user)) => (user.sibling(Resource::Instance), None),
            (Err(error), None) => (no_instance(), Some(error.to_string())),
        };
        let subject = Self {
            uid: resource.uid().unwrap_or_default(),
            owner: Desired::owner_of(&resource, cluster),
            desired: Err(SpecIssue::Names(vec![])),
            names: NameIndex::default(),
            newer_names_after: None,
            resource,
            instance,
        };
        (subject, unreadable)
    }

    /// Parses the spec, with the names that are known so far.
    pub(super) fn parse_spec(&mut self) {
        self.owner = Desired::owner_of(&self.resource, &self.owner.cluster);
        self.desired = Desired::parse(&self.resource, &self.owner.cluster, &self.names);
    }

    pub(super) fn generation(&self) -> i64 {
        self.resource.metadata.generation.unwrap_or_default()
    }

    pub(super) fn instance_id(&self) -> InstanceId {
        self.instance.instance.clone()
    }

    pub(super) fn namespace(&self) -> String {
        self.resource.namespace().unwrap_or_default()
    }

    pub(super) fn username(&self) -> &str {
        &self.resource.spec.username
    }

    /// Returns the username as a key for the resources that wait for it.
    pub(super) fn wanted_username(&self) -> Username {
        Username::new(&self.instance, self.username())
    }

    pub(super) fn name(&self) -> NamespacedName {
        NamespacedName::of(&self.resource)
    }
}

/// Stands in for the ARN of a spec that cannot be read. No call is ever sent there.
fn no_instance() -> Arn {
    Arn {
        partition: String::new(),
        region: String::new(),
        account: String::new(),
        instance: InstanceId::new(""),
        resource: Resource::Instance,
    }
}
