//! What the chart refuses, in one line that names the key.

use super::Helm;

/// A value, and what is said of it.
const REFUSED: [(&str, &str); 27] = [
    // Keys that nobody knows, at each level.
    ("--set=replicas=1", "at '': additional properties 'replicas' not allowed"),
    ("--set=image.name=x", "at '/image': additional properties 'name' not allowed"),
    ("--set=crds.kept=true", "at '/crds': additional properties 'kept' not allowed"),
    ("--set=quotas.callsPerMinute=1", "at '/quotas': additional properties 'callsPerMinute' not allowed"),
    ("--set=metrics.service.name=x", "at '/metrics/service': additional properties 'name' not allowed"),
    ("--set=resources.memory=1Gi", "at '/resources': additional properties 'memory' not allowed"),
    ("--set=livenessProbe.httpGet.path=/", "at '/livenessProbe': additional properties 'httpGet' not allowed"),
    ("--set=imagePullSecrets[0].key=x", "at '/imagePullSecrets/0': additional properties 'key' not allowed"),
    // Wrong types.
    ("--set-string=replicaCount=2", "at '/replicaCount': got string, want integer"),
    ("--set-string=leaderElect=true", "at '/leaderElect': got string, want boolean"),
    ("--set=image.tag=1", "at '/image/tag': got number, want string"),
    ("--set=scopedNamespaces=contact-center", "at '/scopedNamespaces': got string, want array"),
    ("--set=podAnnotations.checked=true", "at '/podAnnotations/checked': got boolean, want string"),
    ("--set=config=file.yaml", "at '/config': got string, want object"),
    ("--set=sweepInterval=0", "at '/sweepInterval': got number, want string"),
    ("--set=extraArgs={1}", "at '/extraArgs/0': got number, want string"),
    // Values that cannot be meant.
    ("--set=driftInterval=daily", "at '/driftInterval': 'daily' does not match pattern"),
    ("--set=defaultDeletionPolicy=Keep", "at '/defaultDeletionPolicy': value must be one of 'Delete', 'Retain'"),
    ("--set=log.format=xml", "at '/log/format': value must be one of 'json', 'text'"),
    // Of --set, Helm makes text of what is no whole number.
    ("--set=quotas.share=1.5", "at '/quotas/share': '1.5' does not match pattern"),
    ("--set-json=quotas.share=1.5", "at '/quotas/share': maximum: got 1.5, want 1"),
    ("--set=quotas.operations.DescribeUser=fast", "at '/quotas/operations/DescribeUser'"),
    ("--set=metrics.service.port=70000", "at '/metrics/service/port': maximum"),
    ("--set=scopedNamespaces={Sales}", "at '/scopedNamespaces/0': 'Sales' does not match pattern"),
    // What goes wrong only together.
    ("--set=leaderElect=false", "replicaCount: 2 replicas would all work at once, since leaderElect is false"),
    (
        "--set=serviceMonitor.enabled=true,metrics.service.enabled=false",
        "serviceMonitor.enabled: a ServiceMonitor finds the metrics by their Service",
    ),
    ("--set=replicaCount=1,podDisruptionBudget.enabled=true", "podDisruptionBudget.enabled: with one replica"),
];

#[test]
fn unknown_keys_and_wrong_values_are_refused_in_a_line_that_names_the_key() {
    for helm in Helm::ALL {
        for (value, told) in REFUSED {
            let Err(said) = helm.template(&[value]) else { panic!("{helm:?} takes {value}") };
            let lines: Vec<_> = said.lines().filter(|line| line.contains(told)).collect();
            assert_eq!(lines.len(), 1, "{helm:?} {value}: {said}");
        }
    }
}

#[test]
fn passwords_are_generated_only_where_the_operator_watches() {
    let flags = ["--set=scopedNamespaces={north}", "--set=generatePasswords.namespaces={south}"];
    let said = Helm::Four.template(&flags).unwrap_err();
    assert!(said.contains("generatePasswords.namespaces: south is not watched: add it to scopedNamespaces"), "{said}");
}
