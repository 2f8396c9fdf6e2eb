//! Where the ConnectUsers to plan come from: files, standard input, or a cluster.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use kube::{Client, api::ObjectMeta};
use serde_json::{Value, json};

use crate::{
    api::{ConnectUser, structure},
    cli::users::resources,
    reconcile::NamespacedName,
};

/// A ConnectUser to plan.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) resource: ConnectUser,
    /// What the cluster has in its place, if that was read.
    pub(super) old: Option<ConnectUser>,
    /// Why it cannot be read as a ConnectUser. Then it has little more than its name.
    pub(super) problem: Option<String>,
}

impl Manifest {
    pub(super) fn place(&self) -> NamespacedName {
        NamespacedName::of(&self.resource)
    }

    fn unreadable(metadata: ObjectMeta, spec: &Value, problem: String) -> serde_json::Result<Self> {
        let text = |member: &str| spec.get(member).and_then(Value::as_str).unwrap_or_default();
        let spec = json!({ "instanceArn": text("instanceArn"), "username": text("username") });
        let mut resource = ConnectUser::new("", serde_json::from_value(spec)?);
        resource.metadata = metadata;
        Ok(Self { resource, old: None, problem: Some(problem) })
    }
}

/// Reads the ConnectUsers in files and directories. `-` is standard input. Other objects are left out. A manifest without a namespace
/// gets `namespace`, or that which kubectl would take.
///
/// # Errors
/// A file that cannot be read, or text that is not YAML; the message has the line.
pub(super) fn read(paths: &[PathBuf], namespace: Option<&String>) -> anyhow::Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for path in paths {
        let failed = || format!("--filename {}", path.display());
        if path == Path::new("-") {
            documents(&mut io::stdin().lock(), &mut manifests).with_context(failed)?;
        } else if path.is_dir() {
            for file in files(path).with_context(failed)? {
                read_file(&file, &mut manifests).with_context(|| file.display().to_string())?;
            }
        } else {
            read_file(path, &mut manifests).with_context(failed)?;
        }
    }
    for manifest in &mut manifests {
        let namespaced = &mut manifest.resource.metadata.namespace;
        namespaced.get_or_insert_with(|| namespace.map_or("default", String::as_str).to_owned());
    }
    Ok(manifests)
}

/// Returns the manifests below a directory, in the order of their paths.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        let has = |extension: &str| path.extension().is_some_and(|is| is.eq_ignore_ascii_case(extension));
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if has("yaml") || has("yml") || has("json") {
            found.push(path);
        }
    }
    Ok(found)
}

fn read_file(path: &Path, manifests: &mut Vec<Manifest>) -> anyhow::Result<()> {
    documents(&mut io::BufReader::new(fs::File::open(path)?), manifests)
}

/// Reads the documents of a stream: YAML, of which JSON is a part.
fn documents(reader: &mut impl io::Read, manifests: &mut Vec<Manifest>) -> anyhow::Result<()> {
    // People's own files may be of any size.
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_documents: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
        },
    };
    for document in serde_saphyr::read_with_options::<_, Value>(reader, options) {
        add(document?, manifests)?;
    }
    Ok(())
}

fn add(document: Value, manifests: &mut Vec<Manifest>) -> anyhow::Result<()> {
    let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if kind.ends_with("List")
        && let Some(Value::Array(items)) = document.get("items")
    {
        return items.iter().try_for_each(|item| add(item.clone(), manifests));
    }
    if kind != "ConnectUser" || !version.starts_with("connect-operator.dev/") {
        return Ok(());
    }
    let metadata = document.get("metadata").cloned().unwrap_or_default();
    let metadata: ObjectMeta = serde_json::from_value(metadata).context("metadata of a ConnectUser")?;
    if metadata.name.is_none() {
        bail!("a ConnectUser without metadata.name: the plan needs the name that it will have");
    }
    let spec = document.get("spec").cloned().unwrap_or_default();
    let problems = structure::broken_by(&document);
    let read = if problems.is_empty() {
        serde_json::from_value::<ConnectUser>(document).map_err(|error| error.to_string())
    } else {
        Err(problems.iter().map(|rule| format!("{}: {}", rule.field, rule.message)).collect::<Vec<_>>().join("; "))
    };
    manifests.push(match read {
        // What a file says of the status is not the operator's.
        Ok(resource) => Manifest { resource: ConnectUser { status: None, ..resource }, old: None, problem: None },
        Err(problem) => Manifest::unreadable(metadata, &spec, problem)?,
    });
    Ok(())
}

/// Reads the ConnectUsers of these namespaces of a cluster, or of all if there are none.
pub(super) async fn of_cluster(client: &Client, namespaces: &[String]) -> anyhow::Result<Vec<Manifest>> {
    let listed = resources::list(client, namespaces).await?.into_iter().map(|listed| match listed.0 {
        Ok(resource) => Ok(Manifest { resource, old: None, problem: None }),
        Err(error) => Ok(Manifest::unreadable(error.metadata, &Value::Null, error.error)?),
    });
    listed.collect()
}
