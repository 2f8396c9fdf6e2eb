//! The commands about the users that exist: `list`, `get` and `export`, and the way from an instance full of users into Git.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Output},
};

use clap::CommandFactory;
use connect_api::{
    AfterContactWorkConfig, AssociateUserProficiencies, Channel, ChannelConfigs, CreateUser, InstanceId, OperationName,
    PhoneConfig, PhoneType, Proficiency, ProficiencyKey, UpdateUserConfig,
};
use connect_operator::cli::Cli;
use connect_sim::UserView;
use serde_json::{Value, json};
use testbed::{installation::environment, size};

use super::harness::{Harness, SAML};
use crate::support::{files, operator_under_test, plane};

/// Returns how many users are brought in.
fn users() -> usize {
    size(300, 2_000)
}

/// Returns the program with these arguments, the simulator's endpoint and credentials, the image's environment, and the operator's rights
/// in the cluster.
pub fn program(harness: &Harness<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(operator_under_test());
    command
        .args(arguments)
        .args([format!("--aws-endpoint-url={}", harness.url()), "--calls-per-second=1000".to_owned()])
        .env_clear()
        .env("KUBECONFIG", harness.kubeconfig())
        .env("RUST_BACKTRACE", "1")
        .envs(environment());
    command
}

fn bare(harness: &Harness<'_>, arguments: &[&str]) -> Output {
    program(harness, arguments).output().unwrap()
}

/// Runs a command about the harness' instance, without a cluster.
fn tool(harness: &Harness<'_>, arguments: &[&str]) -> Output {
    let instance = format!("--instance={}", harness.instance_arn());
    program(harness, arguments).arg(instance).env_remove("KUBECONFIG").output().unwrap()
}

