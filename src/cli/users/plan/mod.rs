//! The command `connect-operator plan`.

mod forecast;
mod render;
mod row;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use clap::{Args, ValueEnum};
use connect_api::{Arn, Tags, User, UserId};
use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::watch;

use self::{
    forecast::Forecast,
    row::{Action, Row},
    source::Manifest,
};
use super::{
    block_on,
    read::{Instance, Reader},
    row::ManagedBy,
};
use crate::{
    api::{ConnectUser, Reason, Rules},
    cli::{aws::AwsFlags, deletion_guard::GuardFlags, kube_access::KubeFlags, scope::Scope, stdout},
    plan::{
        Bounds, ClusterNames, Desired, Knowledge, Live, Policy, QuickConnects, RETAINED, SpecIssue, Users, explain,
        ignored_drift, preview, tag_key,
    },
    reconcile::{Connections, Deletion, DeletionGuard, DeletionLedger, InstanceCounts, NamespaceCounts, NamespacedName},
    telemetry::Metrics,
};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Text for people, in colours on a terminal.
    Text,
    /// JSON for programs.
    Json,
    /// Markdown for a comment on a pull request.
    Markdown,
}

/// Shows what the operator would do about ConnectUsers, without doing it.
///
/// Compares manifests, or the ConnectUsers of a cluster, with the users in Connect. Nothing is changed. Exits with 0 if nothing would
/// change, with 2 if something would, and with 1 if something is wrong: with a manifest, or with the command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator plan -f users/ --cluster-name blue
  kustomize build overlays/prod | connect-operator plan -f - --cluster-name blue --prune -o markdown
  connect-operator plan --config operator.yaml")]
pub(in crate::cli) struct PlanCommand {
    /// A file or directory with manifests, or - for standard input. May be given more than once. Default: the ConnectUsers of the
    /// cluster.
    #[arg(long, short, value_name = "FILE|DIRECTORY|-")]
    filename: Vec<PathBuf>,

    /// Also read the ConnectUsers of the cluster, whose statuses say what the operator has applied before: tags that have left a
    /// manifest, for example. Without manifests, this is so anyway.
    #[arg(long)]
    with_cluster: bool,

    /// The manifests are all ConnectUsers of their namespaces: also show which users would be deleted because theirs is gone.
    #[arg(long, requires = "filename")]
    prune: bool,

    /// Also read the e-mail addresses, mobile numbers and proficiencies of users whose manifests set them: up to two calls for each user.
    /// Without it, these are not compared.
    #[arg(long)]
    full: bool,

    /// The output format.
    #[arg(long, short, default_value = "text")]
    output: Output,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    kube: KubeFlags,

    #[command(flatten)]
    guard: GuardFlags,

    #[command(flatten)]
    aws: AwsFlags,
}

/// The users of an instance, by id and by username.
struct Found<'a> {
    by_id: HashMap<&'a UserId, &'a Live>,
    by_name: HashMap<String, &'a Live>,
}

impl<'a> Found<'a> {
    fn of(instance: &'a Instance) -> Self {
        Self {
            by_id: instance.users.iter().map(|live| (&live.user.id, live)).collect(),
            by_name: instance.users.iter().map(|live| (live.user.username.to_lowercase(), live)).collect(),
        }
    }
}

impl Users for Found<'_> {
    fn by_id(&self, id: &UserId) -> Option<&Live> {
        self.by_id.get(id).copied()
    }

    fn by_name(&self, username: &str) -> Option<&Live> {
        self.by_name.get(&username.to_lowercase()).copied()
    }
}

impl PlanCommand {
    pub(in crate::cli) fn execute(self) -> anyhow::Result<ExitCode> {
        block_on(async move {
            let (rows, forecast) = self.plan().await?;
            let text = match self.output {
                Output::Text => render::text(&rows, &forecast, stdout::is_coloured()),
                Output::Json => render::json(&rows, &forecast)?,
                Output::Markdown => render::markdown(&rows, &forecast),
            };
            stdout::write(&text)?;
            Ok(match rows.iter().map(|row| row.action).max().unwrap_or(Action::None) {
                Action::None => ExitCode::SUCCESS,
                Action::Refuse => ExitCode::FAILURE,
                _ => ExitCode::from(2),
            })
        })
    }

