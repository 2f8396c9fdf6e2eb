//! Security profiles, and what those of a new instance permit.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A security profile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityProfileConfig {
    /// The name.
    pub name: String,
    /// The id. Default: derived from the instance's id and the name, so that it is the same at every start.
    #[serde(default)]
    pub id: Option<String>,
    /// What it permits, as ListSecurityProfilePermissions names it: `Users.Create`, `BasicAgentAccess`. Default: for the names of
    /// a new instance's profiles, a part of what AWS gives them, otherwise nothing.
    #[serde(default)]
    pub permissions: Option<BTreeSet<String>>,
}

impl From<&str> for SecurityProfileConfig {
    fn from(name: &str) -> Self {
        Self { name: name.into(), id: None, permissions: None }
    }
}

/// The most permissions of a profile.
pub(crate) const MOST_PERMISSIONS: usize = 500;

impl SecurityProfileConfig {
    pub(crate) fn check(&self) -> Result<(), String> {
        check_permissions(self.permissions.iter().flatten()).map_err(|e| format!("{}: permissions: {e}", self.name))
    }

    /// Returns what it permits.
    pub(crate) fn permissions(&self) -> BTreeSet<String> {
        self.permissions.clone().unwrap_or_else(|| of_new_instance(&self.name).iter().copied().map(str::to_owned).collect())
    }
}

/// Checks the number of permissions and their lengths.
pub(crate) fn check_permissions<'a>(permissions: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut count = 0;
    for permission in permissions {
        count += 1;
        if !(1..=128).contains(&permission.chars().count()) {
            return Err(format!("{permission:?} must have 1 to 128 characters"));
        }
    }
    if count > MOST_PERMISSIONS { Err(format!("at most {MOST_PERMISSIONS}, but there are {count}")) } else { Ok(()) }
}

/// Returns permissions of a new instance's profile. AWS documents the purpose of each profile, and not its permissions.
fn of_new_instance(name: &str) -> &'static [&'static str] {
    match name {
        "Admin" => &[
            "AccessMetrics",
            "AgentGrouping.Create",
            "AgentGrouping.Edit",
            "AgentGrouping.EnableAndDisable",
            "AgentGrouping.View",
            "AgentStates.Create",
            "AgentStates.Edit",
            "AgentStates.EnableAndDisable",
            "AgentStates.View",
            "BasicAgentAccess",
            "ContactFlows.Create",
            "ContactFlows.Delete",
            "ContactFlows.Edit",
            "ContactFlows.Publish",
            "ContactFlows.View",
            "ContactSearch.View",
            "HistoricalChanges.View",
            "HoursOfOperation.Create",
            "HoursOfOperation.Delete",
            "HoursOfOperation.Edit",
            "HoursOfOperation.View",
            "ManagerListenIn",
            "OutboundCallAccess",
            "PhoneNumbers.Claim",
            "PhoneNumbers.Edit",
            "PhoneNumbers.Release",
            "PhoneNumbers.View",
            "Queues.Create",
            "Queues.Edit",
            "Queues.EnableAndDisable",
            "Queues.View",
            "RoutingPolicies.Create",
            "RoutingPolicies.Edit",
            "RoutingPolicies.View",
            "SecurityProfiles.Create",
            "SecurityProfiles.Delete",
            "SecurityProfiles.Edit",
            "SecurityProfiles.View",
            "TransferDestinations.Create",
            "TransferDestinations.Delete",
            "TransferDestinations.Edit",
            "TransferDestinations.View",
            "Users.Create",
            "Users.Delete",
            "Users.Edit",
            "Users.EditPermission",
            "Users.View",
        ],
        "Agent" => &["BasicAgentAccess", "OutboundCallAccess"],
        "CallCenterManager" => &[
            "AccessMetrics",
            "AgentGrouping.View",
            "AgentStates.View",
            "BasicAgentAccess",
            "ContactSearch.View",
            "ManagerListenIn",
            "OutboundCallAccess",
            "Queues.Edit",
            "Queues.View",
            "RoutingPolicies.Edit",
            "RoutingPolicies.View",
            "TransferDestinations.View",
            "Users.Create",
            "Users.Delete",
            "Users.Edit",
            "Users.View",
        ],
        "QualityAnalyst" => &["AccessMetrics", "ContactSearch.View", "GraphTrends.View", "ListenCallRecordings"],
        _ => &[],
    }
}
