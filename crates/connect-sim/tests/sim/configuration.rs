//! The configuration file.

use connect_sim::{ClockMode, Config, Sim, Throttling};

use crate::support::seconds;

const SAMPLE: &str = include_str!("../../sample.yaml");

#[test]
fn the_sample_has_the_defaults() {
    let sample = Config::from_yaml(SAMPLE).unwrap();
    let default = Config::default();
    assert_eq!(sample.rules, default.rules);
    assert_eq!((sample.seed, sample.clock, sample.start), (default.seed, default.clock, default.start));
    assert_eq!((sample.search_lag, sample.describe_lag), (default.search_lag, default.describe_lag));
    assert_eq!((sample.describe_lag_covers, sample.page_limit), (default.describe_lag_covers, default.page_limit));
    assert_eq!(sample.denied_operations, default.denied_operations);
    assert_eq!(Throttling { operations: Default::default(), ..sample.throttling }, default.throttling);
    assert_eq!(default.instances.len(), 1);
}

#[test]
fn ids_of_the_sample_are_the_same_at_each_start() {
    let arns = || {
        let sim = Sim::new(Config::from_yaml(SAMPLE).unwrap()).unwrap();
        let instance = &sim.instances()[0].id;
        assert_eq!(sim.instances().len(), 2);
        [
            sim.routing_profile_arn(instance, "Sales").unwrap(),
            sim.security_profile_arn(instance, "QualityAnalyst").unwrap(),
            sim.hierarchy_group_arn(instance, "/EMEA/Berlin").unwrap(),
            sim.hierarchy_group_arn(instance, "/EMEA/Paris").unwrap(),
            sim.hierarchy_group_arn(instance, "/EMEA").unwrap(),
        ]
    };
    assert_eq!(arns(), arns());
    let sales = "arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-4333-8444-555555555555/routing-profile/\
                 aaaaaaaa-0000-4000-8000-000000000002";
    assert_eq!(arns()[0], sales);
}

#[test]
fn an_empty_file_is_the_default() {
    let config = Config::from_yaml("{}").unwrap();
    assert_eq!((config.clock, config.search_lag), (ClockMode::Real, seconds(3)));
    assert_eq!(Sim::new(config).unwrap().instances().len(), 1);
}

#[test]
fn errors_name_the_invalid_member() {
    for (yaml, reason) in [
        ("serchLag: 3s", "serchLag"),
        ("searchLag: soon", "searchLag"),
        ("rules: { caseSensitive: true }", "caseSensitive"),
        ("rules: { identityUpdate: overwrite }", "overwrite"),
        ("pageLimit: 0", "pageLimit"),
        ("deniedOperations: [CreateUsr]", "CreateUsr"),
        ("throttling: { operations: { CreateUsr: { perSecond: 1, burst: 1 } } }", "CreateUsr"),
        ("throttling: { default: { perSecond: 0, burst: 1 } }", "perSecond"),
        ("throttling: { tooManyRequestsShare: 2 }", "tooManyRequestsShare"),
        ("sts: { accessKeys: { AKID: '12' } }", "accessKeys: AKID"),
        ("sts: { roles: [{ arn: operator }] }", "not the ARN of a role"),
        ("sts: { roles: [{ arn: 'arn:aws:iam::12:role/r' }] }", "not the ARN of a role"),
        ("sts: { roles: [{ arn: &r 'arn:aws:iam::123456789012:role/r' }, { arn: *r }] }", "appears twice"),
        ("instances: []", "at least one"),
        ("instances: [{ region: us-west-2 }]", "id"),
        (
            "instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001 }, { id: 11111111-aaaa-4bbb-8ccc-000000000001 }]",
            "11111111-aaaa-4bbb-8ccc-000000000001 appears twice",
        ),
        ("instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, account: '12' }]", "12 digits"),
        ("instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, identityManagementType: LDAP }]", "LDAP"),
        (
            "instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, routingProfiles: [{ name: A }, { name: A }] }]",
            "A appears twice",
        ),
        (
            "instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, securityProfiles: [{ name: A, permissions: [''] }] }]",
            "securityProfiles: A: permissions",
        ),
        ("instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, hierarchyGroups: [{ name: A/B }] }]", "path"),
        ("instances: [{ id: 11111111-aaaa-4bbb-8ccc-000000000001, hierarchyGroups: [{ name: /A//B }] }]", "path"),
    ] {
        let error = Config::from_yaml(yaml).unwrap_err().to_string();
        assert!(error.contains(reason), "{yaml}: {error}");
    }
}
