//! Values that the chart refuses, in one line that names the key. `refusals.yaml` lists them.

use connect_api::{Arn, Resource};
use connect_operator::api::crd_yaml;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CHART, Helm, documents};
use crate::support::read;

/// A flag with a wrong value, and a part of the message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    flag: String,
    message: String,
}

#[test]
fn unknown_keys_and_wrong_values_are_refused_by_name() {
    let refusals: Vec<Refusal> = serde_saphyr::from_str(include_str!("refusals.yaml")).unwrap();
    for helm in Helm::ALL {
        for Refusal { flag, message } in &refusals {
            let Err(said) = helm.template(&[flag]) else { panic!("{helm:?} takes {flag}") };
            let lines = said.lines().filter(|line| line.contains(message));
            assert_eq!(lines.count(), 1, "{helm:?} {flag}: {said}");
        }
    }
}

/// Returns each value of the chart, and each map of values, by its path in values.yaml.
fn values() -> Vec<Vec<String>> {
    fn walk(place: &[String], value: &Value, found: &mut Vec<Vec<String>>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            let place = [place, std::slice::from_ref(key)].concat();
            found.push(place.clone());
            walk(&place, value, found);
        }
    }
    let mut found = Vec::new();
    walk(&[], &serde_saphyr::from_str(&read(&format!("{CHART}/values.yaml"))).unwrap(), &mut found);
    found
}

/// Null removes a default. The chart then leaves the field to Kubernetes, or refuses the value by its name, or nothing changes.
#[test]
fn null_value_is_refused_by_name_or_means_the_default() {
    let defaults = documents(&Helm::Four.template(&[]).unwrap());
    // Kubernetes' own fields may be left out, as OpenShift requires for the user's id.
    let kubernetes =
        ["resources", "podSecurityContext", "securityContext", "livenessProbe", "readinessProbe", "topologySpreadConstraints"];
    let (mut refused, mut left) = (0, 0);
    for place in values() {
        let null = place.iter().rev().fold(Value::Null, |inner, key| json!({ key: inner }));
        let (key, of) = place.split_last().unwrap();
        let (root, rest) = null.as_object().and_then(|members| members.iter().next()).unwrap();
        match Helm::Four.template(&[&format!("--set-json={root}={rest}")]) {
            Ok(rendered) if kubernetes.contains(&&**root) => {
                assert!(!nulls(&documents(&rendered)), "{place:?}: {rendered}");
                left += 1;
            }
            Ok(rendered) => assert_eq!(documents(&rendered), defaults, "{place:?}"),
            Err(said) => {
                let path: String = of.iter().map(|key| format!("/{key}")).collect();
                assert!(said.contains(&format!("at '{path}': missing property '{key}'")), "{place:?}: {said}");
                refused += 1;
            }
        }
    }
    assert!(refused > 40 && left > 10, "{refused} {left}");
}

/// Returns whether any of them contains a null.
fn nulls(values: &[Value]) -> bool {
    values.iter().any(|value| match value {
        Value::Null => true,
        Value::Array(items) => nulls(items),
        Value::Object(members) => members.values().any(|member| nulls(std::slice::from_ref(member))),
        _ => false,
    })
}

/// The schema has its own list of operations for `quotas`, to which a new one must be added.
#[test]
fn the_schema_knows_each_operation_that_has_a_quota() {
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap();
    let names: Vec<_> = connect_api::OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
    let pattern = format!("^({})$", names.join("|"));
    let operations = schema.pointer("/properties/quotas/properties/operations/patternProperties").unwrap();
    assert_eq!(operations.as_object().unwrap().keys().collect::<Vec<_>>(), [&pattern]);
}

/// The schema accepts the file in docs/configuration.md, and no file.
#[test]
fn the_configuration_that_is_documented_is_taken() {
    let docs = read("docs/configuration.md");
    let shown = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(shown.starts_with("accounts:") && shown.contains("instances:"), "{shown}");
    let directory = tempfile::tempdir().unwrap();
    let values = directory.path().join("values.yaml");
    let indented: String = shown.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(&values, format!("config:\n{indented}")).unwrap();
    for helm in Helm::ALL {
        let rendered = helm.template(&[&format!("--values={}", values.display())]).unwrap();
        assert!(rendered.contains("config.yaml: |"), "{rendered}");
        helm.template(&["--set-json=config=null"]).unwrap();
    }
}

/// The definition, the chart and the program take the same ARNs of instances.
#[test]
fn one_grammar_holds_for_the_arn_of_an_instance() {
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap();
    let patterns = schema.pointer("/properties/config/properties/instances/patternProperties");
    let patterns: Vec<_> = patterns.unwrap().as_object().unwrap().keys().collect();
    let definition = crd_yaml().unwrap();
    assert!(patterns.iter().all(|pattern| definition.contains(&format!("self.matches('{pattern}')"))), "{patterns:?}");
    let pattern = Regex::new(patterns[0]).unwrap();
    let with = |partition: &str, region: &str, account: &str, id: &str| {
        format!("arn:{partition}:connect:{region}:{account}:instance/{id}")
    };
    let (partition, region, account, id) = ("aws", "us-west-2", "123456789012", "285c1043-4c81-4ffa-b5e6-e11154c24c73");
    let partitions = ["aws", "", "aws-", "AWS", "aws-1", "other"].map(|it| with(it, region, account, id));
    let others =
        [("aws-us-gov", "us-gov-west-1"), ("aws-iso-b", "us-isob-east-1")].map(|(it, region)| with(it, region, account, id));
    let regions = ["eu-central-1", "us-west-10", "", "us-1", "us-west", "us-west-", "us--west-2", "US-west-2"]
        .map(|it| with(partition, it, account, id));
    let accounts = ["", "1", "1234567890123", "12345678901a"].map(|it| with(partition, region, it, id));
    let ids =
        [id.to_uppercase(), format!("{id}0"), format!("{id}/2"), format!("{id}\n"), id.replace('-', ""), "1".into(), "é".into()];
    let ids = ids.map(|it| with(partition, region, account, &it));
    let all: Vec<String> = [&partitions[..], &others, &regions, &accounts, &ids].concat();
    for arn in &all {
        let parsed = arn.parse::<Arn>().is_ok_and(|arn| arn.resource == Resource::Instance);
        assert_eq!(parsed, pattern.is_match(arn), "{arn:?}");
    }
    assert_eq!(all.iter().filter(|arn| pattern.is_match(arn)).count(), 5);
    // A pattern cannot say this.
    assert!(with("aws-cn", region, account, id).parse::<Arn>().is_err());
}

#[test]
fn passwords_are_generated_only_where_the_operator_watches() {
    let flags = ["--set=scopedNamespaces={north}", "--set=generatePasswords.namespaces={south}"];
    let said = Helm::Four.template(&flags).unwrap_err();
    assert!(said.contains("generatePasswords.namespaces: south is not watched: add it to scopedNamespaces"), "{said}");
}