    async fn plan(&self) -> anyhow::Result<(Vec<Row>, Forecast)> {
        let (_, config) = self.aws.configuration()?;
        let (cluster, manifests) = self.manifests().await?;
        let (_, config) = watch::channel(Arc::new(config));
        let connections = self.aws.connections(config, Arc::new(Metrics::default())).await;
        let (mut rows, mut by_instance) = (Vec::new(), BTreeMap::<Arn, Vec<Manifest>>::new());
        let rules = Rules::new()?;
        for manifest in manifests {
            match check(&rules, &manifest, &connections)? {
                Ok(arn) => by_instance.entry(arn).or_default().push(manifest),
                Err(row) => rows.push(row),
            }
        }
        if by_instance.is_empty() && rows.is_empty() {
            bail!("there are no ConnectUsers in what was read");
        }
        let mut forecast = Forecast::default();
        for (arn, manifests) in by_instance {
            let reader = Reader { connect: connections.client_for(&arn), full: false, progress: None };
            let mut instance = reader.read_for(&arn, manifests.iter().map(|manifest| &manifest.resource.spec)).await?;
            if self.full {
                self.read_whole(&reader, &mut instance, &manifests).await?;
            }
            let planned = self.plan_instance(&instance, &manifests, cluster.as_ref(), &connections);
            forecast.add(&connections.quotas(&arn), instance.users.len(), &planned);
            rows.extend(planned);
        }
        rows.sort_by(|a, b| (a.action, &a.place).cmp(&(b.action, &b.place)));
        Ok((rows, forecast))
    }

    /// Returns the names of the cluster, if they are known, and the ConnectUsers to plan.
    async fn manifests(&self) -> anyhow::Result<(Option<ClusterNames>, Vec<Manifest>)> {
        let namespaces = self.kube.namespaces(self.scope.namespaces());
        if !self.filename.is_empty() && !self.with_cluster {
            let cluster = self.scope.named();
            if cluster.is_none() {
                eprintln!(
                    "warning: without --cluster-name, users of every cluster count as this one's if their ConnectUser has the same \
                     namespace and name"
                );
            }
            return Ok((cluster, source::read(&self.filename, namespaces.first())?));
        }
        let client = self.kube.connect().await?;
        let cluster = self.scope.cluster(&client).await?;
        let mut existing = source::of_cluster(&client, if self.filename.is_empty() { &namespaces } else { &[] }).await?;
        if !self.filename.is_empty() {
            let by_place: HashMap<NamespacedName, Manifest> =
                existing.into_iter().map(|manifest| (manifest.place(), manifest)).collect();
            existing = source::read(&self.filename, namespaces.first())?;
            for manifest in &mut existing {
                if let Some(there) = by_place.get(&manifest.place()) {
                    manifest.resource.metadata = there.resource.metadata.clone();
                    manifest.resource.status.clone_from(&there.resource.status);
                    manifest.old = Some(there.resource.clone());
                }
            }
        }
        Ok((Some(cluster), existing))
    }

    /// Reads the users whose manifests manage what no list shows.
    async fn read_whole(&self, reader: &Reader<'_>, instance: &mut Instance, manifests: &[Manifest]) -> anyhow::Result<()> {
        let asks_for_more = |manifest: &&Manifest| {
            let desired = Desired::parse(&manifest.resource, &"".into(), &instance.names);
            desired.is_ok_and(|desired| desired.of_lists().is_some())
        };
        let names: BTreeSet<String> =
            manifests.iter().filter(asks_for_more).map(|manifest| manifest.resource.spec.username.to_lowercase()).collect();
        let is_wanted = |live: &Live| names.contains(&live.user.username.to_lowercase());
        let (wanted, rest): (Vec<Live>, Vec<Live>) = std::mem::take(&mut instance.users).into_iter().partition(is_wanted);
        let wanted: Vec<User> = wanted.into_iter().map(|live| live.user).collect();
        instance.users = reader.each(&instance.arn, wanted).await?;
        instance.users.extend(rest);
        Ok(())
    }

