//! The ValidatingAdmissionPolicy on a real API server: what exceeds the bounds is refused when it is applied, and nothing else is.

use std::{collections::BTreeMap, fs, process::Command};

use control_plane::Namespace;
use serde_json::{Value, json};

use super::{Helm, documents};
use crate::support::{eventually, namespace, operator_under_test, plane, read};

/// The instances of these tests, without their last digit.
const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/ad310000-c0ff-4eee-8000-00000000000";

/// A release of the policy alone.
struct Policy {
    namespace: Namespace<'static>,
    manifests: String,
}

impl Policy {
    /// Installs the policy for the test's namespace alone, with these instances, by their last digit. `own` is the test's namespace in their
    /// settings.
    fn install(instances: &[(u8, Value)], not_listed: &str) -> Self {
        let namespace = namespace("admission");
        let instances: BTreeMap<_, _> =
            instances.iter().map(|(digit, settings)| (format!("{INSTANCE}{digit}"), settings)).collect();
        let config = json!({ "instancesNotListed": not_listed, "instances": instances });
        let config = config.to_string().replace("\"own\"", &format!("{:?}", namespace.name()));
        let own = [
            "--show-only=templates/admissionpolicy.yaml".to_owned(),
            "--set=admissionPolicy.enabled=true".to_owned(),
            format!("--set=fullnameOverride={}", namespace.name()),
            format!("--set-json=config={config}"),
        ];
        let manifests = Helm::Four.template(&own.each_ref().map(String::as_str)).unwrap();
        let mut manifests = documents(&manifests.replace("connect-operator-system", namespace.name()));
        check_command(&config, &manifests);
        // Other tests use the same cluster.
        let here = json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace.name() } } });
        manifests.iter_mut().find(|object| object["kind"] == "ValidatingAdmissionPolicyBinding").unwrap()["spec"]["matchResources"] =
            here;
        let manifests: String = manifests.iter().map(|object| format!("---\n{object}\n")).collect();
        let policy = Self { namespace, manifests };
        policy.kubectl(&["apply", "--server-side", "--validate=strict", "--filename=-"], &policy.manifests).unwrap();
        policy
    }

    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let arguments = [&["--namespace", self.namespace.name()], arguments].concat();
        let output = plane().kubectl().output_with_input(&arguments, input).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn manifest(&self, name: &str, instance: u8, other: &Value) -> String {
        let arn = format!("{INSTANCE}{instance}");
        let mut spec = json!({
            "instanceArn": arn, "username": name, "identityInfo": { "firstName": "Jane", "lastName": "Doe" },
            "passwordSecretRef": { "name": "initial" },
            "routingProfileName": "Sales", "securityProfileNames": ["Agent"],
        });
        let members = spec.as_object_mut().unwrap();
        members.extend(other.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let metadata = json!({ "name": name, "namespace": self.namespace.name() });
        json!({ "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser", "metadata": metadata, "spec": spec })
            .to_string()
    }

    /// Applies a manifest as a dry run.
    fn try_out(&self, instance: u8, other: &Value) -> Result<String, String> {
        self.apply(&["--dry-run=server"], &self.manifest("tried", instance, other))
    }

    fn apply(&self, flags: &[&str], manifest: &str) -> Result<String, String> {
        self.kubectl(&[&["apply", "--server-side", "--force-conflicts", "--filename=-"], flags].concat(), manifest)
    }
}

/// Checks that the command makes the same parameters of the configuration file as the chart makes of its values.
fn check_command(config: &str, manifests: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("operator.yaml");
    fs::write(&file, config).unwrap();
    let output = Command::new(operator_under_test()).arg("bounds").arg("--config").arg(file).output().unwrap();
    let printed: Value = serde_saphyr::from_slice(&output.stdout).unwrap();
    let chart = manifests.iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    assert_eq!(printed["data"], chart["data"]);
}

impl Drop for Policy {
    fn drop(&mut self) {
        let _ = self.kubectl(&["delete", "--ignore-not-found", "--filename=-"], &self.manifests);
    }
}

fn profile(kind: &str, id: &str) -> String {
    format!("{INSTANCE}1/{kind}/{id}")
}

