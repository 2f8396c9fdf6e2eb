//! Finding, downloading and building the programs, with a fake Go and a local server of releases.

#![expect(clippy::unwrap_used, reason = "a test ends where its preparations fail")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha512};
use tempfile::TempDir;

const PROGRAMS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/// A fake Go: prints its version, or records the build and its environment and creates the file. If a file `hold` exists, the build
/// of the program named in it waits until the file is removed. It uses only the shell's built-ins, so tests may set any `PATH`.
const GO: &str = r#"#!/bin/sh
if [ "$1" = env ]; then echo go1.99.1; exit; fi
while [ "$1" != -o ]; do shift; done
echo "${2##*/} $3 GOFLAGS=$GOFLAGS GOTOOLCHAIN=$GOTOOLCHAIN CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS" >>"$WORLD/builds"
while [ -e "$WORLD/hold" ] && read -r held <"$WORLD/hold" && [ "$held.unfinished" = "${2##*/}" ]; do /bin/sleep 0.02; done
echo program >"$2"
"#;

/// A cache, a `PATH` that holds only a test's programs, and the files in which these record their calls.
struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(sandbox.path("path")).unwrap();
        sandbox
    }

    fn with_go() -> Self {
        let sandbox = Self::new();
        sandbox.program("go", GO);
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        executable(&self.path("path").join(name), script);
    }

    fn ensure(&self, command: &str) -> Command {
        let mut ensure = Command::new(env!("CARGO_BIN_EXE_control-plane"));
        ensure
            .arg(command)
            .env("CONNECT_OPERATOR_CACHE", self.path("cache"))
            .env("PATH", self.path("path"))
            .env("WORLD", self.directory.path())
            .env("CONNECT_OPERATOR_ENVTEST_INDEX", "")
            .env_remove("KUBEBUILDER_ASSETS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ensure
    }

    /// Like [`Self::ensure`], with downloads from a server of releases.
    fn ensure_from(&self, releases: &Releases, command: &str) -> Command {
        let mut ensure = self.ensure(command);
        ensure.env("CONNECT_OPERATOR_ENVTEST_INDEX", releases.index());
        ensure
    }

    /// Returns the programs whose build was started, in order.
    fn builds(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.path("builds")).unwrap_or_default();
        notes.lines().map(|line| line.split(".unfinished ").next().unwrap().to_owned()).collect()
    }
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a command that must succeed.
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads the child's progress up to a line that contains `text`, and returns the reader for the rest.
fn read_until(child: &mut Child, text: &str) -> BufReader<ChildStderr> {
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no line with {text:?}");
    }
    reader
}

