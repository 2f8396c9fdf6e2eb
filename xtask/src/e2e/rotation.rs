//! The token of the operator's service account expires, and the kubelet replaces it in the pod's volume.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::fleet::Fleet;
use super::release::{Helm, NAME, Release, leader};
use super::steps::{PATIENCE, Steps, shown, within};

/// The shortest lifetime that the API server gives a token. The kubelet replaces it after four fifths of that.
const SECONDS: u64 = 600;

/// Runs the operator with tokens of ten minutes until the API server has seen it use the second one, and the first one has expired.
pub(super) fn play(cluster: &Cluster, release: &Release, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    let Some(node) = &cluster.node else {
        println!("  LEFT OUT: the rotation of a token, because the API server's audit log is out of reach");
        return Ok(());
    };
    let values = cluster.file("rotation.json", &values().to_string())?;
    let values = format!("--values={}", values.display());
    steps.required("the pods get tokens of ten minutes", || {
        release.upgrade(cluster, Helm::Four, &cluster.images[0], &[&values])
    })?;
    let pod = leader(cluster)?;
    let log = node.plane().audit_log();
    steps.step("the leader uses the token that replaces its first one", || {
        let (tokens, _) = within(Duration::from_secs(SECONDS + 120), "a second token", || {
            let tokens = tokens(&fs::read_to_string(&log)?, &pod.name);
            Ok(if tokens.len() > 1 { Ok(tokens.len()) } else { Err(format!("{} token", tokens.len())) })
        })?;
        Ok(format!("{tokens} tokens in the API server's audit log"))
    });
    steps.step("it still leads after the first one has expired, and an edit reaches Connect", || {
        std::thread::sleep(Duration::from_secs(SECONDS / 4));
        ensure!(leader(cluster)?.uid == pod.uid, "another pod leads");
        let time = fleet.toggle()?;
        fleet.settled(PATIENCE)?;
        Ok(format!("after {}", shown(time)))
    });
    Ok(())
}

/// Returns the values that mount a token in place of the usual one.
fn values() -> Value {
    let sources = json!([
        { "serviceAccountToken": { "path": "token", "expirationSeconds": SECONDS } },
        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "fieldPath": "metadata.namespace" } }] } },
    ]);
    json!({
        "extraVolumes": [{ "name": "token", "projected": { "sources": sources } }],
        "extraVolumeMounts": [
            { "name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true },
        ],
    })
}

/// Returns the ids of the tokens with which a pod of the operator has made requests.
fn tokens(audit_log: &str, pod: &str) -> BTreeSet<String> {
    let events = audit_log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_pod = events.filter(|event| {
        let user = &event["user"];
        let name = user["username"].as_str().unwrap_or_default();
        name.ends_with(&format!(":{NAME}")) && user["extra"]["authentication.kubernetes.io/pod-name"][0] == pod
    });
    of_pod
        .filter_map(|event| Some(event["user"]["extra"]["authentication.kubernetes.io/credential-id"][0].as_str()?.to_owned()))
        .collect()
}
