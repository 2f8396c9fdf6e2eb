//! Fields that the operator sets once and then leaves to the people at Connect's console.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! fields {
    ($($name:ident = $path:literal,)*) => {
        /// A field of the spec, by its path, whose changes in Connect can be ignored (`ignoreDrift`).
        ///
        /// Fields that cannot be changed in Connect have no drift, and are not listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[expect(missing_docs, reason = "each is the field of that name")]
        #[schemars(description = "A field of the spec whose changes in Connect may be left alone.")]
        pub enum IgnoredField { $(#[serde(rename = $path)] $name,)* }

        impl IgnoredField {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the path below `spec`.
            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)* }
            }
        }
    };
}

fields! {
    IdentityInfo = "identityInfo",
    FirstName = "identityInfo.firstName",
    LastName = "identityInfo.lastName",
    Email = "identityInfo.email",
    SecondaryEmail = "identityInfo.secondaryEmail",
    Mobile = "identityInfo.mobile",
    PhoneConfig = "phoneConfig",
    PhoneType = "phoneConfig.phoneType",
    AutoAccept = "phoneConfig.autoAccept",
    AfterContactWorkTimeLimit = "phoneConfig.afterContactWorkTimeLimit",
    DeskPhoneNumber = "phoneConfig.deskPhoneNumber",
    PersistentConnection = "phoneConfig.persistentConnection",
    AutoAcceptConfigs = "autoAcceptConfigs",
    AfterContactWorkConfigs = "afterContactWorkConfigs",
    PhoneNumberConfigs = "phoneNumberConfigs",
    PersistentConnectionConfigs = "persistentConnectionConfigs",
    VoiceEnhancementConfigs = "voiceEnhancementConfigs",
    RoutingProfileArn = "routingProfileArn",
    RoutingProfileName = "routingProfileName",
    SecurityProfileArns = "securityProfileArns",
    SecurityProfileNames = "securityProfileNames",
    HierarchyGroupArn = "hierarchyGroupArn",
    HierarchyGroupPath = "hierarchyGroupPath",
    UserProficiencies = "userProficiencies",
    Tags = "tags",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The fields of the spec that control the operator, or that Connect has no operation for.
    const WITHOUT_DRIFT: [&str; 11] = [
        "instanceArn",
        "username",
        "directoryUserId",
        "passwordSecretRef",
        "region",
        "adoptionPolicy",
        "deletionPolicy",
        "managementPolicy",
        "driftInterval",
        "ignoreDrift",
        "generatePassword",
    ];

    #[test]
    fn exactly_the_fields_that_can_drift_can_be_ignored() {
        let schema = super::super::crd().spec.versions.remove(0).schema.unwrap().open_api_v3_schema.unwrap();
        let spec = schema.properties.unwrap().remove("spec").unwrap();
        let mut paths = BTreeSet::new();
        for (name, field) in spec.properties.unwrap() {
            if !WITHOUT_DRIFT.contains(&name.as_str()) {
                paths.extend(field.properties.iter().flatten().map(|(member, _)| format!("{name}.{member}")));
                paths.insert(name);
            }
        }
        let known: BTreeSet<_> = IgnoredField::ALL.iter().map(|f| f.path().to_owned()).collect();
        assert_eq!(known, paths);
    }
}
