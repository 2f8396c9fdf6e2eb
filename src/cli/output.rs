//! Where the commands that make ConnectUsers write them: one stream on standard output, or the files of a directory.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;

use super::{
    manifests::{Manifest, Shared, files, stream},
    stdout,
};

/// How the files begin that a command has made and may replace.
const HEADER: &str = "# Made by `connect-operator ";

#[derive(Debug, Default, Args)]
pub(super) struct Output {
    /// A directory for one file a user and a kustomization.yaml, instead of one stream on standard output. A directory that an earlier
    /// run of this command has made is replaced.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// With --output-dir: name a routing profile that all users of a namespace have in the namespace's kustomization.yaml, not in each
    /// file. A change there moves the whole team, and no file there can name another one.
    #[arg(long, requires = "output_dir")]
    share_routing_profile: bool,
}

impl Output {
    /// Checks, before anything is read, that the directory is new, empty, or holds nothing but what the same command has made.
    pub(super) fn check(&self, command: &str) -> anyhow::Result<()> {
        let Some(directory) = self.output_dir.as_deref().filter(|directory| directory.exists()) else { return Ok(()) };
        let entries: Vec<_> = fs::read_dir(directory).and_then(Iterator::collect).with_context(|| named(directory))?;
        let kustomization = fs::read_to_string(directory.join("kustomization.yaml")).unwrap_or_default();
        if !entries.is_empty() && !kustomization.starts_with(&header(command)) {
            bail!("{}: the directory is not empty, and no {command} made it", named(directory));
        }
        foreign(directory)
            .map_or(Ok(()), |path| bail!("{}: {} is not of an {command}: move it away", named(directory), path.display()))
    }

    /// Writes the manifests.
    pub(super) fn write(&self, command: &str, manifests: &[Manifest]) -> anyhow::Result<()> {
        match &self.output_dir {
            Some(directory) => {
                let shared = if self.share_routing_profile { Shared::RoutingProfile } else { Shared::Instance };
                replace(directory, &files(manifests, &header(command), shared)?)?;
                eprintln!("{} ConnectUsers are in {}", manifests.len(), directory.display());
            }
            None => stdout::write(&stream(manifests)?)?,
        }
        Ok(())
    }
}

fn header(command: &str) -> String {
    format!("{HEADER}{command}`.\n")
}

fn named(directory: &Path) -> String {
    format!("--output-dir {}", directory.display())
}

/// Returns a file that no command has made.
fn foreign(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?;
    entries.flatten().map(|entry| entry.path()).find_map(|path| match path.is_dir() {
        true => foreign(&path),
        false => (path.extension().is_none_or(|extension| extension != "yaml")).then_some(path),
    })
}

/// Writes the files beside the directory and then puts them in its place, so that it never holds half of them.
fn replace(directory: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let beside = |what: &str| {
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        directory.with_file_name(format!(".{name}.{what}"))
    };
    let (new, old) = (beside("new"), beside("old"));
    let write = || {
        for (path, text) in files {
            let path = new.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, text)?;
        }
        if directory.exists() {
            // An export that was killed leaves it behind.
            let _ = fs::remove_dir_all(&old);
            fs::rename(directory, &old)?;
        }
        fs::rename(&new, directory)?;
        if old.exists() { fs::remove_dir_all(&old) } else { Ok(()) }
    };
    let _ = fs::remove_dir_all(&new);
    write().inspect_err(|_| _ = fs::remove_dir_all(&new)).with_context(|| named(directory))
}
