//! The command `import`: users that other tools describe, as ConnectUsers that become Ready.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write,
    process::{Command, Output, Stdio},
};

use connect_api::PhoneType;
use serde_json::{Value, json};

use super::harness::Harness;
use crate::support::{files, operator_under_test, plane, read};

/// The instance in the samples.
const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

/// Runs the command with a text as its standard input, and without anything that would let it call AWS.
fn import(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(operator_under_test())
        .arg("import")
        .args(arguments)
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its flags does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Runs the command, which must succeed. Returns the manifests and what it says about them.
fn imported(arguments: &[&str], input: &str) -> (String, String) {
    let output = import(arguments, input.as_bytes());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

/// Runs the command, which must fail without writing anything. Returns the last line on standard error.
fn refused(arguments: &[&str], input: &[u8]) -> String {
    let output = import(arguments, input);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}: {said}");
    assert!(said.lines().rev().skip(1).all(|line| line.starts_with("warning: ")), "{said}");
    said.lines().last().unwrap_or_default().to_owned()
}

/// Returns a sample whose users are in the harness' instance and have usernames of their own.
fn sample(harness: &Harness<'_>, file: &str, suffix: &str) -> String {
    let (sim, instance) = (&harness.sim, harness.instance());
    let profile = |name| sim.routing_profile_id(&instance, name).unwrap().to_string();
    let security = |name| sim.security_profile_id(&instance, name).unwrap().to_string();
    let ids = [
        ("aaaaaaaa-0000-4000-8000-000000000001", profile("Sales")),
        ("aaaaaaaa-0000-4000-8000-000000000009", profile("Basic Routing Profile")),
        ("bbbbbbbb-0000-4000-8000-000000000001", security("Agent")),
        ("bbbbbbbb-0000-4000-8000-000000000002", security("Admin")),
        ("bbbbbbbb-0000-4000-8000-000000000008", security("Admin")),
        ("dddddddd-0000-4000-8000-000000000002", sim.hierarchy_group_id(&instance, "/North/Hamburg").unwrap().to_string()),
        (INSTANCE, harness.instance_arn().to_string()),
        (INSTANCE.rsplit('/').next().unwrap(), instance.to_string()),
        ("namespace: sales", format!("namespace: {}", harness.namespace())),
        ("namespace: care", format!("namespace: {}", harness.namespace())),
    ];
    let text = ids.iter().fold(read(&format!("tests/import/{file}")), |text, (id, here)| text.replace(id, here));
    text.replace("jane", &format!("jane{suffix}")).replace("omar", &format!("omar{suffix}"))
}

/// Returns the names of the resources, and the Secrets that they name with their keys.
fn names_and_secrets(manifests: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let objects: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = objects.iter().map(|object| &object["spec"]["passwordSecretRef"]).filter(|secret| !secret.is_null());
    let secrets = secrets.map(|secret| (text(&secret["name"]), text(&secret["key"]))).collect();
    (objects.iter().map(|object| text(&object["metadata"]["name"])).collect(), secrets)
}

/// Creates the Secrets, applies the manifests and waits for the users.
async fn apply(harness: &Harness<'_>, manifests: &str) -> Vec<String> {
    let (names, secrets) = names_and_secrets(manifests);
    for (name, key) in secrets {
        harness.secret(&name, json!({ key: "Initial-Pass1" })).await;
    }
    plane().kubectl().run_with_input(&["apply", "--server-side", "--filename=-"], manifests).unwrap();
    harness.wait_until_all_ready(&names).await;
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_users_of_every_source_become_ready() {
    let harness = Harness::builder("import").start().await;
    harness.allow_generated_passwords();
    let (arn, namespace) = (harness.instance_arn().to_string(), harness.namespace());
    let in_namespace = ["--namespace", namespace, "-"];
    let live = |username: &str| harness.live(username).user;

    let (manifests, said) =
        imported(&[&["csv", "--instance", &arn], &in_namespace[..]].concat(), &sample(&harness, "users.csv", ".csv"));
    assert!(said.contains("line 5: 김민준: left out: spec.username"), "{said}");
    let stub = format!("kubectl create secret generic jane.csv.doe --namespace {namespace} --from-file=password=<file>");
    assert!(said.contains("note: Secrets to create for initial passwords: 3") && said.contains(&stub), "{said}");
    assert_eq!(apply(&harness, &manifests).await, ["42", "jane.csv.doe", "omar.csv-at-example.com"]);
    let (jane, omar, desk) = (live("jane.csv.doe"), live("omar.csv@example.com"), live("42"));
    let hamburg = harness.sim.hierarchy_group_id(&harness.instance(), "/North/Hamburg");
    assert_eq!((&jane.hierarchy_group_id, jane.tags.get("cost center").map(String::as_str)), (&hamburg, Some("c-9")));
    assert_eq!(omar.identity_info.last_name.as_deref(), Some("Haddad\n(night)"));
    let phones = [omar, desk].map(|user| {
        let phone = user.phone_config.unwrap();
        (phone.phone_type, phone.desk_phone_number.unwrap())
    });
    assert_eq!(phones, [(PhoneType::DeskPhone, "+12065550199".into()), (PhoneType::SoftPhone, "+12065550142".into())]);

    // A state describes users that exist: they are taken over.
    harness.create_by_hand("jane.tf.doe", |_| {}).await;
    harness.create_by_hand("omar.tf@example.com", |_| {}).await;
    // SearchUsers lags.
    harness.sim.advance(std::time::Duration::from_secs(60));
    let ids = ["jane.tf.doe", "omar.tf@example.com"].map(|username| live(username).id);
    let (manifests, _) = imported(&[&["terraform"], &in_namespace[..]].concat(), &sample(&harness, "state.json", ".tf"));
    let (names, secrets) = names_and_secrets(&manifests);
    assert!(secrets.contains_key("jane.tf.doe"), "it is only needed if the user does not exist");
    plane().kubectl().run_with_input(&["apply", "--server-side", "--filename=-"], &manifests).unwrap();
    harness.wait_until_all_ready(&names).await;
    assert_eq!(["jane.tf.doe", "omar.tf@example.com"].map(|username| live(username).id), ids);
    assert!(harness.is_routed("jane.tf.doe", "Sales") && harness.is_routed("omar.tf@example.com", "Basic Routing Profile"));
    assert_eq!(live("jane.tf.doe").hierarchy_group_id, hamburg);

    let admin = format!("AdminProfile={}", harness.security_profile("Admin"));
    let flags = ["cloudformation", "--generate-password", "--parameter", &admin];
    let (manifests, said) = imported(&[&flags, &in_namespace[..]].concat(), &sample(&harness, "template.yaml", ".cfn"));
    assert!(said.contains("Resources.Omar: 0042: Properties.HierarchyGroupArn: Fn::ImportValue"), "{said}");
    apply(&harness, &manifests).await;
    assert!(harness.is_routed("jane.cfn.prod@example.com", "Sales") && !harness.usernames().contains(&"tester".to_owned()));
    assert!(harness.password("0042-initial-password").await.len() > 8);

    let (manifests, said) = imported(&["crossplane", "-"], &sample(&harness, "crossplane.yaml", ".xp"));
    assert!(said.contains("User lost: lost: left out: spec: missing field `instanceArn`"), "{said}");
    let (_, secrets) = names_and_secrets(&manifests);
    assert_eq!(secrets.into_keys().collect::<Vec<_>>(), ["connect-passwords", "omar.xp-password"]);
    apply(&harness, &manifests).await;
    assert_eq!(live("jane.xp.doe").hierarchy_group_id, hamburg);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn imported_directory_is_applied_by_kustomize_and_replaced() {
    let harness = Harness::builder("import-dir").start().await;
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("users");
    let arn = harness.instance_arn().to_string();
    let to_text = format!("--output-dir={}", to.display());
    let flags = ["csv", "--instance", &arn, "--namespace", harness.namespace(), &to_text, "-"];
    let (stdout, said) = imported(&flags, &sample(&harness, "users.csv", ".dir"));
    assert!(stdout.is_empty() && said.contains("3 ConnectUsers are in"), "{said}");
    let before = files(&to);
    let kubectl = plane().kubectl();
    let manifests = kubectl.run(&["kustomize", to.to_str().unwrap()]).unwrap();
    apply(&harness, &manifests).await;
    imported(&flags, &sample(&harness, "users.csv", ".dir"));
    assert_eq!(files(&to), before);

    let refusal = refused(&[&flags[..6], &["--strict", "-"]].concat(), sample(&harness, "users.csv", ".new").as_bytes());
    assert_eq!(refusal, "error: --strict: not everything can be carried over, so nothing is written");
    assert_eq!(files(&to), before);
    let kustomization = to.join("kustomization.yaml");
    let made = fs::read_to_string(&kustomization).unwrap();
    fs::write(&kustomization, made.replace("operator import", "operator export")).unwrap();
    assert!(refused(&flags, b"").contains("no import made kustomization.yaml"));
}

/// None of these needs an instance.
#[test]
fn bad_input_is_one_line_and_writes_nothing() {
    let header = "user login,routing profile name,security profile\n";
    let csv = ["csv", "--instance", INSTANCE, "-"];
    let table: [(&[&str], String, &str); 10] = [
        (&csv, format!("{header}jane,\"Care,Agent\n"), "standard input: line 2, column 6: this quotation mark is never closed"),
        (&csv, format!("{header}jane,Ca,re,Agent\n"), "standard input: line 2, column 12: 4 values for the 3 columns of line 1"),
        (
            &csv,
            format!("{header}jane,Care,Agent\nJane,Care,Agent\n"),
            "line 3: Jane: standard input: line 2: jane is the ConnectUser jane",
        ),
        (&csv, header.into(), "standard input: there is no user in it"),
        (&["terraform", "-"], "{\n  \"values\": ]".into(), "standard input: line 2, column 13: expected value"),
        (&["terraform", "-"], "{ \"version\": 4 }".into(), "terraform show -json"),
        (&["cloudformation", "-"], "Resources:\n  A: [1\n".into(), "standard input: line 2, column 6: unclosed bracket"),
        (&["crossplane", "-"], "kind: User\nkind: User\n".into(), "standard input: line 2, column 1: duplicate mapping key"),
        (&["crossplane", "not/there.yaml"], String::new(), "not/there.yaml: No such file"),
        (&["terraform", "--parameter", "A=b", "-"], String::new(), "--parameter is for cloudformation alone"),
    ];
    let mut said = BTreeSet::new();
    for (arguments, input, expected) in table {
        let output = import(arguments, input.as_bytes());
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len(), line.lines().count()), (Some(1), 0, 1), "{arguments:?}: {line}");
        assert!(line.starts_with("error: ") && line.contains(expected), "{line}");
        said.insert(line);
    }
    assert_eq!(said.len(), 10);
    let no_instance = import(&["csv", "-"], b"");
    assert!(!no_instance.status.success() && String::from_utf8(no_instance.stderr).unwrap().contains("--instance"));
}

#[test]
fn full_disk_is_one_line() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let mut command = Command::new(operator_under_test());
    command.args(["import", "csv", "--instance", INSTANCE]).arg(crate::support::repository("tests/import/users.csv"));
    let output = command.env("RUST_BACKTRACE", "1").stdout(full).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.lines().last().unwrap().starts_with("error: standard output: No space left"), "{said}");
}
