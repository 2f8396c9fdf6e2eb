//! Kubeconfig files. They refer to no other file, so they can be copied. They are JSON, which is also YAML.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::pki::Identity;

/// A client's credentials.
pub(crate) enum Credentials<'a> {
    Certificate(&'a Identity),
    Token(&'a str),
}

impl Credentials<'_> {
    fn to_json(&self) -> Value {
        match self {
            Self::Certificate(identity) => json!({
                "client-certificate-data": STANDARD.encode(&identity.certificate),
                "client-key-data": STANDARD.encode(&identity.key),
            }),
            Self::Token(token) => json!({ "token": token }),
        }
    }
}

/// Writes a kubeconfig for `user`, with `namespace` as the default.
pub(crate) fn write(
    path: &Path,
    server: &str,
    authority: &str,
    user: &str,
    credentials: &Credentials<'_>,
    namespace: &str,
) -> Result<()> {
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "control-plane",
            "cluster": { "server": server, "certificate-authority-data": STANDARD.encode(authority) },
        }],
        "users": [{ "name": user, "user": credentials.to_json() }],
        "contexts": [{
            "name": "control-plane",
            "context": { "cluster": "control-plane", "user": user, "namespace": namespace },
        }],
        "current-context": "control-plane",
    });
    write_private(path, &format!("{kubeconfig:#}\n"))
}

/// Writes a file that only its user can read.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<()> {
    let open = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(content.as_bytes())).with_context(|| format!("cannot write {}", path.display()))
}
