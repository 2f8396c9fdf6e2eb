//! The alphabet: what can happen in a life, and how a seed becomes one.

use std::fmt;

use connect_operator::reconcile::NamespacedName;
use connect_sim::Rules;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{edit::Edit, readings};
use crate::world::{Fault, Lag, Mutation};

/// The ConnectUsers of a life, by namespace and name, with the username that each asks for.
pub(super) const RESOURCES: [(&str, &str, &str); 4] = [
    ("sales", "jane", "jane.doe"),
    // The same user under another name, and in another namespace.
    ("sales", "jane-2", "jane.doe"),
    ("support", "jane", "jane.doe"),
    ("support", "joe", "joe.roe"),
];

/// Returns the resource with this number.
pub(super) fn resource(o: u8) -> NamespacedName {
    let (namespace, name, _) = RESOURCES[usize::from(o) % RESOURCES.len()];
    NamespacedName { namespace: namespace.into(), name: name.into() }
}

/// Returns the username that the resource with this number asks for.
pub(super) fn username(o: u8) -> &'static str {
    RESOURCES[usize::from(o) % RESOURCES.len()].2
}

/// What people and their tools do to a ConnectUser, its namespace and its Secret. The number is that of the ConnectUser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Applies the manifest.
    Apply(u8),
    /// Edits and applies the manifest.
    Edit(u8, Edit),
    /// Replaces the object with the manifest, which has no finalizer and no annotations: `kubectl replace`, Argo CD's Replace=true.
    Replace(u8),
    /// Removes the finalizers.
    StripFinalizers(u8),
    /// Deletes the status, as a restore without the status subresource does.
    LoseStatus(u8),
    /// Restores an older status of the same object.
    RestoreStatus(u8, u8),
    /// Edits the status as another manager: its id goes, or its conditions.
    EditStatus(u8, u8),
    /// Sets the pause annotation, to one of several spellings.
    Pause(u8, u8),
    /// Removes it.
    Resume(u8),
    /// Requests a pass.
    Request(u8, u8),
    /// Adds an unrelated annotation.
    Annotate(u8),
    /// Deletes the ConnectUser.
    Delete(u8),
    /// Deletes it by force: the finalizer goes too.
    ForceDelete(u8),
    /// Confirms the deletion of a ConnectUser that the guard against mass deletion may hold.
    Confirm(u8),
    /// Deletes the namespace, with all that is in it.
    NamespaceGone(u8),
    /// Sets the namespace's deletion policy: 0 none, 1 Delete, 2 Retain, 3 a spelling mistake.
    NamespacePolicy(u8, u8),
    /// Takes away the right to read the namespace, or gives it back.
    NamespaceForbidden(u8, bool),
    /// Deletes the Secret of the initial password.
    SecretGone(u8),
    /// Writes the Secret again, with the same or another password.
    SecretWritten(u8, u8),
    /// Restores the Secret of the generated password from a backup: 0 without an owner, 1 with another's.
    SecretRestored(u8, u8),
}

/// What happens in Connect, by its console or another client. The first number is that of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Creates the user of this ConnectUser.
    Create(u8),
    /// Deletes a user.
    Delete(u8),
    /// Changes the routing profile.
    Routing(u8, u8),
    /// Changes the identity: last name and an e-mail address.
    Identity(u8, u8),
    /// Changes the phone: a desk phone, or a soft phone that keeps a desk number.
    Phone(u8, u8),
    /// Adds proficiencies, or takes them all off.
    Proficiencies(u8, u8),
    /// Changes the hierarchy group.
    Group(u8, u8),
    /// Adds tags of others: a few, or as many as there is room for.
    Tag(u8, u8),
    /// Takes the operator's tags off.
    Untag(u8),
    /// Writes the tags of another cluster's operator.
    TagAsTheirs(u8),
    /// Renames a routing profile away, or back.
    RenameProfile(u8),
    /// Renames a hierarchy group away, or back.
    RenameGroup,
    /// Moves all users to another routing profile and deletes theirs, or makes it again.
    Profile(bool),
    /// Moves all users out of a hierarchy group and deletes it, or makes it again.
    HierarchyGroup(bool),
    /// Deletes the predefined attribute of all proficiencies, or makes it again.
    Attribute(bool),
}

