//! Identifiers as Amazon Connect writes them, parsed once at the edge.
//!
//! Connect accepts an id or an ARN wherever it asks for an id. The operator uses bare ids only, each kind with its own type, so
//! that two of them cannot be swapped.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an id as Connect writes it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Returns the id as Connect writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// The id of an Amazon Connect instance: the part of its ARN after `instance/`.
    InstanceId,
    /// The id of a user: the part of its ARN after `agent/`.
    UserId,
    /// The id of a routing profile: the part of its ARN after `routing-profile/`.
    RoutingProfileId,
    /// The id of a security profile: the part of its ARN after `security-profile/`.
    SecurityProfileId,
    /// The id of a user hierarchy group: the part of its ARN after `agent-group/`.
    HierarchyGroupId,
    /// The id of a quick connect: the part of its ARN after `transfer-destination/`.
    QuickConnectId,
}

/// The resource that a Connect ARN names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The instance itself: `instance/{id}`.
    Instance,
    /// `agent/{id}`: a user.
    User(UserId),
    /// `routing-profile/{id}`.
    RoutingProfile(RoutingProfileId),
    /// `security-profile/{id}`.
    SecurityProfile(SecurityProfileId),
    /// `agent-group/{id}`: a hierarchy group.
    HierarchyGroup(HierarchyGroupId),
}

/// An ARN of Amazon Connect: `arn:{partition}:connect:{region}:{account}:instance/{instance}[/{kind}/{id}]`.
///
/// Each instance has one spelling: its id is a UUID in lower case, and the partition is that of the Region. So equal texts are equal
/// instances, and ARNs can be keys. A replica of an instance has the same id in another Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-us-gov`, …
    pub partition: String,
    /// The AWS Region, such as `us-west-2`.
    pub region: String,
    /// The AWS account: 12 digits.
    pub account: String,
    /// The instance, or the instance that the resource is in.
    pub instance: InstanceId,
    /// The resource in the instance.
    pub resource: Resource,
}

/// The parts of an ARN of any service: `arn:{partition}:{service}:{region}:{account}:{resource}`. The partition, the account and the
/// Region, which may be empty, have the form that AWS gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnParts<'a> {
    /// `aws`, `aws-us-gov`, …
    pub partition: &'a str,
    /// Such as `connect` or `iam`.
    pub service: &'a str,
    /// The AWS Region, such as `us-west-2`. Empty for services without Regions.
    pub region: &'a str,
    /// The AWS account: 12 digits.
    pub account: &'a str,
    /// What follows.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// Parses an ARN.
    ///
    /// # Errors
    /// The part that is wrong.
    pub fn parse(arn: &'a str) -> Result<Self, &'static str> {
        let mut parts = arn.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (prefix, partition, service, region, account, resource) = (next(), next(), next(), next(), next(), next());
        if prefix != "arn" || service.is_empty() {
            Err("it does not start with arn:<partition>:<service>:")
        } else if !is_partition(partition) {
            Err("its partition is not aws, aws-us-gov or alike")
        } else if !region.is_empty() && !is_region(region) {
            Err("its Region is not one such as us-west-2")
        } else if partition_of(region).is_some_and(|of_region| of_region != partition) {
            Err("its partition is not that of its Region")
        } else if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            Err("its account is not 12 digits")
        } else {
            Ok(Self { partition, service, region, account, resource })
        }
    }
}

/// How the names of Regions begin in partitions other than `aws`.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// Returns the partition that a Region is in, as its name says; None if the text is not the name of a Region.
pub fn partition_of(region: &str) -> Option<&'static str> {
    let other = PARTITIONS.iter().find(|(start, _)| region.starts_with(start));
    is_region(region).then(|| other.map_or("aws", |(_, partition)| partition))
}

fn is_partition(text: &str) -> bool {
    text.split('-').next() == Some("aws") && text.split('-').all(is_word)
}

/// Returns whether a text is at least two words and a number, such as `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    is_number && words.contains('-') && words.split('-').all(is_word)
}

/// Returns whether a text is a UUID in lower case.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// The error for a string that is not an ARN of Amazon Connect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{arn:?} is not an ARN of Amazon Connect: {why}")]
pub struct ArnError {
    arn: String,
    why: &'static str,
}

impl Arn {
    /// Returns the ARN of another resource in the same instance.
    pub fn sibling(&self, resource: Resource) -> Self {
        Self { resource, ..self.clone() }
    }

    /// Returns the user's id, if this is a user's ARN.
    pub fn user(&self) -> Option<&UserId> {
        match &self.resource {
            Resource::User(id) => Some(id),
            _ => None,
        }
    }
}

impl std::str::FromStr for Arn {
    type Err = ArnError;

