//! The content of an account: instances, their users, and what users refer to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use connect_api::{
    AfterContactWorkConfig, Arn, AutoAcceptConfig, Channel, HierarchyGroupId, IdentityInfo, IdentityManagementType,
    PersistentConnectionConfig, PhoneNumberConfig, ProficiencyKey, QuickConnectId, Resource, RoutingProfileId, SecurityProfileId,
    Tags, UserId, VoiceEnhancementConfig,
};
use jiff::Timestamp;

use crate::{DescribeLagCovers, InstanceConfig, QuickConnectTarget, clock::later, identifiers::derived};

/// The status of every simulated instance.
pub(crate) const ACTIVE: &str = "ACTIVE";

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub id: UserId,
    pub username: String,
    pub identity_info: IdentityInfo,
    pub settings: Settings,
    pub directory_user_id: Option<String>,
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    pub routing_profile_id: RoutingProfileId,
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    pub tags: Tags,
    pub proficiencies: BTreeMap<ProficiencyKey, f32>,
    pub proficiencies_modified: Option<Timestamp>,
    pub has_password: bool,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// How contacts reach a user. PhoneConfig and the per-channel lists are two views of these settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub auto_accept: BTreeMap<Channel, AutoAcceptConfig>,
    pub after_contact_work: BTreeMap<Channel, AfterContactWorkConfig>,
    pub phone_number: BTreeMap<Channel, PhoneNumberConfig>,
    pub persistent_connection: BTreeMap<Channel, PersistentConnectionConfig>,
    pub voice_enhancement: BTreeMap<Channel, VoiceEnhancementConfig>,
}

/// A routing profile or security profile.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub name: String,
    pub description: Option<String>,
    /// What a security profile permits. None for a routing profile.
    pub permissions: BTreeSet<String>,
    pub tags: Tags,
    pub modified: Timestamp,
}

/// A hierarchy group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub name: String,
    pub parent: Option<String>,
    pub tags: Tags,
    pub modified: Timestamp,
}

/// A predefined attribute.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub values: Vec<String>,
    pub modified: Timestamp,
}

/// A quick connect.
#[derive(Clone, Debug)]
pub(crate) struct QuickConnect {
    pub id: QuickConnectId,
    pub name: String,
    pub target: QuickConnectTarget,
    pub contact_flow_id: Option<String>,
    pub tags: Tags,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A copy of a map that lags behind its writes.
#[derive(Debug)]
pub(crate) struct Lagged<K, V> {
    lag: Duration,
    visible: BTreeMap<K, Arc<V>>,
    pending: VecDeque<(Timestamp, K, Option<Arc<V>>)>,
}

impl<K: Ord, V> Lagged<K, V> {
    fn new(lag: Duration) -> Self {
        Self { lag, visible: BTreeMap::new(), pending: VecDeque::new() }
    }

    fn write(&mut self, now: Timestamp, id: K, value: Option<Arc<V>>) {
        self.pending.push_back((later(now, self.lag), id, value));
    }

    /// Returns the visible content.
    pub fn at(&mut self, now: Timestamp) -> &BTreeMap<K, Arc<V>> {
        while let Some((_, id, value)) = self.pending.pop_front_if(|(due, ..)| *due <= now) {
            match value {
                Some(value) => self.visible.insert(id, value),
                None => self.visible.remove(&id),
            };
        }
        &self.visible
    }
}

/// The lags of the reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lags {
    pub search: Duration,
    pub describe: Duration,
    pub describe_covers: DescribeLagCovers,
}

