//! The people of a fleet, and what is written of them.

use connect_sim::{InstanceView, Sim};
use serde_json::{Value, json};

use crate::Place;

/// The Secret that holds a namespace's initial password.
pub(crate) const SECRET: &str = "initial-password";
pub(crate) const ROUTING_PROFILES: [&str; 2] = ["Voice", "Chat"];
pub(crate) const SECURITY_PROFILES: [&str; 2] = ["Agent", "Lead"];
pub(crate) const GROUPS: [&str; 2] = ["/North", "/North/Hamburg"];
pub(crate) const ATTRIBUTE: (&str, [&str; 2]) = ("Language", ["Spanish", "French"]);

/// One who is to be a user of Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The namespace of its ConnectUser.
    pub namespace: String,
    /// Tells it from the others; its names are made of it.
    pub number: usize,
    /// Its spec names profiles and groups by their names and not by their ARNs.
    pub by_name: bool,
    /// Its spec says which proficiencies it has, which CreateUser cannot carry.
    pub proficient: bool,
}

impl Agent {
    /// One whose spec CreateUser can carry whole, with ARNs.
    pub fn plain(namespace: &str, number: usize) -> Self {
        Self { namespace: namespace.to_owned(), number, by_name: false, proficient: false }
    }

    /// One of a mixed fleet: every third names profiles by their names, every tenth has proficiencies.
    pub fn mixed(namespace: &str, number: usize) -> Self {
        Self { by_name: number.is_multiple_of(3), proficient: number.is_multiple_of(10), ..Self::plain(namespace, number) }
    }

    /// A mixed fleet of so many.
    pub fn fleet(namespace: &str, count: usize) -> Vec<Self> {
        (0..count).map(|number| Self::mixed(namespace, number)).collect()
    }

    /// The name of its ConnectUser.
    pub fn name(&self) -> String {
        format!("agent-{:06}", self.number)
    }

    /// Where its ConnectUser is.
    pub fn place(&self) -> Place {
        Place::new(&self.namespace, self.name())
    }

    /// The name that it signs in with.
    pub fn username(&self) -> String {
        format!("{}.{}", self.namespace, self.name())
    }

    /// What is applied for it.
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