/// What happens around: to processes, clusters and rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// A process dies and starts again.
    Restart(u8),
    /// A process stands still, or continues.
    Freeze(u8, bool),
    /// The next call of any operator fails like this.
    Fault(Fault),
    /// The users quota is reached, or raised.
    Quota(bool),
    /// AWS denies an operation: 0 none, 1 CreateUser, 2 UpdateUserIdentityInfo, 3 TagResource, 4 all, as with credentials that are missing,
    /// wrong or expired.
    Deny(u8),
    /// etcd is restored to an older revision. The revisions count on from there if true.
    RestoreEtcd(u8, bool),
    /// The cluster is cloned with all its objects, under another name: both run.
    CloneCluster,
    /// The cluster is lost, and a new one gets the same manifests.
    RebuildCluster(NewName),
    /// The operators of the first cluster start again with another cluster name, and know the former one.
    RenameCluster,
}

/// The name of a rebuilt cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewName {
    /// The one that it had.
    Same,
    /// Another, and the former one is configured.
    Renamed,
    /// Another, and nothing says that it had one before.
    Unknown,
}

/// Something that happens in a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To a ConnectUser, a namespace or a Secret.
    Person(Person),
    /// In Connect.
    Console(Console),
    /// Around.
    Around(Around),
    /// An operator makes a step of one of its passes: the operator and the choice.
    Step(u8, u8),
    /// An operator's cache catches up.
    Sync(u8),
    /// Time passes, in seconds.
    Wait(u16),
    /// All that is due now is done, and all caches catch up.
    Settle,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => write!(f, "person: {person:?}"),
            Self::Console(console) => write!(f, "console: {console:?}"),
            Self::Around(around) => write!(f, "around: {around:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A life: what it starts with, and what happens.
#[derive(Clone, Debug)]
pub struct Life {
    /// The seed that it came from.
    pub seed: u64,
    /// The number of operators at once.
    pub operators: usize,
    /// How far Connect's reads are behind.
    pub lag: Lag,
    /// A restarted operator's cache shows an older state at first.
    pub travel: bool,
    /// The operators make sweeps.
    pub sweeps: bool,
    /// Sweeps delete orphans.
    pub delete_orphans: bool,
    /// The operators delete quick connects with their users.
    pub quick_connects: bool,
    /// The guard against mass deletion admits one deletion in an hour.
    pub guard: bool,
    /// How Connect behaves where AWS documents nothing.
    pub rules: Rules,
    /// Profiles and groups that were renamed keep their new names to the end.
    pub names_stay: bool,
    /// How far the operators' clocks are apart, in seconds.
    pub skew: i64,
    /// The ingredient of the protocol that is left out.
    pub mutation: Option<Mutation>,
    /// What happens.
    pub acts: Vec<Act>,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operators, lag, travel, sweeps, delete_orphans, quick_connects, guard, names_stay, skew, .. } = self;
        writeln!(
            f,
            "operators {operators}, lag {lag:?}, travel {travel}, sweeps {sweeps}, delete orphans {delete_orphans}, quick connects \
             {quick_connects}, guard {guard}, names stay {names_stay}, skew {skew} s, Connect: {}",
            readings::names(&self.rules)
        )?;
        self.acts.iter().try_for_each(|act| writeln!(f, "  {act}"))
    }
}

impl Life {
    /// Returns a life without surprises around it, in which this happens: one operator, no lag, with sweeps.
    pub fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            seed: 0,
            operators: 1,
            lag: Lag::None,
            travel: false,
            sweeps: true,
            delete_orphans: false,
            quick_connects: false,
            guard: false,
            rules: Rules::default(),
            names_stay: false,
            skew: 0,
            mutation: None,
            acts: acts.into_iter().collect(),
        }
    }

    /// Returns the life of a seed.
    pub fn random(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        // In a calm life, each act is followed to its end. In a busy one, anything comes between any two calls.
        let calm = rng.random_bool(0.5);
        let mut life = Self {
            seed,
            operators: if calm || rng.random_bool(0.5) { 1 } else { 2 },
            lag: if calm { Lag::None } else { *Lag::ALL.choose(&mut rng).expect("a lag") },
            travel: !calm && rng.random_bool(0.5),
            sweeps: rng.random_bool(0.6),
            delete_orphans: rng.random_bool(0.5),
            quick_connects: rng.random_bool(0.3),
            guard: rng.random_bool(0.3),
            rules: readings::random(&mut rng),
            names_stay: rng.random_bool(0.3),
            skew: if rng.random_bool(0.1) { rng.random_range(-120..120) } else { 0 },
            mutation: None,
            acts: Vec::new(),
        };
        // Most lives begin as most resources do, and most have only one resource.
        let resources = if rng.random_bool(0.6) { 1 } else { RESOURCES.len() as u8 };
        if rng.random_bool(0.3) {
            life.acts.push(Act::Console(Console::Create(0)));
        }
        for _ in 0..rng.random_range(1..10) {
            let events = if calm { 1 } else { rng.random_range(1..4) };
            // A person moves a user to and fro, and each edit is followed to its end.
            if rng.random_bool(0.1) {
                let (o, edits) = (rng.random_range(0..resources), Edit::pair(&mut rng));
                let edits = edits.map(|edit| [Act::Person(Person::Edit(o, edit)), Act::Settle]);
                life.acts.extend((0..rng.random_range(2..5)).flat_map(|_| edits.into_iter().flatten()));
            }
            for _ in 0..events {
                life.acts.push(event(&mut rng, resources));
                if !calm {
                    let steps = rng.random_range(0..12);
                    life.acts.extend((0..steps).map(|_| small(&mut rng)));
                }
            }
            if calm || rng.random_bool(0.3) {
                life.acts.push(Act::Settle);
            }
            if rng.random_bool(0.3) {
                life.acts.push(Act::Wait(*[1, 30, 100, 301, 700, 4000].choose(&mut rng).expect("a time")));
            }
        }
        life
    }
}

