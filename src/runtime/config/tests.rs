//! Every value of the configuration file.

use std::num::NonZeroU32;

use connect_api::{Arn, OperationName, Quota, Quotas};

use super::{file::parse, settings::NotListed, values::QuotaService, *};
use crate::plan::{Bounds, OthersUsers, Pattern};

const FULL: &str = r#"
accounts:
  "210987654321":
    roleArn: arn:aws:iam::210987654321:role/teams/connect-operator
    externalId: 7f3c-example
    sessionName: connect-operator-prod
    sessionTags:
      cluster: prod eu
      team: contact.centre
    endpointUrl: https://connect.example.com:8443
    quotas:
      callsPerSecond: 4
      callBurst: 8.5
      operations:
        DescribeUser: { callsPerSecond: 10 }
        SearchUsers: { callsPerSecond: 0.5, callBurst: 1 }
    quotaShare: 0.5
  "000000000012": {}
instances:
  arn:aws:connect:eu-central-1:210987654321:instance/aaaa0000-1111-4222-8333-444444444444:
    namespaces: [support, sales-emea]
  arn:aws:connect:us-west-2:123456789012:instance/bbbb0000-1111-4222-8333-444444444444:
    namespaces: ["*"]
  arn:aws:connect:us-west-2:123456789012:instance/cccc0000-1111-4222-8333-444444444444:
    namespaces: []
instancesNotListed: Refuse
"#;

fn arn(text: &str) -> Arn {
    text.parse().unwrap()
}

#[test]
fn every_value_is_parsed() {
    let config = parse(FULL).unwrap();
    let account = config.account("210987654321");
    assert_eq!(account.role_arn.as_ref().unwrap().account(), "210987654321");
    assert_eq!(account.external_id.as_ref().unwrap().as_str(), "7f3c-example");
    assert_eq!(account.session_name.as_ref().unwrap().as_str(), "connect-operator-prod");
    assert_eq!(account.session_tags.get().len(), 2);
    assert_eq!(account.endpoint_url.as_ref().unwrap().as_str(), "https://connect.example.com:8443");
    assert_eq!(config.account("000000000012"), AccountSettings::default());
    assert_eq!(config.instances_not_listed, NotListed::Refuse);
}

#[test]
fn empty_file_is_the_default_configuration() {
    for text in ["", "\n", "# nothing yet\n", "{}", "accounts: {}\ninstances: {}\n"] {
        let config = parse(text).unwrap();
        assert_eq!(config, Config::default(), "{text:?}");
        let anywhere = arn("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001");
        assert_eq!(config.refusal(&anywhere, "any-namespace"), None);
    }
}

#[test]
fn account_inherits_the_limits_that_it_does_not_set() {
    let config = parse(FULL).unwrap();
    let quota = |rate, burst| Quota { rate, burst };
    let by_operation = [(OperationName::CreateUser, quota(3.0, 3.5)), (OperationName::DescribeUser, quota(7.0, 7.5))];
    let defaults = Quotas { default: quota(2.5, 6.0), by_operation: by_operation.into(), share: 0.9 };
    assert_eq!(config.account("000000000012").quotas(&defaults), defaults);
    assert_eq!(config.account("999999999999").quotas(&defaults), defaults);
    let here = config.account("210987654321").quotas(&defaults);
    assert_eq!((here.default, here.share), (quota(4.0, 8.5), 0.5));
    let by_operation = [
        (OperationName::CreateUser, quota(3.0, 3.5)),
        (OperationName::DescribeUser, quota(10.0, 8.5)),
        (OperationName::SearchUsers, quota(0.5, 1.0)),
    ];
    assert_eq!(here.by_operation, by_operation.into());
}