/// An instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub arn: Arn,
    pub alias: Option<String>,
    pub identity_management_type: IdentityManagementType,
    pub directory_reachable: bool,
    pub users_quota: usize,
    pub created: Timestamp,
    pub tags: Tags,
    pub users: BTreeMap<UserId, Arc<User>>,
    /// Usernames in the form in which they are compared.
    names: HashMap<String, UserId>,
    /// Usernames of deleted users, with the time until which they stay taken.
    held: HashMap<String, Timestamp>,
    pub searched: Lagged<UserId, User>,
    described: Lagged<UserId, User>,
    lags: Lags,
    case_sensitive: bool,
    pub routing_profiles: BTreeMap<String, Profile>,
    pub security_profiles: BTreeMap<String, Profile>,
    pub groups: BTreeMap<String, Group>,
    pub attributes: BTreeMap<String, Attribute>,
    pub quick_connects: BTreeMap<QuickConnectId, Arc<QuickConnect>>,
    pub quick_connects_searched: Lagged<QuickConnectId, QuickConnect>,
}

impl Instance {
    pub fn new(config: InstanceConfig, lags: Lags, case_sensitive: bool, now: Timestamp) -> Self {
        let (arn, id) = (config.arn(), config.id.to_string());
        let profile = |kind: &str, given: Option<String>, name: String, permissions| {
            let profile_id = given.unwrap_or_else(|| derived(&id, kind, &name));
            (profile_id, Profile { name, description: None, permissions, tags: Tags::new(), modified: now })
        };
        let routing_profiles = config.routing_profiles.into_iter();
        let routing_profiles = routing_profiles.map(|p| profile("routing-profile", p.id, p.name, BTreeSet::new())).collect();
        let security_profiles = config.security_profiles.into_iter().map(|p| {
            let permissions = p.permissions();
            profile("security-profile", p.id, p.name, permissions)
        });
        let security_profiles = security_profiles.collect();
        let attribute = |(name, values)| (name, Attribute { values, modified: now });
        let mut instance = Self {
            arn,
            alias: config.alias,
            identity_management_type: config.identity_management_type,
            directory_reachable: config.directory_reachable,
            users_quota: config.users_quota,
            created: now,
            tags: config.tags,
            users: BTreeMap::new(),
            names: HashMap::new(),
            held: HashMap::new(),
            searched: Lagged::new(lags.search),
            described: Lagged::new(lags.describe),
            lags,
            case_sensitive,
            routing_profiles,
            security_profiles,
            groups: BTreeMap::new(),
            attributes: config.predefined_attributes.into_iter().map(attribute).collect(),
            quick_connects: BTreeMap::new(),
            quick_connects_searched: Lagged::new(lags.search),
        };
        for group in config.hierarchy_groups {
            instance.create_groups(&group.name, group.id, now);
        }
        instance
    }

    /// Creates the group at this path and its missing parents.
    fn create_groups(&mut self, path: &str, id: Option<String>, now: Timestamp) {
        let mut parent = None;
        let mut so_far = String::new();
        for name in path.trim_start_matches('/').split('/') {
            so_far = format!("{so_far}/{name}");
            let known = self.groups.iter().find(|(_, g)| g.name == name && g.parent == parent).map(|(id, _)| id.clone());
            let group = known.unwrap_or_else(|| {
                let given = id.clone().filter(|_| so_far == path);
                let group = given.unwrap_or_else(|| derived(self.arn.instance.as_str(), "agent-group", &so_far));
                let value = Group { name: name.to_owned(), parent: parent.clone(), tags: Tags::new(), modified: now };
                self.groups.insert(group.clone(), value);
                group
            });
            parent = Some(group);
        }
    }

    /// Returns the ARN of a resource in the instance.
    pub fn arn_of(&self, resource: Resource) -> String {
        self.arn.sibling(resource).to_string()
    }

    pub fn user_arn(&self, id: &UserId) -> String {
        self.arn_of(Resource::User(id.clone()))
    }

    fn compared(&self, username: &str) -> String {
        if self.case_sensitive { username.to_owned() } else { username.to_lowercase() }
    }

    /// Returns whether a username is taken.
    pub fn is_taken(&self, username: &str, now: Timestamp) -> bool {
        let name = self.compared(username);
        self.names.contains_key(&name) || self.held.get(&name).is_some_and(|until| now < *until)
    }

