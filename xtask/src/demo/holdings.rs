//! What Connect holds, beside what the manifests say.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use super::screen;
use super::stage::Stage;

/// The operator's own tags, which no manifest names.
const OWNERSHIP: &str = "connect-operator.dev/";

/// The user with this name.
pub(super) fn user(stage: &Stage<'_>, username: &str) -> Result<Option<Value>> {
    Ok(stage.simulator.users()?.into_iter().find(|user| text(&user["Username"]) == username))
}

/// Prints what Connect holds.
pub(super) fn show(stage: &Stage<'_>, title: &str) -> Result<()> {
    let headings = ["USERNAME", "ROUTING PROFILE", "SECURITY PROFILES", "HIERARCHY GROUP", "PROFICIENCIES", "TAGS"];
    let mut rows = vec![headings.map(str::to_owned)];
    for user in stage.simulator.users()? {
        let name = |id: &Value| stage.simulator.name_of(text(id));
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
    println!("\n  {title}");
    screen::table(&rows);
    Ok(())
}

/// Where Connect differs from what the manifests of the Ready users say, and how many these are.
pub(super) fn differences(stage: &Stage<'_>) -> Result<(Vec<String>, usize)> {
    let resources: Value =
        serde_json::from_str(&stage.run(&["get", "cuser", "--output=json"])?).context("kubectl printed no JSON")?;
    let ready = |resource: &&Value| {
        items(&resource["status"]["conditions"]).any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let specs: Vec<_> = items(&resources["items"]).filter(ready).map(|resource| &resource["spec"]).collect();
    let users = stage.simulator.users()?;
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

/// The fields of a spec that differ in Connect; those that it leaves out are not managed, and so do not differ.
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
    // These two are structures that Connect spells alike, but for the first letter.
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

/// The id at the end of an ARN.
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
