//! The IAM policies of `deploy/iam` that allow calls to Connect, made from the operations that the code can call. Words in capitals
//! are placeholders.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::OperationName;
use connect_operator::api::PREFIX;
use serde::Serialize;

use super::File;

const INSTANCE: &str = "arn:PARTITION:connect:REGION:ACCOUNT_ID:instance/INSTANCE_ID";

/// The purpose for which the operator calls an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Reading users.
    Reading,
    /// Creating, changing and deleting users.
    Changing,
    /// Setting and removing tags, of the owner and of the spec.
    Tagging,
    /// Changing names and e-mail addresses, by which accounts can be taken over.
    IdentityInfo,
    /// Resolving the names in specs.
    Names,
    /// Explaining why Connect may have refused a spec.
    Advice,
    /// Finding out which security profiles make their users administrators.
    Permissions,
    /// Finding the instances of a Region, for the commands.
    Instances,
    /// Finding and deleting the quick connects of a deleted user.
    QuickConnects,
}

/// Which tags the conditions of an operation can test, according to AWS' service authorization reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scoping {
    /// `aws:RequestTag`: the tags of the new user.
    OnRequest,
    /// `aws:ResourceTag` on the user.
    OnUser,
    /// None that AWS documents.
    Never,
}

/// What an operation needs permission on: the resource types of AWS' service authorization reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ResourceType {
    /// Operations without resource-level permissions.
    Any,
    Instance,
    User,
    RoutingProfile,
    SecurityProfile,
    HierarchyGroup,
    QuickConnect,
}

impl ResourceType {
    fn arn(self) -> String {
        let name = match self {
            Self::Any => return "*".to_owned(),
            Self::Instance => return INSTANCE.to_owned(),
            Self::User => "agent",
            Self::RoutingProfile => "routing-profile",
            Self::SecurityProfile => "security-profile",
            Self::HierarchyGroup => "agent-group",
            Self::QuickConnect => "transfer-destination",
        };
        format!("{INSTANCE}/{name}/*")
    }
}