    fn plan_instance(
        &self,
        instance: &Instance,
        manifests: &[Manifest],
        cluster: Option<&ClusterNames>,
        connections: &dyn Connections,
    ) -> Vec<Row> {
        let found = Found::of(instance);
        let mut usernames: HashMap<String, NamespacedName> = HashMap::new();
        let mut rows = Vec::new();
        for manifest in manifests {
            let (place, spec) = (manifest.place(), &manifest.resource.spec);
            let row = match usernames.get(&spec.username.to_lowercase()) {
                Some(first) => Row::refused(
                    manifest,
                    Reason::Conflict,
                    format!(
                        "the username {:?} belongs to ConnectUser {first} in the same manifests. Choose another one",
                        spec.username
                    ),
                ),
                None => {
                    let bounds = connections.bounds(&instance.arn, &place.namespace);
                    plan_one(instance, &found, manifest, cluster, &bounds)
                }
            };
            usernames.entry(spec.username.to_lowercase()).or_insert(place);
            rows.push(row);
        }
        if self.prune {
            rows.extend(pruned(instance, manifests, cluster));
        }
        let now = Timestamp::now();
        let counts = count_managed(instance, manifests, cluster, &rows, now);
        hold(&mut rows, &self.guard.guard(), &instance.arn, &counts, now);
        rows
    }
}

/// Checks what can be checked without a call. Returns the instance, or the row that says what is wrong.
fn check(rules: &Rules, manifest: &Manifest, connections: &dyn Connections) -> anyhow::Result<Result<Arn, Row>> {
    let refuse = |reason, message| Ok(Err(Row::refused(manifest, reason, message)));
    if let Some(problem) = &manifest.problem {
        return refuse(Reason::InvalidSpec, problem.clone());
    }
    let broken = rules.broken_by(&manifest.resource, manifest.old.as_ref())?;
    if !broken.is_empty() {
        let all: Vec<String> = broken.iter().map(|rule| format!("{}: {}", rule.field, rule.message)).collect();
        return refuse(Reason::InvalidSpec, all.join("; "));
    }
    let arn = match Desired::instance_of(&manifest.resource) {
        Ok(arn) => arn,
        Err(error) => return refuse(Reason::InvalidSpec, error.to_string()),
    };
    match connections.refusal(&arn, &manifest.place().namespace) {
        Some(refusal) => refuse(Reason::InstanceNotAllowed, refusal),
        None => Ok(Ok(arn)),
    }
}

/// Plans one ConnectUser by the operator's own plan.
fn plan_one(instance: &Instance, found: &Found<'_>, manifest: &Manifest, cluster: Option<&ClusterNames>, bounds: &Bounds) -> Row {
    let mut resource = manifest.resource.clone();
    let live = found.by_name(&resource.spec.username);
    let cluster = as_tagged(&mut resource, live, cluster);
    let desired = match Desired::parse(&resource, &cluster, &instance.names) {
        Ok(desired) => desired,
        Err(SpecIssue::Spec(error)) => return Row::refused(manifest, Reason::InvalidSpec, error.to_string()),
        Err(SpecIssue::Names(names)) => {
            return Row::refused(manifest, Reason::DependencyNotFound, explain(&names, &instance.arn.instance));
        }
    };
    let of_lists = desired.of_lists().filter(|_| live.is_some_and(|live| live.proficiencies.is_none()));
    let (is_unread, desired) = (of_lists.is_some(), of_lists.unwrap_or(desired));
    let (spec, status) = (&resource.spec, resource.status.clone().unwrap_or_default());
    let known = Knowledge {
        deleting: resource.metadata.deletion_timestamp.is_some(),
        recorded: status.user_id.as_deref().map(Into::into),
        was_ours: true,
        applied_tag_keys: status.applied_tag_keys.clone(),
        ignored: ignored_drift(spec, &status),
        policy: Policy {
            adoption: spec.adoption_policy,
            deletion: spec.deletion_policy.unwrap_or_default(),
            management: spec.management_policy,
            quick_connects: QuickConnects::Stay,
            others_users: bounds.others_users,
            bounded: bounds.security_profiles.is_some(),
        },
        ..Knowledge::default()
    };
    let preview = preview(&desired, known, found);
    Row::of(manifest, instance, &desired, bounds, live, preview, is_unread)
}

