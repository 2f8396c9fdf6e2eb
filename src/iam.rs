//! The IAM policies of `deploy/iam`, made from the operations that the code can call: `cargo xtask generate` writes them, and a test
//! fails where they are stale. What stands in capitals is to be replaced.

use std::collections::BTreeMap;

use connect_api::OperationName;
use serde::Serialize;

use crate::api::PREFIX;

const INSTANCE: &str = "arn:aws:connect:REGION:ACCOUNT_ID:instance/INSTANCE_ID";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:connect-operator-system:connect-operator";

/// What an operation is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// To look at users.
    Looking,
    /// To create, change and delete them.
    Changing,
    /// To change names and e-mail addresses, by which accounts can be taken over.
    IdentityInfo,
    /// To look up what specs name.
    Names,
    /// To say what may be wrong with a spec that Connect refused.
    Advice,
    /// To find the quick connects of a deleted user, and to delete them.
    QuickConnects,
    /// The port has it, and the operator does not call it.
    Nothing,
}

impl For {
    const fn of(operation: OperationName) -> Self {
        match operation {
            OperationName::DescribeUser
            | OperationName::ListUsers
            | OperationName::SearchUsers
            | OperationName::ListUserProficiencies => Self::Looking,
            OperationName::CreateUser
            | OperationName::DeleteUser
            | OperationName::UpdateUserPhoneConfig
            | OperationName::UpdateUserConfig
            | OperationName::UpdateUserRoutingProfile
            | OperationName::UpdateUserSecurityProfiles
            | OperationName::UpdateUserHierarchy
            | OperationName::AssociateUserProficiencies
            | OperationName::DisassociateUserProficiencies
            | OperationName::UpdateUserProficiencies
            | OperationName::TagResource
            | OperationName::UntagResource => Self::Changing,
            OperationName::UpdateUserIdentityInfo => Self::IdentityInfo,
            OperationName::ListRoutingProfiles
            | OperationName::ListSecurityProfiles
            | OperationName::ListUserHierarchyGroups
            | OperationName::DescribeUserHierarchyGroup => Self::Names,
            OperationName::DescribeInstance => Self::Advice,
            OperationName::SearchQuickConnects | OperationName::DescribeQuickConnect | OperationName::DeleteQuickConnect => {
                Self::QuickConnects
            }
            OperationName::ListPredefinedAttributes => Self::Nothing,
        }
    }
}

/// How far a tag on a user reaches in the conditions of an operation, by AWS' service authorization reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scoping {
    /// `aws:RequestTag`: the tags that the new user is to have.
    OnRequest,
    /// `aws:ResourceTag` on the user.
    OnUser,
    /// `aws:ResourceTag` on the user; a profile or group that is named too has tags of its own.
    OnUserBesidesTarget,
    /// None, or none that AWS documents.
    Never,
}

