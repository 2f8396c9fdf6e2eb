//! `cargo xtask compiled-once`: the commands of the README share every compiled dependency.
//!
//! Cargo compiles a dependency again if a command selects other packages and these enable other features. This check runs the
//! commands' builds and compares the files that cargo reports, so it sees every cause of a second compilation. It costs a few
//! seconds once everything is built.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::{
    programs::{self, Artifact},
    repository,
};

/// The builds of `cargo xtask demo` and of `cargo test`. All of them must take their dependencies from [`EVERYTHING`].
const BUILDS: [&[&str]; 3] = [&["build", "--package", "xtask"], &programs::BUILD, &["test", "--no-run"]];
const EVERYTHING: &[&str] = &["test", "--workspace", "--no-run"];

/// The compiled files of each dependency: its package and target, and the paths.
type Artifacts = BTreeMap<String, BTreeSet<String>>;

/// Builds, and fails if a dependency is compiled differently for two commands.
///
/// # Errors
/// A dependency is compiled twice, or a build fails.
pub fn check() -> Result<()> {
    let everything = artifacts(EVERYTHING)?;
    let mut twice = BTreeSet::new();
    for arguments in BUILDS {
        let different = different(&artifacts(arguments)?, &everything);
        println!("cargo {}: compiles {} dependencies again", arguments.join(" "), different.len());
        twice.extend(different);
    }
    println!("cargo {}: {} dependencies in all", EVERYTHING.join(" "), everything.len());
    if !twice.is_empty() {
        bail!(
            "compiled twice, since the commands enable different features (see xtask/Cargo.toml): {}",
            twice.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Returns the dependencies of which one build uses other files than those of `everything`.
fn different(build: &Artifacts, everything: &Artifacts) -> BTreeSet<String> {
    let shared =
        |dependency: &String, files: &BTreeSet<String>| everything.get(dependency).is_some_and(|all| files.is_subset(all));
    build.iter().filter(|(dependency, files)| !shared(dependency, files)).map(|(dependency, _)| dependency.clone()).collect()
}

fn artifacts(arguments: &[&str]) -> Result<Artifacts> {
    let mut command = repository::cargo();
    command.args(arguments).arg("--message-format=json-render-diagnostics");
    Ok(parse(&programs::messages(&mut command)?))
}

/// Reads cargo's messages. Packages of the workspace are left out.
fn parse(messages: &str) -> Artifacts {
    let mut artifacts = Artifacts::new();
    for Artifact { package_id, target, filenames, .. } in programs::artifacts(messages) {
        if let Some((_, package)) = package_id.strip_prefix("registry+").and_then(|id| id.split_once('#')) {
            artifacts.entry(format!("{package} ({})", target.kind.join(", "))).or_default().extend(filenames);
        }
    }
    artifacts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(file: &str) -> Artifacts {
        let messages = [
            format!(r#"{{"reason":"compiler-artifact","package_id":"registry+https://i.example#rand@0.9.5","target":{{"name":"rand","kind":["lib"]}},"filenames":["{file}"]}}"#),
            r#"{"reason":"compiler-artifact","package_id":"path+file:///r#xtask@0.1.0","target":{"name":"xtask","kind":["bin"]},"filenames":["xtask"]}"#.to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        parse(&messages.join("\n"))
    }

    #[test]
    fn a_dependency_in_another_file_counts_as_compiled_twice() {
        assert_eq!(different(&built("librand-1.rlib"), &built("librand-2.rlib")), ["rand@0.9.5 (lib)".to_owned()].into());
        assert_eq!(different(&built("librand-1.rlib"), &built("librand-1.rlib")), BTreeSet::new());
        assert_eq!(different(&built("librand-1.rlib"), &Artifacts::new()).len(), 1);
    }
}