#[test]
fn manifests_beyond_the_bounds_are_refused_when_applied() {
    let arns = format!("{INSTANCE}3/security-profile/a*");
    let policy = Policy::install(
        &[
            (
                1,
                json!({ "namespaces": ["*"], "bounds": { "*": {
                "securityProfiles": ["Agent", "Lead *", "A.b\\E*"], "routingProfiles": ["Sales"], "hierarchyGroups": ["/North/*"],
            } } }),
            ),
            (2, json!({ "namespaces": ["others"] })),
            (3, json!({ "namespaces": ["*"], "bounds": { "*": { "securityProfiles": [arns], "adoption": "Allow" } } })),
            (4, json!({ "namespaces": ["*"], "bounds": { "*": { "securityProfiles": [] } } })),
            (
                6,
                json!({ "namespaces": ["own", "others"], "bounds": {
                "*": { "securityProfiles": ["Agent"], "routingProfiles": ["Sales"] },
                "own": { "securityProfiles": ["Admin"], "adoption": "Allow" },
                "others": { "securityProfiles": ["*"], "routingProfiles": ["*"] },
            } }),
            ),
        ],
        "Allow",
    );
    let nothing = json!({});
    eventually("the policy is in force", || policy.try_out(2, &nothing).is_err());
    let names = |names: &[&str]| json!({ "securityProfileNames": names });
    let by_arn = |arn: &str| json!({ "securityProfileNames": null, "securityProfileArns": [arn] });
    let adopt = |policy: &str| json!({ "adoptionPolicy": policy });
    let mut adopting = by_arn(&format!("{INSTANCE}3/security-profile/a1"));
    adopting["adoptionPolicy"] = json!("AdoptOrCreate");
    let allowed = [
        (1, nothing.clone()),
        (1, names(&["Agent", "Lead North"])),
        (1, names(&["A.b\\Ex"])),
        // Only the operator knows its name.
        (1, by_arn(&profile("security-profile", "any"))),
        (1, json!({ "hierarchyGroupPath": "/North/Hamburg/Port" })),
        (1, json!({ "hierarchyGroupPath": "" })),
        (1, adopt("Never")),
        (3, by_arn(&format!("{INSTANCE}3/security-profile/a1"))),
        (3, adopting),
        // The namespace's own bounds replace those of all, member by member.
        (6, names(&["Admin"])),
        (6, json!({ "securityProfileNames": ["Admin"], "adoptionPolicy": "AdoptOrCreate" })),
        // It is not listed.
        (9, names(&["Admin"])),
        (9, adopt("AdoptOrCreate")),
    ];
    for (instance, spec) in allowed {
        let result = policy.try_out(instance, &spec);
        assert!(result.is_ok(), "{instance} {spec}: {result:?}");
    }
    let name = policy.namespace.name().to_owned();
    let key = |instance: u8, member: &str| format!("instances.{INSTANCE}{instance}.bounds.{name}.{member}");
    let refused = [
        (1, names(&["Admin"]), "spec.securityProfileNames", key(1, "securityProfiles")),
        (1, names(&["Agent", "Admin"]), "Agent, Admin", key(1, "securityProfiles")),
        (1, names(&["agent"]), "give users one of the security profiles agent", key(1, "securityProfiles")),
        (1, names(&["Agents"]), "spec.securityProfileNames", key(1, "securityProfiles")),
        (1, names(&["Axb\\Ex"]), "spec.securityProfileNames", key(1, "securityProfiles")),
        (1, json!({ "routingProfileName": "VIP" }), "the routing profile VIP", key(1, "routingProfiles")),
        (1, json!({ "hierarchyGroupPath": "/Northern" }), "the hierarchy group /Northern", key(1, "hierarchyGroups")),
        (1, adopt("Adopt"), "spec.adoptionPolicy", key(1, "adoption")),
        (1, adopt("AdoptOrCreate"), "take users over", key(1, "adoption")),
        (2, nothing.clone(), "spec.instanceArn", format!("instances.{INSTANCE}2.namespaces")),
        (3, by_arn(&format!("{INSTANCE}3/security-profile/b1")), "spec.securityProfileArns", key(3, "securityProfiles")),
        (3, nothing.clone(), "spec.securityProfileNames", key(3, "securityProfiles")),
        (6, names(&["Agent"]), "spec.securityProfileNames", key(6, "securityProfiles")),
        (
            6,
            json!({ "securityProfileNames": ["Admin"], "routingProfileName": "VIP" }),
            "the routing profile VIP",
            key(6, "routingProfiles"),
        ),
        (4, by_arn(&format!("{INSTANCE}4/security-profile/b1")), "spec.securityProfileArns", key(4, "securityProfiles")),
    ];
    for (instance, spec, part, key) in &refused {
        let mut spec = spec.clone();
        if spec.get("adoptionPolicy") == Some(&json!("Adopt")) {
            spec["passwordSecretRef"] = Value::Null;
        }
        let said = policy.try_out(*instance, &spec).unwrap_err();
        for part in ["denied request", &name, part, key] {
            assert!(said.contains(part), "{instance} {spec}: {part}: {said}");
        }
    }
}

