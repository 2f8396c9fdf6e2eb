//! A temporary directory that is removed with its owner, even if the owner is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::supervised;

/// Programs may write until the signal reaches them, so that a removal fails half-way. Hence the retries.
const REMOVE_AT_THE_END: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$1" && exit
    sleep 1
done
"#;

/// A directory that only its user can enter; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    remover: Child,
}

impl Scratch {
    pub(crate) fn create() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("control-plane-").tempdir().context("cannot create a directory")?;
        let remover = supervised::shell(REMOVE_AT_THE_END)
            .arg(directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start /bin/sh")?;
        Ok(Self { path: directory.keep(), remover })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        supervised::end(&mut self.remover);
    }
}
