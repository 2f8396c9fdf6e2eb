//! Connect's users as a table, and their differences from the manifests.

use anyhow::{Context, Result};
use connect_operator::api::{ConnectUser, PREFIX};
use connect_sim::UserView;
use serde::Deserialize;
use testbed::{ExtraTags, user_matches};

use super::installation::Installation;
use crate::screen;

/// Prints Connect's users.
pub(super) fn show(installation: &Installation<'_>, title: &str) {
    let headings = ["USERNAME", "ROUTING PROFILE", "SECURITY PROFILES", "HIERARCHY GROUP", "PROFICIENCIES", "TAGS"];
    let mut rows = vec![headings.map(str::to_owned)];
    for UserView { user, proficiencies, .. } in installation.users() {
        // The operator's own tags are in no manifest.
        let tags = user.tags.iter().filter(|(key, _)| !key.starts_with(PREFIX));
        rows.push([
            user.username.clone(),
            joined(user.routing_profile_id.iter().map(|id| installation.name_of(id.as_str()))),
            joined(user.security_profile_ids.iter().map(|id| installation.name_of(id.as_str()))),
            joined(user.hierarchy_group_id.iter().map(|id| installation.name_of(id.as_str()))),
            joined(proficiencies.iter().map(|p| format!("{} {}", p.key.attribute_value, p.level))),
            joined(tags.map(|(key, value)| format!("{key}={value}"))),
        ]);
    }
    screen::say(&format!("\n  {title}"));
    screen::table(&rows);
}

/// Returns the differences between Connect and the Ready ConnectUsers, and the number of these.
pub(super) fn differences(installation: &Installation<'_>) -> Result<(Vec<String>, usize)> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<ConnectUser>,
    }
    let resources: List =
        serde_json::from_str(&installation.run(&["get", "cuser", "--output=json"])?).context("kubectl printed no list")?;
    let ready = |resource: &&ConnectUser| {
        let mut conditions = resource.status.iter().flat_map(|status| &status.conditions);
        conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
    };
    let specs: Vec<_> = resources.items.iter().filter(ready).map(|resource| &resource.spec).collect();
    let users = installation.users();
    let mut found = Vec::new();
    for UserView { user, .. } in &users {
        if !specs.iter().any(|spec| spec.username == user.username) {
            found.push(format!("{} is in Connect, but no Ready ConnectUser says so", user.username));
        }
    }
    for spec in &specs {
        match users.iter().find(|view| view.user.username == spec.username) {
            None => found.push(format!("{} is Ready, but not in Connect", spec.username)),
            Some(view) => {
                let difference = user_matches(spec, view, &installation.sim, ExtraTags::Allowed).err();
                found.extend(difference.map(|difference| format!("{}: {difference}", spec.username)));
            }
        }
    }
    Ok((found, specs.len()))
}

fn joined(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<_> = words.collect();
    words.sort();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