    /// Adds or replaces a user.
    pub fn put(&mut self, user: User, now: Timestamp) {
        let id = user.id.clone();
        self.names.insert(self.compared(&user.username), id.clone());
        let user = Arc::new(user);
        self.users.insert(id.clone(), Arc::clone(&user));
        self.replicate(now, &id, Some(&user));
    }

    /// Removes a user. Its name stays taken for a while.
    pub fn remove(&mut self, id: &UserId, now: Timestamp, held_for: Duration) {
        if let Some(user) = self.users.remove(id) {
            let name = self.compared(&user.username);
            self.names.remove(&name);
            self.held.retain(|_, until| now < *until);
            self.held.insert(name, later(now, held_for));
            self.replicate(now, id, None);
        }
    }

    /// Adds or replaces a quick connect.
    pub fn put_quick_connect(&mut self, quick_connect: QuickConnect, now: Timestamp) {
        let (id, quick_connect) = (quick_connect.id.clone(), Arc::new(quick_connect));
        self.quick_connects_searched.write(now, id.clone(), Some(Arc::clone(&quick_connect)));
        self.quick_connects.insert(id, quick_connect);
    }

    /// Removes a quick connect. Returns false if there is none.
    pub fn remove_quick_connect(&mut self, id: &QuickConnectId, now: Timestamp) -> bool {
        let existed = self.quick_connects.remove(id).is_some();
        if existed {
            self.quick_connects_searched.write(now, id.clone(), None);
        }
        existed
    }

    fn replicate(&mut self, now: Timestamp, id: &UserId, user: Option<&Arc<User>>) {
        self.searched.write(now, id.clone(), user.cloned());
        if self.reads_a_copy() {
            self.described.write(now, id.clone(), user.cloned());
        }
    }

    fn reads_a_copy(&self) -> bool {
        !self.lags.describe.is_zero() && self.lags.describe_covers == DescribeLagCovers::AllWrites
    }

    /// Returns the users that ListUsers shows after this id.
    pub fn readable_after(&mut self, now: Timestamp, after: Option<&UserId>) -> impl Iterator<Item = &Arc<User>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let visible_from = self.lags.describe;
        let lagging = !visible_from.is_zero();
        let copy = self.reads_a_copy();
        let users = if copy { self.described.at(now) } else { &self.users };
        users
            .range((after.map_or(Unbounded, Excluded), Unbounded))
            .map(|(_, user)| user)
            .filter(move |user| copy || !lagging || later(user.created, visible_from) <= now)
    }

    /// Returns a user as DescribeUser sees it.
    pub fn read(&mut self, id: &UserId, now: Timestamp) -> Option<Arc<User>> {
        let visible_from = self.lags.describe;
        if self.reads_a_copy() {
            return self.described.at(now).get(id).cloned();
        }
        self.users.get(id).filter(|user| later(user.created, visible_from) <= now).cloned()
    }

    /// Returns the id of the group at a path: `/Level one/Level two`.
    pub fn hierarchy_group_at(&self, path: &str) -> Option<&str> {
        let wanted: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let at = |id: &str| lineage(&self.groups, id).into_iter().map(|(_, group)| group.name.as_str());
        self.groups.keys().map(String::as_str).find(|id| at(id).eq(wanted.iter().copied()))
    }
}

/// Returns the path of a group, from the top level down to the group itself.
pub(crate) fn lineage<'a>(groups: &'a BTreeMap<String, Group>, id: &str) -> Vec<(&'a str, &'a Group)> {
    let mut path = Vec::new();
    let mut next = groups.get_key_value(id);
    while let Some((id, group)) = next {
        path.push((id.as_str(), group));
        next = group.parent.as_ref().and_then(|parent| groups.get_key_value(parent));
    }
    path.reverse();
    path
}
