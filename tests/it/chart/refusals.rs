//! Values that the chart refuses, in one line that names the key.

use serde_json::{Value, json};

use super::{CHART, Helm, documents};
use crate::support::read;

/// A flag with a wrong value, and a part of the message.
const REFUSED: [(&str, &str); 55] = [
    // Unknown keys, at each level.
    ("--set=replicas=1", "at '': additional properties 'replicas' not allowed"),
    ("--set=image.name=x", "at '/image': additional properties 'name' not allowed"),
    ("--set=crds.kept=true", "at '/crds': additional properties 'kept' not allowed"),
    ("--set=quotas.callsPerMinute=1", "at '/quotas': additional properties 'callsPerMinute' not allowed"),
    ("--set=metrics.service.name=x", "at '/metrics/service': additional properties 'name' not allowed"),
    ("--set=resources.memory=1Gi", "at '/resources': additional properties 'memory' not allowed"),
    ("--set=livenessProbe.httpGet.path=/", "at '/livenessProbe': additional properties 'httpGet' not allowed"),
    ("--set=imagePullSecrets[0].key=x", "at '/imagePullSecrets/0': additional properties 'key' not allowed"),
    // Labels that select the chart's objects.
    ("--set=commonLabels.app\\.kubernetes\\.io/name=x", "at '/commonLabels/app.kubernetes.io~1name': false schema"),
    ("--set=podLabels.app\\.kubernetes\\.io/instance=x", "at '/podLabels/app.kubernetes.io~1instance': false schema"),
    (
        "--set=serviceMonitor.additionalLabels.helm\\.sh/chart=x",
        "at '/serviceMonitor/additionalLabels/helm.sh~1chart': false schema",
    ),
    // Wrong types.
    ("--set-string=replicaCount=2", "at '/replicaCount': got string, want integer"),
    ("--set-string=leaderElect=true", "at '/leaderElect': got string, want boolean"),
    ("--set=image.tag=1", "at '/image/tag': got number, want string"),
    ("--set=scopedNamespaces=contact-center", "at '/scopedNamespaces': got string, want array"),
    ("--set=podAnnotations.checked=true", "at '/podAnnotations/checked': got boolean, want string"),
    ("--set=config=file.yaml", "at '/config': got string, want object"),
    ("--set=sweepInterval=0", "at '/sweepInterval': got number, want string"),
    ("--set=extraArgs={1}", "at '/extraArgs/0': got number, want string"),
    // Values that make no sense.
    ("--set=driftInterval=daily", "at '/driftInterval': 'daily' does not match pattern"),
    ("--set=defaultDeletionPolicy=Keep", "at '/defaultDeletionPolicy': value must be one of 'Delete', 'Retain'"),
    ("--set=log.format=xml", "at '/log/format': value must be one of 'json', 'text'"),
    // Helm turns every value of --set that is not a whole number into text.
    ("--set=quotas.share=1.5", "at '/quotas/share': '1.5' does not match pattern"),
    ("--set-json=quotas.share=1.5", "at '/quotas/share': maximum: got 1.5, want 1"),
    ("--set=quotas.operations.DescribeUser=fast", "at '/quotas/operations/DescribeUser'"),
    ("--set=metrics.service.port=70000", "at '/metrics/service/port': maximum"),
    ("--set=scopedNamespaces={Sales}", "at '/scopedNamespaces/0': 'Sales' does not match pattern"),
    // Values that the program would refuse.
    ("--set=driftInterval=0s", "at '/driftInterval': '0s' does not match pattern"),
    ("--set=settleWindow=30m1h", "at '/settleWindow': '30m1h' does not match pattern"),
    ("--set-string=sweepInterval=0s", "at '/sweepInterval': '0s' does not match pattern"),
    ("--set-string=quotas.callsPerSecond=0", "at '/quotas/callsPerSecond': '0' does not match pattern"),
    ("--set-string=quotas.share=0.0", "at '/quotas/share': '0.0' does not match pattern"),
    ("--set=quotas.operations.DescribeUsers=1", "at '/quotas/operations': additional properties 'DescribeUsers' not allowed"),
    ("--set=quotas.operations.DescribeUser=0", "at '/quotas/operations/DescribeUser': exclusiveMinimum: got 0, want 0"),
    ("--set=quotas.operations.DescribeUser=5:0", "at '/quotas/operations/DescribeUser': '5:0' does not match pattern"),
    (
        "--set=leaderElection.renewDeadline=1m",
        "leaderElection.renewDeadline: 1m must be less than leaderElection.leaseDuration, 15s",
    ),
    ("--set=leaderElection.leaseDuration=15500ms", "leaderElection.leaseDuration: 15500ms must be whole seconds"),
    ("--set=leaderElection.retryPeriod=5001ms", "leaderElection.retryPeriod: 5001ms must be at most half of"),
    // The content of the configuration file.
    ("--set=config.account=x", "at '/config': additional properties 'account' not allowed"),
    ("--set=config.instancesNotListed=Deny", "at '/config/instancesNotListed': value must be one of 'Allow', 'Refuse'"),
    ("--set-json=config.accounts={\"prod\":{}}", "at '/config/accounts': additional properties 'prod' not allowed"),
    (
        "--set-json=config.accounts={\"123456789012\":{\"externalId\":\"abc\"}}",
        "at '/config/accounts/123456789012': properties 'roleArn' required, if 'externalId' exists",
    ),
    (
        "--set-json=config.accounts={\"123456789012\":{\"roleArn\":\"arn:aws:iam::123456789012:user/u\"}}",
        "at '/config/accounts/123456789012/roleArn': 'arn:aws:iam::123456789012:user/u' does not match pattern",
    ),
    (
        "--set-json=config.accounts={\"123456789012\":{\"roleArn\":\"arn:aws:iam::210987654321:role/r\"}}",
        "config.accounts.123456789012.roleArn: arn:aws:iam::210987654321:role/r is a role of another account",
    ),
    (
        "--set-json=config.accounts={\"123456789012\":{\"quotas\":{\"callsPerSecond\":0}}}",
        "at '/config/accounts/123456789012/quotas/callsPerSecond': exclusiveMinimum: got 0, want 0",
    ),
    (
        "--set-json=config.instances={\"i-1\":{\"namespaces\":[]}}",
        "at '/config/instances': additional properties 'i-1' not allowed",
    ),
    (
        "--set-json=config.instances={\"arn:aws:connect:us-west-2:123456789012:instance/i-1\":{}}",
        "at '/config/instances/arn:aws:connect:us-west-2:123456789012:instance~1i-1': missing property 'namespaces'",
    ),
    (
        "--set-json=config.instances={\"arn:aws:connect:us-west-2:123456789012:instance/i-1\":{\"namespaces\":[]},\
         \"arn:aws:connect:us-west-2:123456789012:instance/I-1\":{\"namespaces\":[]}}",
        "config.instances.arn:aws:connect:us-west-2:123456789012:instance/i-1: has the same instance id as",
    ),
    // Values that are wrong only in combination.
    ("--set=leaderElect=false", "replicaCount: 2 replicas would all work at once, because leaderElect is false"),
    (
        "--set=serviceMonitor.enabled=true,metrics.service.enabled=false",
        "serviceMonitor.enabled: a ServiceMonitor needs the Service of the metrics",
    ),
    ("--set=replicaCount=1,podDisruptionBudget.enabled=true", "podDisruptionBudget.enabled: with one replica,"),
    (
        "--set=podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=2",
        "podDisruptionBudget.minAvailable: 2 of 2 replicas would prevent nodes from being drained",
    ),
    (
        "--set=podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=100%",
        "podDisruptionBudget.minAvailable: 100% of 2 replicas would prevent nodes from being drained",
    ),
    ("--set=serviceMonitor.scrapeTimeout=1m", "serviceMonitor.scrapeTimeout: 1m must be at most serviceMonitor.interval, 30s"),
    ("--set=leaderElection.leaseDuration=600000h", "leaderElection.leaseDuration: 600000h is longer than a Lease can store"),
];

