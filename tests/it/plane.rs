//! The control plane itself: its programs work together, and leave nothing behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use control_plane::{Binaries, ControlPlane, Namespace, Options, shared};
use serde_json::Value;

use crate::support::eventually;

fn own_plane(api_server_flags: &[&str]) -> anyhow::Result<ControlPlane> {
    let mut options = Options::new(Binaries::ensure(|_| ())?);
    options.api_server_flags = api_server_flags.iter().map(|flag| (*flag).to_owned()).collect();
    ControlPlane::start(options)
}

/// Returns the command lines that name `directory`.
fn processes_of(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    all.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(directory)).collect()
}

fn programs_of(directory: &Path) -> Vec<&'static str> {
    let processes = processes_of(directory);
    let runs = |program: &&str| processes.iter().any(|line| line.split('\0').next().is_some_and(|path| path.ends_with(*program)));
    ["etcd", "kube-apiserver", "kube-controller-manager"].into_iter().filter(runs).collect()
}

fn address(kubeconfig: &Path) -> String {
    let kubeconfig: Value = serde_json::from_slice(&fs::read(kubeconfig).unwrap()).unwrap();
    kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap().strip_prefix("https://").unwrap().to_owned()
}

#[test]
fn it_is_ready_and_has_the_expected_version() {
    let plane = shared();
    assert_eq!(plane.kubectl().run(&["get", "--raw=/readyz"]).unwrap(), "ok");
    let versions: Value = serde_json::from_str(&plane.kubectl().run(&["version", "--output=json"]).unwrap()).unwrap();
    let server = versions["serverVersion"]["gitVersion"].as_str().unwrap();
    assert_ne!(server, "v0.0.0");
    assert_eq!(versions["clientVersion"]["gitVersion"], server);
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        let binaries = Binaries::ensure(|_| ()).unwrap();
        match fs::read_to_string(binaries.directory().with_file_name("downloaded-version")) {
            Ok(downloaded) => assert_eq!(server, downloaded),
            // The version and a hash name the directory of what was built.
            Err(_) => {
                let directory = binaries.directory().parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
                assert!(directory.starts_with(&format!("{server}-")), "{server}: {directory}");
            }
        }
    }
}

#[test]
fn a_deleted_namespace_disappears_with_its_content() {
    let plane = shared();
    let namespace = Namespace::create(plane, "gone").unwrap();
    assert!(namespace.name().starts_with("gone-"), "{}", namespace.name());
    let kubectl = plane.kubectl();
    kubectl.run(&["create", "configmap", "content", "-n", namespace.name()]).unwrap();
    kubectl.run(&["delete", "namespace", namespace.name(), "--timeout=180s"]).unwrap();
    assert_eq!(kubectl.run(&["get", "namespace", namespace.name(), "--ignore-not-found"]).unwrap(), "");
}

#[test]
fn a_dropped_namespace_is_deleted() {
    let plane = shared();
    let namespace = Namespace::create(plane, "dropped").unwrap();
    let name = namespace.name().to_owned();
    drop(namespace);
    // This command also succeeds if it is gone already.
    plane.kubectl().run(&["wait", "--for=delete", &format!("namespace/{name}"), "--timeout=180s"]).unwrap();
}

#[test]
fn owned_objects_are_deleted_with_their_owner() {
    let plane = shared();
    let namespace = Namespace::create(plane, "owned").unwrap();
    let kubectl = plane.kubectl();
    let get = |output: &str| kubectl.run(&["get", "configmap", "owner", "-n", namespace.name(), output]).unwrap();
    kubectl.run(&["create", "configmap", "owner", "-n", namespace.name()]).unwrap();
    let owned = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "owned", "namespace": namespace.name(), "ownerReferences": [
            { "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": get("--output=jsonpath={.metadata.uid}") },
        ]},
    });
    kubectl.run_with_input(&["apply", "--server-side", "--filename=-"], &owned.to_string()).unwrap();
    kubectl.run(&["delete", "configmap", "owner", "-n", namespace.name()]).unwrap();
    eventually("the owned object is still there", || {
        kubectl.run(&["get", "configmap", "owned", "-n", namespace.name(), "--ignore-not-found"]).unwrap().is_empty()
    });
}

