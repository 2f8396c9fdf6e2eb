//! The demo's directory: logs, which stay, and how to reach what runs, which goes when nothing runs any more.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// What is only good for as long as the demo runs.
const PASSING: [&str; 2] = [Directory::ENVIRONMENT, Directory::KUBECONFIG];

/// A directory that no other demo uses.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(super) const ENVIRONMENT: &str = "demo.env";
    pub(super) const KUBECONFIG: &str = "kubeconfig";

    /// Takes a directory for this demo, which is created if need be.
    pub(super) fn claim(path: PathBuf) -> Result<Self> {
        let create = || {
            fs::create_dir_all(&path)?;
            fs::canonicalize(&path)
        };
        let path = create().with_context(|| format!("cannot create {}", path.display()))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("cannot write to {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("a demo runs in {} already: name another with --dir", path.display()),
            Err(TryLockError::Error(error)) => return Err(error).context(format!("cannot lock {}", path.display())),
        }
        let directory = Self { path, _lock: lock };
        // What an earlier demo left that was killed.
        directory.clear();
        for log in ["operator.log", "simulator.log"] {
            let _ = fs::remove_file(directory.file(log));
        }
        Ok(directory)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what a shell has to know to play on.
    pub(super) fn write_environment(&self, variables: &[(&str, String)]) -> Result<()> {
        let mut text = String::from("# For as long as the demo runs. In a shell: . demo.env\n");
        for (name, value) in variables {
            text += &format!("export {name}={value}\n");
        }
        let path = self.file(Self::ENVIRONMENT);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn clear(&self) {
        for name in PASSING {
            // It may not be there; if it cannot be removed, it does no harm.
            let _ = fs::remove_file(self.file(name));
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A word for a shell that it takes as it is.
pub(super) fn quoted(word: impl std::fmt::Display) -> String {
    format!("'{}'", word.to_string().replace('\'', r"'\''"))
}