/// The table: what the operator calls an operation for, and how the policies can restrict it.
///
/// The types are those of the reference in August 2026, except for UpdateUserConfig, which it lacks: those of the other operations on a
/// user. It lists more than twenty types for the operations on tags, and the operator tags only users.
const fn row(operation: OperationName) -> (Purpose, Scoping, &'static [ResourceType]) {
    use Purpose::{Advice, Changing, IdentityInfo, Instances, Names, Permissions, QuickConnects, Reading, Tagging};
    use ResourceType::{Any, HierarchyGroup, Instance, QuickConnect, RoutingProfile, SecurityProfile, User};
    use Scoping::{Never, OnRequest, OnUser};
    match operation {
        OperationName::ListUsers | OperationName::SearchUsers => (Reading, Never, &[Instance]),
        OperationName::DescribeUser => (Reading, Never, &[User]),
        OperationName::ListUserProficiencies => (Reading, Never, &[Instance, User]),
        OperationName::CreateUser => (Changing, OnRequest, &[User, RoutingProfile, SecurityProfile, HierarchyGroup]),
        OperationName::DeleteUser | OperationName::UpdateUserPhoneConfig => (Changing, OnUser, &[User]),
        OperationName::UpdateUserRoutingProfile => (Changing, OnUser, &[User, RoutingProfile]),
        OperationName::UpdateUserSecurityProfiles => (Changing, OnUser, &[User, SecurityProfile]),
        OperationName::UpdateUserHierarchy => (Changing, OnUser, &[User, HierarchyGroup]),
        OperationName::UpdateUserConfig
        | OperationName::AssociateUserProficiencies
        | OperationName::DisassociateUserProficiencies
        | OperationName::UpdateUserProficiencies => (Changing, Never, &[Instance, User]),
        OperationName::UpdateUserIdentityInfo => (IdentityInfo, OnUser, &[User]),
        OperationName::ListTagsForResource => (Tagging, Never, &[User]),
        OperationName::TagResource | OperationName::UntagResource => (Tagging, OnUser, &[User]),
        OperationName::ListRoutingProfiles | OperationName::ListSecurityProfiles | OperationName::ListUserHierarchyGroups => {
            (Names, Never, &[Instance])
        }
        OperationName::DescribeUserHierarchyGroup => (Names, Never, &[HierarchyGroup]),
        OperationName::DescribeInstance => (Advice, Never, &[Instance]),
        OperationName::ListSecurityProfilePermissions => (Permissions, Never, &[SecurityProfile]),
        OperationName::ListInstances => (Instances, Never, &[Any]),
        OperationName::SearchQuickConnects => (QuickConnects, Never, &[Instance]),
        OperationName::DescribeQuickConnect | OperationName::DeleteQuickConnect => (QuickConnects, Never, &[QuickConnect]),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl Statement {
    /// Allows these operations on the types that they need permission on.
    fn allow(sid: &'static str, operations: Vec<OperationName>) -> Self {
        let types = operations.iter().flat_map(|operation| row(*operation).2).copied();
        let resource = types.collect::<BTreeSet<_>>().into_iter().map(ResourceType::arn).collect();
        let action = operations.into_iter().map(OperationName::iam_action).collect();
        Self { sid, effect: "Allow", action, resource, condition: BTreeMap::new() }
    }

    /// Allows an action of another service that supports no resource-level permissions.
    fn allow_other(sid: &'static str, action: &str) -> Self {
        Self { action: vec![action.to_owned()], resource: vec![ResourceType::Any.arn()], ..Self::allow(sid, Vec::new()) }
    }

    fn on_users(self) -> Self {
        Self { resource: vec![ResourceType::User.arn()], ..self }
    }

    fn on_all_but_users(mut self) -> Self {
        self.resource.retain(|resource| *resource != ResourceType::User.arn());
        self
    }

    fn when(mut self, operator: &'static str, key: &str, value: &str) -> Self {
        self.condition.entry(operator).or_default().insert(key.to_owned(), value.to_owned());
        self
    }
}

/// Returns the policies.
pub(super) fn policies() -> Result<Vec<File>, serde_json::Error> {
    use Purpose::{Advice, Changing, IdentityInfo, Instances, Names, Permissions, QuickConnects, Reading, Tagging};
    let files = [
        (
            "deploy/iam/full.json",
            with(&[Reading, Changing, Tagging, IdentityInfo, Names, Advice, Permissions, Instances, QuickConnects]),
        ),
        (
            "deploy/iam/without-identity-updates.json",
            with(&[Reading, Changing, Tagging, Names, Advice, Permissions, Instances, QuickConnects]),
        ),
        ("deploy/iam/observe-only.json", with(&[Reading, Names, Permissions, Instances])),
        ("deploy/iam/scoped-by-tag.json", scoped_by_tag()),
    ];
    let text = |statement| serde_json::to_string_pretty(&Policy { version: "2012-10-17", statement }).map(|text| text + "\n");
    files.into_iter().map(|(path, statement)| Ok((path, text(statement)?))).collect()
}

fn operations(holds: impl Fn(Purpose, Scoping) -> bool) -> Vec<OperationName> {
    let row = |operation: &OperationName| row(*operation);
    OperationName::ALL.iter().copied().filter(|operation| holds(row(operation).0, row(operation).1)).collect()
}

/// Returns the statements that allow the operations of these purposes.
fn with(purposes: &[Purpose]) -> Vec<Statement> {
    let of = |wanted: &Purpose| {
        let sid = match wanted {
            Purpose::Reading => "LookAtUsers",
            Purpose::Changing => "ChangeUsers",
            Purpose::Tagging => "TagUsers",
            Purpose::IdentityInfo => "ChangeNamesAndEmailAddresses",
            Purpose::Names => "LookUpNames",
            Purpose::Advice => "ReadTheInstancesIdentityType",
            Purpose::Permissions => "ReadWhatSecurityProfilesPermit",
            Purpose::Instances => "FindInstances",
            Purpose::QuickConnects => "DeleteQuickConnectsOfDeletedUsers",
        };
        Statement::allow(sid, operations(|purpose, _| purpose == *wanted))
    };
    let mut statements: Vec<Statement> = purposes.iter().map(of).collect();
    if purposes.contains(&Purpose::Advice) || purposes.contains(&Purpose::Instances) {
        // DescribeInstance and ListInstances require it.
        statements.push(Statement::allow_other("ReadingInstancesDependsOnThis", "ds:DescribeDirectories"));
    }
    statements.push(Statement::allow_other("ReadTheQuotaOfUsers", "servicequotas:GetServiceQuota"));
    statements
}

/// Allows all that the operator does, but only to users with its cluster's tag, as far as AWS' conditions can test tags.
fn scoped_by_tag() -> Vec<Statement> {
    let changes = |wanted: &[Scoping]| {
        operations(|purpose, scoping| {
            matches!(purpose, Purpose::Changing | Purpose::Tagging | Purpose::IdentityInfo) && wanted.contains(&scoping)
        })
    };
    let without_tags = |wanted| operations(|purpose, scoping| purpose == wanted && scoping == Scoping::Never);
    // Profiles and groups have tags of their own.
    let mut giving = changes(&[Scoping::OnRequest, Scoping::OnUser]);
    giving.retain(|operation| row(*operation).2.iter().any(|of| *of != ResourceType::User));
    let (on_user, on_request) = (format!("aws:ResourceTag/{PREFIX}cluster"), format!("aws:RequestTag/{PREFIX}cluster"));
    let mut statements = with(&[Purpose::Reading, Purpose::Names, Purpose::Advice, Purpose::Permissions]);
    // Left out: quick connects and instances do not carry the cluster's tag.
    statements.extend([
        Statement::allow("CreateUsersWithTheTag", changes(&[Scoping::OnRequest])).on_users().when(
            "StringEquals",
            &on_request,
            "CLUSTER_NAME",
        ),
        Statement::allow("ChangeUsersWithTheTag", changes(&[Scoping::OnUser])).on_users().when(
            "StringEquals",
            &on_user,
            "CLUSTER_NAME",
        ),
        Statement::allow("WhatUsersAreGiven", giving).on_all_but_users(),
        // This also covers CreateUser with tags, if AWS requires TagResource for it: a new user has no owner.
        Statement::allow("TakeOverUsersWithoutAnOwner", vec![OperationName::TagResource])
            .when("StringEquals", &on_request, "CLUSTER_NAME")
            .when("Null", &on_user, "true"),
        Statement::allow("ReadTagsOfUsers", without_tags(Purpose::Tagging)),
        Statement::allow("WhereTagsDoNotDecide", without_tags(Purpose::Changing)),
    ]);
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_allows_the_operations_of_its_purposes() {
        let policies = policies().unwrap();
        let text = |file: &str| &policies.iter().find(|(path, _)| path.ends_with(file)).unwrap().1;
        for operation in OperationName::ALL {
            let action = format!("\"{}\"", operation.iam_action());
            assert!(text("/full.json").contains(&action), "{operation}");
            let lacks = *operation == OperationName::UpdateUserIdentityInfo;
            assert_eq!(text("/without-identity-updates.json").contains(&action), !lacks, "{operation}");
            let without_tags = matches!(row(*operation).0, Purpose::QuickConnects | Purpose::Instances);
            assert_eq!(text("/scoped-by-tag.json").contains(&action), !without_tags, "{operation}");
            assert!(!(text("/observe-only.json").contains(&action) && operation.is_write()), "{operation}");
        }
    }

    #[test]
    fn each_policy_allows_reading_the_quota_of_users() {
        for (path, text) in policies().unwrap() {
            assert!(text.contains("\"servicequotas:GetServiceQuota\""), "{path}");
        }
    }

    /// The actions of each statement with its resources, by policy.
    fn statements() -> Vec<(&'static str, Vec<String>, Vec<String>)> {
        let texts = |value: &serde_json::Value| serde_json::from_value(value.clone()).unwrap();
        let of = |(path, text): File| {
            let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
            let each = move |statement: &serde_json::Value| (path, texts(&statement["Action"]), texts(&statement["Resource"]));
            policy["Statement"].as_array().unwrap().iter().map(each).collect::<Vec<_>>()
        };
        policies().unwrap().into_iter().flat_map(of).collect()
    }

    #[test]
    fn only_users_can_be_tagged() {
        for (path, actions, resources) in statements() {
            if actions.iter().any(|action| action.contains("Tag") || action == "connect:UntagResource") {
                assert_eq!(resources, [format!("{INSTANCE}/agent/*")], "{path}");
            }
        }
    }

    #[test]
    fn no_policy_is_for_everything_in_an_instance() {
        for (path, actions, resources) in statements() {
            assert!(!resources.contains(&format!("{INSTANCE}/*")), "{path}");
            let of_connect = actions.iter().any(|action| action.starts_with("connect:"));
            assert_eq!(of_connect && actions != ["connect:ListInstances"], resources != ["*"], "{path}: {actions:?}");
        }
    }

    /// An operation is allowed on each type that it needs.
    #[test]
    fn each_operation_is_allowed_on_all_its_types() {
        for operation in OperationName::ALL {
            for policy in policies().unwrap().iter().map(|(path, _)| *path) {
                let of_operation = statements()
                    .into_iter()
                    .filter(|(path, actions, _)| *path == policy && actions.contains(&operation.iam_action()));
                let allowed: Vec<String> = of_operation.flat_map(|(_, _, resources)| resources).collect();
                let missing = row(*operation).2.iter().map(|of| of.arn()).find(|arn| !allowed.contains(arn));
                assert!(allowed.is_empty() || missing.is_none(), "{policy}: {operation} on {missing:?}");
            }
        }
    }

    #[test]
    fn no_policy_names_a_partition() {
        let directory = crate::repository::root().join("deploy/iam");
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            assert!(!std::fs::read_to_string(&path).unwrap().contains("\"arn:aws"), "{}", path.display());
        }
    }

    #[test]
    fn trust_policies_name_the_service_account_of_the_manifests() {
        let [namespace, name] = testbed::installation::SERVICE_ACCOUNT;
        let read = |file: &str| std::fs::read_to_string(crate::repository::root().join("deploy/iam").join(file)).unwrap();
        let account = format!("\"system:serviceaccount:{namespace}:{name}\"");
        assert!(read("trust-irsa.json").contains(&account));
        for tag in [format!("namespace\": \"{namespace}\""), format!("service-account\": \"{name}\"")] {
            assert!(read("trust-pod-identity.json").contains(&format!("aws:RequestTag/kubernetes-{tag}")), "{tag}");
        }
    }
}
