//! The pipelines of docs/plan.md, as they are there: they install the program, comment the plan once, and fail for what is refused alone.

use std::{
    fs,
    io::{Write, stderr},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path as Segments, State},
    http::{HeaderMap, StatusCode},
    routing::{get, put},
};
use serde_json::{Value, json};
use testbed::installation::environment;

use super::harness::Harness;
use crate::support::{operator_under_test, plane, read};

/// Returns the pipeline that follows a heading of the page.
fn pipeline(heading: &str) -> Value {
    let page = read("docs/plan.md");
    let (_, after) = page.split_once(&format!("\n{heading}")).unwrap();
    let (_, block) = after.split_once("```yaml\n").unwrap();
    serde_saphyr::from_str(block.split_once("```").unwrap().0).unwrap()
}

/// A checkout with manifests, and programs for a pipeline beside it.
struct Checkout<'a> {
    harness: &'a Harness<'a>,
    directory: tempfile::TempDir,
}

impl<'a> Checkout<'a> {
    fn new(harness: &'a Harness<'a>) -> Self {
        let checkout = Self { harness, directory: tempfile::tempdir().unwrap() };
        let kubectl = plane().kubectl().command();
        checkout.program("bin/kubectl", &format!("exec {} \"$@\"", kubectl.get_program().display()));
        checkout.program("bin/gh", "printf '%s\\n' \"$@\" > comment.args; cp plan.md comment.md");
        // The release of the program.
        checkout.program(
            "release/connect-operator",
            &format!("exec {} \"$@\" --aws-endpoint-url={}", operator_under_test().display(), harness.url()),
        );
        let archive = ["--create", "--gzip", "--file", "release.tar.gz", "--directory", "release", "connect-operator"];
        assert!(Command::new("tar").args(archive).current_dir(checkout.path()).status().unwrap().success());
        checkout
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Writes a kustomization of these ConnectUsers.
    fn users(&self, users: &[(&str, Value)]) {
        let users: Vec<_> =
            users.iter().map(|(name, other)| (format!("{name}.json"), self.harness.manifest(name, other))).collect();
        let directory = self.path().join("users");
        fs::create_dir_all(&directory).unwrap();
        let names: Vec<_> = users.iter().map(|(name, _)| name).collect();
        fs::write(directory.join("kustomization.yaml"), json!({ "resources": names }).to_string()).unwrap();
        users.iter().for_each(|(name, manifest)| fs::write(directory.join(name), manifest.to_string()).unwrap());
    }

    /// Runs a script as the pipelines' runners do.
    fn run(&self, script: &str, variables: &[(&str, String)]) -> Output {
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", script]).current_dir(self.path()).env_clear().envs(environment());
        let release = format!("file://{}", self.path().join("release.tar.gz").display());
        command.env("PATH", path).env("RELEASE", release).envs(variables.iter().map(|(name, value)| (*name, value)));
        command.output().unwrap()
    }
}

/// The notes of a merge request, by id.
type Notes = Arc<Mutex<Vec<String>>>;

fn body(headers: &HeaderMap, sent: &Value) -> Result<String, StatusCode> {
    let token = headers.get("PRIVATE-TOKEN").and_then(|token| token.to_str().ok());
    match (token, sent["body"].as_str()) {
        (Some("of-the-team"), Some(body)) => Ok(body.to_owned()),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

/// Serves the notes of merge request 7 of project 42 as GitLab does. Returns the address of the API.
fn gitlab(notes: &Notes) -> String {
    let list = async |State(notes): State<Notes>| {
        Json(notes.lock().unwrap().iter().enumerate().map(|(id, body)| json!({ "id": id, "body": body })).collect::<Vec<_>>())
    };
    let add = async |State(notes): State<Notes>, headers: HeaderMap, Json(sent): Json<Value>| {
        body(&headers, &sent).map(|body| notes.lock().unwrap().push(body))
    };
    let change =
        async |State(notes): State<Notes>, Segments(id): Segments<usize>, headers: HeaderMap, Json(sent): Json<Value>| {
            body(&headers, &sent).map(|body| notes.lock().unwrap()[id] = body)
        };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let all = "/projects/42/merge_requests/7/notes";
    let router =
        Router::new().route(all, get(list).post(add)).route(&format!("{all}/{{id}}"), put(change)).with_state(notes.clone());
    tokio::spawn(axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).into_future());
    format!("http://{address}")
}

/// Returns the lines of a comment that tell users and changes.
fn rows(comment: &str) -> Vec<&str> {
    assert!(comment.starts_with("### Plan for Amazon Connect\n"), "{comment}");
    comment.lines().filter(|line| line.starts_with("| <code>")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines_of_the_documentation_comment_the_plan() {
    let harness = Harness::builder("pipelines").flag("--cluster-name=blue").start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    harness.create_by_hand("taken", |_| {}).await;
    harness.sim.advance(std::time::Duration::from_secs(60));
    let checkout = Checkout::new(&harness);
    let sales = json!({ "routingProfileArn": null, "routingProfileName": "Sales" });

    let job = pipeline("GitHub Actions");
    let step = job["steps"].as_array().unwrap().iter().find_map(|step| step["run"].as_str()).unwrap();
    let step = step.replace("${{ github.event.number }}", "7");
    let comment = |users: &[(&str, Value)]| {
        checkout.users(users);
        let output = checkout.run(&step, &[]);
        (output.status.code(), fs::read_to_string(checkout.path().join("comment.md")).unwrap(), output)
    };
    let (code, text, output) = comment(&[("jane", sales.clone())]);
    assert_eq!(code, Some(0), "{output:?}");
    assert!(matches!(rows(&text)[..], [row] if row.contains("jane") && row.contains("\"Sales\"")), "{text}");
    let arguments = fs::read_to_string(checkout.path().join("comment.args")).unwrap();
    assert_eq!(arguments.lines().take(4).collect::<Vec<_>>(), ["pr", "comment", "7", "--edit-last"]);
    let (code, text, output) = comment(&[("jane", json!({})), ("taken", json!({}))]);
    assert_eq!(code, Some(1), "{output:?}");
    assert!(matches!(rows(&text)[..], [row] if row.contains("taken") && row.contains("Conflict")), "{text}");
    assert_eq!(comment(&[("jane", json!({}))]).0, Some(0));

    let missing = ["curl", "jq"].into_iter().find(|name| Command::new(name).arg("--version").output().is_err());
    if let Some(program) = missing {
        let _ = writeln!(stderr(), "LEFT OUT: the pipeline for GitLab: {program} is not installed");
        return;
    }
    let script = pipeline("GitLab CI");
    let script: Vec<&str> = script["plan"]["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let (script, notes) = (script.join("\n"), Notes::new(Mutex::new(vec!["Looks good to me".to_owned()])));
    let variables = [
        ("CI_API_V4_URL", gitlab(&notes)),
        ("CI_PROJECT_ID", "42".to_owned()),
        ("CI_MERGE_REQUEST_IID", "7".to_owned()),
        ("COMMENT_TOKEN", "of-the-team".to_owned()),
    ];
    for (users, code, said) in [
        (vec![("jane", sales)], 0, "Sales"),
        (vec![("taken", json!({}))], 1, "Conflict"),
        (vec![("jane", json!({}))], 0, "1 as they"),
    ] {
        checkout.users(&users);
        let output = checkout.run(&script, &variables);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let notes = notes.lock().unwrap().clone();
        assert_eq!((notes.len(), &*notes[0]), (2, "Looks good to me"), "{notes:?}");
        assert!(notes[1].contains(said), "{notes:?}");
    }
}
