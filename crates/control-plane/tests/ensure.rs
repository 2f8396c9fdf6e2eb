//! Finding and building the programs, with a Go that only pretends.

#![expect(clippy::unwrap_used, reason = "a test ends where its preparations fail")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const PROGRAMS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/// What a Go does: tells its version, or notes the build and its environment and makes the file. If there is a file `hold`,
/// it waits with the build of the named program until that is gone. Only a shell's built-ins are used, so `PATH` is free.
const GO: &str = r#"#!/bin/sh
if [ "$1" = env ]; then echo go1.99.1; exit; fi
while [ "$1" != -o ]; do shift; done
echo "${2##*/} $3 GOFLAGS=$GOFLAGS GOTOOLCHAIN=$GOTOOLCHAIN CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS" >>"$WORLD/builds"
while [ -e "$WORLD/hold" ] && read -r held <"$WORLD/hold" && [ "$held.unfinished" = "${2##*/}" ]; do /bin/sleep 0.02; done
echo program >"$2"
"#;

/// A cache, a `PATH` with nothing but what a test puts there, and a place where the pretending programs take notes.
struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(world.path("path")).unwrap();
        world
    }

    fn with_go() -> Self {
        let world = Self::new();
        world.program("go", GO);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        executable(&self.path("path").join(name), script);
    }

    fn ensure(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_control-plane"));
        command
            .arg("ensure")
            .env("CONNECT_OPERATOR_CACHE", self.path("cache"))
            .env("PATH", self.path("path"))
            .env("WORLD", self.directory.path())
            .env_remove("KUBEBUILDER_ASSETS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The programs whose build was begun, in that order.
    fn builds(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.path("builds")).unwrap_or_default();
        notes.lines().map(|line| line.split(".unfinished ").next().unwrap().to_owned()).collect()
    }
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads the child's progress up to a line that contains `text`, and gives the rest to read on.
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
fn builds_each_program_once_whatever_the_environment_says() {
    let world = World::with_go();
    let first = world.ensure().env("GOFLAGS", "-mod=vendor").env("GOTOOLCHAIN", "go1.1").env("GOOS", "plan9").output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    assert_eq!(world.builds(), PROGRAMS);
    let notes = fs::read_to_string(world.path("builds")).unwrap();
    let expected = "kubectl.unfinished k8s.io/kubernetes/cmd/kubectl GOFLAGS=-mod=readonly GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=";
    assert_eq!(notes.lines().last(), Some(expected));

    let directory = String::from_utf8_lossy(&first.stdout).into_owned();
    let mut made: Vec<_> = fs::read_dir(directory.trim()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    assert_eq!(made, PROGRAMS);
    assert!(stderr(&first).contains("building kube-apiserver v1."), "{}", stderr(&first));
    assert!(stderr(&first).contains("(2 of 4)"), "{}", stderr(&first));

    let second = world.ensure().output().unwrap();
    assert!(second.status.success());
    assert_eq!(stderr(&second), "");
    assert_eq!(world.builds().len(), PROGRAMS.len());
}

#[test]
fn two_processes_build_once() {
    let world = World::with_go();
    fs::write(world.path("hold"), "kube-apiserver\n").unwrap();
    let mut first = world.ensure().spawn().unwrap();
    let _rest = read_until(&mut first, "building kube-apiserver");
    let mut second = world.ensure().spawn().unwrap();
    let _rest = read_until(&mut second, "another process is building");
    fs::remove_file(world.path("hold")).unwrap();
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    assert_eq!(world.builds(), PROGRAMS);
}

#[test]
fn an_interrupted_build_keeps_what_was_finished() {
    let world = World::with_go();
    fs::write(world.path("hold"), "kube-controller-manager\n").unwrap();
    let mut killed = world.ensure().spawn().unwrap();
    let _rest = read_until(&mut killed, "building kube-controller-manager");
    while world.builds().len() < 3 {
        thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    fs::remove_file(world.path("hold")).unwrap();

    let output = world.ensure().output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(world.builds(), [&PROGRAMS[..3], &PROGRAMS[2..]].concat());
}

#[test]
fn a_failed_build_shows_what_go_said_and_leaves_no_program() {
    let world = World::new();
    world.program("go", "#!/bin/sh\n[ $1 = env ] && echo go1.99.1 && exit\necho 'no space left on device' >&2\nexit 1\n");
    let output = world.ensure().output().unwrap();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("cannot build etcd"), "{}", stderr(&output));
    assert!(stderr(&output).contains("no space left on device"), "{}", stderr(&output));

    world.program("go", GO);
    assert!(world.ensure().output().unwrap().status.success());
    assert_eq!(world.builds(), PROGRAMS);
}

#[test]
fn an_old_go_is_replaced_by_the_one_of_pypi() {
    let world = World::new();
    world.program("go", "#!/bin/sh\necho go1.25.9\n");
    let mut venv = "#!/bin/sh\necho \"$2\" >>\"$WORLD/python\"\n/bin/mkdir -p \"$4/bin\"\n".to_owned();
    venv += "printf '#!/bin/sh\\necho \"$6\" >>\"$WORLD/python\"\\n/bin/cp \"$WORLD/new-go\" \"${0%%/*}/go\"\\n' >\"$4/bin/python\"\n";
    venv += "/bin/chmod +x \"$4/bin/python\"\n";
    world.program("python3", &venv);
    executable(&world.path("new-go"), GO);

    let output = world.ensure().output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("go1.25.9 on PATH is older than 1."), "{}", stderr(&output));
    assert_eq!(world.builds(), PROGRAMS);
    let python = fs::read_to_string(world.path("python")).unwrap();
    assert!(python.starts_with("venv\ngo-bin==1."), "{python}");
    assert_eq!(python.lines().count(), 2, "{python}");
}

#[test]
fn without_go_and_python_it_says_what_to_install() {
    let world = World::new();
    let output = world.ensure().output().unwrap();
    assert!(!output.status.success());
    let message = stderr(&output);
    for part in ["there is no Go on PATH", "install Go 1.", "python3", "KUBEBUILDER_ASSETS", "kube-controller-manager"] {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

#[test]
fn given_programs_are_used_as_they_are() {
    let world = World::new();
    let assets = world.path("assets");
    fs::create_dir(&assets).unwrap();
    for name in PROGRAMS {
        executable(&assets.join(name), "#!/bin/sh\n");
    }
    let output = world.ensure().env("KUBEBUILDER_ASSETS", &assets).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let directory = String::from_utf8(output.stdout).unwrap();
    assert_eq!(Path::new(directory.trim()), fs::canonicalize(&assets).unwrap());
    assert!(!world.path("cache").exists());

    fs::remove_file(assets.join("kube-controller-manager")).unwrap();
    let output = world.ensure().env("KUBEBUILDER_ASSETS", &assets).output().unwrap();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("kube-controller-manager is missing in "), "{}", stderr(&output));
    assert!(!stderr(&output).contains("etcd"), "{}", stderr(&output));
}