/// Gives a resource the UID and the cluster that the tags of its user name, as far as they are not known: they decide nothing, and a
/// difference in them alone would not be one.
fn as_tagged(resource: &mut ConnectUser, live: Option<&Live>, cluster: Option<&ClusterNames>) -> ClusterNames {
    let none = Tags::new();
    let tags = live.map_or(&none, |live| &live.user.tags);
    let owner = ManagedBy::of(tags);
    if resource.uid().is_none() {
        resource.metadata.uid = tags.get(&tag_key("uid")).filter(|uid| *uid != RETAINED).cloned().or(Some(String::new()));
    }
    match (cluster, owner.and_then(|owner| owner.cluster)) {
        (Some(cluster), _) => cluster.clone(),
        (None, Some(tagged)) => tagged.into(),
        (None, None) => "unknown".into(),
    }
}

/// Returns the users of this cluster, in the namespaces of the manifests, that no manifest has.
fn pruned(instance: &Instance, manifests: &[Manifest], cluster: Option<&ClusterNames>) -> Vec<Row> {
    let places: BTreeSet<NamespacedName> = manifests.iter().map(Manifest::place).collect();
    let namespaces: BTreeSet<&str> = places.iter().map(|place| place.namespace.as_str()).collect();
    let is_pruned = |place: &NamespacedName| namespaces.contains(place.namespace.as_str()) && !places.contains(place);
    let users = instance.users.iter().filter_map(|live| Some((live, place_of(live, cluster)?)));
    users.filter(|(_, place)| is_pruned(place)).map(|(live, place)| Row::pruned(&instance.arn, live, place)).collect()
}

/// Returns the ConnectUser of this cluster that the tags of a user name.
fn place_of(live: &Live, cluster: Option<&ClusterNames>) -> Option<NamespacedName> {
    let owner = ManagedBy::of(&live.user.tags)?;
    let is_here = cluster.is_none_or(|cluster| owner.cluster.is_some_and(|name| cluster.contain(&name)));
    is_here.then_some(NamespacedName { namespace: owner.namespace?, name: owner.name? })
}

/// Counts the users that have a ConnectUser, and those that would be deleted, by namespace.
fn count_managed(
    instance: &Instance,
    manifests: &[Manifest],
    cluster: Option<&ClusterNames>,
    rows: &[Row],
    now: Timestamp,
) -> InstanceCounts {
    let tagged = instance.users.iter().filter_map(|live| place_of(live, cluster));
    let places: BTreeSet<NamespacedName> = tagged.chain(manifests.iter().map(Manifest::place)).collect();
    let mut counts: BTreeMap<String, (usize, HashMap<String, Timestamp>)> = BTreeMap::new();
    for place in places {
        counts.entry(place.namespace).or_default().0 += 1;
    }
    for Row { place, .. } in rows.iter().filter(|row| row.action == Action::Delete) {
        counts.entry(place.namespace.clone()).or_default().1.insert(place.to_string(), now);
    }
    counts.into_iter().map(|(namespace, (all, going))| (namespace.into(), NamespaceCounts::new(all, going))).collect()
}

/// Marks the deletions that the operator's guard would hold, if all are requested at once.
fn hold(rows: &mut [Row], guard: &DeletionGuard, instance: &Arn, counts: &InstanceCounts, requested: Timestamp) {
    let ledger = DeletionLedger::default();
    for row in rows.iter_mut().filter(|row| row.action == Action::Delete) {
        let (namespace, uid) = (row.place.namespace.as_str(), row.place.to_string());
        let asks = Deletion { instance, namespace, uid: &uid, requested };
        if let Err(many) = ledger.admit(guard, asks, counts, Duration::ZERO) {
            row.reason = Some(Reason::DeletionHeld.as_str());
            row.message = Some(format!(
                "{} of {} users of {} would be deleted at once: the deletion guard admits {}, and holds these until a person confirms them",
                many.going,
                many.of,
                many.place(namespace),
                guard.limit()
            ));
        }
    }
}
