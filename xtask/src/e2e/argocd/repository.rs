//! Git repositories on this machine, from which Argo CD syncs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A repository with a work tree.
pub(super) struct Repository {
    path: PathBuf,
}

impl Repository {
    /// Creates an empty repository, whose branch is `main`.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path)?;
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(repository)
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, or replaces it.
    pub(super) fn write(&self, file: &str, content: &str) -> Result<()> {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
        fs::write(&path, content).with_context(|| path.display().to_string())
    }

    pub(super) fn remove(&self, file: &str) -> Result<()> {
        fs::remove_file(self.path.join(file)).with_context(|| file.to_owned())
    }

    /// Commits all changes, and returns the revision.
    pub(super) fn commit(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    pub(super) fn tag(&self, name: &str) -> Result<()> {
        self.git(&["tag", "--force", name]).map(drop)
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.path);
        // The user's own configuration may require signatures or other hooks.
        command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")]);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "e2e").env(format!("GIT_{role}_EMAIL"), "e2e@example.com");
        }
        let output = command.output().context("cannot run git")?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).context("git printed what is not UTF-8")
    }
}
