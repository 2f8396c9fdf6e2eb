//! `cargo xtask generate`: writes the files that are made from the code's types and from the chart. A test fails if one is stale.

mod api_reference;
mod artifact_hub;
mod chart;
mod iam;
mod manifests;
mod metrics_reference;
mod troubleshooting;
mod values;

use std::fs;

use anyhow::{Context, Result};
use connect_operator::api;

pub use self::metrics_reference::example as example_metrics;
use crate::repository;

/// A file's path in the repository and its content.
type File = (&'static str, String);

/// Writes all generated files that are stale.
///
/// # Errors
/// A file cannot be read or written, or Helm cannot be found, built or run.
pub fn run() -> Result<()> {
    for file in from_code()? {
        write(&file)?;
    }
    // These are rendered from the chart, which has just been completed.
    for file in manifests::all()? {
        write(&file)?;
    }
    Ok(())
}

fn from_code() -> Result<Vec<File>> {
    let mut files = vec![
        ("crds/connectusers.yaml", api::crd_yaml()?),
        ("docs/api.md", api_reference::page()),
        ("docs/metrics.md", metrics_reference::page()?),
        ("docs/troubleshooting.md", troubleshooting::page()),
        (chart::DEFINITION, chart::definition()?),
        (chart::SCHEMA, chart::schema()?),
        (chart::README, chart::readme()?),
        (artifact_hub::FILE, artifact_hub::chart()?),
    ];
    files.extend(iam::policies()?);
    Ok(files)
}

/// Returns the manifests whose committed files differ from what the chart renders to.
///
/// # Errors
/// Helm cannot be found, built or run.
pub fn stale_manifests() -> Result<Vec<&'static str>> {
    Ok(stale(manifests::all()?))
}

fn stale(files: Vec<File>) -> Vec<&'static str> {
    files.into_iter().filter(|(path, content)| committed(path).as_ref() != Some(content)).map(|(path, _)| path).collect()
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

/// Returns the file's present content, or None if it cannot be read.
fn committed(path: &str) -> Option<String> {
    fs::read_to_string(repository::root().join(path)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_made_from_code_are_up_to_date() {
        assert_eq!(stale(from_code().unwrap()), [""; 0], "stale: run `cargo xtask generate`");
    }
}