    fn from_str(arn: &str) -> Result<Self, ArnError> {
        let no = |why| ArnError { arn: arn.to_owned(), why };
        let ArnParts { partition, service, region, account, resource: path } = ArnParts::parse(arn).map_err(no)?;
        if service != "connect" {
            return Err(no("it does not start with arn:<partition>:connect:"));
        }
        if region.is_empty() {
            return Err(no("its Region is empty"));
        }
        let segments: Vec<&str> = path.split('/').collect();
        if segments.iter().any(|s| s.is_empty()) {
            return Err(no("a part of its path is empty"));
        }
        if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'/') {
            return Err(no("its path has other characters than letters, digits and -"));
        }
        let (instance, resource) = match segments[..] {
            ["instance", i] => (i, Resource::Instance),
            ["instance", i, "agent", id] => (i, Resource::User(id.into())),
            ["instance", i, "routing-profile", id] => (i, Resource::RoutingProfile(id.into())),
            ["instance", i, "security-profile", id] => (i, Resource::SecurityProfile(id.into())),
            ["instance", i, "agent-group", id] => (i, Resource::HierarchyGroup(id.into())),
            _ => return Err(no("it does not name an instance, user, routing profile, security profile or hierarchy group")),
        };
        if !is_uuid(instance) {
            return Err(no("the id of its instance is not a UUID in lower case, such as 285c1043-4c81-4ffa-b5e6-e11154c24c73"));
        }
        Ok(Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            instance: instance.into(),
            resource,
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, instance, resource } = self;
        write!(f, "arn:{partition}:connect:{region}:{account}:instance/{instance}")?;
        match resource {
            Resource::Instance => Ok(()),
            Resource::User(id) => write!(f, "/agent/{id}"),
            Resource::RoutingProfile(id) => write!(f, "/routing-profile/{id}"),
            Resource::SecurityProfile(id) => write!(f, "/security-profile/{id}"),
            Resource::HierarchyGroup(id) => write!(f, "/agent-group/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_survive_a_round_trip() {
        for arn in [
            "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001",
            "arn:aws-us-gov:connect:us-gov-west-1:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/9f",
            "arn:aws:connect:eu-central-1:210987654321:instance/11111111-aaaa-4bbb-8ccc-000000000001/routing-profile/7",
            "arn:aws:connect:eu-central-1:210987654321:instance/11111111-aaaa-4bbb-8ccc-000000000001/security-profile/8",
            "arn:aws:connect:eu-central-1:210987654321:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent-group/6",
        ] {
            assert_eq!(arn.parse::<Arn>().map(|a| a.to_string()).as_deref(), Ok(arn));
        }
    }

    #[test]
    fn region_has_one_partition() {
        for (region, partition) in [
            ("us-west-2", Some("aws")),
            ("cn-north-1", Some("aws-cn")),
            ("us-gov-east-1", Some("aws-us-gov")),
            ("us-iso-east-1", Some("aws-iso")),
            ("us-isob-east-1", Some("aws-iso-b")),
            ("eusc-de-east-1", Some("aws-eusc")),
            ("west", None),
            ("", None),
        ] {
            assert_eq!(partition_of(region), partition, "{region}");
        }
    }

    #[test]
    fn invalid_arns_are_rejected_with_the_reason() {
        for (arn, reason) in [
            ("", "does not start with"),
            ("arn:aws:s3:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "does not start with"),
            ("arn:aws:connect::123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "Region is empty"),
            ("arn:aws:connect:us-west:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "Region is not one"),
            ("arn:aws:connect:us-West-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "Region is not one"),
            ("arn:aws:connect:us--west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "Region is not one"),
            ("arn::connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "partition is not"),
            ("arn:aws-:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "partition is not"),
            ("arn:other:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "partition is not"),
            ("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001 ", "other characters"),
            ("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001?2", "other characters"),
            ("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001:2", "other characters"),
            ("arn:aws:connect:us-west-2:12:instance/11111111-aaaa-4bbb-8ccc-000000000001", "12 digits"),
            ("arn:aws:connect:us-west-2:123456789012:instance/", "path is empty"),
            ("arn:aws-cn:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "not that of its Region"),
            (
                "arn:aws:connect:us-gov-west-1:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001",
                "not that of its Region",
            ),
            ("arn:aws:connect:us-west-2:123456789012:instance/11111111-AAAA-4bbb-8ccc-000000000001", "not a UUID in lower case"),
            ("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-00000000000", "not a UUID in lower case"),
            (
                "arn:aws:connect:us-west-2:123456789012:instance/11111111aaaa4bbb8ccc000000000001/agent/9f",
                "not a UUID in lower case",
            ),
            (
                "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/queue/2",
                "does not name an instance",
            ),
        ] {
            let error = arn.parse::<Arn>().map_err(|e| e.to_string());
            assert!(error.as_ref().is_err_and(|e| e.contains(reason)), "{arn}: {error:?}");
        }
    }
}
