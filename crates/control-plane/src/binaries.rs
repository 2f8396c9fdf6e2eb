//! Finds the programs: in `KUBEBUILDER_ASSETS`, or in the cache, into which they are downloaded or built on first use.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::download;
use crate::go::{self, Go};
use crate::recipe::{CONTROL_PLANE, Module, OLDEST_CONTROL_PLANE, Program, TOOLS};
use crate::supervised::Supervised;

/// Returns the path of a program that checks what the operator or the repository contains. It is found, or built as
/// [`Binaries::ensure`] does: `judge`, which assesses a resource as kstatus and Argo CD do (`dev/gitops/main.go`), `helm`, `helm3`,
/// `promtool`, which checks alerts and their queries, `actionlint`, which checks workflows, `argocd`, `crane`, `cosign`,
/// and those of a node.
///
/// # Errors
/// There is no Go and none can be installed, or a build fails.
pub fn tool(name: &str) -> Result<PathBuf> {
    static FOUND: [OnceLock<Binaries>; TOOLS.len()] = [const { OnceLock::new() }; TOOLS.len()];
    let mut modules = TOOLS.into_iter().zip(&FOUND);
    let module = modules.find(|(module, _)| module.programs.iter().any(|program| program.name == name));
    let (module, found) = module.with_context(|| format!("there is no recipe for {name}"))?;
    if found.get().is_none() {
        // If several threads come here, one of them builds, and the others wait for its lock.
        let _ = found.set(Binaries::cached(module, module.programs.iter().collect(), &print)?);
    }
    found.get().map(|binaries| binaries.program(name)).context("it was just set")
}

/// The variable that selects the version of the control plane: newest (the default) or oldest.
const VERSION: &str = "CONNECT_OPERATOR_KUBERNETES";

