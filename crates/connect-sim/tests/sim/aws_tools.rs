//! The aws CLI and boto3, unchanged, against the program.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::program::Program;

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python");

/// Returns the directory for build results, outside the checkout.
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home directory")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("connect-operator")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns a Python with the pinned tools. The first caller creates it while others wait. An incomplete one is created again.
fn python() -> PathBuf {
    let requirements = Path::new(TOOLS).join("requirements.txt");
    let hash: String = Sha256::digest(fs::read(&requirements).unwrap()).iter().take(8).map(|b| format!("{b:02x}")).collect();
    let home = cache().join(format!("python-{hash}"));
    fs::create_dir_all(cache()).unwrap();
    let lock = File::create(cache().join(format!("python-{hash}.lock"))).unwrap();
    lock.lock().unwrap();
    let python = home.join("bin/python");
    let complete = home.join("complete");
    if !complete.exists() {
        if home.exists() {
            fs::remove_dir_all(&home).unwrap();
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"];
        run(Command::new(&python).args(pip).arg(&requirements));
        fs::write(complete, "").unwrap();
    }
    python
}

#[test]
fn the_aws_cli_and_boto3_work_unchanged() {
    let python = python();
    let program = Program::start(&["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/sample.yaml")]);
    let home = tempfile::tempdir().unwrap();
    run(Command::new(python)
        .arg(Path::new(TOOLS).join("aws_tools.py"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("AWS_DEFAULT_REGION", "us-west-2")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_PAGER", "")
        .env("SIMULATOR", &program.url));
}
