//! The command `connect-operator export`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, bail};
use clap::Args;

use super::{Source, block_on, filter::Filter, read::Instance, row::ManagedBy};
use crate::{
    api::Rules,
    cli::{
        manifests::{Manifest, namespace_name, resource_name, sort},
        output::Output,
    },
    plan::{Export, Live, NameIndex, ReferenceKind, References, export},
};

/// Writes the users of instances as ConnectUsers that take them over as they are.
///
/// Nothing is changed in Connect. A ConnectUser of the export has `adoptionPolicy: Adopt`: once it is applied, the operator tags the user,
/// and changes nothing else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator export --instance <arn> --full > users.yaml
  connect-operator export --instance <arn> --full --namespace-by tag:team --output-dir users/ --share-routing-profile
  connect-operator export --instance <arn> --unmanaged --routing-profile Sales --namespace sales")]
pub(in crate::cli) struct ExportCommand {
    #[command(flatten)]
    source: Source,

    /// Read each user on its own too, with e-mail addresses, mobile number and proficiencies: two calls for each user. Without it, these
    /// are left out of the specs, so that they are not managed.
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    filter: Filter,

    /// Write profiles and hierarchy groups by their ARNs, not by their names.
    #[arg(long)]
    arns: bool,

    /// The namespace of the ConnectUsers.
    #[arg(long, short)]
    namespace: Option<String>,

    /// The namespace of each ConnectUser: tag:KEY for the value of a tag, hierarchy for the user's top-level hierarchy group, or a CSV file
    /// with the columns username and namespace. Users without one get --namespace.
    #[arg(long, value_name = "tag:KEY|hierarchy|FILE")]
    namespace_by: Option<String>,

    #[command(flatten)]
    output: Output,
}

/// How the namespace of a user is found.
enum NamespaceBy {
    Nothing,
    Tag(String),
    Hierarchy,
    /// By username in lower case.
    Table(BTreeMap<String, String>),
}

impl ExportCommand {
    pub(in crate::cli) fn execute(self) -> anyhow::Result<()> {
        block_on(async move {
            let by = NamespaceBy::parse(self.namespace_by.as_deref())?;
            self.output.check("export")?;
            let instances = self.source.read(&self.filter, self.full).await?;
            warn_of_managed(&instances);
            let manifests = self.manifests(&instances, &by)?;
            self.output.write("export", &manifests)
        })
    }

    /// Returns the manifests. What they cannot carry over is reported on standard error.
    fn manifests(&self, instances: &[Instance], by: &NamespaceBy) -> anyhow::Result<Vec<Manifest>> {
        let (rules, mut manifests) = (Rules::new()?, Vec::new());
        let references = if self.arns { References::Arns } else { References::Names };
        for instance in instances {
            for live in &instance.users {
                let username = &live.user.username;
                let Export { spec, left_out } = export(&instance.arn, live, &instance.names, references);
                left_out.iter().for_each(|what| eprintln!("warning: {username}: {what}"));
                let namespace = by.of(live, &instance.names).or_else(|| self.namespace.clone());
                if namespace.is_none() && !matches!(by, NamespaceBy::Nothing) {
                    bail!("{username} has no namespace by --namespace-by: set --namespace for such users");
                }
                let manifest = Manifest { namespace, name: resource_name(username), spec };
                let broken = rules.broken_by(&manifest.resource(), None)?;
                for rule in &broken {
                    eprintln!("warning: {username}: left out: {}: {}", rule.field, rule.message);
                }
                manifests.extend(broken.is_empty().then_some(manifest));
            }
        }
        sort(&mut manifests);
        let mut seen = BTreeSet::new();
        if let Some(Manifest { name, namespace, .. }) = manifests.iter().find(|m| !seen.insert((&m.namespace, &m.name))) {
            let namespace = namespace.as_deref().unwrap_or("the default namespace");
            bail!(
                "two instances have a user for ConnectUser {name} in {namespace}: export them one at a time, with another --namespace"
            );
        }
        Ok(manifests)
    }
}

/// Says which clusters' operators manage some of the users: the operator of another cluster refuses to take these over.
fn warn_of_managed(instances: &[Instance]) {
    let mut by_cluster: BTreeMap<String, usize> = BTreeMap::new();
    for owner in instances.iter().flat_map(|instance| &instance.users).filter_map(|live| ManagedBy::of(&live.user.tags)) {
        *by_cluster.entry(owner.cluster.unwrap_or_default()).or_default() += 1;
    }
    for (cluster, users) in by_cluster {
        eprintln!(
            "warning: the tags of {users} of these users say that ConnectUsers of the cluster {cluster:?} manage them. Other \
             ConnectUsers are refused (Conflict); --unmanaged leaves these users out"
        );
    }
}

impl NamespaceBy {
    fn parse(text: Option<&str>) -> anyhow::Result<Self> {
        Ok(match text {
            None => Self::Nothing,
            Some("hierarchy") => Self::Hierarchy,
            Some(text) => match text.strip_prefix("tag:") {
                Some(key) => Self::Tag(key.to_owned()),
                None => Self::Table(table(Path::new(text)).with_context(|| format!("--namespace-by {text}"))?),
            },
        })
    }

    fn of(&self, live: &Live, names: &NameIndex) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Tag(key) => namespace_name(live.user.tags.get(key)?),
            Self::Hierarchy => {
                let group = live.user.hierarchy_group_id.as_ref()?;
                let path = names.label(ReferenceKind::HierarchyGroup, group.as_str());
                namespace_name(path.strip_prefix('/')?.split('/').next()?)
            }
            Self::Table(table) => table.get(&live.user.username.to_lowercase()).cloned(),
        }
    }
}

/// Reads a CSV file with the columns username and namespace.
fn table(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|header| header.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name));
        found.with_context(|| format!("the first line has no column {name}"))
    };
    let (username, namespace) = (column("username")?, column("namespace")?);
    let mut table = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = record.get(namespace).unwrap_or_default().trim().to_owned();
        if namespace_name(&name).as_ref() != Some(&name) {
            bail!("line {line}: {name:?} is not the name of a namespace");
        }
        table.insert(record.get(username).unwrap_or_default().trim().to_lowercase(), name);
    }
    Ok(table)
}
