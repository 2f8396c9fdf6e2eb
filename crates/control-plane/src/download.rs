//! envtest's published programs: etcd, kube-apiserver and kubectl, as controller-tools releases them for tests.
//!
//! An index in YAML lists the archives of each release with their URLs and SHA-512 sums. An archive is checked before anything is
//! unpacked, and only complete programs are moved into place, so an interrupted or corrupt download leaves no program behind.

use std::collections::BTreeMap;
use std::env::{self, consts};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// Another index, for mirrors and tests. Set but empty, it turns downloads off.
const INDEX_VARIABLE: &str = "CONNECT_OPERATOR_ENVTEST_INDEX";
const INDEX: &str = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml";

/// Short, since a machine without this network should start to build soon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// An archive has about 70 MB.
const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// The programs that an archive holds.
pub(crate) const PUBLISHED: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

/// Names the version of the downloaded programs, in the directory above them.
const VERSION_FILE: &str = "downloaded-version";

/// The releases by version, and the archives of each by file name.
#[derive(Deserialize)]
struct Index {
    releases: BTreeMap<String, BTreeMap<String, Archive>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Archive {
    /// SHA-512, in hexadecimal digits.
    hash: String,
    self_link: String,
}

/// Downloads the published programs of Kubernetes' version `wanted`, or of the nearest patch release, into `programs`. The caller
/// holds the cache's lock. `version` is the directory that `programs` is in.
///
/// Returns false if downloads are turned off.
pub(crate) fn install(wanted: &str, version: &Path, programs: &Path, progress: &dyn Fn(&str)) -> Result<bool> {
    let index_url = match env::var(INDEX_VARIABLE) {
        Ok(url) if url.is_empty() => return Ok(false),
        Ok(url) => url,
        Err(_) => INDEX.to_owned(),
    };
    let agent = agent();
    let index = agent.get(&index_url).call().and_then(|mut reply| reply.body_mut().read_to_string());
    let index: Index = serde_saphyr::from_str(&index.with_context(|| index_url.clone())?).context(index_url)?;
    let (found, archive) = index.nearest(wanted)?;
    let other = if found == wanted { String::new() } else { format!(" (the nearest release to {wanted})") };
    progress(&format!("downloading etcd, kube-apiserver and kubectl {found}{other}"));

    let unfinished = Unfinished::create(version.join("download.unfinished"))?;
    let file = download(&agent, archive, &unfinished.0).with_context(|| archive.self_link.clone())?;
    unpack(file, &unfinished.0).with_context(|| archive.self_link.clone())?;
    for name in PUBLISHED {
        fs::rename(unfinished.0.join(name), programs.join(name))?;
    }
    fs::write(version.join(VERSION_FILE), found)?;
    Ok(true)
}

impl Index {
    /// Returns this platform's archive of the wanted version or, failing that, of the nearest patch release of the same minor.
    fn nearest(&self, wanted: &str) -> Result<(&str, &Archive)> {
        let [major, minor, patch] = numbers(wanted).with_context(|| format!("{wanted} is not a version"))?;
        let mut candidates = Vec::new();
        for (version, archives) in &self.releases {
            // Pre-releases do not parse.
            let Some([other_major, other_minor, other_patch]) = numbers(version) else { continue };
            let name = format!("envtest-{version}-{}-{}.tar.gz", platform(), architecture());
            if let Some(archive) = archives.get(&name).filter(|_| (other_major, other_minor) == (major, minor)) {
                candidates.push((other_patch.abs_diff(patch), version.as_str(), archive));
            }
        }
        let nearest = candidates.into_iter().min_by_key(|(distance, ..)| *distance);
        let (_, version, archive) = nearest
            .with_context(|| format!("the index has no release of v{major}.{minor} for {} on {}", platform(), architecture()))?;
        Ok((version, archive))
    }
}

/// Returns the numbers of a release, such as v1.37.2.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let numbers: Option<Vec<u32>> = version.strip_prefix('v')?.split('.').map(|part| part.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// The operating system, as Go names it.
fn platform() -> &'static str {
    match consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// The processor architecture, as Go names it.
fn architecture() -> &'static str {
    match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn agent() -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).unversioned_rustls_crypto_provider(provider).build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(STALL_TIMEOUT))
        .timeout_per_read(Some(STALL_TIMEOUT))
        .build()
        .into()
}

/// Downloads an archive into a directory and checks its sum.
fn download(agent: &Agent, archive: &Archive, directory: &Path) -> Result<File> {
    let mut body = agent.get(&archive.self_link).call()?.into_body().into_with_config().limit(MAX_ARCHIVE_BYTES).reader();
    let mut file = File::options().read(true).write(true).create_new(true).open(directory.join("archive"))?;
    let mut sum = Sha512::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = body.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        sum.update(&buffer[..length]);
        file.write_all(&buffer[..length])?;
    }
    let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(sum == archive.hash.to_lowercase(), "its SHA-512 sum is {sum}, but the index says {}", archive.hash);
    file.rewind()?;
    Ok(file)
}

/// Unpacks the published programs, which lie in directories of the archive, into one directory.
fn unpack(archive: File, directory: &Path) -> Result<()> {
    let mut archive = tar::Archive::new(GzDecoder::new(io::BufReader::new(archive)));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = PUBLISHED.iter().find(|name| path.file_name().is_some_and(|file| file == **name));
        if let Some(name) = name.filter(|_| entry.header().entry_type().is_file()) {
            let mut program = File::options();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut program, 0o755);
            io::copy(&mut entry, &mut program.write(true).create_new(true).open(directory.join(name))?)?;
        }
    }
    if let Some(missing) = PUBLISHED.iter().find(|name| !directory.join(name).is_file()) {
        bail!("it holds no {missing}");
    }
    Ok(())
}

/// A directory for what is not complete yet. Dropping it removes it; what a killed process left is removed by the next one.
struct Unfinished(PathBuf);

impl Unfinished {
    fn create(path: PathBuf) -> Result<Self> {
        let unfinished = Self(path);
        unfinished.remove();
        fs::create_dir(&unfinished.0).with_context(|| format!("cannot create {}", unfinished.0.display()))?;
        Ok(unfinished)
    }

    fn remove(&self) {
        // If it exists and cannot be removed, the next creation says why.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(versions: &[&str]) -> Index {
        let archives = |version: &str| {
            let name = format!("envtest-{version}-{}-{}.tar.gz", platform(), architecture());
            [(name, Archive { hash: String::new(), self_link: version.to_owned() })].into()
        };
        Index { releases: versions.iter().map(|version| ((*version).to_owned(), archives(version))).collect() }
    }

    #[test]
    fn the_wanted_version_wins_then_the_nearest_patch() {
        let all = index(&["v1.36.9", "v1.37.0", "v1.37.2", "v1.37.9", "v1.38.0", "v1.37.3-rc.1"]);
        for (wanted, expected) in [("v1.37.2", "v1.37.2"), ("v1.37.3", "v1.37.2"), ("v1.37.8", "v1.37.9"), ("v1.36.0", "v1.36.9")]
        {
            assert_eq!(all.nearest(wanted).unwrap().0, expected);
        }
    }

    #[test]
    fn another_minor_version_is_not_taken() {
        let error = index(&["v1.36.2", "v1.38.2"]).nearest("v1.37.2").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("no release of v1.37 for"), "{error}");
    }
}
