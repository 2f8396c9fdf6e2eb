//! What the page shows: a summary of the account, and the first of the users that match a filter.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    Calls, Fault, InstanceView, Rate,
    engine::Engine,
    state::{Instance, User, lineage},
};

/// The most users that the page shows. More would slow down a browser.
const MOST_ROWS: usize = 100;

/// Which users to show.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Selection {
    /// The ARN of their instance. Empty: any instance.
    pub instance: String,
    /// Words that must each be part of the username, a name, the e-mail address, a profile, the group's path or a tag.
    pub filter: String,
}

/// The state of an account, for a person.
#[derive(Debug)]
pub(crate) struct Overview {
    pub now: Timestamp,
    pub instances: Vec<InstanceView>,
    pub calls: Calls,
    pub rates: Vec<(String, Option<Rate>)>,
    pub faults: Vec<Fault>,
    pub denied: BTreeSet<String>,
    /// The number of users that match.
    pub matching: usize,
    /// The first of them by username.
    pub users: Vec<UserRow>,
}

/// A user, with names instead of ids.
#[derive(Debug)]
pub(crate) struct UserRow {
    pub instance: String,
    pub username: String,
    pub name: String,
    pub routing_profile: String,
    pub security_profiles: String,
    pub hierarchy_group: String,
    pub proficiencies: String,
    pub tags: String,
    pub modified: Timestamp,
}

impl Engine {
    /// Returns the overview, without lag.
    pub fn overview(&self, selection: &Selection) -> Overview {
        let words: Vec<String> = selection.filter.split_whitespace().map(str::to_lowercase).collect();
        let selected = |instance: &&Instance| selection.instance.is_empty() || instance.arn.to_string() == selection.instance;
        let mut found: Vec<(&Instance, &Arc<User>)> = self
            .instances()
            .iter()
            .filter(selected)
            .flat_map(|instance| instance.users.values().map(move |user| (instance, user)))
            .filter(|(instance, user)| words.is_empty() || matches(&words, instance, user))
            .collect();
        let matching = found.len();
        let order = |a: &(&Instance, &Arc<User>), b: &(&Instance, &Arc<User>)| a.1.username.cmp(&b.1.username);
        if matching > MOST_ROWS {
            found.select_nth_unstable_by(MOST_ROWS, order);
            found.truncate(MOST_ROWS);
        }
        found.sort_by(order);
        let rate = |operation: &String| (operation.clone(), self.admission.rate(operation));
        Overview {
            now: self.clock.now(),
            instances: self.instances().iter().map(Instance::view).collect(),
            calls: self.calls.clone(),
            rates: self.calls.operations.keys().map(rate).collect(),
            faults: self.admission.faults.all().to_vec(),
            denied: self.admission.denied.clone(),
            matching,
            users: found.into_iter().map(|(instance, user)| row(instance, user)).collect(),
        }
    }
}

fn matches(words: &[String], instance: &Instance, user: &User) -> bool {
    let UserRow { username, name, routing_profile, security_profiles, hierarchy_group, tags, .. } = row(instance, user);
    let email = user.identity_info.email.as_deref().unwrap_or_default();
    // A character that no word contains separates the texts.
    let texts =
        [&username, &name, email, &routing_profile, &security_profiles, &hierarchy_group, &tags].join("\n").to_lowercase();
    words.iter().all(|word| texts.contains(word))
}

fn row(instance: &Instance, user: &User) -> UserRow {
    let profile = |profiles: &std::collections::BTreeMap<String, crate::state::Profile>, id: &str| {
        profiles.get(id).map_or_else(|| id.to_owned(), |profile| profile.name.clone())
    };
    let list = |items: Vec<String>| items.join(", ");
    let info = &user.identity_info;
    UserRow {
        instance: instance.alias.clone().unwrap_or_else(|| instance.arn.instance.to_string()),
        username: user.username.clone(),
        name: [&info.first_name, &info.last_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(" "),
        routing_profile: profile(&instance.routing_profiles, user.routing_profile_id.as_str()),
        security_profiles: list(
            user.security_profile_ids.iter().map(|id| profile(&instance.security_profiles, id.as_str())).collect(),
        ),
        hierarchy_group: user.hierarchy_group_id.as_ref().map_or_else(String::new, |id| {
            lineage(&instance.groups, id.as_str()).into_iter().map(|(_, group)| format!("/{}", group.name)).collect()
        }),
        proficiencies: list(user.proficiencies.iter().map(|(key, level)| format!("{} {level}", key.attribute_value)).collect()),
        tags: list(user.tags.iter().map(|(key, value)| format!("{key}={value}")).collect()),
        modified: user.modified,
    }
}
