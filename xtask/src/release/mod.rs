//! `cargo xtask release --dry-run`: all that `.github/workflows/release.yml` makes, by the same scripts. The results go to a registry
//! and are signed with a key. Both exist only while the command runs.

mod registry;
mod signer;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::HumanBytes;

use self::registry::Registry;
use self::signer::Signer;
use crate::e2e::image;
use crate::e2e::steps::Steps;
use crate::screen::{heading, table};
use crate::{repository, screen};

const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The options of `cargo xtask release`.
#[derive(Debug, Args)]
pub struct Release {
    /// Push nothing. Required, because only the workflow releases, when a tag is pushed.
    #[arg(long, required = true)]
    dry_run: bool,

    /// The directory for the results, which must be empty. Default: release-dry-run in Cargo's target directory, which is
    /// emptied.
    #[arg(long)]
    dir: Option<PathBuf>,

    /// This machine's image, as dev/image/build.sh writes it. Default: build it.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
}

impl Release {
    /// Makes a release and verifies it. Returns how the program should end.
    ///
    /// # Errors
    /// Something cannot be made.
    pub fn run(&self) -> Result<ExitCode> {
        let mut steps = Steps::default();
        // Built before any time is taken.
        for program in ["crane", "cosign", "helm"] {
            control_plane::tool(program)?;
        }
        let directory = self.directory()?;
        let scratch = tempfile::tempdir()?;

        heading(&format!("The release {TAG}"));
        match run(&mut script("version.sh", &[TAG])) {
            Ok(_) => screen::tick("the tag would be accepted"),
            Err(error) => say(&format!("NOT READY: the workflow would refuse the tag now: {error:#}")),
        }
        let archive = match &self.archive {
            Some(archive) => fs::canonicalize(archive).with_context(|| archive.display().to_string())?,
            None => match image::build(&mut steps)? {
                Some(archive) => archive,
                None => bail!("this machine cannot build the image: install buildah and musl-tools, or name one with --archive"),
            },
        };
        let arch = repository::architecture()?;
        steps.required(&format!("the image, the program and its lists for {arch}"), || {
            let (directory, archive) = (path(&directory)?, path(&archive)?);
            run(script("platform.sh", &[TAG, arch, directory, archive]).stderr(Stdio::inherit())).map(drop)
        })?;
        let other = if arch == "amd64" { "arm64" } else { "amd64" };
        say(&format!("LEFT OUT: all that is for {other}, because the release builds it on a machine of that platform"));
        steps.required("the licences of all dependencies", || {
            let mut list = Command::new(repository::root().join("dev/cargo-deny.sh"));
            list.args(["--all-features", "list", "--layout", "crate", "--format", "human"]).current_dir(repository::root());
            Ok(fs::write(directory.join("files/licences.txt"), run(list.stderr(Stdio::inherit()))?)?)
        })?;

        heading("Pushed to a registry of this run, and signed with a key of this run");
        let registry = Registry::start(scratch.path())?;
        let signer = Signer::new(scratch.path())?;
        let image = steps.required("the image", || registry.push_image(&directory.join("images"), arch, TAG))?;
        let chart = steps.required("the chart, which names the image by its digest", || {
            run(&mut script("chart.sh", &[digest(&image)?, path(&directory.join("chart"))?]))?;
            registry.push_chart(&directory.join(format!("chart/connect-operator-{}.tgz", env!("CARGO_PKG_VERSION"))))
        })?;
        steps.required("signatures of the image and the chart", || {
            signer.sign(&image)?;
            signer.sign(&chart)
        })?;
        let files = directory.join("files");
        let sums = files.join("SHA256SUMS");
        steps.required("the manifests and SHA256SUMS, with its signature", || {
            run(&mut script("files.sh", &[TAG, digest(&image)?, path(&files)?]))?;
            signer.sign_blob(&sums)
        })?;

        heading("Verified as docs/install.md describes, with the key");
        steps.step("the image", || signer.verify(&registry.name(&format!("connect-operator:{TAG}"))));
        steps.step("the chart", || signer.verify(&registry.name(concat!("charts/connect-operator:", env!("CARGO_PKG_VERSION")))));
        steps.step("SHA256SUMS, and all files by it", || {
            signer.verify_blob(&sums, &sums)?;
            let checked = run(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&files))?;
            Ok(format!("{} files", checked.lines().count()))
        });
        steps.step("another list is refused", || {
            let other = scratch.path().join("SHA256SUMS");
            fs::write(&other, fs::read_to_string(&sums)? + "\n")?;
            ensure!(signer.verify_blob(&other, &sums).is_err(), "cosign accepts it");
            Ok(String::new())
        });
        steps.step("the chart from the registry passes helm lint", || registry.lint_chart(scratch.path()));
        say("LEFT OUT: signatures by the workflow's identity, because only GitHub gives it to the workflow");
        say("LEFT OUT: provenance and the SBOMs' attestations, because GitHub's service signs them");

        heading(&format!("In {}", directory.display()));
        table(&listed(&directory)?);
        Ok(steps.finish())
    }

    /// Returns the absolute path of an empty directory.
    fn directory(&self) -> Result<PathBuf> {
        let directory = match &self.dir {
            Some(directory) => std::path::absolute(directory)?,
            None => repository::target()?.join("release-dry-run"),
        };
        if self.dir.is_none() && directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        ensure!(fs::read_dir(&directory)?.next().is_none(), "{} is not empty", directory.display());
        Ok(directory)
    }
}

fn say(line: &str) {
    screen::say(&format!("  {line}"));
}

/// Returns a command for a script of `dev/release`, with Helm in the `PATH`.
fn script(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(repository::root().join("dev/release").join(name));
    command.args(arguments).current_dir(repository::root());
    let own = control_plane::tool("helm").ok().and_then(|helm| helm.parent().map(Path::to_owned));
    let others = env::var_os("PATH").unwrap_or_default();
    if let Ok(path) = env::join_paths(own.into_iter().chain(env::split_paths(&others))) {
        command.env("PATH", path);
    }
    command
}

/// Runs a command and returns its output.
fn run(command: &mut Command) -> Result<String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed what is not UTF-8"))
}

/// Returns the digest in a reference.
fn digest(reference: &str) -> Result<&str> {
    reference.split_once('@').map(|(_, digest)| digest).with_context(|| format!("{reference} has no digest"))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not UTF-8")
}

/// Returns the files of a directory and its subdirectories with their sizes.
fn listed(directory: &Path) -> Result<Vec<[String; 2]>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?.path();
        for file in fs::read_dir(&entry)? {
            let file = file?.path();
            let name = file.strip_prefix(directory)?.display().to_string();
            files.push([name, HumanBytes(file.metadata()?.len()).to_string()]);
        }
    }
    files.sort();
    Ok(files)
}