#[test]
fn unknown_keys_and_wrong_values_are_refused_by_name() {
    for helm in Helm::ALL {
        for (value, message) in REFUSED {
            let Err(said) = helm.template(&[value]) else { panic!("{helm:?} takes {value}") };
            let lines: Vec<_> = said.lines().filter(|line| line.contains(message)).collect();
            assert_eq!(lines.len(), 1, "{helm:?} {value}: {said}");
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

/// The schema has its own list of operations, to which a new one must be added.
#[test]
fn the_schema_knows_each_operation_that_has_a_quota() {
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap();
    let names: Vec<_> = connect_api::OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
    let pattern = format!("^({})$", names.join("|"));
    for place in ["/properties/quotas", "/definitions/account/properties/quotas"] {
        let operations = schema.pointer(&format!("{place}/properties/operations/patternProperties")).unwrap();
        assert_eq!(operations.as_object().unwrap().keys().collect::<Vec<_>>(), [&pattern], "{place}");
    }
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

#[test]
fn passwords_are_generated_only_where_the_operator_watches() {
    let flags = ["--set=scopedNamespaces={north}", "--set=generatePasswords.namespaces={south}"];
    let said = Helm::Four.template(&flags).unwrap_err();
    assert!(said.contains("generatePasswords.namespaces: south is not watched: add it to scopedNamespaces"), "{said}");
}
