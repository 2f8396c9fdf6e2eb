//! The demo's directory. The operator's log stays in it; the files with addresses and credentials are removed at the end.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// Files that are useless after the demo.
const TEMPORARY: [&str; 2] = [Directory::ENVIRONMENT, Directory::KUBECONFIG];

/// A directory that no other demo uses.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(super) const ENVIRONMENT: &str = "demo.env";
    pub(super) const KUBECONFIG: &str = "kubeconfig";
    pub(super) const LOG: &str = "operator.log";

    /// Claims a directory for this demo, and creates it if necessary.
    pub(super) fn claim(path: PathBuf) -> Result<Self> {
        let create = || {
            fs::create_dir_all(&path)?;
            fs::canonicalize(&path)
        };
        let path = create().with_context(|| format!("cannot create {}", path.display()))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("cannot write to {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("a demo is already running in {}: choose another directory with --dir", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).context(format!("cannot lock {}", path.display())),
        }
        let directory = Self { path, _lock: lock };
        // A killed demo leaves its files behind.
        directory.clear();
        let _ = fs::remove_file(directory.file(Self::LOG));
        Ok(directory)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the variables with which a shell reaches the demo.
    pub(super) fn write_environment(&self, variables: &[(&str, String)]) -> Result<()> {
        let mut text = String::from("# Valid while the demo runs. In a shell: . demo.env\n");
        for (name, value) in variables {
            text += &format!("export {name}={value}\n");
        }
        let path = self.file(Self::ENVIRONMENT);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn clear(&self) {
        for name in TEMPORARY {
            // If it cannot be removed, it does no harm.
            let _ = fs::remove_file(self.file(name));
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Quotes a word for a shell.
pub(super) fn quoted(word: impl std::fmt::Display) -> String {
    format!("'{}'", word.to_string().replace('\'', r"'\''"))
}
