//! The image of each pod's first container, which keeps the pod's namespaces alive, as an OCI archive.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::config::PAUSE_IMAGE;

/// Writes an archive of the image that contains only this program, which must be linked statically.
pub(super) fn write(program: &Path, archive: &Path) -> Result<()> {
    let mut layer = Builder::new(Vec::new());
    append(&mut layer, "pause", 0o755, &fs::read(program)?)?;
    let layer = layer.into_inner()?;
    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": { "Entrypoint": ["/pause"], "User": "65535:65535" },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    entry["annotations"] = json!({ "io.containerd.image.name": PAUSE_IMAGE });

    let mut file = Builder::new(File::create(archive)?);
    append(&mut file, "oci-layout", 0o644, json!({ "imageLayoutVersion": "1.0.0" }).to_string().as_bytes())?;
    append(&mut file, "index.json", 0o644, json!({ "schemaVersion": 2, "manifests": [entry] }).to_string().as_bytes())?;
    for blob in [&layer, &config, &manifest] {
        append(&mut file, &format!("blobs/{}", digest(blob).replace(':', "/")), 0o644, blob)?;
    }
    file.finish()?;
    Ok(())
}

fn append<W: std::io::Write>(archive: &mut Builder<W>, path: &str, mode: u32, content: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    Ok(archive.append_data(&mut header, path, content)?)
}

fn descriptor(media_type: &str, blob: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(blob), "size": blob.len() })
}

fn digest(blob: &[u8]) -> String {
    let hash: String = Sha256::digest(blob).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hash}")
}
