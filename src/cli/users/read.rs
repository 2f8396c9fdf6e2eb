//! Reads the users of an instance: from lists, 500 to 1,000 a call, and one by one only for what no list shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use connect_api::{
    Arn, Caller, Connect, ConnectExt, Error, FoundUser, IdentityInfo, ListInstances, Operation, Page, PageCursor, Priority,
    SecurityProfileId, User, UserId,
};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::progress_file::ProgressFile;
use crate::{
    api::ConnectUserSpec,
    inventory::{Inventory, Query, ScanSink, UserScan, Wanted},
    plan::{Live, NameIndex, ReferenceKind},
    reconcile::{InstanceClient, lookup},
    runtime::Retry,
};

/// How many users are read at the same time. The rate limit decides how fast that is.
const AT_ONCE: usize = 8;

/// All users of an instance, and the names of what they refer to.
pub(super) struct Instance {
    pub(super) arn: Arn,
    /// By username.
    pub(super) users: Vec<Live>,
    pub(super) names: NameIndex,
}

/// What the lists of an instance show.
#[derive(Default)]
struct Lists {
    found: BTreeMap<UserId, User>,
    listed: BTreeMap<UserId, Option<Timestamp>>,
}

impl ScanSink for Lists {
    fn found(&mut self, user: FoundUser) {
        self.found.insert(user.id.clone(), of_found(user));
    }

    fn listed(&mut self, user: &UserId, modified: Option<Timestamp>) {
        self.listed.insert(user.clone(), modified);
    }

    fn restarted(&mut self) {
        *self = Self::default();
    }
}

/// Returns a user as far as SearchUsers shows it.
fn of_found(user: FoundUser) -> User {
    let FoundUser {
        id,
        arn,
        username,
        first_name,
        last_name,
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
    } = user;
    User {
        id,
        arn,
        username,
        identity_info: IdentityInfo { first_name, last_name, ..IdentityInfo::default() },
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
        last_modified_time: None,
    }
}

fn groups_of(users: &[User]) -> BTreeSet<String> {
    users.iter().filter_map(|user| user.hierarchy_group_id.as_ref()).map(ToString::to_string).collect()
}

/// Reads a list to its end.
async fn all<O, T>(connect: &dyn Connect, caller: &Caller, request: impl Fn(Option<String>) -> O) -> Result<Vec<T>, Error>
where
    O: Operation<Output = Page<T>>,
    T: fmt::Debug + Send,
{
    let (mut all, mut cursor) = (Vec::new(), PageCursor::default());
    loop {
        let page = Retry::call(async || connect.call(caller, request(cursor.token())).await).await?;
        all.extend(page.items);
        if cursor.turn(O::NAME, page.next_token)? {
            return Ok(all);
        }
    }
}

/// Lists the active instances of a client's account and Region.
pub(super) async fn instances(connect: &dyn Connect) -> anyhow::Result<Vec<Arn>> {
    let caller = Caller::new("instances", Priority::Backlog);
    let found = all(connect, &caller, |next_token| ListInstances { max_results: 10, next_token }).await?;
    let active = found.into_iter().filter(|instance| instance.status.as_deref().is_none_or(|status| status == "ACTIVE"));
    let arn = |arn: String| arn.parse().with_context(|| format!("Connect names an instance {arn:?}"));
    active.map(|instance| arn(instance.arn)).collect()
}

/// How to read an instance.
pub(super) struct Reader<'a> {
    pub(super) connect: Arc<dyn Connect>,
    /// Reads each user on its own, with e-mail addresses, mobile number and proficiencies.
    pub(super) full: bool,
    /// The users that were read so far, so that an interrupted read can go on.
    pub(super) progress: Option<&'a ProgressFile>,
}