#[test]
fn instance_that_is_not_listed_can_be_refused() {
    let policy = Policy::install(&[(7, json!({ "namespaces": ["own"] }))], "Refuse");
    eventually("the policy is in force", || policy.try_out(8, &json!({})).is_err());
    policy.try_out(7, &json!({})).unwrap();
    let said = policy.try_out(8, &json!({})).unwrap_err();
    for part in ["spec.instanceArn", policy.namespace.name(), &format!("instances.{INSTANCE}8.namespaces")] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn resource_that_exceeds_narrowed_bounds_can_still_leave() {
    let policy = Policy::install(&[(5, json!({ "namespaces": ["*"], "bounds": { "*": { "adoption": "Allow" } } }))], "Allow");
    let adopted = json!({ "securityProfileNames": ["Admin"], "adoptionPolicy": "AdoptOrCreate" });
    policy.apply(&[], &policy.manifest("admin", 5, &adopted)).unwrap();
    policy.kubectl(&["patch", "cuser", "admin", "--type=merge", "--patch", FINALIZER], "").unwrap();
    let bounds = format!("{}-bounds", policy.namespace.name());
    let narrow = |adoption: &str, profiles: &str| {
        let data = json!({ "data": {
            "us-west-2.ad310000-c0ff-4eee-8000-000000000005.adoption": adoption,
            "us-west-2.ad310000-c0ff-4eee-8000-000000000005.securityProfiles": profiles,
        } });
        policy.kubectl(&["patch", "configmap", &bounds, "--type=merge", "--patch", &data.to_string()], "").unwrap();
    };
    narrow("Refuse", "Agent");
    let mut edited = adopted.clone();
    edited["tags"] = json!({ "team": "blue" });
    let edit = || policy.apply(&["--dry-run=server"], &policy.manifest("admin", 5, &edited));
    eventually("the new bounds are in force", || edit().is_err());
    // Metadata and status may be changed, and an adoption policy that is there already stays.
    policy.kubectl(&["annotate", "cuser", "admin", "connect-operator.dev/paused=true"], "").unwrap();
    policy.kubectl(&["patch", "cuser", "admin", "--subresource=status", "--type=merge", "--patch", STATUS], "").unwrap();
    narrow("Refuse", "Agent\nAdmin");
    eventually("the edit is admitted", || edit().is_ok());
    narrow("Refuse", "Agent");
    eventually("the edit is refused", || edit().is_err());
    // Without its ConfigMap, the policy refuses nothing.
    policy.kubectl(&["delete", "configmap", &bounds], "").unwrap();
    eventually("the edit is admitted without bounds", || edit().is_ok());
    policy.apply(&[], &policy.manifests).unwrap();
    narrow("Refuse", "Agent");
    eventually("the edit is refused again", || edit().is_err());
    policy.kubectl(&["delete", "cuser", "admin", "--wait=false"], "").unwrap();
    policy.kubectl(&["patch", "cuser", "admin", "--type=merge", "--patch", NO_FINALIZER], "").unwrap();
    eventually("it is gone", || policy.kubectl(&["get", "cuser", "admin"], "").is_err());
}

const FINALIZER: &str = r#"{"metadata":{"finalizers":["connect-operator.dev/user"]}}"#;
const NO_FINALIZER: &str = r#"{"metadata":{"finalizers":null}}"#;
const STATUS: &str = r#"{"status":{"observedGeneration":1}}"#;

/// The plain manifests are those of the chart, and refuse nothing before their ConfigMap is filled.
#[test]
fn plain_manifests_allow_everything_at_first() {
    let plain = documents(&read("deploy/kustomize/components/admission-policy/admission-policy.yaml"));
    let kinds: Vec<_> = plain.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]);
    assert_eq!(plain[0]["data"], json!({ "instancesNotListed": "Allow" }));
}