#[test]
fn each_program_is_built_once_in_a_clean_environment() {
    let sandbox = Sandbox::with_go();
    let first =
        sandbox.ensure("ensure").env("GOFLAGS", "-mod=vendor").env("GOTOOLCHAIN", "go1.1").env("GOOS", "plan9").output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    assert_eq!(sandbox.builds(), PROGRAMS);
    let notes = fs::read_to_string(sandbox.path("builds")).unwrap();
    let expected = "kubectl.unfinished k8s.io/kubernetes/cmd/kubectl GOFLAGS=-mod=readonly GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=";
    assert_eq!(notes.lines().last(), Some(expected));

    let directory = String::from_utf8_lossy(&first.stdout).into_owned();
    let mut made: Vec<_> = fs::read_dir(directory.trim()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    assert_eq!(made, PROGRAMS);
    assert!(stderr(&first).contains("building kube-apiserver v1."), "{}", stderr(&first));
    assert!(stderr(&first).contains("(2 of 4)"), "{}", stderr(&first));

    let second = sandbox.ensure("ensure").output().unwrap();
    assert!(second.status.success());
    assert_eq!(stderr(&second), "");
    assert_eq!(sandbox.builds().len(), PROGRAMS.len());
}

#[test]
fn two_processes_share_one_build() {
    let sandbox = Sandbox::with_go();
    fs::write(sandbox.path("hold"), "kube-apiserver\n").unwrap();
    let mut first = sandbox.ensure("ensure").spawn().unwrap();
    let _rest = read_until(&mut first, "building kube-apiserver");
    let mut second = sandbox.ensure("ensure").spawn().unwrap();
    let _rest = read_until(&mut second, "another process is building");
    fs::remove_file(sandbox.path("hold")).unwrap();
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    assert_eq!(sandbox.builds(), PROGRAMS);
}

#[test]
fn finished_programs_of_an_interrupted_build_are_kept() {
    let sandbox = Sandbox::with_go();
    fs::write(sandbox.path("hold"), "kube-controller-manager\n").unwrap();
    let mut killed = sandbox.ensure("ensure").spawn().unwrap();
    let _rest = read_until(&mut killed, "building kube-controller-manager");
    while sandbox.builds().len() < 3 {
        thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    fs::remove_file(sandbox.path("hold")).unwrap();

    succeed(&mut sandbox.ensure("ensure"));
    assert_eq!(sandbox.builds(), [&PROGRAMS[..3], &PROGRAMS[2..]].concat());
}

#[test]
fn a_failed_build_shows_the_error_and_leaves_no_program() {
    let sandbox = Sandbox::new();
    sandbox.program("go", "#!/bin/sh\n[ $1 = env ] && echo go1.99.1 && exit\necho 'no space left on device' >&2\nexit 1\n");
    let output = sandbox.ensure("ensure").output().unwrap();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("cannot build etcd"), "{}", stderr(&output));
    assert!(stderr(&output).contains("no space left on device"), "{}", stderr(&output));

    sandbox.program("go", GO);
    succeed(&mut sandbox.ensure("ensure"));
    assert_eq!(sandbox.builds(), PROGRAMS);
}

#[test]
fn an_old_go_is_replaced_by_the_one_from_pypi() {
    let sandbox = Sandbox::new();
    sandbox.program("go", "#!/bin/sh\necho go1.25.9\n");
    let mut venv = "#!/bin/sh\necho \"$2\" >>\"$WORLD/python\"\n/bin/mkdir -p \"$4/bin\"\n".to_owned();
    venv += "printf '#!/bin/sh\\necho \"$6\" >>\"$WORLD/python\"\\n/bin/cp \"$WORLD/new-go\" \"${0%%/*}/go\"\\n' >\"$4/bin/python\"\n";
    venv += "/bin/chmod +x \"$4/bin/python\"\n";
    sandbox.program("python3", &venv);
    executable(&sandbox.path("new-go"), GO);

    let output = succeed(&mut sandbox.ensure("ensure"));
    assert!(stderr(&output).contains("go1.25.9 on PATH is older than 1."), "{}", stderr(&output));
    assert_eq!(sandbox.builds(), PROGRAMS);
    let python = fs::read_to_string(sandbox.path("python")).unwrap();
    assert!(python.starts_with("venv\ngo-bin==1."), "{python}");
    assert_eq!(python.lines().count(), 2, "{python}");
}

#[test]
fn without_go_and_python_the_error_says_what_to_install() {
    let sandbox = Sandbox::new();
    let output = sandbox.ensure("ensure").output().unwrap();
    assert!(!output.status.success());
    let message = stderr(&output);
    for part in ["there is no Go on PATH", "install Go 1.", "python3", "KUBEBUILDER_ASSETS", "kube-controller-manager"] {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

#[test]
fn programs_in_kubebuilder_assets_are_used_as_they_are() {
    let sandbox = Sandbox::new();
    let assets = sandbox.path("assets");
    fs::create_dir(&assets).unwrap();
    PROGRAMS.iter().for_each(|name| executable(&assets.join(name), "#!/bin/sh\n"));
    let releases = Releases::serve(&wanted_version(), Delivery::Complete);
    let output = succeed(sandbox.ensure_from(&releases, "ensure").env("KUBEBUILDER_ASSETS", &assets));
    let directory = String::from_utf8(output.stdout).unwrap();
    assert_eq!(Path::new(directory.trim()), fs::canonicalize(&assets).unwrap());
    assert!(!sandbox.path("cache").exists());
    assert_eq!(*releases.requests.lock().unwrap(), [""; 0]);

    fs::remove_file(assets.join("kube-controller-manager")).unwrap();
    let output = sandbox.ensure("ensure").env("KUBEBUILDER_ASSETS", &assets).output().unwrap();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("kube-controller-manager is missing in "), "{}", stderr(&output));
    assert!(!stderr(&output).contains("etcd"), "{}", stderr(&output));
}

/// A server with the layout of envtest's releases: an index and archives.
struct Releases {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// How the server sends an archive.
#[derive(Clone, Copy, PartialEq)]
enum Delivery {
    Complete,
    /// Closes the connection half-way.
    Truncated,
    /// Sends half of it and then nothing, for as long as the client waits.
    Stalled,
    /// Changes a byte of it.
    Corrupt,
}

impl Releases {
    /// Serves one release.
    fn serve(version: &str, delivery: Delivery) -> Self {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for name in ["etcd", "kube-apiserver", "kubectl"] {
            let content = format!("published {name}");
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            archive.append_data(&mut header, format!("controller-tools/envtest/{name}"), content.as_bytes()).unwrap();
        }
        let mut archive = archive.into_inner().unwrap().finish().unwrap();
        let sum: String = Sha512::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
        if delivery == Delivery::Corrupt {
            *archive.last_mut().unwrap() ^= 1;
        }

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let platform = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let name = format!("envtest-{version}-{platform}-{architecture}.tar.gz");
        let index = format!("releases:\n  {version}:\n    {name}:\n      hash: {sum}\n      selfLink: {url}/{version}/{name}\n");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let served = Self { url, requests: requests.clone() };
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
                let request = lines.next().unwrap().unwrap();
                while !lines.next().unwrap().unwrap().is_empty() {}
                let path = request.split(' ').nth(1).unwrap().to_owned();
                let is_index = path == "/index.yaml";
                requests.lock().unwrap().push(path);
                let body = if is_index { index.as_bytes() } else { &archive };
                let sent = if is_index || matches!(delivery, Delivery::Complete | Delivery::Corrupt) {
                    body.len()
                } else {
                    body.len() / 2
                };
                write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
                connection.write_all(&body[..sent]).unwrap();
                if !is_index && delivery == Delivery::Stalled {
                    // The client's end closes the connection.
                    drop(lines.next());
                }
            }
        });
        served
    }

    fn index(&self) -> String {
        format!("{}/index.yaml", self.url)
    }
}

