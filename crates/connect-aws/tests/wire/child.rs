//! A test in a child process, for process-wide state: the environment and the log.

use std::{ffi::OsStr, fs, path::PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

const MARK: &str = "CONNECT_AWS_TEST_CHILD";

/// Returns whether this is such a child process, and not a manual run of ignored tests.
pub(crate) fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// An ignored test to run alone, in an environment with nothing but what is added here.
pub(crate) struct Child {
    home: TempDir,
    command: Command,
}

impl Child {
    pub(crate) fn new(test: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env_clear()
            .env(MARK, "1")
            .env("HOME", home.path())
            .env("AWS_REGION", "ap-south-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .kill_on_drop(true);
        Self { home, command }
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn with_key(self) -> Self {
        self.with("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT").with("AWS_SECRET_ACCESS_KEY", "secret")
    }

    /// Writes a file in its home directory.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the test and returns what it prints.
    pub(crate) async fn output(mut self) -> String {
        let output = self.command.output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("1 passed"), "{text}");
        text
    }
}
