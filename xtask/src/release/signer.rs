//! cosign with a key pair of the run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{path, run};

/// A key pair, which is deleted with the run's scratch directory.
pub(super) struct Signer {
    cosign: PathBuf,
    home: PathBuf,
}

/// Without the log of signatures, which is Sigstore's.
const WITHOUT_LOG: &str = "--insecure-ignore-tlog";

impl Signer {
    pub(super) fn new(scratch: &Path) -> Result<Self> {
        let signer = Self { cosign: control_plane::tool("cosign")?, home: scratch.to_owned() };
        signer.cosign(&["generate-key-pair"])?;
        // These name none of Sigstore's services, so that cosign needs no network.
        signer.cosign(&["signing-config", "create", "--out", "signing-config.json"])?;
        signer.cosign(&["trusted-root", "create", "--out", "trusted-root.json"])?;
        Ok(signer)
    }

    /// Signs an image or a chart, and each image in a list.
    pub(super) fn sign(&self, reference: &str) -> Result<()> {
        self.signing(&["sign", "--recursive", reference])
    }

    pub(super) fn verify(&self, reference: &str) -> Result<String> {
        self.cosign(&["verify", "--key", "cosign.pub", WITHOUT_LOG, reference]).map(|_| String::new())
    }

    /// Signs a file. The signature is written beside it.
    pub(super) fn sign_blob(&self, file: &Path) -> Result<()> {
        self.signing(&["sign-blob", "--bundle", &bundle(file)?, path(file)?])
    }

    /// Verifies a file with the signature of another.
    pub(super) fn verify_blob(&self, file: &Path, signed: &Path) -> Result<()> {
        let bundle = bundle(signed)?;
        self.cosign(&["verify-blob", "--key", "cosign.pub", WITHOUT_LOG, "--bundle", &bundle, path(file)?]).map(drop)
    }

    fn signing(&self, arguments: &[&str]) -> Result<()> {
        let services = ["--signing-config", "signing-config.json", "--trusted-root", "trusted-root.json"];
        let with = [&["--yes", "--key", "cosign.key"], &services[..]].concat();
        self.cosign(&[&arguments[..1], &with, &arguments[1..]].concat()).map(drop)
    }

    fn cosign(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.cosign);
        // Without the user's own settings and credentials.
        command.args(arguments).current_dir(&self.home).env("HOME", &self.home).env("COSIGN_PASSWORD", "");
        run(&mut command)
    }
}

fn bundle(file: &Path) -> Result<String> {
    Ok(format!("{}.sigstore.json", path(file)?))
}