#[test]
fn only_listed_namespaces_may_use_an_instance() {
    let config = parse(FULL).unwrap();
    let listed = "arn:aws:connect:eu-central-1:210987654321:instance/aaaa0000-1111-4222-8333-444444444444";
    let open_to_all = "arn:aws:connect:us-west-2:123456789012:instance/bbbb0000-1111-4222-8333-444444444444";
    let closed = "arn:aws:connect:us-west-2:123456789012:instance/cccc0000-1111-4222-8333-444444444444";
    let unknown = "arn:aws:connect:us-west-2:123456789012:instance/dddd0000-1111-4222-8333-444444444444";
    for (instance, namespace, allowed) in [
        (listed, "support", true),
        (listed, "sales-emea", true),
        (listed, "sales", false),
        (open_to_all, "sales", true),
        (closed, "support", false),
        (unknown, "support", false),
        // Requests contain only the id, so these would reach the same instance.
        (&listed.replace("210987654321", "123456789012"), "support", false),
        (&listed.replace("eu-central-1", "us-west-2"), "sales", false),
    ] {
        let refusal = config.refusal(&arn(instance), namespace);
        assert_eq!(refusal.is_none(), allowed, "{instance} {namespace}: {refusal:?}");
    }
    let refusal = config.refusal(&arn(listed), "sales").unwrap();
    assert!(
        refusal.contains(r#"the namespace "sales""#) && refusal.contains(&format!("instances.{listed}.namespaces")),
        "{refusal}"
    );
    assert!(!refusal.contains("support"), "the other namespaces are not disclosed: {refusal}");
    let refusal = config.refusal(&arn(unknown), "sales").unwrap();
    assert!(refusal.contains(&format!("instances.{unknown}.namespaces")), "{refusal}");

    let open = Config { instances_not_listed: NotListed::Allow, ..config };
    assert_eq!(open.refusal(&arn(unknown), "sales"), None);
    assert!(open.refusal(&arn(listed), "sales").is_some());
    assert!(open.refusal(&arn(&listed.replace("210987654321", "123456789012")), "sales").is_some());
}

#[test]
fn replica_of_an_instance_is_listed_on_its_own() {
    let primary = format!("arn:aws:connect:us-west-2:123456789012:instance/{ID}");
    let replica = primary.replace("us-west-2", "us-east-1");
    let sales = format!("  {replica}: {{ namespaces: [sales], bounds: {{ sales: {{ adoption: Allow }} }} }}\n");
    let config = parse(&(instance(ID, "namespaces: [support]") + &sales)).unwrap();
    let may = |instance: &str, namespace: &str| config.refusal(&arn(instance), namespace).is_none();
    assert!(may(&primary, "support") && !may(&primary, "sales"));
    assert!(may(&replica, "sales") && !may(&replica, "support"));
    assert!(config.bounds(&arn(&replica), "sales").adoption && !config.bounds(&arn(&primary), "sales").adoption);
    let third = config.refusal(&arn(&primary.replace("us-west-2", "eu-west-2")), "sales").unwrap();
    assert!(third.contains("the replica of an instance too"), "{third}");
    assert_eq!(config.listed_instances().count(), 2);
}

#[test]
fn quota_of_users_is_a_number_or_read_from_service_quotas() {
    for (value, quota) in [
        ("500", UsersQuota::Users(NonZeroU32::new(500).unwrap())),
        ("ServiceQuotas", UsersQuota::From(QuotaService::ServiceQuotas)),
    ] {
        let config = parse(&instance(ID, &format!("namespaces: [], usersQuota: {value}"))).unwrap();
        assert_eq!(config.users_quota(&arn(INSTANCE.strip_prefix("instances.").unwrap())), Some(quota));
    }
}

#[test]
fn bounds_of_a_namespace_come_before_those_of_all() {
    let open = r#"namespaces: ["*"], bounds: { "*": { securityProfiles: [Agent], adoption: Allow, observeOthers: Refuse },
        sales: { securityProfiles: [Agent, "Lead *"], hierarchyGroups: [/North/*] },
        staff: { securityProfiles: ["*"], adoption: Refuse, observeOthers: Allow } }"#;
    let config = parse(&instance(ID, open)).unwrap();
    let here = arn("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001");
    let of = |namespace: &str| config.bounds(&here, namespace);
    let patterns = |texts: &[&str]| Some(texts.iter().copied().map(Pattern::new).collect::<Vec<_>>());
    let key = |namespace: &str| format!("{INSTANCE}.bounds.{namespace}");
    let all = Bounds {
        security_profiles: patterns(&["Agent"]),
        adoption: true,
        others_users: OthersUsers::Hidden,
        key: key("support"),
        ..Bounds::default()
    };
    assert_eq!(of("support"), all);
    let sales = Bounds {
        security_profiles: patterns(&["Agent", "Lead *"]),
        hierarchy_groups: patterns(&["/North/*"]),
        key: key("sales"),
        ..all
    };
    assert_eq!(of("sales"), sales);
    let staff = Bounds { adoption: false, others_users: OthersUsers::Shown, key: key("staff"), ..Bounds::default() };
    assert_eq!(of("staff"), staff);
}

#[test]
fn listed_instance_without_bounds_allows_all_but_adoption() {
    let config = parse(&instance(ID, "namespaces: [sales]")).unwrap();
    let bounds = |id: &str| config.bounds(&arn(&format!("arn:aws:connect:us-west-2:123456789012:instance/{id}")), "sales");
    let key = |id: &str| format!("instances.arn:aws:connect:us-west-2:123456789012:instance/{id}.bounds.sales");
    assert_eq!(bounds(ID), Bounds { adoption: false, key: key(ID), ..Bounds::default() });
    assert_eq!(
        bounds("11111111-aaaa-4bbb-8ccc-000000000002"),
        Bounds { key: key("11111111-aaaa-4bbb-8ccc-000000000002"), ..Bounds::default() }
    );
    assert_eq!(Bounds::default().others_users, OthersUsers::WithoutAddresses);
}

/// Each invalid value, with the key and the message of the error.
#[test]
fn each_invalid_value_is_reported_in_one_line_with_its_key() {
    let role = |more: &str| format!("roleArn: arn:aws:iam::123456789012:role/r, {more}");
    let tags: String = (0..51).map(|n| format!("t{n}: x, ")).collect();
    let (x65, x129, x257) = ("x".repeat(65), "x".repeat(129), "x".repeat(257));
    let unknown_operation = "quotas.operations.DescribeUsers";
    let in_account: Vec<(String, &str, &str)> = vec![
        ("roleARN: x".into(), "roleARN", "expected one of roleArn, "),
        ("roleArn: connect-operator".into(), "roleArn", "arn:aws:iam::123456789012:role/"),
        ("roleArn: arn:aws:iam::123456789012:user/u".into(), "roleArn", "not the ARN of an IAM role"),
        ("roleArn: arn:aws:iam::210987654321:role/r".into(), "roleArn", "role of account 210987654321"),
        ("externalId: abc".into(), "externalId", "set roleArn too"),
        ("sessionName: abc".into(), "sessionName", "set roleArn too"),
        ("sessionTags: { a: b }".into(), "sessionTags", "set roleArn too"),
        ("stsRegion: Oregon".into(), "stsRegion", "not a Region, such as us-west-2"),
        (role("stsRegion: cn-north-1"), "stsRegion", "not a Region of the role's partition, aws"),
        (role("externalId: x"), "externalId", "2 to 1224"),
        (role("externalId: 'a b'"), "externalId", "letters, digits or any of"),
        (role("externalId: { a: b }"), "externalId", "string"),
        (role(&format!("sessionName: {x65}")), "sessionName", "2 to 64"),
        (role("sessionTags: [a]"), "sessionTags", "map"),
        (role("sessionTags: { 'aws:x': y }"), "sessionTags", "not starting with aws:"),
        (role("sessionTags: { a: 'b!' }"), "sessionTags", "not valid in a tag"),
        (role(&format!("sessionTags: {{ {tags} }}")), "sessionTags", "has 51 tags"),
        (role(&format!("sessionTags: {{ {x129}: b }}")), "sessionTags", "key of a tag"),
        (role(&format!("sessionTags: {{ a: {x257} }}")), "sessionTags", "not valid in a tag"),
        ("endpointUrl: connect.example.com".into(), "endpointUrl", "not a URL"),
        ("endpointUrl: 'https://example.com/?a=b'".into(), "endpointUrl", "not a URL"),
        ("endpointUrl: 'ftp://example.com'".into(), "endpointUrl", "such as https://"),
        ("quotas: 5".into(), "quotas", "map"),
        ("quotas: { rate: 1 }".into(), "quotas.rate", "expected one of callsPerSecond, "),
        ("quotas: { callsPerSecond: 0 }".into(), "quotas.callsPerSecond", "greater than 0"),
        ("quotas: { callsPerSecond: .inf }".into(), "quotas.callsPerSecond", "greater than 0"),
        ("quotas: { callsPerSecond: fast }".into(), "quotas.callsPerSecond", "float"),
        ("quotas: { callBurst: 0 }".into(), "quotas.callBurst", "greater than 0"),
        ("quotas: { callBurst: -1 }".into(), "quotas.callBurst", "greater than 0"),
        (operations("DescribeUsers: { callsPerSecond: 1 }"), unknown_operation, "these are: CreateUser, "),
        (operations("DescribeUser: { callBurst: 1 }"), "quotas.operations.DescribeUser", "callsPerSecond"),
        (operations("DescribeUser: { callsPerSecond: 0 }"), "quotas.operations.DescribeUser.callsPerSecond", "greater than 0"),
        ("quotaShare: 1.5".into(), "quotaShare", "at most 1"),
        ("quotaShare: 0".into(), "quotaShare", "greater than 0"),
    ];
    let in_account = in_account.into_iter().map(|(body, key, why)| {
        (format!("accounts:\n  \"123456789012\": {{ {body} }}\n"), format!("accounts.123456789012.{key}"), why)
    });
    let twice = &format!("  arn:aws:connect:us-east-1:210987654321:instance/{ID}: {{ namespaces: [] }}\n");
    let mut table: Vec<(String, String, &str)> = vec![
        ("account: {}".into(), "account".into(), "expected one of accounts, instances, instancesNotListed"),
        ("instancesNotListed: Deny".into(), "instancesNotListed".into(), "Refuse"),
        ("instancesNotListed: allow".into(), "instancesNotListed".into(), "Allow"),
        ("accounts: [a]".into(), "accounts".into(), "map"),
        ("accounts:\n  \"12345678901\": {}".into(), "accounts.12345678901".into(), "12 digits, in quotes"),
        ("accounts:\n  prod: {}".into(), "accounts.prod".into(), "12 digits, in quotes"),
        (format!("instances:\n  {ID}: {{ namespaces: [] }}"), format!("instances.{ID}"), "an ARN such as"),
        (instance(&ID.to_uppercase(), "namespaces: []"), INSTANCE.replace(ID, &ID.to_uppercase()), "not a UUID in lower case"),
        (instance(&format!("{ID}/agent/u-1"), "namespaces: []"), format!("{INSTANCE}/agent/u-1"), "not the ARN of an instance"),
        (instance(ID, ""), INSTANCE.into(), "namespaces"),
        (instance(ID, "namespace: [a]"), format!("{INSTANCE}.namespace"), "expected one of namespaces"),
        (instance(ID, "namespaces: support"), format!("{INSTANCE}.namespaces"), "sequence"),
        (instance(ID, "namespaces: [support, Sales]"), format!("{INSTANCE}.namespaces[1]"), "not the name of a namespace"),
        (instance(ID, "namespaces: ['team-*']"), format!("{INSTANCE}.namespaces[0]"), r#""*", which means all"#),
        (instance(ID, "namespaces: [], usersQuota: 0"), format!("{INSTANCE}.usersQuota"), "greater than zero, or ServiceQuotas"),
        (instance(ID, "namespaces: [], usersQuota: '500'"), format!("{INSTANCE}.usersQuota"), "a number of users"),
        (instance(ID, "namespaces: [], usersQuota: Connect"), format!("{INSTANCE}.usersQuota"), "or ServiceQuotas"),
        (bounds("sale: { adoption: Allow }"), format!("{INSTANCE}.bounds.sale"), "the namespace sale may not use the instance"),
        (bounds("Sales: { adoption: Allow }"), format!("{INSTANCE}.bounds.Sales"), "not the name of a namespace"),
        (
            bounds("sales: { profiles: [Agent] }"),
            format!("{INSTANCE}.bounds.sales.profiles"),
            "expected one of securityProfiles, ",
        ),
        (bounds("sales: { securityProfiles: Agent }"), format!("{INSTANCE}.bounds.sales.securityProfiles"), "sequence"),
        (bounds("sales: { securityProfiles: [''] }"), format!("{INSTANCE}.bounds.sales.securityProfiles[0]"), "name or ARN"),
        (bounds("sales: { hierarchyGroups: [North] }"), format!("{INSTANCE}.bounds.sales.hierarchyGroups[0]"), "/North/Hamburg"),
        (bounds("sales: { adoption: true }"), format!("{INSTANCE}.bounds.sales.adoption"), "Refuse"),
        (bounds("sales: { observeOthers: Some }"), format!("{INSTANCE}.bounds.sales.observeOthers"), "WithoutAddresses"),
        (instance(ID, "namespaces: []") + twice, INSTANCE.into(), "has the same instance id as"),
        (format!("{0}{0}", "instancesNotListed: Allow\n"), String::new(), "duplicate mapping key: instancesNotListed at line 2"),
        ("accounts: {".into(), "accounts".into(), "unclosed bracket '{' at line 1"),
    ];
    table.extend(in_account);
    let mut wrong = Vec::new();
    for (text, key, why) in &table {
        let (at, message) = parse(text).unwrap_err();
        if at != *key || !message.contains(why) || message.contains('\n') {
            wrong.push(format!("{text}\n  at {at:?}: {message}\n  expected {key:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const ID: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const INSTANCE: &str = "instances.arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

fn instance(id: &str, body: &str) -> String {
    format!("instances:\n  arn:aws:connect:us-west-2:123456789012:instance/{id}: {{ {body} }}\n")
}

fn bounds(body: &str) -> String {
    instance(ID, &format!("namespaces: [sales], bounds: {{ {body} }}"))
}

fn operations(body: &str) -> String {
    format!("quotas: {{ operations: {{ {body} }} }}")
}
