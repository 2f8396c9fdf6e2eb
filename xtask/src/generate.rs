//! `cargo xtask generate`: the files that the code's types decide. Tests of the operator fail where they are stale.

use std::fs;

use anyhow::{Context, Result};
use connect_operator::{api, iam};

use crate::repository;

pub(crate) fn run() -> Result<()> {
    let mut files = vec![("crds/connectusers.yaml", api::crd_yaml()?), ("docs/api.md", api::reference())];
    files.extend(iam::policies()?);
    for (path, content) in files {
        let file = repository::root().join(path);
        // A file that cannot be read is one that has to be written.
        if fs::read_to_string(&file).is_ok_and(|old| old == content) {
            println!("{path}: up to date");
        } else {
            fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
            println!("{path}: written");
        }
    }
    Ok(())
}
