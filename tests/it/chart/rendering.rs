//! The rendered chart: its main variants as files; the API server accepts them; its flags are the program's, with the same
//! defaults; its pods are as restricted as possible.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    process::Command,
};

use serde_json::{Value, json};

use super::{CHART, Helm, documents};
use crate::{
    golden,
    support::{namespace, operator_under_test, plane, read, repository},
};

/// The main variants. Their values are in the chart's directory `ci`.
const VARIANTS: [&str; 3] = ["default", "scoped", "everything"];

fn flags(variant: &str) -> Vec<String> {
    let values = format!("{CHART}/ci/{variant}-values.yaml");
    if variant == "default" { Vec::new() } else { vec![format!("--values={values}")] }
}

fn rendered(helm: Helm, variant: &str) -> String {
    let flags = flags(variant);
    helm.template(&flags.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

/// Returns the manifests without the parts that come from other files.
fn shortened(manifests: &str) -> String {
    const CUT: [(&str, &str, &str); 3] = [
        ("kind: CustomResourceDefinition\n", "\nspec:\n", "\nspec: # crds/"),
        ("kind: PrometheusRule\n", "\nspec:\n", "\nspec: # files/prometheus-rules.yaml"),
        ("kind: ConfigMap\n", "\n  connect-operator.json: |\n", "\n  connect-operator.json: # files/grafana-dashboard.json"),
    ];
    let kept = manifests.split_inclusive("\n---\n").map(|manifest| {
        let cut = CUT.iter().filter(|(kind, ..)| manifest.contains(kind));
        let cut = cut.filter_map(|(_, from, instead)| Some((manifest.split_once(from)?.0, instead)));
        let shorter = cut.map(|(head, instead)| format!("{head}{instead}\n\n---\n")).next();
        shorter.unwrap_or_else(|| manifest.to_owned())
    });
    kept.collect()
}

#[test]
fn the_main_variants_render_as_committed() {
    for variant in VARIANTS {
        golden::file(&format!("tests/it/chart/rendered/{variant}.yaml"), &shortened(&rendered(Helm::Four, variant)));
    }
}

#[test]
fn helm_3_and_helm_4_render_the_same() {
    for variant in VARIANTS {
        let texts = Helm::ALL.map(|helm| {
            let objects = documents(&rendered(helm, variant));
            objects.iter().map(Value::to_string).collect::<BTreeSet<_>>()
        });
        assert_eq!(texts[0], texts[1], "{variant}");
    }
}

#[test]
fn chart_needs_the_oldest_kubernetes_that_is_tested() {
    let minor = |module: &str| {
        let modules = read(&format!("dev/{module}/go.mod"));
        let version = modules.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v1.")).unwrap();
        version.split('.').next().unwrap().parse::<u32>().unwrap()
    };
    let (oldest, newest) = (minor("control-plane-oldest"), minor("control-plane"));
    let chart: Value = serde_saphyr::from_str(&read(&format!("{CHART}/Chart.yaml"))).unwrap();
    assert_eq!(chart["kubeVersion"], format!(">=1.{oldest}.0-0"));
    assert!(read("docs/limits.md").contains(&format!("The tests run on Kubernetes 1.{oldest} and 1.{newest};")));
    let on = |minor| Helm::Four.template(&[&format!("--kube-version=1.{minor}")]);
    on(oldest).unwrap();
    let refused = on(oldest - 1).unwrap_err();
    assert!(refused.contains(&format!("kubeVersion: >=1.{oldest}.0-0")), "{refused}");
}

#[test]
fn lint_has_nothing_to_say() {
    for variant in VARIANTS {
        for helm in Helm::ALL {
            let flags = flags(variant);
            let arguments = [&["lint", "--strict", CHART], &*flags.iter().map(String::as_str).collect::<Vec<_>>()].concat();
            let said = helm.run(&arguments, None).unwrap();
            assert!(said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
        }
    }
}

#[test]
fn everything_that_can_be_set_is_set_in_one_variant() {
    let read = |name: &str| -> Value { serde_saphyr::from_str(&read(&format!("{CHART}/{name}"))).unwrap() };
    let (defaults, everything) = (read("values.yaml"), read("ci/everything-values.yaml"));
    // A release with everything has the defaults of these, or they exclude another value that is set.
    let excluded =
        ["enabled", "global", "nameOverride", "leaderElect", "scopedNamespaces", "podSecurityContext", "securityContext"];
    let set: BTreeSet<_> = everything.as_object().unwrap().keys().map(String::as_str).collect();
    let known: BTreeSet<_> = defaults.as_object().unwrap().keys().map(String::as_str).collect();
    let missing: Vec<_> = known.difference(&set).copied().filter(|key| !excluded.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn deployment(manifests: &str) -> Value {
    documents(manifests).into_iter().find(|object| object["kind"] == "Deployment").unwrap()
}

/// Returns the flags of `connect-operator run` and their environment variables, with their defaults.
fn known(help: &str) -> BTreeMap<String, Option<String>> {
    let mut known = BTreeMap::new();
    // A flag has its own line. Below it is the description, which ends with the variable and the default.
    let mut names: Vec<String> = Vec::new();
    let after = |line: &str, mark: &str, end: [char; 2]| {
        line.split_once(mark).and_then(|(_, rest)| rest.split(end).next().map(str::to_owned))
    };
    for line in help.lines().map(str::trim) {
        if let Some(at) = line.find("--").filter(|at| *at == 0 || line.starts_with('-')) {
            names = vec![line[at..].split([' ', '=', '[']).next().unwrap().to_owned()];
        }
        names.extend(after(line, "[env: ", ['=', ']']));
        let default = after(line, "[default: ", [']', ']']);
        for name in &names {
            let entry = known.entry(name.clone()).or_insert_with(|| default.clone());
            *entry = entry.take().or(default.clone());
        }
    }
    known
}

#[test]
fn flags_and_defaults_of_the_deployment_are_the_programs() {
    let help = Command::new(operator_under_test()).args(["run", "--help"]).env_clear().output().unwrap();
    let known = known(&String::from_utf8(help.stdout).unwrap());
    // Without flags, the operator logs for a terminal and does not use leader election.
    let chosen = ["--leader-elect", "--leader-election-namespace", "--log-format"];
    for variant in VARIANTS {
        let container = &deployment(&rendered(Helm::Four, variant))["spec"]["template"]["spec"]["containers"][0];
        let arguments = container["args"].as_array().unwrap().iter().skip(1).map(|argument| {
            let argument = argument.as_str().unwrap();
            argument.split_once('=').unwrap_or((argument, ""))
        });
        let variables = container["env"].as_array().unwrap().iter().filter_map(|variable| {
            let name = variable["name"].as_str().filter(|name| name.starts_with("CONNECT_OPERATOR_"))?;
            Some((name, variable["value"].as_str().unwrap()))
        });
        for (name, value) in arguments.chain(variables) {
            let default = known.get(name).unwrap_or_else(|| panic!("the program knows no {name}"));
            if variant == "default" && !chosen.contains(&name) {
                assert_eq!(default.as_deref().unwrap_or_default(), value, "{name}");
            }
        }
    }
}

/// The release appends the digest of the image to Chart.yaml.
#[test]
fn released_chart_names_its_image_by_digest() {
    let chart = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").args(["--recursive", CHART, chart.path().to_str().unwrap()]).current_dir(repository(".")).status();
    assert!(copied.unwrap().success());
    let chart = chart.path().join("connect-operator");
    let mut metadata = fs::OpenOptions::new().append(true).open(chart.join("Chart.yaml")).unwrap();
    let digest = format!("sha256:{}", "1".repeat(64));
    writeln!(metadata, "  connect-operator.dev/image-digest: {digest}").unwrap();
    for helm in Helm::ALL {
        let image = |flags: &[&str]| {
            let command = ["template", "connect-operator", chart.to_str().unwrap(), "--kube-version=1.37"];
            let rendered = helm.run(&[&command, flags].concat(), None).unwrap();
            let image = rendered.lines().find_map(|line| line.trim().strip_prefix("image: ")).unwrap();
            image.trim_matches('"').replace(&digest, "DIGEST")
        };
        let repository = "ghcr.io/connect-operator/connect-operator";
        assert_eq!(image(&[]), format!("{repository}:v{}@DIGEST", env!("CARGO_PKG_VERSION")));
        assert_eq!(image(&["--set=image.tag=v9.9.9"]), format!("{repository}:v9.9.9"));
        assert_eq!(image(&["--set=image.repository=mirror/x"]), format!("mirror/x:v{}", env!("CARGO_PKG_VERSION")));
        let other = "sha256:22222222222222222222222222222222";
        assert!(image(&[&format!("--set=image.digest={other}")]).ends_with(&format!("@{other}")));
    }
}

#[test]
fn configuration_becomes_a_file_of_the_pod_or_leaves_no_trace() {
    let role = "arn:aws:iam::210987654321:role/connect-operator";
    let value = json!({ "accounts": { "210987654321": { "roleArn": role, "quotaShare": 0.5 } } });
    let rendered = Helm::Four.template(&[&format!("--set-json=config={value}")]).unwrap();
    let map = documents(&rendered).into_iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    let file: Value = serde_saphyr::from_str(map["data"]["config.yaml"].as_str().unwrap()).unwrap();
    assert_eq!(file, value);
    let pod = &deployment(&rendered)["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let variable = json!({ "name": "CONNECT_OPERATOR_CONFIG", "value": "/etc/connect-operator/config.yaml" });
    assert!(container["env"].as_array().unwrap().contains(&variable));
    let mount = json!([{ "name": "config", "mountPath": "/etc/connect-operator", "readOnly": true }]);
    assert_eq!(container["volumeMounts"], mount);
    assert_eq!(pod["volumes"], json!([{ "name": "config", "configMap": { "name": map["metadata"]["name"] } }]));

    let without = Helm::Four.template(&[]).unwrap();
    assert!(
        !without.contains("kind: ConfigMap") && !without.contains("CONNECT_OPERATOR_CONFIG") && !without.contains("volumes:")
    );
}

/// Flux passes each chart's output to kustomize, which refuses duplicate keys; and the API server refuses a number as a name.
#[test]
fn labels_are_unique_and_names_of_digits_stay_names() {
    let values = json!({
        "fullnameOverride": "77", "scopedNamespaces": ["12345"], "crds": { "enabled": false },
        "commonLabels": { "team": "all", "release": "all" },
        "podLabels": { "team": "pods" }, "podAnnotations": { "kubectl.kubernetes.io/default-container": "mine" },
        "serviceMonitor": { "enabled": true, "additionalLabels": { "release": "prometheus" } },
        "grafanaDashboard": { "enabled": true, "labels": { "team": "dashboards" } },
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("values.json");
    fs::write(&file, values.to_string()).unwrap();
    let release = ["template", "2024", CHART, "--namespace=678", "--kube-version=1.37", &format!("--values={}", file.display())];
    for helm in Helm::ALL {
        // The parser refuses duplicate keys.
        let objects = documents(&helm.run(&release, None).unwrap());
        for object in &objects {
            let metadata = &object["metadata"];
            let names = [&metadata["name"], &metadata["labels"]["app.kubernetes.io/instance"]];
            assert!(names.iter().all(|name| name.is_string()), "{metadata}");
            assert!(metadata.get("namespace").is_none_or(Value::is_string), "{metadata}");
            assert_eq!(metadata["labels"]["release"], if object["kind"] == "ServiceMonitor" { "prometheus" } else { "all" });
        }
        let template = &objects.iter().find(|object| object["kind"] == "Deployment").unwrap()["spec"]["template"];
        assert_eq!(template["metadata"]["labels"]["team"], "pods");
        assert_eq!(template["metadata"]["annotations"], json!({ "kubectl.kubernetes.io/default-container": "mine" }));
        let dashboard = objects.iter().find(|object| object["metadata"]["name"] == "77-dashboard").unwrap();
        assert_eq!(dashboard["metadata"]["labels"]["team"], "dashboards");
    }
}

/// A pod gets its IAM role when it is created, and keeps it.
#[test]
fn another_iam_role_makes_other_pods() {
    let annotations = |role: &str| {
        let rendered = Helm::Four.template(&[&format!("--set=serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn={role}")]);
        deployment(&rendered.unwrap())["spec"]["template"]["metadata"]["annotations"].clone()
    };
    assert_eq!(annotations("one"), annotations("one"));
    assert_ne!(annotations("one"), annotations("another"));
}

#[test]
fn the_api_server_takes_all_that_the_chart_can_render() {
    let kubectl = plane().kubectl();
    for name in ["connect-operator-system", "contact-center", "contact-center-north", "contact-center-south", "monitoring"] {
        let manifest = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }).to_string();
        kubectl.run_with_input(&["apply", "--server-side", "--field-manager=variants", "--filename=-"], &manifest).unwrap();
    }
    for variant in VARIANTS {
        let objects = documents(&rendered(Helm::Four, variant));
        // Prometheus Operator's definitions are not installed.
        let served = objects.into_iter().filter(|object| object["apiVersion"] != "monitoring.coreos.com/v1");
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": served.collect::<Vec<_>>() }).to_string();
        let arguments = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename=-"];
        let output = kubectl.output_with_input(&arguments, &list).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("Warning"), "{variant}: {said}");
    }
}

#[test]
fn pods_are_admitted_by_a_restricted_namespace() {
    let namespace = namespace("restricted");
    let kubectl = plane().kubectl();
    let label = "pod-security.kubernetes.io/enforce=restricted";
    kubectl.run(&["label", "namespace", namespace.name(), label]).unwrap();
    let admitted = |spec: &Value| {
        let metadata = json!({ "name": "operator", "namespace": namespace.name() });
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
        let output = kubectl.output_with_input(&["create", "--dry-run=server", "--filename=-"], &pod.to_string()).unwrap();
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8(output.stderr).unwrap())
    };
    for variant in VARIANTS {
        let pod = &deployment(&rendered(Helm::Four, variant))["spec"]["template"]["spec"];
        admitted(pod).unwrap();

        // Without any one of these, the pod is refused.
        for (part, field) in [
            ("/securityContext", "runAsNonRoot"),
            ("/securityContext", "seccompProfile"),
            ("/containers/0/securityContext", "allowPrivilegeEscalation"),
            ("/containers/0/securityContext", "capabilities"),
        ] {
            let mut looser = pod.clone();
            looser.pointer_mut(part).unwrap().as_object_mut().unwrap().remove(field).unwrap();
            let refusal = admitted(&looser).unwrap_err();
            assert!(refusal.contains("violates PodSecurity \"restricted:latest\""), "{refusal}");
        }
        assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    }
}
