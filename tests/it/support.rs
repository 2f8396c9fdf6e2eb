//! Shared by the tests: one control plane with the ConnectUser's definition in it, and a way to wait for a state.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{LazyLock, OnceLock},
    time::{Duration, Instant},
};

use connect_operator::api::crd_yaml;
use control_plane::{Binaries, ControlPlane, Namespace, Options};
use kube::Client;
use testbed::installation;

/// Longer than any state takes to come: only a failing test waits this long.
pub const PATIENCE: Duration = Duration::from_secs(180);
pub const POLL: Duration = Duration::from_millis(50);

/// Returns the control plane of all tests, which serves ConnectUsers.
pub fn plane() -> &'static ControlPlane {
    static SERVES: OnceLock<()> = OnceLock::new();
    let plane = control_plane::shared();
    SERVES.get_or_init(|| define(plane, &crd_yaml().unwrap()));
    plane
}

/// Starts a control plane for one test whose actions would disturb others.
pub fn own_plane() -> ControlPlane {
    let plane = own_control_plane();
    define(&plane, &crd_yaml().unwrap());
    plane
}

/// Starts a control plane for one test, without the definition of ConnectUser.
pub fn own_control_plane() -> ControlPlane {
    ControlPlane::start(Options::new(Binaries::ensure(|_| ()).unwrap())).unwrap()
}

/// Installs a definition of ConnectUser, and waits until the API server serves the resource and its short names.
pub fn define(plane: &ControlPlane, definition: &str) {
    installation::install(plane, definition).unwrap();
    eventually("ConnectUsers are served", || plane.kubectl().run(&["get", "cuser", "--all-namespaces"]).is_ok());
}

/// Returns the path of a file or directory of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().unwrap().join(path)
}

pub fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

/// Creates a namespace of the shared control plane for one test.
pub fn namespace(prefix: &str) -> Namespace<'static> {
    Namespace::create(plane(), prefix).unwrap()
}

/// Returns a client of the shared control plane that may do everything. It belongs to the runtime in which it was created.
pub async fn client() -> Client {
    installation::client(&plane().admin_kubeconfig()).await.unwrap()
}

/// Waits for a state that must come.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(POLL);
    }
}

/// Returns the texts of all files in a directory, by path in it.
pub fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

/// Returns the program to test: that of this build, or the one that `OPERATOR_UNDER_TEST` names, such as a released one.
pub fn operator_under_test() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        std::env::var_os("OPERATOR_UNDER_TEST").unwrap_or_else(|| env!("CARGO_BIN_EXE_operator-under-test").into()).into()
    });
    &PROGRAM
}