/// Prints a line of progress. The test harness would show the output of `eprintln!` only if the test fails.
pub(crate) fn print(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A directory with the programs of a control plane (etcd, kube-apiserver, kube-controller-manager and kubectl), or with tools.
#[derive(Clone, Debug)]
pub struct Binaries {
    module: &'static Module,
    /// The programs of the module that the caller needs.
    programs: Vec<&'static Program>,
    directory: PathBuf,
}

impl Binaries {
    /// Finds the control plane's programs, downloads them, or builds them. `progress` receives a line for each long step.
    ///
    /// `KUBEBUILDER_ASSETS`, the convention of envtest, names a directory to use as it is. Otherwise `CONNECT_OPERATOR_KUBERNETES`
    /// selects the `newest` version (the default) or the `oldest` that the tests know. Its programs are kept in
    /// `$CONNECT_OPERATOR_CACHE` (default: `connect-operator` in the user's cache directory), by version. Those that envtest
    /// publishes are downloaded if possible: see [`ensure_api_server`](Self::ensure_api_server). The rest is built from Go
    /// modules. A process waits while another one builds, and uses its results; the finished part of an interrupted build is kept.
    ///
    /// # Errors
    /// A program is missing in `KUBEBUILDER_ASSETS`, there is no Go and none can be installed, or a build fails.
    pub fn ensure(progress: impl Fn(&str)) -> Result<Self> {
        Self::control_plane(CONTROL_PLANE.programs.iter().collect(), &progress)
    }

    /// Like [`ensure`](Self::ensure), but without kube-controller-manager, which envtest does not publish: with access to its
    /// releases, nothing has to be built. `CONNECT_OPERATOR_ENVTEST_INDEX` names another index of releases, in the format of
    /// controller-tools' `envtest-releases.yaml`; if it is set but empty, nothing is downloaded.
    ///
    /// # Errors
    /// See [`ensure`](Self::ensure).
    pub fn ensure_api_server(progress: impl Fn(&str)) -> Result<Self> {
        let published = CONTROL_PLANE.programs.iter().filter(|program| download::PUBLISHED.contains(&program.name));
        Self::control_plane(published.collect(), &progress)
    }

    fn control_plane(programs: Vec<&'static Program>, progress: &dyn Fn(&str)) -> Result<Self> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        if let Some(assets) = variable("KUBEBUILDER_ASSETS") {
            return Self::given(programs, PathBuf::from(assets));
        }
        let module = match variable(VERSION).map(|version| version.to_string_lossy().into_owned()).as_deref() {
            None | Some("newest") => &CONTROL_PLANE,
            Some("oldest") => &OLDEST_CONTROL_PLANE,
            Some(other) => bail!("{VERSION} is {other:?}, and must be newest or oldest"),
        };
        Self::cached(module, programs, progress)
    }

    fn cached(module: &'static Module, programs: Vec<&'static Program>, progress: &dyn Fn(&str)) -> Result<Self> {
        let cache = cache()?.join("control-plane");
        let version = cache.join(module.key());
        let binaries = Self { module, programs, directory: version.join("bin") };
        if binaries.missing().next().is_some() {
            fs::create_dir_all(&binaries.directory).with_context(|| format!("cannot create {}", version.display()))?;
            let _lock = lock(&cache.join("lock"), progress)?;
            binaries.complete(&cache, &version, progress)?;
        }
        Ok(binaries)
    }

    fn given(programs: Vec<&'static Program>, directory: PathBuf) -> Result<Self> {
        let binaries = Self { module: &CONTROL_PLANE, programs, directory };
        let missing: Vec<_> = binaries.missing().map(|program| program.name).collect();
        if !missing.is_empty() {
            bail!(
                "KUBEBUILDER_ASSETS: {} is missing in {}; unset the variable to download or build it",
                missing.join(", "),
                binaries.directory.display()
            );
        }
        // A relative path is relative to this process's directory; the programs run in another.
        let directory = fs::canonicalize(&binaries.directory).context("KUBEBUILDER_ASSETS")?;
        Ok(Self { directory, ..binaries })
    }

    /// Returns the path of a program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory that holds the programs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn missing(&self) -> impl Iterator<Item = &'static Program> {
        self.programs.iter().copied().filter(|program| !self.program(program.name).is_file())
    }

    /// Returns where a file of the module is kept.
    fn file(&self, path: &str) -> PathBuf {
        self.directory.join(Path::new(path).file_name().unwrap_or_default())
    }

    /// Downloads or builds the missing programs. The caller holds the lock.
    fn complete(&self, cache: &Path, version: &Path, progress: &dyn Fn(&str)) -> Result<()> {
        // Another process may have completed them while this one waited for the lock.
        if self.missing().any(|program| self.module.is_published(program)) {
            let installed = download::install(self.module.main_version(), version, &self.directory, progress);
            if let Err(error) = installed {
                progress(&format!("not downloaded, so built from source: {error:#}"));
            }
        }
        if self.missing().next().is_some() { self.build(cache, version, progress) } else { Ok(()) }
    }

    fn build(&self, cache: &Path, version: &Path, progress: &dyn Fn(&str)) -> Result<()> {
        let Module { go_mod, go_sum, sources, .. } = self.module;
        let go = go::find(self.module, cache, progress)?;
        for (name, content) in [("go.mod", *go_mod), ("go.sum", *go_sum)].iter().chain(*sources) {
            fs::write(version.join(name), content)?;
        }
        // Before the last program, since a directory with all programs counts as complete.
        self.copy_files(&go, version)?;
        for program in self.missing() {
            let position = self.programs.iter().position(|other| other.name == program.name).map_or(0, |index| index + 1);
            let cores = thread::available_parallelism().map_or(1, usize::from);
            progress(&format!(
                "building {} {} ({position} of {}); about {} on {cores} cores where Go's build cache is empty",
                program.name,
                self.module.version(program),
                self.programs.len(),
                program.estimate(cores as u64)
            ));
            self.build_one(&go, program, version, progress).with_context(|| format!("cannot build {}", program.name))?;
        }
        Ok(())
    }

    /// Copies the files of the module, from where Go keeps its modules.
    fn copy_files(&self, go: &Go, version: &Path) -> Result<()> {
        if self.module.files.is_empty() {
            return Ok(());
        }
        let module = self.module.named_by();
        let mut command = Command::new(&go.program);
        command.args(["mod", "download", "-json", module]).envs(go.environment()).current_dir(version);
        let downloaded = command.output().context("cannot run go")?;
        let downloaded: Downloaded = serde_json::from_slice(&downloaded.stdout).with_context(|| module.to_owned())?;
        for path in self.module.files {
            fs::copy(downloaded.dir.join(path), self.file(path)).with_context(|| format!("{path} of {module}"))?;
        }
        Ok(())
    }

    fn build_one(&self, go: &Go, program: &Program, version: &Path, progress: &dyn Fn(&str)) -> Result<()> {
        let unfinished = self.program(&format!("{}.unfinished", program.name));
        let mut arguments = vec!["build".to_owned()];
        arguments.extend(self.module.build_flags());
        let output = unfinished.to_str().context("the cache's path is not valid UTF-8")?;
        arguments.extend(["-o".to_owned(), output.to_owned(), program.package.to_owned()]);

        let log = version.join("build.log");
        let began = Instant::now();
        let mut build = Supervised::spawn(&go.program, &arguments, &log, |command| {
            command.current_dir(version).envs(go.environment()).env_remove("GOOS").env_remove("GOARCH");
        })?;
        let mut reported = 0;
        let status = loop {
            if let Some(status) = build.exited()? {
                break status;
            }
            let minutes = began.elapsed().as_secs() / 60;
            if minutes > reported {
                reported = minutes;
                progress(&format!("still building {} ({minutes} min)", program.name));
            }
            thread::sleep(Duration::from_millis(50));
        };
        if !status.success() {
            bail!("go build: {status}\n{}", build.log_tail());
        }
        // Only a complete program gets its final name.
        fs::rename(&unfinished, self.program(program.name))?;
        Ok(())
    }
}

/// What `go mod download` prints about a module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
}

fn lock(path: &Path, progress: &dyn Fn(&str)) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress("another process is building: waiting for it");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context(format!("cannot lock {}", path.display())),
    }
    Ok(file)
}

/// Returns the directory that keeps what takes long to build: `$CONNECT_OPERATOR_CACHE`, or `connect-operator` in the user's cache
/// directory.
///
/// # Errors
/// There is neither.
pub fn cache() -> Result<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // According to the XDG specification, relative paths are ignored.
    let users = || variable("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| Some(env::home_dir()?.join(".cache")));
    let cache = variable("CONNECT_OPERATOR_CACHE").or_else(|| Some(users()?.join("connect-operator")));
    let cache = cache.context("there is no home directory to cache in: set CONNECT_OPERATOR_CACHE")?;
    std::path::absolute(cache).context("CONNECT_OPERATOR_CACHE")
}
