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
    _remover: AtTheEnd,
}

impl Scratch {
    pub(crate) fn create() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("control-plane-").tempdir().context("cannot create a directory")?;
        let remover = AtTheEnd::run(REMOVE_AT_THE_END, directory.path())?;
        Ok(Self { path: directory.keep(), _remover: remover })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A shell script that waits for the end of its standard input, which comes when this is dropped or this process ends.
#[derive(Debug)]
pub(crate) struct AtTheEnd(Child);

impl AtTheEnd {
    /// Starts the script with one argument.
    pub(crate) fn run(script: &str, argument: &Path) -> Result<Self> {
        let mut shell = supervised::shell(script);
        let shell = shell.arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        shell.map(Self).context("cannot start /bin/sh")
    }
}

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        supervised::end(&mut self.0);
    }
}
