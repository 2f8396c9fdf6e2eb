//! Where the commands that make ConnectUsers write them: one stream on standard output, or the files of a directory.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
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
    /// A directory for one file a user and a kustomization.yaml, instead of one stream on standard output. What an earlier run of this
    /// command has written there is replaced. A file without the line by which this command's files begin is not touched: the command
    /// fails.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,

    /// With --output-dir: name a routing profile that all users of a namespace have in the namespace's kustomization.yaml, not in each
    /// file. A change there moves the whole team, and no file there can name another one.
    #[arg(long, requires = "output_dir")]
    share_routing_profile: bool,
}

impl Output {
    /// Checks, before anything is read, that the directory is new or holds nothing but what the same command has made.
    pub(super) fn check(&self, command: &str) -> anyhow::Result<()> {
        let Some(directory) = self.output_dir.as_deref().filter(|directory| directory.exists()) else { return Ok(()) };
        match foreign(directory, header(command).as_bytes()).with_context(|| named(directory))? {
            Some(path) => bail!(
                "{}: no {command} made {}: move it away, or choose another directory",
                named(directory),
                path.strip_prefix(directory).unwrap_or(&path).display()
            ),
            None => Ok(()),
        }
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

/// Returns a file that does not begin with this header.
fn foreign(directory: &Path, header: &[u8]) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = if entry.file_type()?.is_dir() {
            foreign(&entry.path(), header)?
        } else {
            let mut start = Vec::new();
            File::open(entry.path())?.take(header.len() as u64).read_to_end(&mut start)?;
            (start != header).then(|| entry.path())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
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