/// Picks a step of a process or of time.
fn small(rng: &mut StdRng) -> Act {
    match rng.random_range(0..10) {
        0..7 => Act::Step(rng.random_range(0..2), rng.random_range(0..3)),
        7..9 => Act::Sync(rng.random_range(0..2)),
        _ => Act::Wait(*[1, 5, 30, 100].choose(rng).expect("a time")),
    }
}

/// Picks an event.
fn event(rng: &mut StdRng, resources: u8) -> Act {
    let o = rng.random_range(0..resources);
    let n = |rng: &mut StdRng, below| rng.random_range(0..below);
    match rng.random_range(0..100) {
        0..22 => Act::Person(Person::Apply(o)),
        22..44 => Act::Person(Person::Edit(o, Edit::random(rng))),
        44..68 => Act::Person(match rng.random_range(0..24) {
            0 | 1 => Person::Replace(o),
            2 => Person::StripFinalizers(o),
            3 => Person::LoseStatus(o),
            4 => Person::RestoreStatus(o, n(rng, 10)),
            5 => Person::EditStatus(o, n(rng, 3)),
            6 => Person::Pause(o, n(rng, 4)),
            7 => Person::Resume(o),
            8 => Person::Request(o, n(rng, 5)),
            9 => Person::Annotate(o),
            10..13 => Person::Delete(o),
            13..15 => Person::ForceDelete(o),
            15 => Person::NamespacePolicy(o, n(rng, 4)),
            16 => Person::NamespaceForbidden(o, rng.random_bool(0.7)),
            17 | 18 => Person::SecretGone(o),
            19 => Person::SecretRestored(o, n(rng, 2)),
            20 => Person::Confirm(o),
            21 | 22 => Person::NamespaceGone(o),
            _ => Person::SecretWritten(o, n(rng, 2)),
        }),
        68..86 => Act::Console(match rng.random_range(0..16) {
            0 | 1 => Console::Create(o),
            2 => Console::Delete(o),
            3 => Console::Routing(o, n(rng, 2)),
            4 => Console::Identity(o, n(rng, 3)),
            5 => Console::Phone(o, n(rng, 3)),
            6 => Console::Proficiencies(o, n(rng, 2)),
            7 => Console::Group(o, n(rng, 2)),
            8 => Console::Tag(o, n(rng, 2)),
            9 => Console::Untag(o),
            10 => Console::TagAsTheirs(o),
            11 => Console::Attribute(rng.random_bool(0.3)),
            12 => Console::Profile(rng.random_bool(0.3)),
            13 => Console::HierarchyGroup(rng.random_bool(0.3)),
            14 => Console::RenameGroup,
            _ => Console::RenameProfile(n(rng, 2)),
        }),
        _ => Act::Around(match rng.random_range(0..15) {
            0..2 => Around::Restart(n(rng, 2)),
            2 => Around::Freeze(n(rng, 2), rng.random_bool(0.5)),
            3..8 => Around::Fault(if rng.random_bool(0.2) { Fault::Denied } else { *Fault::ALL.choose(rng).expect("a fault") }),
            8 => Around::Quota(rng.random_bool(0.6)),
            9 => Around::Deny(n(rng, 5)),
            10 | 11 => Around::RestoreEtcd(n(rng, 12), rng.random_bool(0.5)),
            12 => Around::CloneCluster,
            13 => Around::RebuildCluster(*[NewName::Same, NewName::Renamed, NewName::Unknown].choose(rng).expect("a name")),
            _ => Around::RenameCluster,
        }),
    }
}
