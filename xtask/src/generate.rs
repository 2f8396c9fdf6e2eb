//! `cargo xtask generate`: the files that others decide: the code's types, and the chart. Tests fail where they are stale.

mod chart;
mod manifests;
mod values;

use std::fs;

use anyhow::{Context, Result};
use connect_operator::{api, telemetry};

use crate::repository;

/// A file of the repository and what it should be.
type File = (&'static str, String);

pub(crate) fn run() -> Result<()> {
    for file in decided_by_code()? {
        write(&file)?;
    }
    // The chart, which is whole only now, decides these.
    for file in manifests::all()? {
        write(&file)?;
    }
    Ok(())
}

fn decided_by_code() -> Result<Vec<File>> {
    Ok(vec![
        ("crds/connectusers.yaml", api::crd_yaml()?),
        ("docs/api.md", api::reference()),
        ("docs/metrics.md", telemetry::reference()?),
        (chart::DEFINITION, chart::definition()?),
        (chart::README, chart::readme()?),
    ])
}

fn write((path, content): &File) -> Result<()> {
    if committed(path).as_ref() == Some(content) {
        println!("{path}: up to date");
        return Ok(());
    }
    let file = repository::root().join(path);
    fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{path}: written");
    Ok(())
}

/// None for a file that cannot be read: it has to be written.
fn committed(path: &str) -> Option<String> {
    fs::read_to_string(repository::root().join(path)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_what_would_be_generated() {
        let files = decided_by_code().unwrap().into_iter().chain(manifests::all().unwrap());
        let stale: Vec<_> =
            files.filter(|(path, content)| committed(path).as_ref() != Some(content)).map(|(path, _)| path).collect();
        assert!(stale.is_empty(), "stale: {stale:?}; run `cargo xtask generate`");
    }
}
