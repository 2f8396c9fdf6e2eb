//! Connect's users as a table, and their differences from the manifests.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use super::installation::Installation;
use super::screen;

/// The prefix of the operator's own tags, which are in no manifest.
const OWNERSHIP: &str = "connect-operator.dev/";

/// Returns the user with this name.
pub(super) fn user(installation: &Installation<'_>, username: &str) -> Result<Option<Value>> {
    Ok(installation.simulator.users()?.into_iter().find(|user| text(&user["Username"]) == username))
}

/// Prints Connect's users.
pub(super) fn show(installation: &Installation<'_>, title: &str) -> Result<()> {
    let headings = ["USERNAME", "ROUTING PROFILE", "SECURITY PROFILES", "HIERARCHY GROUP", "PROFICIENCIES", "TAGS"];
    let mut rows = vec![headings.map(str::to_owned)];
    for user in installation.simulator.users()? {
        let name = |id: &Value| installation.simulator.name_of(text(id));
        let group = &user["HierarchyGroupId"];
        let proficiency = |p: &Value| format!("{} {}", text(&p["AttributeValue"]), p["Level"].as_f64().unwrap_or_default());
        let tag = |(key, value): (&String, &Value)| format!("{key}={}", text(value));
        rows.push([
            text(&user["Username"]).to_owned(),
            name(&user["RoutingProfileId"]),
            joined(items(&user["SecurityProfileIds"]).map(name)),
            if group.is_null() { "-".to_owned() } else { name(group) },
            joined(items(&user["Proficiencies"]).map(proficiency)),
            joined(members(&user["Tags"]).filter(|(key, _)| !key.starts_with(OWNERSHIP)).map(tag)),
        ]);
    }
    screen::say(&format!("\n  {title}"));
    screen::table(&rows);
    Ok(())
}

/// Returns the differences between Connect and the Ready ConnectUsers, and the number of these.
pub(super) fn differences(installation: &Installation<'_>) -> Result<(Vec<String>, usize)> {
    let resources: Value =
        serde_json::from_str(&installation.run(&["get", "cuser", "--output=json"])?).context("kubectl printed no JSON")?;
    let ready = |resource: &&Value| {
        items(&resource["status"]["conditions"]).any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let specs: Vec<_> = items(&resources["items"]).filter(ready).map(|resource| &resource["spec"]).collect();
    let users = installation.simulator.users()?;
    let mut found = Vec::new();
    for user in &users {
        if !specs.iter().any(|spec| spec["username"] == user["Username"]) {
            found.push(format!("{} is in Connect, but no Ready ConnectUser says so", text(&user["Username"])));
        }
    }
    for spec in &specs {
        let username = text(&spec["username"]);
        match users.iter().find(|user| user["Username"] == spec["username"]) {
            None => found.push(format!("{username} is Ready, but not in Connect")),
            Some(user) => found.extend(differing(spec, user).into_iter().map(|field| format!("{username}: {field} differs"))),
        }
    }
    Ok((found, specs.len()))
}

/// Returns the fields of a spec that differ in Connect. Fields that it leaves out are not managed, so they cannot differ.
fn differing(spec: &Value, user: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    let mut check = |field: String, same: bool| {
        if !same {
            fields.push(field);
        }
    };
    check("routingProfileArn".into(), id(&spec["routingProfileArn"]) == text(&user["RoutingProfileId"]));
    let wanted: BTreeSet<_> = items(&spec["securityProfileArns"]).map(id).collect();
    check("securityProfileArns".into(), wanted == items(&user["SecurityProfileIds"]).map(text).collect());
    if let Some(group) = spec.get("hierarchyGroupArn") {
        check("hierarchyGroupArn".into(), id(group) == text(&user["HierarchyGroupId"]));
    }
    if let Some(wanted) = spec.get("userProficiencies") {
        let wanted = items(wanted).map(|p| (text(&p["attributeName"]), text(&p["attributeValue"]), p["level"].as_u64()));
        let held = items(&user["Proficiencies"])
            .map(|p| (text(&p["AttributeName"]), text(&p["AttributeValue"]), p["Level"].as_f64().map(|level| level as u64)));
        check("userProficiencies".into(), wanted.collect::<BTreeSet<_>>() == held.collect());
    }
    for (key, value) in members(&spec["tags"]) {
        check(format!("tags[{key}]"), user["Tags"].get(key) == Some(value));
    }
    // In these two, Connect's names differ from the spec's in the first letter only.
    for (structure, held) in [("identityInfo", &user["IdentityInfo"]), ("phoneConfig", &user["PhoneConfig"])] {
        for (member, value) in members(&spec[structure]) {
            check(format!("{structure}.{member}"), held[pascal_case(member)] == *value);
        }
    }
    fields
}

fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Returns the id at the end of an ARN.
fn id(arn: &Value) -> &str {
    text(arn).rsplit('/').next().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn joined(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<_> = words.collect();
    words.sort();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
