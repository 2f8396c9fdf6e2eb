//! The commands about users where something is amiss or unusual: interrupted, on a full disk, throttled, without credentials, with those of
//! another account, without ConnectUsers in the cluster.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use connect_api::OperationName;
use connect_sim::{Effect, Fault};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use testbed::installation::environment;

use super::{
    harness::{ELSEWHERE, Harness, OTHER_ACCOUNT, OTHER_ROLE, throttled},
    orphans::tagged_in,
    plan::plan,
    tools::program,
};
use crate::support::{eventually, files, operator_under_test, own_control_plane, repository};

/// Returns what a command printed, which must have succeeded.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks that a command fails with one line on standard error that has these parts, and prints nothing.
fn fails(command: &mut Command, parts: &[&str]) {
    let output = command.output().unwrap();
    let error = said(&output);
    assert_eq!((output.status.code(), error.lines().count(), output.stdout.len()), (Some(1), 1, 0), "{command:?}: {error}");
    assert!(error.starts_with("error: ") && parts.iter().all(|part| error.contains(part)), "{command:?}: {error}");
}

/// Returns a command about the harness' instance, without a cluster.
fn about(harness: &Harness<'_>, arguments: &[&str]) -> Command {
    let mut command = program(harness, arguments);
    command.arg(format!("--instance={}", harness.instance_arn())).env_remove("KUBECONFIG");
    command
}