/// Runs a command that must succeed. Returns what it printed.
fn printed(harness: &Harness<'_>, arguments: &[&str]) -> String {
    let output = tool(harness, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail. Returns its one line on standard error.
fn refused(harness: &Harness<'_>, arguments: &[&str]) -> String {
    let output = tool(harness, arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{arguments:?}: {error}");
    error
}

/// Creates users as an instance has them after years: odd names, two profiles of one name, groups with a slash, settings by channel.
async fn populate(harness: &Harness<'_>) {
    let (sim, instance) = (&harness.sim, harness.instance());
    let routing: Vec<_> = ["Care [EU]/night ", "Twin", "Twin "].map(|name| sim.create_routing_profile(&instance, name)).into();
    let north = sim.hierarchy_group_id(&instance, "/North/Hamburg").unwrap();
    let slash = sim.create_hierarchy_group(&instance, None, "A/B");
    assert!(sim.set_users_quota(&instance, users()));
    for n in 0..users() {
        let username = match n % 5 {
            0 => format!("agent.{n}"),
            1 => format!("agent_{n}"),
            2 => format!("agent{n}@example.com"),
            3 => n.to_string(),
            4 if n == 4 => "x".repeat(64),
            _ => format!("Agent-{n}"),
        };
        let desk = n.is_multiple_of(7);
        harness
            .create_by_hand(&username, |create| {
                let info = create.identity_info.as_mut().unwrap();
                info.email = (n % 3 != 2 && n % 5 != 2).then(|| format!("n{n}@example.com"));
                if n % 9 == 4 {
                    (info.first_name, info.last_name) = (Some("민준".into()), Some("김".repeat(100)));
                }
                info.mobile = n.is_multiple_of(11).then(|| format!("+1206555{n:04}"));
                if let Some(profile) = routing.get(n % 8) {
                    create.routing_profile_id = profile.clone();
                }
                create.hierarchy_group_id = [Some(&north), None, Some(&slash)][n % 3].cloned();
                create.phone_config = Some(PhoneConfig {
                    phone_type: if desk { PhoneType::DeskPhone } else { PhoneType::SoftPhone },
                    desk_phone_number: (desk || n.is_multiple_of(5)).then(|| "+12065550199".to_owned()),
                    after_contact_work_time_limit: i32::try_from(n % 4).unwrap() * 30,
                    ..PhoneConfig::default()
                });
                let tags = if n == 1 { 46 } else { n % 3 };
                create.tags = (0..tags).map(|t| (format!("tag {t}"), format!("value:{n}"))).collect();
            })
            .await;
        if !n.is_multiple_of(50) {
            continue;
        }
        let user = harness.live(&username).user.id;
        if n.is_multiple_of(100) {
            let limits = [AfterContactWorkConfig::new(Channel::Voice, 30), AfterContactWorkConfig::new(Channel::Chat, 90)];
            let channel_configs = ChannelConfigs { after_contact_work: Some(limits.into()), ..ChannelConfigs::default() };
            harness.call_at_console(UpdateUserConfig { instance: instance.clone(), user: user.clone(), channel_configs }).await;
        }
        let proficiencies = vec![Proficiency { key: ProficiencyKey::new("Language", "French"), level: 3.0 }];
        harness.call_at_console(AssociateUserProficiencies { instance: instance.clone(), user, proficiencies }).await;
    }
    // SearchUsers lags.
    sim.advance(std::time::Duration::from_secs(60));
}

/// Returns all users without their times and the operator's tags.
fn content(harness: &Harness<'_>) -> BTreeMap<String, UserView> {
    let users = harness.sim.users(&harness.instance()).into_iter().map(|mut view| {
        view.user.last_modified_time = None;
        view.user.tags.retain(|key, _| !key.starts_with("connect-operator.dev/"));
        (view.user.username.clone(), view)
    });
    users.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exported_users_are_taken_over_without_a_change() {
    let harness = Harness::builder("export").start().await;
    populate(&harness).await;
    let before = content(&harness);
    let directory = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
    let export = |to: &Path| {
        let to = format!("--output-dir={}", to.display());
        printed(&harness, &["export", "--full", &to, "--namespace", harness.namespace()])
    };
    harness.sim.reset_calls();
    export(&first);
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 0);
    assert_eq!(calls.of(OperationName::DescribeUser), users() as u64, "{calls:#?}");
    assert!(calls.of(OperationName::SearchUsers) + calls.of(OperationName::ListUsers) <= 6, "{calls:#?}");

    let kubectl = plane().kubectl();
    let manifests = kubectl.run(&["kustomize", first.to_str().unwrap()]).unwrap();
    kubectl.run_with_input(&["apply", "--server-side", "--filename=-"], &manifests).unwrap();
    let names: BTreeSet<String> = files(&first)
        .into_keys()
        .filter_map(|path| {
            let file = path.rsplit('/').next()?.strip_suffix(".yaml")?;
            (file != "kustomization").then(|| file.to_owned())
        })
        .collect();
    assert_eq!(names.len(), users());
    harness.wait_until_all_ready(&names.iter().collect::<Vec<_>>()).await;
    let calls = harness.sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::TagResource)), (users() as u64, users() as u64), "{calls:#?}");
    assert_eq!(content(&harness), before);

    harness.sim.advance(std::time::Duration::from_secs(60));
    export(&second);
    assert_eq!(files(&second), files(&first));
    // An earlier export is replaced; anything else is not. One that was killed leaves something behind.
    let left = first.with_file_name(format!(".{}.old", first.file_name().unwrap().to_str().unwrap()));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("jane.yaml"), "").unwrap();
    export(&first);
    assert!(!left.exists());
    fs::write(first.join("notes.txt"), "ours").unwrap();
    let to = format!("--output-dir={}", first.display());
    let error = refused(&harness, &["export", &to]);
    assert!(error.contains("--output-dir") && error.contains("notes.txt"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn routing_profile_of_a_team_is_exported_once() {
    let harness = Harness::builder("export-teams").start().await;
    let (sim, instance, blue) = (&harness.sim, harness.instance(), harness.namespace());
    let red = format!("{blue}-red");
    let other = sim.routing_profile_id(&instance, "Basic Routing Profile").unwrap();
    for (username, team) in [("ann", blue), ("ben", blue), ("eve", &red), ("fay", &red)] {
        let create = |create: &mut CreateUser| {
            create.tags = [("team".to_owned(), team.to_owned())].into();
            if username == "fay" {
                create.routing_profile_id = other.clone();
            }
        };
        harness.create_by_hand(username, create).await;
    }
    sim.advance(std::time::Duration::from_secs(60));
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    let to = format!("--output-dir={}", users.display());
    let command = ["export", "--namespace-by=tag:team", "--share-routing-profile", &to];
    printed(&harness, &command);
    let exported = files(&users);
    printed(&harness, &command);
    assert_eq!(files(&users), exported);
    let named = |path: String| exported[&format!("{path}.yaml")].contains("routingProfileName");
    assert!(!named(format!("{blue}/ann")) && !named(format!("{blue}/ben")), "{exported:#?}");
    assert!(named(format!("{red}/eve")) && named(format!("{red}/fay")), "{exported:#?}");

    let team = users.join(blue);
    let kubectl = plane().kubectl();
    let apply = || kubectl.run(&["apply", "--server-side", "--kustomize", team.to_str().unwrap()]).unwrap();
    sim.reset_calls();
    apply();
    harness.wait_until_all_ready(&["ann", "ben"]).await;
    assert_eq!((sim.calls().writes(), sim.calls().of(OperationName::TagResource)), (2, 2), "{:#?}", sim.calls());

    // One line moves the team.
    let kustomization = team.join("kustomization.yaml");
    fs::write(&kustomization, fs::read_to_string(&kustomization).unwrap().replace("Sales", "Basic Routing Profile")).unwrap();
    sim.reset_calls();
    apply();
    harness.wait_until_all_ready(&["ann", "ben"]).await;
    let moved = ["ann", "ben", "eve", "fay"].map(|username| harness.is_routed(username, "Basic Routing Profile"));
    assert_eq!(moved, [true, true, false, true]);
    let calls = sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::UpdateUserRoutingProfile)), (2, 2), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_are_listed_filtered_and_shown() {
    let harness = Harness::builder("list").start().await;
    harness.apply_until_ready("jane", &json!({ "tags": { "team": "blue" } })).await;
    harness.create_by_hand("by.hand@example.com", |create| create.tags = [("team".to_owned(), "red".to_owned())].into()).await;
    // SearchUsers does not show the second user yet, ListUsers does.
    let table = printed(&harness, &["list"]);
    let managed = format!("{}/jane", harness.namespace());
    let lines: Vec<Vec<&str>> =
        table.lines().map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(lines[0], ["USERNAME", "NAME", "ROUTING-PROFILE", "SECURITY-PROFILES", "MANAGED-BY"]);
    assert_eq!(lines[1], ["by.hand@example.com", "By Hand", "Sales", "Admin"]);
    assert_eq!(lines[2], ["jane", "Given jane", "Basic Routing Profile", "Agent", managed.as_str()]);

    let names = |filter: &[&str]| {
        let json = printed(&harness, &[&["list", "-o", "json"], filter].concat());
        let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
        rows.iter().map(|row| row["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--unmanaged"]), ["by.hand@example.com"]);
    assert_eq!(names(&["--managed-by", &managed]), ["jane"]);
    assert_eq!(names(&["--tag", "team"]), ["by.hand@example.com", "jane"]);
    assert_eq!(names(&["--tag=team=blue"]), ["jane"]);
    assert_eq!(names(&["--routing-profile=Sal*"]), ["by.hand@example.com"]);
    assert_eq!(names(&["--security-profile=Nothing"]), [""; 0]);

    let csv = printed(&harness, &["list", "-o", "csv", "--unmanaged"]);
    assert!(csv.lines().nth(1).unwrap().starts_with("by.hand@example.com,By,Hand,"), "{csv}");
    let arn = harness.live("jane").user.arn;
    assert_eq!(printed(&harness, &["list", "-o", "name", "--username=JANE"]), format!("{arn}\n"));
    let shown: Value = serde_json::from_str(&printed(&harness, &["get", "jane", "-o", "json"])).unwrap();
    assert_eq!(shown[0]["region"], "us-west-2");
    assert_eq!(shown[0]["userProficiencies"], json!([]));
    assert_eq!(refused(&harness, &["get", "not.there", "-o", "json"]), "error: no instance has a user [\"not.there\"]\n");

    harness.sim.deny([OperationName::SearchUsers]);
    let error = refused(&harness, &["list"]);
    assert!(error.contains("connect:SearchUsers"), "{error}");
    harness.sim.deny([OperationName::ListRoutingProfiles]);
    let output = tool(&harness, &["list", "--unmanaged"]);
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && warning.contains("connect:ListRoutingProfiles"), "{warning}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn interrupted_read_goes_on_from_its_file() {
    let harness = Harness::builder("resume").start().await;
    for username in ["a1", "a2", "a3"] {
        harness.create_by_hand(username, |_| {}).await;
    }
    harness.sim.advance(std::time::Duration::from_secs(60));
    let directory = tempfile::tempdir().unwrap();
    let file = format!("--progress-file={}", directory.path().join("read.jsonl").display());
    let first = printed(&harness, &["list", "--full", "-o", "json", &file, "--username=a1", "--username=a2"]);
    harness.route("a2", "Basic Routing Profile").await;
    harness.sim.advance(std::time::Duration::from_secs(60));
    harness.sim.reset_calls();
    let second = printed(&harness, &["list", "--full", "-o", "json", &file]);
    let [first, second]: [Vec<Value>; 2] = [first, second].map(|text| serde_json::from_str(&text).unwrap());
    assert_eq!((second.len(), &second[0]), (3, &first[0]));
    assert_eq!(second[1]["routingProfileName"], "Basic Routing Profile");
    assert_eq!(harness.sim.calls().of(OperationName::DescribeUser), 2, "the changed user, and the new one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_of_a_region_are_those_of_all_its_instances() {
    let harness = Harness::builder("region").start().await;
    harness.create_by_hand("jane", |_| {}).await;
    let list = |flags: &[&str]| bare(&harness, &[&["list", "-o", "json"], flags].concat());
    let here = list(&["--region=us-west-2"]);
    assert!(here.status.success(), "{here:?}");
    let rows: Vec<Value> = serde_json::from_slice(&here.stdout).unwrap();
    let jane = rows.iter().find(|row| row["username"] == "jane").unwrap();
    assert_eq!((&jane["instanceArn"], &jane["region"]), (&json!(harness.instance_arn().to_string()), &json!("us-west-2")));
    assert!(harness.sim.calls().of(OperationName::ListInstances) >= 1);

    let elsewhere = list(&["--region=eu-west-2"]);
    let warning = String::from_utf8(elsewhere.stderr).unwrap();
    assert_eq!((elsewhere.status.code(), &*elsewhere.stdout), (Some(0), &b"[]\n"[..]));
    assert!(warning.contains("the Region eu-west-2 has no instance"), "{warning}");
    for (flags, part) in [
        (&["--region=west"][..], "--region <REGION>': is not the name of a Region"),
        (&["--account=123456789012"], "--region <REGION>"),
        (&["--region=us-west-2", "--account=1"], "12 digits"),
    ] {
        let error = String::from_utf8(list(flags).stderr).unwrap();
        assert!(error.contains(part), "{flags:?}: {error}");
    }
    harness.sim.deny([OperationName::ListInstances]);
    let denied = list(&["--region=us-west-2"]);
    let error = String::from_utf8(denied.stderr).unwrap();
    assert!(denied.status.code() == Some(1) && error.lines().count() == 1 && error.contains("connect:ListInstances"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_of_several_instances_are_exported_by_namespace() {
    let harness = Harness::builder("teams").start().await;
    let south = harness.sim.hierarchy_group_id(&harness.instance(), "/South/Munich").unwrap();
    let tagged = |team: &str| [("team".to_owned(), team.to_owned())].into();
    harness.create_by_hand("jane", |user| user.tags = tagged("Sales EU")).await;
    harness.create_by_hand("joe", |user| user.hierarchy_group_id = Some(south)).await;
    let saml = InstanceId::new(SAML);
    let mut sam = harness.sim.new_user(&saml, "sam");
    sam.tags = tagged("support");
    harness.call_at_console(sam).await;

    let export = |flags: &[&str]| bare(&harness, &[&["export", "--region=us-west-2"], flags].concat());
    let namespaces = |flags: &[&str]| {
        let output = export(flags);
        assert!(output.status.success(), "{flags:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let of = |document: &str| {
            let value: Value = serde_saphyr::from_str(document).unwrap();
            let [name, namespace] = ["name", "namespace"].map(|key| value["metadata"][key].as_str().unwrap().to_owned());
            (name, namespace, value["spec"]["instanceArn"].as_str().unwrap().ends_with(SAML))
        };
        let all: Vec<_> = text.split("\n---\n").map(of).collect();
        all
    };
    let row = |name: &str, namespace: &str| (name.to_owned(), namespace.to_owned(), name == "sam");
    let by_tag = namespaces(&["--namespace-by=tag:team", "--namespace=rest"]);
    assert_eq!(by_tag, [row("joe", "rest"), row("jane", "sales-eu"), row("sam", "support")]);
    let by_group = namespaces(&["--namespace-by=hierarchy", "--namespace=rest"]);
    assert_eq!(by_group, [row("jane", "rest"), row("joe", "south"), row("sam", "rest")]);

    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("teams.csv");
    let by_table = format!("--namespace-by={}", table.display());
    fs::write(&table, "\u{feff}Username,Namespace\nJANE,a\njoe,b\nsam,c\n").unwrap();
    assert_eq!(namespaces(&[&by_table]), [row("jane", "a"), row("joe", "b"), row("sam", "c")]);
    fs::write(&table, "username,namespace\njane,Not A Name\n").unwrap();
    let failed = |flags: &[&str], part: &str| {
        let output = export(flags);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && error.lines().count() == 1 && error.contains(part), "{flags:?}: {error}");
    };
    failed(&[&by_table], "line 2: \"Not A Name\" is not the name of a namespace");
    failed(&["--namespace-by=tag:team"], "joe has no namespace by --namespace-by: set --namespace");
    let twin = harness.sim.new_user(&saml, "jane");
    harness.call_at_console(twin).await;
    failed(&["--namespace=all"], "two instances have a user for ConnectUser jane in all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn report_names_administrators_and_unmanaged_users() {
    let harness = Harness::builder("report").start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    harness.apply("lost", &json!({ "routingProfileArn": null, "routingProfileName": "Nowhere" })).await;
    harness.wait_for_condition("lost", "Ready", "False", "DependencyNotFound").await;
    // Its name says nothing about what it permits.
    let quiet = harness.sim.create_security_profile(&harness.instance(), "Quiet");
    harness.sim.set_permissions(&harness.instance(), &quiet, ["Users.EditPermission"]);
    harness
        .create_by_hand("root", |create| {
            create.security_profile_ids = [quiet.clone()].into();
            create.identity_info.as_mut().unwrap().first_name = Some("<b>Root</b>".into());
        })
        .await;
    let agent = harness.sim.security_profile_arn(&harness.instance(), "Agent").unwrap().rsplit('/').next().unwrap().into();
    harness.create_by_hand("by.hand", |create| create.security_profile_ids = [agent].into()).await;
    harness.sim.advance(std::time::Duration::from_secs(60));
    harness.sim.reset_calls();
    let report = |flags: &[&str]| {
        let instance = format!("--instance={}", harness.instance_arn());
        let output = bare(&harness, &[&["report", &instance], flags].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let in_cluster = ["-o", "json", "--with-cluster", "--namespace", harness.namespace()];
    let json: Value = serde_json::from_str(&report(&[&in_cluster[..], &["--users-quota=4"]].concat())).unwrap();
    let instance = &json["instances"][0];
    let names = |list: &Value| list.as_array().unwrap().iter().map(|person| person["username"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&instance["administrators"]), ["root"]);
    assert_eq!(names(&instance["unmanaged"]), ["by.hand", "root"]);
    assert_eq!((&instance["users"], &instance["usersQuota"]), (&json!(3), &json!(4)));
    assert_eq!(json["connectUsers"]["notReady"]["DependencyNotFound"], json!([format!("{}/lost", harness.namespace())]));
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 0);
    assert!(calls.operations.values().map(|calls| calls.total()).sum::<u64>() <= 8, "{calls:#?}");

    // As with kubectl, -A wins. Other tests have ConnectUsers in the same cluster.
    let everywhere = report(&["-o", "json", "--with-cluster", "-A", "--namespace", "another"]);
    assert!(everywhere.contains(&format!("\"{}/lost\"", harness.namespace())), "{everywhere}");
    let operator_fault = |kubeconfig: &Path| {
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let of_operator = format!("--operator-namespace={}", harness.namespace());
        let json: Value = serde_json::from_str(&report(&[&in_cluster[..], &[&of_operator, &kubeconfig]].concat())).unwrap();
        json["operatorFault"].as_str().unwrap().replace(harness.namespace(), "ops")
    };
    let why = operator_fault(harness.operators_kubeconfig());
    assert_eq!(why, "it needs the right to get leases in the namespace ops");
    let why = operator_fault(&harness.kubeconfig());
    assert!(why.starts_with("there is no Lease ops/connect-operator: "), "{why}");
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": { "holderIdentity": "pod-a_0123" },
        "metadata": { "name": "connect-operator", "namespace": harness.namespace() },
    });
    plane().kubectl().run_with_input(&["apply", "--filename=-"], &lease.to_string()).unwrap();
    let why = operator_fault(&harness.kubeconfig());
    assert_eq!(why, "could not get pods/proxy ops/pod-a: pods \"pod-a\" not found");
    harness.sim.reset_calls();
    let text = report(&["--users-quota=4"]);
    assert!(text.contains("3 users of 4 (75 %): 1 managed, 2 unmanaged"), "{text}");
    assert!(text.contains("1 of them are not managed in Git"), "{text}");
    assert_eq!(harness.sim.calls().of("GetServiceQuota"), 0, "the number is known");
    harness.sim.set_users_quota(&harness.instance(), 12);
    assert!(report(&[]).contains("3 users of 12 (25 %): "));
    let html = report(&["-o", "html"]);
    assert!(html.contains("&lt;b&gt;Root&lt;/b&gt;") && !html.contains("<b>") && !html.contains("<script"), "{html}");
    assert!(report(&["-o", "markdown"]).contains("| root | &lt;b&gt;Root&lt;/b&gt; "));

    harness.sim.deny(["ListSecurityProfilePermissions", "GetServiceQuota"]);
    let text = report(&[]);
    assert!(text.contains("Not known: allow connect:ListSecurityProfilePermissions."), "{text}");
    assert!(text.contains("3 users: ") && text.contains("Not known: it needs servicequotas:GetServiceQuota ("), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn commands_have_the_habits_of_kubectl() {
    let harness = Harness::builder("habits").start().await;
    for (name, username) in [("jane", "jane.doe"), ("joe", "joe.doe")] {
        harness.apply_until_ready(name, &json!({ "username": username })).await;
    }
    let kubectl = |selector: &str| {
        let arguments = ["get", "cuser", "--namespace", harness.namespace(), "--output=name", "--field-selector", selector];
        plane().kubectl().run(&arguments).unwrap()
    };
    assert_eq!(kubectl("spec.username=jane.doe").trim(), "connectuser.connect-operator.dev/jane");
    assert_eq!(kubectl(&format!("spec.instanceArn={},spec.managementPolicy=Full", harness.instance_arn())).lines().count(), 2);

    let directory = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let plugin = |name: &str| directory.path().join(name);
    for (name, called) in [("kubectl-connect_users", "connect-users"), ("kubectl-connect", "connect")] {
        std::os::unix::fs::symlink(operator_under_test(), plugin(name)).unwrap();
        let help = plane().kubectl().command().args([called, "list", "--help"]).env("PATH", &path).output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.contains(&format!("Usage: kubectl {called} list")), "{text}");
    }
    let plugin = plugin("kubectl-connect_users");
    let pages = directory.path().join("man1");
    assert!(Command::new(operator_under_test()).arg("man").arg(&pages).status().unwrap().success());
    for command in Cli::command().get_subcommands() {
        let page = fs::read_to_string(pages.join(format!("connect-operator-{}.1", command.get_name()))).unwrap();
        for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(page.contains(&flag.replace('-', "\\-")), "{} --{flag}", command.get_name());
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = Command::new(&plugin).args(["completions", shell]).output().unwrap();
        assert!(String::from_utf8(script.stdout).unwrap().contains("kubectl-connect_users"), "{shell}");
    }
    let report = |flags: &[&str]| {
        let instance = format!("--instance={}", harness.instance_arn());
        let output = bare(&harness, &[&["report", "--with-cluster", &instance], flags].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let kubeconfig = format!("--kubeconfig={}", harness.kubeconfig().display());
    assert_eq!(report(&[&kubeconfig]), (Some(0), String::new()));
    for (flags, named) in
        [(&["--context=nowhere"][..], "--context nowhere"), (&["--kubeconfig=/not/there"], "--kubeconfig /not/there")]
    {
        let (code, error) = report(flags);
        assert!(code == Some(1) && error.lines().count() == 1 && error.contains(named), "{error}");
    }
}

/// `plan` exits with 2 if there are changes, so a mistake in a pipeline must not.
#[test]
fn mistake_in_a_flag_is_one_line_and_exits_with_one() {
    for (arguments, said) in [
        (&["plan", "--no-such-flag"][..], "--no-such-flag"),
        (&["list", "--instance=arn:aws:connect"], "--instance"),
        (&["import", "csv", "users.csv"], "--instance <ARN>"),
        (&["plan", "-f", "-", "-o", "toml"], "--output"),
    ] {
        let output = Command::new(operator_under_test()).args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with("error: ") && error.contains(said) && error.lines().count() == 1, "{arguments:?}: {error}");
    }
    let help = Command::new(operator_under_test()).args(["plan", "--help"]).output().unwrap();
    assert!(help.status.success() && help.stderr.is_empty());
}
