//! The agents of a fleet and their specs.

use connect_sim::{InstanceView, Sim};
use serde_json::{Value, json};

use crate::NamespacedName;

/// The Secret that holds a namespace's initial password.
pub(crate) const SECRET: &str = "initial-password";
/// The routing profiles of the instance. Agents with even and odd numbers have different ones.
pub const ROUTING_PROFILES: [&str; 2] = ["Voice", "Chat"];
/// The security profiles of the instance.
pub const SECURITY_PROFILES: [&str; 2] = ["Agent", "Lead"];
pub(crate) const GROUPS: [&str; 2] = ["/North", "/North/Hamburg"];
pub(crate) const ATTRIBUTE: (&str, [&str; 2]) = ("Language", ["Spanish", "French"]);

/// A person with a ConnectUser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The namespace of its ConnectUser.
    pub namespace: String,
    /// Its number, from which its names are made.
    pub number: usize,
    /// Whether its spec refers to profiles and groups by name instead of by ARN.
    pub by_name: bool,
    /// Whether its spec has proficiencies, which CreateUser cannot carry.
    pub proficient: bool,
}

impl Agent {
    /// An agent whose whole spec CreateUser can carry, with ARNs.
    pub fn plain(namespace: &str, number: usize) -> Self {
        Self { namespace: namespace.to_owned(), number, by_name: false, proficient: false }
    }

    /// An agent of a mixed fleet: every third refers to profiles by name, every tenth has proficiencies.
    pub fn mixed(namespace: &str, number: usize) -> Self {
        Self { by_name: number.is_multiple_of(3), proficient: number.is_multiple_of(10), ..Self::plain(namespace, number) }
    }

    /// A mixed fleet of this size.
    pub fn fleet(namespace: &str, count: usize) -> Vec<Self> {
        (0..count).map(|number| Self::mixed(namespace, number)).collect()
    }

    /// The name of its ConnectUser.
    pub fn name(&self) -> String {
        format!("agent-{:06}", self.number)
    }

    /// The namespace and name of its ConnectUser.
    pub fn resource(&self) -> NamespacedName {
        NamespacedName::new(&self.namespace, self.name())
    }

    /// Its username.
    pub fn username(&self) -> String {
        format!("{}.{}", self.namespace, self.name())
    }

    /// Its spec.
    pub(crate) fn spec(&self, sim: &Sim, instance: &InstanceView) -> Value {
        let id = &instance.id;
        let second = self.number % 2;
        let mut spec = json!({
            "instanceArn": instance.arn,
            "username": self.username(),
            "passwordSecretRef": { "name": SECRET, "key": "password" },
            "identityInfo": {
                "firstName": format!("Agent {}", self.number),
                "lastName": format!("Of {}", self.namespace),
                "email": format!("{}@example.com", self.username()),
            },
            "phoneConfig": { "phoneType": "SOFT_PHONE", "afterContactWorkTimeLimit": 30 + second },
            "tags": { "team": format!("team-{}", self.number % 100) },
        });
        let named = if self.by_name {
            json!({
                "routingProfileName": ROUTING_PROFILES[second],
                "securityProfileNames": [SECURITY_PROFILES[second]],
                "hierarchyGroupPath": GROUPS[second],
            })
        } else {
            json!({
                "routingProfileArn": sim.routing_profile_arn(id, ROUTING_PROFILES[second]),
                "securityProfileArns": [sim.security_profile_arn(id, SECURITY_PROFILES[second])],
                "hierarchyGroupArn": sim.hierarchy_group_arn(id, GROUPS[second]),
            })
        };
        let (attribute, values) = ATTRIBUTE;
        let proficiencies = json!([{ "attributeName": attribute, "attributeValue": values[second], "level": 3 }]);
        if let (Value::Object(spec), Value::Object(named)) = (&mut spec, named) {
            spec.extend(named);
            if self.proficient {
                spec.insert("userProficiencies".to_owned(), proficiencies);
            }
        }
        spec
    }
}