/// The version of Kubernetes that the recipe names.
fn wanted_version() -> String {
    let go_mod = include_str!("../../../dev/control-plane/go.mod");
    let version = go_mod.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v")).unwrap();
    format!("v{}", version.split(' ').next().unwrap())
}

/// The files in the cache, but for the lock, without the directory of the version.
fn cached(sandbox: &Sandbox) -> Vec<String> {
    let mut open = vec![sandbox.path("cache/control-plane")];
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => open.push(entry),
                false => files.push(entry.strip_prefix(sandbox.path("cache/control-plane")).unwrap().to_owned()),
            }
        }
    }
    let below = |path: &PathBuf| path.iter().skip(1).collect::<PathBuf>().to_str().unwrap().to_owned();
    let mut files: Vec<_> = files.iter().map(below).filter(|path| !path.is_empty()).collect();
    files.sort();
    files
}

#[test]
fn published_programs_are_downloaded_and_nothing_needs_go() {
    let releases = Releases::serve(&wanted_version(), Delivery::Complete);
    let sandbox = Sandbox::new();
    let ensure = || succeed(&mut sandbox.ensure_from(&releases, "ensure-api-server"));
    let output = ensure();
    assert_eq!(stderr(&output), format!("downloading etcd, kube-apiserver and kubectl {}\n", wanted_version()));
    let directory = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    for name in ["etcd", "kube-apiserver", "kubectl"] {
        assert_eq!(fs::read_to_string(directory.join(name)).unwrap(), format!("published {name}"));
        assert_eq!(fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777, 0o755);
    }
    assert_eq!(cached(&sandbox), ["bin/etcd", "bin/kube-apiserver", "bin/kubectl", "downloaded-version"]);

    let requests = releases.requests.lock().unwrap().len();
    assert_eq!(stderr(&ensure()), "");
    assert_eq!(releases.requests.lock().unwrap().len(), requests, "the cache is enough");
}