/// Creates users at the console, which searches show.
async fn populate(harness: &Harness<'_>, users: usize) {
    for n in 0..users {
        harness.create_by_hand(&format!("agent.{n:02}"), |_| {}).await;
    }
    harness.sim.advance(Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn interrupted_export_leaves_the_directory_and_goes_on() {
    let harness = Harness::builder("interrupted").start().await;
    populate(&harness, 40).await;
    let directory = tempfile::tempdir().unwrap();
    let (to, progress) = (directory.path().join("users"), directory.path().join("progress.jsonl"));
    let [to_flag, progress_flag] =
        [("output-dir", &to), ("progress-file", &progress)].map(|(flag, path)| format!("--{flag}={}", path.display()));
    printed(&mut about(&harness, &["export", &to_flag]));
    let before = files(&to);

    harness.sim.inject(Fault::on(OperationName::DescribeUser, Effect::Delay { milliseconds: 500 }).always());
    let command = ["export", "--full", &to_flag, &progress_flag];
    let mut export = about(&harness, &command).spawn().unwrap();
    let lines = || fs::read_to_string(&progress).unwrap_or_default().lines().filter(|line| line.starts_with('{')).count();
    eventually("some users are read", || lines() >= 8);
    kill_process(Pid::from_child(&export), Signal::INT).unwrap();
    assert_eq!(export.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
    let read = lines();
    assert!(read < 40);
    assert_eq!(files(&to), before);
    let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");

    harness.sim.clear_faults();
    harness.sim.reset_calls();
    printed(&mut about(&harness, &command));
    assert_eq!(harness.sim.calls().of(OperationName::DescribeUser), (40 - read) as u64);
    assert_eq!(files(&to).len(), before.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn export_names_what_it_leaves_out_and_other_clusters() {
    let harness = Harness::builder("left-out").start().await;
    harness.create_by_hand("full", |create| create.tags = (0..50).map(|n| (format!("tag{n}"), "x".to_owned())).collect()).await;
    harness.create_by_hand("free", |_| {}).await;
    tagged_in(&harness, "theirs", "green", "sales").await;
    harness.sim.advance(Duration::from_secs(60));
    let export = |flags: &[&str]| {
        let output = about(&harness, &[&["export"], flags].concat()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let names: Vec<String> = ["full", "free", "theirs"]
            .into_iter()
            .filter(|name| text.contains(&format!("username: {name}\n")))
            .map(str::to_owned)
            .collect();
        (names, text, said(&output))
    };
    let (names, _, warnings) = export(&[]);
    assert_eq!(names, ["free", "theirs"]);
    for part in [
        "full: tags: the user has 50 of 50",
        "full: left out: spec.tags: tags may hold at most 46 keys",
        "1 of these users say that ConnectUsers of the cluster \"green\" manage them",
    ] {
        assert!(warnings.contains(part), "{warnings}");
    }
    assert_eq!(warnings.lines().count(), 3, "{warnings}");
    let (names, _, warnings) = export(&["--unmanaged", "--username=f*e*"]);
    assert_eq!((names, warnings), (vec!["free".to_owned()], String::new()));

    // Names that cannot be read are ARNs.
    harness.sim.deny([OperationName::ListRoutingProfiles]);
    let (_, text, warnings) = export(&["--username=free"]);
    assert!(text.contains("routingProfileArn: ") && text.contains(&harness.routing_profile("Sales")), "{text}");
    assert!(!text.contains("routingProfileName"), "{text}");
    assert!(warnings.contains("connect:ListRoutingProfiles"), "{warnings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_are_printed_in_every_format() {
    let harness = Harness::builder("formats").start().await;
    harness.create_by_hand("jane", |create| create.tags = [("team".to_owned(), "blue".to_owned())].into()).await;
    harness.sim.advance(Duration::from_secs(60));
    let user = harness.live("jane").user;
    let wide = printed(&mut about(&harness, &["list", "-o", "wide"]));
    let cells =
        |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = wide.lines().map(cells).collect();
    assert_eq!(lines[0][5..], ["HIERARCHY-GROUP", "PHONE", "EMAIL", "TAGS", "REGION", "USER-ARN"]);
    assert_eq!(lines[1][lines[1].len() - 3..], ["team=blue", "us-west-2", &user.arn]);
    for command in ["list", "get"] {
        let of = |format| {
            let mut command = about(&harness, &[command, "-o", format]);
            printed(if command.get_args().next() == Some(OsStr::new("get")) { command.arg("jane") } else { &mut command })
        };
        let [yaml, json]: [Value; 2] = [serde_saphyr::from_str(&of("yaml")).unwrap(), serde_json::from_str(&of("json")).unwrap()];
        assert_eq!((&yaml, &yaml[0]["userArn"]), (&json, &json!(user.arn)), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn throttled_reads_are_repeated() {
    let harness = Harness::builder("throttled").start().await;
    populate(&harness, 3).await;
    for operation in [OperationName::SearchUsers, OperationName::ListUsers, OperationName::DescribeUser] {
        harness.sim.inject(Fault::on(operation, throttled()).times(2));
    }
    let json = printed(&mut about(&harness, &["list", "--full", "-o", "json"]));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap().len(), 3);
    assert!(harness.sim.calls().of(OperationName::DescribeUser) >= 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn configuration_and_profile_choose_instances_and_credentials() {
    let role = format!("accounts:\n  \"{OTHER_ACCOUNT}\":\n    roleArn: {}\n    externalId: {}\n", OTHER_ROLE.0, OTHER_ROLE.1);
    let harness = Harness::builder("choose").with_two_accounts(Duration::from_secs(3600)).start().await;
    let elsewhere = harness.sim.new_user(&connect_api::InstanceId::new(ELSEWHERE), "far");
    harness.call_at_console(elsewhere).await;
    populate(&harness, 1).await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let names = |command: &mut Command| {
        let rows: Vec<Value> = serde_json::from_str(&printed(command)).unwrap();
        rows.iter().map(|row| row["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let config = format!("{role}instances:\n  {}:\n    namespaces: ['*']\n", harness.instance_arn());
    let config = format!("--config={}", file("config.yaml", &config).display());
    let sts = |arguments: &[&str]| {
        let mut command = program(&harness, &[&["list", "-o", "json"], arguments].concat());
        command.env("AWS_ENDPOINT_URL_STS", harness.url());
        command
    };
    assert_eq!(names(&mut sts(&[&config])), ["agent.00"], "the instance that the file lists");
    let account = format!("--account={OTHER_ACCOUNT}");
    assert_eq!(names(&mut sts(&["--region=eu-central-1", &account, &config])), ["far"], "by the role");
    fails(&mut sts(&["--region=eu-central-1", &account]), &["eu-central-1", OTHER_ACCOUNT, "roleArn"]);
    fails(&mut sts(&[]), &["--instance", "--region", "--config"]);

    let keys: Vec<String> = environment().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("AWS_")).collect();
    let role = format!(
        "[profile far]\nregion = eu-central-1\nsource_profile = ops\nrole_arn = {}\nexternal_id = {}\n",
        OTHER_ROLE.0, OTHER_ROLE.1
    );
    let with_files = |mut command: Command| {
        keys.iter().for_each(|name| _ = command.env_remove(name));
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", file("aws-config", &role)).env(
            "AWS_SHARED_CREDENTIALS_FILE",
            file("aws-credentials", "[ops]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"),
        );
        command
    };
    let of_profile = |arguments: &[&str]| with_files(about(&harness, &[&["list", "-o", "json"], arguments].concat()));
    // STS needs a Region, which is that of the profile.
    assert_eq!(names(&mut with_files(sts(&["--profile=far", "--region=eu-central-1"]))), ["far"]);
    assert_eq!(names(&mut of_profile(&["--profile=ops"])), ["agent.00"]);
    assert_eq!(names(of_profile(&[]).env("AWS_PROFILE", "ops")), ["agent.00"]);
    fails(&mut of_profile(&["--profile=dev"]), &["the profile \"dev\" has none"]);
    fails(&mut of_profile(&[]), &["no AWS credentials", "IRSA"]);
    // As with the AWS CLI, the flag goes before the environment.
    fails(of_profile(&["--profile=dev"]).envs(environment()), &["the profile \"dev\" has none"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn plan_and_report_know_the_rules_and_the_drift() {
    let harness = Harness::builder("amiss").start().await;
    harness.create_by_hand("watched", |_| {}).await;
    let observe = json!({ "managementPolicy": "Observe", "adoptionPolicy": "Adopt", "passwordSecretRef": null });
    harness.apply("watched", &observe).await;
    harness.wait_until("watched", "its drift is known", |user| user.status.as_ref().is_some_and(|s| !s.drift.is_empty())).await;
    harness.create_by_hand("root", |_| {}).await;
    harness.sim.advance(Duration::from_secs(60));

    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users/sales");
    fs::create_dir_all(&users).unwrap();
    fs::write(users.join("README.md"), "not a manifest").unwrap();
    let adopt = json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null });
    let admin = json!({ "securityProfileArns": [harness.security_profile("Admin")] });
    for (name, other) in [("root", &adopt), ("boss", &admin), ("fine", &json!({}))] {
        fs::write(users.join(format!("{name}.yaml")), harness.manifest(name, other).to_string()).unwrap();
    }
    let (arn, config) = (harness.instance_arn(), directory.path().join("config.yaml"));
    let from = format!("--filename={}", directory.path().join("users").display());
    let config_flag = format!("--config={}", config.display());
    let planned = |namespaces: &str| {
        let bounds = "      '*': { securityProfiles: [Agent] }";
        fs::write(&config, format!("instances:\n  {arn}:\n    namespaces: [{namespaces}]\n    bounds:\n{bounds}\n")).unwrap();
        let output = plan(&harness, &[&from, &config_flag, "--cluster-name=blue", "-o", "json"], "");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let row = |row: &Value| [&row["name"], &row["action"], &row["reason"]].map(|v| v.as_str().unwrap_or_default().to_owned());
        let mut rows: Vec<_> = json["users"].as_array().unwrap().iter().map(row).collect();
        rows.sort();
        rows
    };
    let refused = |name: &str, reason: &str| [name, "refuse", reason].map(str::to_owned);
    assert_eq!(
        planned("'*'"),
        [refused("boss", "ProfileNotAllowed"), ["fine", "create", ""].map(str::to_owned), refused("root", "AdoptionNotAllowed")]
    );
    assert_eq!(planned("other"), ["boss", "fine", "root"].map(|name| refused(name, "InstanceNotAllowed")));

    let report = |flags: &[&str]| {
        let mut command = program(&harness, &[&["report", "--with-cluster", "--namespace", harness.namespace()], flags].concat());
        command.arg(format!("--instance={arn}"));
        command
    };
    let json: Value = serde_json::from_str(&printed(&mut report(&["-o", "json"]))).unwrap();
    let drift = json["connectUsers"]["driftByField"].as_object().unwrap();
    assert!(!drift.is_empty() && drift.values().all(|users| users == 1), "{drift:?}");
    let mut watching = report(&["--watch=1s"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.filter(|line| line.contains("2 users")).take(2).count(), 2, "the report is repeated");
    kill_process(Pid::from_child(&watching), Signal::INT).unwrap();
    assert_eq!(watching.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn cluster_without_the_definition_is_named() {
    let harness = Harness::builder("undefined").start().await;
    let plane = own_control_plane();
    let instance = format!("--instance={}", harness.instance_arn());
    for arguments in
        [&["plan", "--cluster-name=blue"][..], &["orphans", "--cluster-name=blue"], &["report", "--with-cluster", &instance]]
    {
        let mut command = program(&harness, arguments);
        fails(command.env("KUBECONFIG", plane.admin_kubeconfig()), &["could not list the ConnectUsers of", "install the CRD"]);
    }
}

/// A process may write no file here, as on a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn full_disk_leaves_nothing_behind() {
    let harness = Harness::builder("full-disk").start().await;
    populate(&harness, 2).await;
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("users");
    let on_a_full_disk = |command: &Command| {
        let mut shell = Command::new("bash");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    };
    let path = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    let to_flag = path("output-dir", &to);
    let mut import = Command::new(operator_under_test());
    import.args(["import", "csv", &to_flag, &format!("--instance={}", harness.instance_arn())]);
    import.arg(repository("tests/import/users.csv"));
    let output = on_a_full_disk(&import).output().unwrap();
    let last = said(&output).lines().last().unwrap().to_owned();
    assert!(output.status.code() == Some(1) && last.starts_with(&format!("error: {}", to_flag.replace('=', " "))), "{last}");
    fails(&mut on_a_full_disk(&about(&harness, &["export", &to_flag])), &["--output-dir", "File too large"]);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let progress = path("progress-file", &directory.path().join("progress"));
    fails(&mut on_a_full_disk(&about(&harness, &["list", "--full", &progress])), &["--progress-file", "File too large"]);
}
