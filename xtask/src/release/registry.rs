//! A registry on this machine, which keeps nothing.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use control_plane::Supervised;

use super::{path, run};
use crate::e2e::steps::until;

/// A running registry. It ends with this value.
pub(super) struct Registry {
    crane: PathBuf,
    helm: PathBuf,
    address: String,
    /// A home directory without the user's own settings and credentials.
    home: PathBuf,
    _server: Supervised,
}

impl Registry {
    pub(super) fn start(scratch: &Path) -> Result<Self> {
        let crane = control_plane::tool("crane")?;
        let [port] = control_plane::free_ports()?;
        let address = format!("127.0.0.1:{port}");
        let arguments = ["registry", "serve", "--address", &address].map(str::to_owned);
        let mut server = Supervised::spawn(&crane, &arguments, &scratch.join("registry.log"), |_| {})?;
        until("the registry listens", || {
            server.check()?;
            Ok(TcpStream::connect(&address).map_err(|error| error.to_string()))
        })?;
        let helm = control_plane::tool("helm")?;
        Ok(Self { crane, helm, address, home: scratch.to_owned(), _server: server })
    }

    /// Returns a name in this registry.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Pushes the image of a platform and the list of all platforms, and returns the list's name with its digest.
    pub(super) fn push_image(&self, images: &Path, arch: &str, tag: &str) -> Result<String> {
        let layout = self.home.join("layout");
        fs::create_dir(&layout)?;
        let archive = images.join(format!("image-{arch}.tar"));
        run(Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&layout))?;
        let (one, all) = (self.name(&format!("connect-operator:{tag}-{arch}")), self.name(&format!("connect-operator:{tag}")));
        let pushed = self.crane(&["push", path(&layout)?, &one])?;
        let expected = fs::read_to_string(images.join(format!("digest-{arch}")))?;
        ensure!(pushed.trim().ends_with(&format!("@{}", expected.trim())), "{pushed} is not {expected}");
        self.crane(&["index", "append", "--manifest", &one, "--tag", &all])?;
        Ok(format!("{}@{}", self.name("connect-operator"), self.crane(&["digest", &all])?.trim()))
    }

    /// Pushes a packaged chart, and returns its name with its digest.
    pub(super) fn push_chart(&self, package: &Path) -> Result<String> {
        let charts = format!("oci://{}", self.name("charts"));
        self.helm(&["push", path(package)?, &charts, "--plain-http"])?;
        let pushed = self.name(concat!("charts/connect-operator:", env!("CARGO_PKG_VERSION")));
        Ok(format!("{}@{}", self.name("charts/connect-operator"), self.crane(&["digest", &pushed])?.trim()))
    }

    /// Pulls the chart and checks it.
    pub(super) fn lint_chart(&self, scratch: &Path) -> Result<String> {
        let chart = format!("oci://{}", self.name("charts/connect-operator"));
        let directory = scratch.join("chart");
        self.helm(&["pull", &chart, "--plain-http", "--untar", "--untardir", path(&directory)?])?;
        self.helm(&["lint", "--strict", path(&directory.join("connect-operator"))?])?;
        Ok(String::new())
    }

    fn crane(&self, arguments: &[&str]) -> Result<String> {
        run(Command::new(&self.crane).args(arguments).env("HOME", &self.home)).context("the registry")
    }

    fn helm(&self, arguments: &[&str]) -> Result<String> {
        run(Command::new(&self.helm).args(arguments).env_clear().env("HOME", &self.home))
    }
}
