//! The IAM policies of `deploy/iam` that allow calls to Connect, made from the operations that the code can call. Words in capitals
//! are placeholders.

use std::collections::BTreeMap;

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
    /// `aws:ResourceTag` on the user. The profile or group in the request has tags of its own.
    OnUserBesidesTarget,
    /// None that AWS documents.
    Never,
}

/// The table: what the operator calls an operation for, and how the policies can restrict it.
const fn row(operation: OperationName) -> (Purpose, Scoping) {
    match operation {
        OperationName::DescribeUser
        | OperationName::ListUsers
        | OperationName::SearchUsers
        | OperationName::ListUserProficiencies => (Purpose::Reading, Scoping::Never),
        OperationName::CreateUser => (Purpose::Changing, Scoping::OnRequest),
        OperationName::DeleteUser | OperationName::UpdateUserPhoneConfig => (Purpose::Changing, Scoping::OnUser),
        OperationName::ListTagsForResource => (Purpose::Tagging, Scoping::Never),
        OperationName::TagResource | OperationName::UntagResource => (Purpose::Tagging, Scoping::OnUser),
        OperationName::UpdateUserRoutingProfile
        | OperationName::UpdateUserSecurityProfiles
        | OperationName::UpdateUserHierarchy => (Purpose::Changing, Scoping::OnUserBesidesTarget),
        OperationName::UpdateUserConfig
        | OperationName::AssociateUserProficiencies
        | OperationName::DisassociateUserProficiencies
        | OperationName::UpdateUserProficiencies => (Purpose::Changing, Scoping::Never),
        OperationName::UpdateUserIdentityInfo => (Purpose::IdentityInfo, Scoping::OnUser),
        OperationName::ListRoutingProfiles
        | OperationName::ListSecurityProfiles
        | OperationName::ListUserHierarchyGroups
        | OperationName::DescribeUserHierarchyGroup => (Purpose::Names, Scoping::Never),
        OperationName::DescribeInstance => (Purpose::Advice, Scoping::Never),
        OperationName::ListSecurityProfilePermissions => (Purpose::Permissions, Scoping::Never),
        OperationName::ListInstances => (Purpose::Instances, Scoping::Never),
        OperationName::SearchQuickConnects | OperationName::DescribeQuickConnect | OperationName::DeleteQuickConnect => {
            (Purpose::QuickConnects, Scoping::Never)
        }
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
    fn allow(sid: &'static str, action: Vec<String>) -> Self {
        let (resource, condition) = Default::default();
        Self { sid, effect: "Allow", action, resource, condition }
    }

    fn on<const N: usize>(self, resource: [&str; N]) -> Self {
        Self { resource: resource.map(str::to_owned).into(), ..self }
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

fn actions(holds: impl Fn(OperationName) -> bool) -> Vec<String> {
    OperationName::ALL.iter().copied().filter(|operation| holds(*operation)).map(OperationName::iam_action).collect()
}

/// Returns the statements that allow the operations of these purposes.
fn with(purposes: &[Purpose]) -> Vec<Statement> {
    let of = |purpose: Purpose| {
        let sid = match purpose {
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
        let statement = Statement::allow(sid, actions(|operation| row(operation).0 == purpose));
        match purpose {
            // It supports no resource-level permissions.
            Purpose::Instances => statement.on(["*"]),
            // The action is the same for the instance and everything in it: queues, flows, profiles.
            Purpose::Tagging => statement.on([&format!("{INSTANCE}/agent/*")]),
            Purpose::Reading
            | Purpose::Changing
            | Purpose::IdentityInfo
            | Purpose::Names
            | Purpose::Advice
            | Purpose::Permissions
            | Purpose::QuickConnects => statement.on([INSTANCE, &format!("{INSTANCE}/*")]),
        }
    };
    let mut statements: Vec<Statement> = purposes.iter().map(|purpose| of(*purpose)).collect();
    if purposes.contains(&Purpose::Advice) || purposes.contains(&Purpose::Instances) {
        statements.push(directories());
    }
    statements.push(users_quota());
    statements
}

/// DescribeInstance and ListInstances require this action, which supports no resource-level permissions.
fn directories() -> Statement {
    Statement::allow("ReadingInstancesDependsOnThis", vec!["ds:DescribeDirectories".into()]).on(["*"])
}

/// Allows reading the quota of users. The action supports no resource-level permissions.
fn users_quota() -> Statement {
    Statement::allow("ReadTheQuotaOfUsers", vec!["servicequotas:GetServiceQuota".into()]).on(["*"])
}

/// Allows all that the operator does, but only to users with its cluster's tag, as far as AWS' conditions can test tags.
fn scoped_by_tag() -> Vec<Statement> {
    let scoped = |scoping: &[Scoping]| {
        actions(|operation| match row(operation) {
            (Purpose::Changing | Purpose::Tagging | Purpose::IdentityInfo, scope) => scoping.contains(&scope),
            _ => false,
        })
    };
    let never = |purpose| actions(|operation| row(operation) == (purpose, Scoping::Never));
    let (users, all_of_it) = (format!("{INSTANCE}/agent/*"), format!("{INSTANCE}/*"));
    let (routing, security, groups) =
        (format!("{INSTANCE}/routing-profile/*"), format!("{INSTANCE}/security-profile/*"), format!("{INSTANCE}/agent-group/*"));
    let (on_user, on_request) = (format!("aws:ResourceTag/{PREFIX}cluster"), format!("aws:RequestTag/{PREFIX}cluster"));
    let mut statements = with(&[Purpose::Reading, Purpose::Names, Purpose::Advice, Purpose::Permissions]);
    // Left out: quick connects and instances do not carry the cluster's tag.
    statements.extend([
        Statement::allow("CreateUsersWithTheTag", scoped(&[Scoping::OnRequest])).on([&users]).when(
            "StringEquals",
            &on_request,
            "CLUSTER_NAME",
        ),
        Statement::allow("ChangeUsersWithTheTag", scoped(&[Scoping::OnUser, Scoping::OnUserBesidesTarget])).on([&users]).when(
            "StringEquals",
            &on_user,
            "CLUSTER_NAME",
        ),
        Statement::allow("WhatUsersAreGiven", scoped(&[Scoping::OnRequest, Scoping::OnUserBesidesTarget]))
            .on([INSTANCE, &routing, &security, &groups]),
        // This also covers CreateUser with tags, if AWS requires TagResource for it: a new user has no owner.
        Statement::allow("TakeOverUsersWithoutAnOwner", vec![OperationName::TagResource.iam_action()])
            .on([&users])
            .when("StringEquals", &on_request, "CLUSTER_NAME")
            .when("Null", &on_user, "true"),
        Statement::allow("ReadTagsOfUsers", never(Purpose::Tagging)).on([&users]),
        Statement::allow("WhereTagsDoNotDecide", never(Purpose::Changing)).on([INSTANCE, &all_of_it]),
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

    #[test]
    fn only_users_can_be_tagged() {
        for (path, text) in policies().unwrap() {
            let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                let actions = statement["Action"].as_array().unwrap();
                if actions.iter().any(|action| action.as_str().unwrap().contains("Tag") || action == "connect:UntagResource") {
                    assert_eq!(statement["Resource"], serde_json::json!([format!("{INSTANCE}/agent/*")]), "{path}");
                }
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