impl Scoping {
    const fn of(operation: OperationName) -> Self {
        match operation {
            OperationName::CreateUser => Self::OnRequest,
            OperationName::DeleteUser
            | OperationName::UpdateUserIdentityInfo
            | OperationName::UpdateUserPhoneConfig
            | OperationName::TagResource
            | OperationName::UntagResource => Self::OnUser,
            OperationName::UpdateUserRoutingProfile
            | OperationName::UpdateUserSecurityProfiles
            | OperationName::UpdateUserHierarchy => Self::OnUserBesidesTarget,
            OperationName::UpdateUserConfig
            | OperationName::AssociateUserProficiencies
            | OperationName::DisassociateUserProficiencies
            | OperationName::UpdateUserProficiencies
            | OperationName::DescribeUser
            | OperationName::ListUsers
            | OperationName::SearchUsers
            | OperationName::ListUserProficiencies
            | OperationName::ListRoutingProfiles
            | OperationName::ListSecurityProfiles
            | OperationName::ListUserHierarchyGroups
            | OperationName::DescribeUserHierarchyGroup
            | OperationName::DescribeInstance
            | OperationName::SearchQuickConnects
            | OperationName::DescribeQuickConnect
            | OperationName::DeleteQuickConnect
            | OperationName::ListPredefinedAttributes => Self::Never,
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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    principal: BTreeMap<&'static str, String>,
    action: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl Statement {
    fn allow(sid: &'static str, action: Vec<String>) -> Self {
        let (principal, resource, condition) = Default::default();
        Self { sid, effect: "Allow", principal, action, resource, condition }
    }

    fn on<const N: usize>(self, resource: [&str; N]) -> Self {
        Self { resource: resource.map(str::to_owned).into(), ..self }
    }

    fn by(self, kind: &'static str, principal: &str) -> Self {
        Self { principal: [(kind, principal.to_owned())].into(), ..self }
    }

    fn when(mut self, operator: &'static str, key: &str, value: &str) -> Self {
        self.condition.entry(operator).or_default().insert(key.to_owned(), value.to_owned());
        self
    }
}

/// The policies: where each is in the repository, and its text.
///
/// # Errors
/// None in practice: these values can be written as JSON.
pub fn policies() -> Result<Vec<(&'static str, String)>, serde_json::Error> {
    let files = [
        (
            "deploy/iam/full.json",
            with(&[For::Looking, For::Changing, For::IdentityInfo, For::Names, For::Advice, For::QuickConnects]),
        ),
        (
            "deploy/iam/without-identity-updates.json",
            with(&[For::Looking, For::Changing, For::Names, For::Advice, For::QuickConnects]),
        ),
        ("deploy/iam/observe-only.json", with(&[For::Looking, For::Names])),
        ("deploy/iam/scoped-by-tag.json", scoped_by_tag()),
        ("deploy/iam/assume-roles.json", assume_roles()),
        ("deploy/iam/trust-irsa.json", trust_irsa()),
        ("deploy/iam/trust-pod-identity.json", trust_pod_identity()),
        ("deploy/iam/trust-operator-role.json", trust_operator_role()),
    ];
    let text = |statement| serde_json::to_string_pretty(&Policy { version: "2012-10-17", statement }).map(|text| text + "\n");
    files.into_iter().map(|(path, statement)| Ok((path, text(statement)?))).collect()
}

fn actions(holds: impl Fn(OperationName) -> bool) -> Vec<String> {
    OperationName::ALL.iter().copied().filter(|operation| holds(*operation)).map(OperationName::iam_action).collect()
}

/// What is needed for all of these.
fn with(purposes: &[For]) -> Vec<Statement> {
    let of = |purpose: For| {
        let sid = match purpose {
            For::Looking => "LookAtUsers",
            For::Changing => "ChangeUsers",
            For::IdentityInfo => "ChangeNamesAndEmailAddresses",
            For::Names => "LookUpNames",
            For::Advice => "ReadTheInstancesIdentityType",
            For::QuickConnects => "DeleteQuickConnectsOfDeletedUsers",
            For::Nothing => "Nothing",
        };
        let all_of_it = format!("{INSTANCE}/*");
        Statement::allow(sid, actions(|operation| For::of(operation) == purpose)).on([INSTANCE, &all_of_it])
    };
    let mut statements: Vec<Statement> = purposes.iter().map(|purpose| of(*purpose)).collect();
    if purposes.contains(&For::Advice) {
        statements.push(directories());
    }
    statements
}

/// AWS wants it with DescribeInstance. It knows no resources.
fn directories() -> Statement {
    Statement::allow("DescribeInstanceDependsOnThis", vec!["ds:DescribeDirectories".into()]).on(["*"])
}

/// All that the operator does, to users alone that carry its cluster's tag, as far as AWS lets tags decide.
fn scoped_by_tag() -> Vec<Statement> {
    let scoped = |scoping: &[Scoping]| {
        actions(|operation| {
            matches!(For::of(operation), For::Changing | For::IdentityInfo) && scoping.contains(&Scoping::of(operation))
        })
    };
    let (users, all_of_it) = (format!("{INSTANCE}/agent/*"), format!("{INSTANCE}/*"));
    let (routing, security, groups) =
        (format!("{INSTANCE}/routing-profile/*"), format!("{INSTANCE}/security-profile/*"), format!("{INSTANCE}/agent-group/*"));
    let (on_user, on_request) = (format!("aws:ResourceTag/{PREFIX}cluster"), format!("aws:RequestTag/{PREFIX}cluster"));
    let mut statements = with(&[For::Looking, For::Names, For::Advice]);
    // Quick connects have no tag of the cluster, so they are not in it.
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
        // A user that is being created has no owner either, should AWS ask for this when CreateUser sends tags.
        Statement::allow("TakeOverUsersWithoutAnOwner", vec![OperationName::TagResource.iam_action()])
            .on([&users])
            .when("StringEquals", &on_request, "CLUSTER_NAME")
            .when("Null", &on_user, "true"),
        Statement::allow("WhereTagsDoNotDecide", scoped(&[Scoping::Never])).on([INSTANCE, &all_of_it]),
    ]);
    statements
}

/// For the operator's own role, where it assumes others.
fn assume_roles() -> Vec<Statement> {
    let roles = "arn:aws:iam::OTHER_ACCOUNT_ID:role/CONNECT_OPERATOR_ROLE";
    vec![Statement::allow("AssumeTheRolesOfOtherAccounts", assuming()).on([roles])]
}

/// TagSession too: sessions of EKS Pod Identity hand their tags on.
fn assuming() -> Vec<String> {
    ["sts:AssumeRole", "sts:TagSession"].map(str::to_owned).into()
}

fn trust_irsa() -> Vec<Statement> {
    let statement = Statement::allow("TheOperatorsServiceAccount", vec!["sts:AssumeRoleWithWebIdentity".into()])
        .by("Federated", "arn:aws:iam::ACCOUNT_ID:oidc-provider/OIDC_PROVIDER")
        .when("StringEquals", "OIDC_PROVIDER:aud", "sts.amazonaws.com")
        .when("StringEquals", "OIDC_PROVIDER:sub", SERVICE_ACCOUNT);
    vec![statement]
}

fn trust_pod_identity() -> Vec<Statement> {
    let mut name = SERVICE_ACCOUNT.rsplit(':');
    let (account, namespace) = (name.next().unwrap_or_default(), name.next().unwrap_or_default());
    let statement = Statement::allow("TheOperatorsServiceAccount", assuming())
        .by("Service", "pods.eks.amazonaws.com")
        .when("StringEquals", "aws:RequestTag/kubernetes-namespace", namespace)
        .when("StringEquals", "aws:RequestTag/kubernetes-service-account", account);
    vec![statement]
}

/// For a role of another account that the operator assumes.
fn trust_operator_role() -> Vec<Statement> {
    let statement = Statement::allow("TheOperatorsOwnRole", assuming())
        .by("AWS", "arn:aws:iam::OPERATOR_ACCOUNT_ID:role/OPERATOR_ROLE")
        .when("StringEquals", "sts:ExternalId", "EXTERNAL_ID");
    vec![statement]
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_committed_policies_are_those_of_the_code() {
        for (path, text) in policies().unwrap() {
            let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
            assert_eq!(committed, text, "{path} is stale: cargo xtask generate");
        }
    }

    #[test]
    fn the_full_policy_allows_every_operation_that_the_operator_calls() {
        let policies = policies().unwrap();
        let text = |file: &str| &policies.iter().find(|(path, _)| path.ends_with(file)).unwrap().1;
        for operation in OperationName::ALL {
            let action = format!("\"{}\"", operation.iam_action());
            let called = For::of(*operation) != For::Nothing;
            assert_eq!(text("/full.json").contains(&action), called, "{operation}");
            let lacks = *operation == OperationName::UpdateUserIdentityInfo;
            assert_eq!(text("/without-identity-updates.json").contains(&action), called && !lacks, "{operation}");
            let quick_connects = For::of(*operation) == For::QuickConnects;
            assert_eq!(text("/scoped-by-tag.json").contains(&action), called && !quick_connects, "{operation}");
            assert!(!(text("/observe-only.json").contains(&action) && operation.is_write()), "{operation}");
        }
    }

    /// Of what the policies leave out, there is no call.
    #[test]
    fn what_no_policy_allows_is_not_called() {
        let mut files: Vec<_> = ["reconcile", "inventory", "runtime", "cli"].map(|part| root().join("src").join(part)).into();
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for operation in OperationName::ALL.iter().filter(|operation| For::of(**operation) == For::Nothing) {
                assert!(!text.contains(operation.as_str()), "{} names {operation}", path.display());
            }
        }
    }
}