#[test]
fn a_service_account_has_the_rights_of_its_role_only() {
    let plane = shared();
    let namespace = Namespace::create(plane, "rbac").unwrap();
    let name = namespace.name();
    let kubectl = plane.kubectl();
    kubectl.run(&["create", "serviceaccount", "reader", "-n", name]).unwrap();
    kubectl.run(&["create", "role", "reads", "--verb=get,list", "--resource=secrets", "-n", name]).unwrap();
    let account = format!("--serviceaccount={name}:reader");
    let reader = kubectl.with_kubeconfig(&plane.service_account_kubeconfig(name, "reader").unwrap());
    let refused = |arguments: &[&str]| {
        let error = reader.run(arguments).unwrap_err().to_string();
        let expected = format!("forbidden: User \"system:serviceaccount:{name}:reader\" cannot");
        assert!(error.contains(&expected), "{error}");
    };

    refused(&["get", "secrets"]);
    kubectl.run(&["create", "rolebinding", "reader", "--role=reads", &account, "-n", name]).unwrap();
    // The kubeconfig's own namespace is the account's.
    eventually("the binding has no effect", || reader.run(&["get", "secrets"]).is_ok());
    refused(&["create", "secret", "generic", "new"]);
    refused(&["get", "configmaps"]);
    refused(&["get", "secrets", "-n", "kube-system"]);
    let error = plane.service_account_kubeconfig(name, "missing").unwrap_err().to_string();
    assert!(error.contains("\"missing\" not found"), "{error}");
}

#[test]
fn a_restarted_api_server_keeps_address_objects_and_controllers() {
    let plane = own_plane(&[]).unwrap();
    let kubectl = plane.kubectl();
    let namespace = Namespace::create(&plane, "kept").unwrap();
    let before = kubectl.run(&["get", "namespace", namespace.name(), "--output=jsonpath={.metadata.uid}"]).unwrap();

    plane.restart_apiserver().unwrap();
    let after = kubectl.run(&["get", "namespace", namespace.name(), "--output=jsonpath={.metadata.uid}"]).unwrap();
    assert_eq!(after, before);

    plane.stop_apiserver();
    let refused = kubectl.run(&["get", "--raw=/readyz"]).unwrap_err().to_string();
    assert!(refused.contains("connection refused") || refused.contains("was refused"), "{refused}");
    assert_eq!(programs_of(plane.directory()), ["etcd", "kube-controller-manager"]);

    // Another process holds the port for a while. The API server waits for it, since its clients know no other.
    let squatter = TcpListener::bind(address(&plane.admin_kubeconfig())).unwrap();
    let log = plane.directory().join("kube-apiserver.log");
    thread::scope(|scope| {
        let start = scope.spawn(|| plane.start_apiserver());
        eventually("no attempt failed", || fs::read_to_string(&log).unwrap().contains("address already in use"));
        drop(squatter);
        start.join().unwrap().unwrap();
    });
    plane.start_apiserver().unwrap();
    kubectl.run(&["delete", "namespace", namespace.name(), "--timeout=180s"]).unwrap();
}

#[test]
fn a_dropped_control_plane_leaves_nothing() {
    let plane = own_plane(&[]).unwrap();
    let (directory, address) = (plane.directory().to_owned(), address(&plane.admin_kubeconfig()));
    assert_eq!(programs_of(&directory).len(), 3);
    drop(plane);
    assert_eq!(processes_of(&directory), [""; 0]);
    assert!(!directory.exists());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_control_plane_ends_with_a_killed_process() {
    let mut up = Command::new(env!("CARGO_BIN_EXE_control-plane-under-test"))
        .arg("up")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(up.stdout.take().unwrap()).lines().map(Result::unwrap);
    let kubeconfig = lines.find_map(|line| line.strip_prefix("KUBECONFIG=").map(PathBuf::from)).unwrap();
    let (directory, address) = (kubeconfig.parent().unwrap(), address(&kubeconfig));
    assert_eq!(programs_of(directory).len(), 3);
    assert!(TcpStream::connect(&address).is_ok());

    // SIGKILL: no destructor runs and no handler either.
    up.kill().unwrap();
    up.wait().unwrap();
    eventually("a process or a file is left", || processes_of(directory).is_empty() && !directory.exists());
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn a_program_that_does_not_start_is_quoted() {
    let error = format!("{:#}", own_plane(&["--no-such-flag"]).unwrap_err());
    assert!(error.contains("kube-apiserver ended") && error.contains("unknown flag: --no-such-flag"), "{error}");
}