#[test]
fn only_the_controllers_are_built_beside_published_programs() {
    let releases = Releases::serve(&wanted_version(), Delivery::Complete);
    let sandbox = Sandbox::with_go();
    succeed(&mut sandbox.ensure_from(&releases, "ensure"));
    assert_eq!(sandbox.builds(), ["kube-controller-manager"]);
}

#[test]
fn the_nearest_patch_release_is_taken_and_named() {
    let wanted = wanted_version();
    let nearest = format!("{}.99", wanted.rsplit_once('.').unwrap().0);
    let releases = Releases::serve(&nearest, Delivery::Complete);
    let sandbox = Sandbox::new();
    let output = succeed(&mut sandbox.ensure_from(&releases, "ensure-api-server"));
    assert!(stderr(&output).contains(&format!("kubectl {nearest} (the nearest release to {wanted})")), "{}", stderr(&output));
}

#[test]
fn a_bad_download_leaves_nothing_and_the_programs_are_built() {
    for (delivery, reason) in [(Delivery::Corrupt, "SHA-512"), (Delivery::Truncated, "not downloaded, so built from source: ")] {
        let releases = Releases::serve(&wanted_version(), delivery);
        let sandbox = Sandbox::with_go();
        let output = succeed(&mut sandbox.ensure_from(&releases, "ensure"));
        assert_eq!(stderr(&output).matches(reason).count(), 1, "{}", stderr(&output));
        assert_eq!(sandbox.builds(), PROGRAMS);
        assert!(!cached(&sandbox).iter().any(|file| file.contains("download")), "{:?}", cached(&sandbox));
    }
}

#[test]
fn an_unreachable_index_costs_one_line() {
    // Nothing listens there any more.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = Sandbox::with_go();
    let index = format!("http://{address}/index.yaml");
    let output = succeed(sandbox.ensure("ensure").env("CONNECT_OPERATOR_ENVTEST_INDEX", &index));
    assert_eq!(sandbox.builds(), PROGRAMS);
    let first = stderr(&output).lines().next().unwrap().to_owned();
    assert!(first.starts_with(&format!("not downloaded, so built from source: {index}: ")), "{first}");
}

#[test]
fn a_killed_download_leaves_no_program() {
    let stalled = Releases::serve(&wanted_version(), Delivery::Stalled);
    let sandbox = Sandbox::new();
    let mut killed = sandbox.ensure_from(&stalled, "ensure-api-server").spawn().unwrap();
    let _rest = read_until(&mut killed, "downloading");
    while !cached(&sandbox).contains(&"download.unfinished/archive".to_owned()) {
        thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!cached(&sandbox).iter().any(|file| file.starts_with("bin/")), "{:?}", cached(&sandbox));

    let complete = Releases::serve(&wanted_version(), Delivery::Complete);
    succeed(&mut sandbox.ensure_from(&complete, "ensure-api-server"));
    assert_eq!(cached(&sandbox), ["bin/etcd", "bin/kube-apiserver", "bin/kubectl", "downloaded-version"]);
}