impl Reader<'_> {
    /// Reads the users that `is_wanted` chooses, and the names of what they refer to.
    pub(super) async fn read(&self, arn: &Arn, is_wanted: impl Fn(&User, &NameIndex) -> bool) -> anyhow::Result<Instance> {
        let mut users = self.list(arn).await.with_context(|| format!("could not list the users of {arn}"))?;
        let names = self.names(arn, groups_of(&users)).await;
        users.retain(|user| is_wanted(user, &names));
        users.sort_by(|a, b| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
        let users = if self.full { self.each(arn, users).await? } else { users.into_iter().map(Live::unread).collect() };
        Ok(Instance { arn: arn.clone(), users, names })
    }

    /// Reads all users of an instance as lists show them, and the names of what they and these specs refer to.
    pub(super) async fn read_for(&self, arn: &Arn, specs: impl Iterator<Item = &ConnectUserSpec>) -> anyhow::Result<Instance> {
        let users = self.list(arn).await.with_context(|| format!("could not list the users of {arn}"))?;
        let mut groups = groups_of(&users);
        for spec in specs {
            groups.extend(spec.hierarchy_group_path.clone());
            groups.extend(spec.hierarchy_group_arn.as_ref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned));
        }
        let names = self.names(arn, groups).await;
        Ok(Instance { arn: arn.clone(), users: users.into_iter().map(Live::unread).collect(), names })
    }

    /// Lists all users. SearchUsers lags, and ListUsers shows little: a user that only one of them shows is read on its own.
    async fn list(&self, arn: &Arn) -> Result<Vec<User>, Error> {
        let (mut scan, mut lists, mut retry) = (UserScan::default(), Lists::default(), Retry::default());
        let caller = Caller::new("list", Priority::Backlog);
        let spinner = ProgressBar::new_spinner().with_message(format!("listing the users of {}", arn.instance));
        let no_replay = |_: &mut dyn ScanSink| false;
        while let Err(error) = scan.resume(&*self.connect, &caller, &arn.instance, &mut lists, &no_replay).await {
            spinner.tick();
            retry.wait(error, scan.calls()).await?;
        }
        spinner.finish_and_clear();
        let Lists { mut found, listed } = lists;
        let uncertain: BTreeSet<UserId> = found
            .keys()
            .chain(listed.keys())
            .filter(|id| !(found.contains_key(id) && listed.contains_key(id)))
            .cloned()
            .collect();
        for id in uncertain {
            match self.describe(arn, &id).await? {
                Some(user) => found.insert(id, user),
                None => found.remove(&id),
            };
        }
        for (id, user) in &mut found {
            user.last_modified_time = user.last_modified_time.or(listed.get(id).copied().flatten());
        }
        Ok(found.into_values().collect())
    }

    async fn describe(&self, arn: &Arn, id: &UserId) -> Result<Option<User>, Error> {
        let caller = Caller::new(id.as_str(), Priority::Backlog);
        let client = InstanceClient { connect: &*self.connect, caller: &caller, instance: &arn.instance };
        Retry::call(async || lookup::by_id(client, id).await).await
    }

    /// Reads the names of profiles, and the places of these hierarchy groups, by id or path. Without the right to list them, everything
    /// has its ARN.
    async fn names(&self, arn: &Arn, groups: BTreeSet<String>) -> NameIndex {
        let (inventory, start, mut names) = (Inventory::default(), Instant::now(), NameIndex::default());
        for kind in ReferenceKind::ALL {
            let wanted = match kind {
                ReferenceKind::HierarchyGroup if groups.is_empty() => continue,
                ReferenceKind::HierarchyGroup => groups.clone(),
                ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => BTreeSet::new(),
            };
            let wanted = Wanted::from([(kind, wanted)]);
            let read = Retry::call(async || {
                let now = start.elapsed();
                let query = Query {
                    connect: &*self.connect,
                    priority: Priority::Backlog,
                    instance: arn,
                    now,
                    since: now,
                    oldest: std::time::Duration::ZERO,
                };
                inventory.read(&query, &wanted).await
            });
            match read.await {
                Ok(found) => found.catalogs.into_iter().for_each(|(kind, catalog)| names.insert(kind, catalog)),
                Err(error) => eprintln!("warning: {} are shown by their ARNs: {error}", kind.plural()),
            }
        }
        names
    }

    /// Returns those of these security profiles whose users may change what users may do; None without the right to read it.
    pub(super) async fn administrating(
        &self,
        arn: &Arn,
        profiles: &BTreeSet<SecurityProfileId>,
    ) -> Option<BTreeSet<SecurityProfileId>> {
        let (inventory, now) = (Inventory::default(), Duration::ZERO);
        let query = Query { connect: &*self.connect, priority: Priority::Backlog, instance: arn, now, since: now, oldest: now };
        match Retry::call(async || inventory.administrating(&query, profiles).await).await {
            Ok(administrating) => Some(administrating),
            Err(error) => {
                eprintln!("warning: the administrators are not known: {error}");
                None
            }
        }
    }

    /// Reads each user on its own. Ctrl-C ends the process; with a progress file, the next run reads the rest.
    pub(super) async fn each(&self, arn: &Arn, users: Vec<User>) -> anyhow::Result<Vec<Live>> {
        let style =
            ProgressStyle::with_template("{bar:40} {pos}/{len} users, {eta} left").unwrap_or(ProgressStyle::default_bar());
        let bar = ProgressBar::new(users.len() as u64).with_style(style);
        let read = |user: User| {
            let bar = &bar;
            async move {
                let read = match self.progress.and_then(|file| file.read_before(arn, &user)) {
                    Some(live) => Some(live),
                    None => self.whole(arn, &user).await?,
                };
                bar.inc(1);
                anyhow::Ok(read)
            }
        };
        // In the order of the names, whichever is read first.
        let read: Vec<Option<Live>> = stream::iter(users.into_iter().map(read)).buffered(AT_ONCE).try_collect().await?;
        bar.finish_and_clear();
        Ok(read.into_iter().flatten().collect())
    }

    /// Reads a user with its proficiencies; None if it is gone.
    async fn whole(&self, arn: &Arn, listed: &User) -> anyhow::Result<Option<Live>> {
        let failed = || format!("could not read the user {:?}", listed.username);
        let Some(user) = self.describe(arn, &listed.id).await.with_context(failed)? else { return Ok(None) };
        let caller = Caller::new(listed.id.as_str(), Priority::Backlog);
        let client = InstanceClient { connect: &*self.connect, caller: &caller, instance: &arn.instance };
        let read = Retry::call(async || lookup::proficiencies(client, &listed.id).await).await;
        let Some(proficiencies) = read.with_context(failed)? else { return Ok(None) };
        let live = Live::unread(user).with_proficiencies(proficiencies);
        if let Some(file) = self.progress {
            file.add(arn, listed.last_modified_time, &live)?;
        }
        Ok(Some(live))
    }
}
