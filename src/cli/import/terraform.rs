//! What `terraform show -json` prints: a state or a plan with aws_connect_user.

use std::collections::BTreeMap;

use connect_api::Arn;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    known::{Known, refer, without_lists},
    record::{Imported, Record},
    text::Broken,
    words::{in_our_words, tags},
};
use crate::plan::{NameIndex, ReferenceKind};

/// The parts of the format that matter here: https://developer.hashicorp.com/terraform/internals/json-format.
#[derive(Deserialize)]
struct Shown {
    format_version: Option<String>,
    values: Option<Values>,
    planned_values: Option<Values>,
    prior_state: Option<Box<Shown>>,
    #[serde(default)]
    resource_changes: Vec<Changed>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Module,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Module {
    resources: Vec<Resource>,
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    values: Map<String, Value>,
    #[serde(default)]
    sensitive_values: Value,
}

#[derive(Deserialize)]
struct Changed {
    address: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    after_unknown: Value,
}

impl Module {
    fn all(&self) -> Vec<&Resource> {
        self.resources.iter().chain(self.child_modules.iter().flat_map(Self::all)).collect()
    }
}

impl Resource {
    fn text(&self, member: &str) -> Option<&str> {
        self.values.get(member)?.as_str().filter(|text| !text.is_empty())
    }
}

/// Reads the users of a state or a plan.
pub(super) fn read(text: &str, instance: Option<&Arn>) -> Result<Imported, Broken> {
    let broken = |error: serde_json::Error| Broken::parsing(error.line() as u64, error.column() as u64, &error);
    let shown: Shown = serde_json::from_str(text).map_err(broken)?;
    if shown.format_version.is_none() {
        let why = "this is not what `terraform show -json` prints (a state file: run it beside the file)";
        return Err(Broken::at(text, 0, why));
    }
    let values = shown.planned_values.as_ref().or(shown.values.as_ref());
    let prior = shown.prior_state.as_ref().and_then(|prior| prior.values.as_ref());
    let [resources, earlier] = [values, prior].map(|values| values.map(|values| values.root_module.all()).unwrap_or_default());
    let mut known = Known::new(instance);
    earlier.iter().chain(&resources).for_each(|resource| learn(&mut known, resource));
    let unknown: BTreeMap<&str, &Value> =
        shown.resource_changes.iter().map(|changed| (changed.address.as_str(), &changed.change.after_unknown)).collect();

    let (mut imported, mut indexes) = (Imported::default(), BTreeMap::<String, NameIndex>::new());
    for resource in resources.iter().filter(|resource| resource.kind == "aws_connect_user" && resource.mode == "managed") {
        let mut record = Record { place: resource.address.clone(), ..Record::default() };
        let mut values = resource.values.clone();
        values.remove("password");
        record.has_password = resource.text("password").is_some();
        if let Some(Value::Object(unknown)) = unknown.get(resource.address.as_str()) {
            record.has_password |= unknown.get("password").is_some_and(is_any);
            let is_ours = |member: &str| member != "password" && !COMPUTED.contains(&member);
            let unknown = unknown.iter().filter(|(member, value)| is_any(value) && is_ours(member));
            record.lost.extend(unknown.map(|(member, _)| format!("{member}: is known only after the plan is applied")));
        }
        take_sensitive(&mut values, &resource.sensitive_values, &mut record.lost);
        without_lists(&mut values);
        // With the default tags of the provider.
        let own = values.remove("tags");
        let given = values.remove("tags_all").filter(|all| all.as_object().is_some_and(|all| !all.is_empty())).or(own);
        let id = resource.text("instance_id").unwrap_or_default();
        COMPUTED.into_iter().chain(["instance_id", "region"]).for_each(|member| drop(values.remove(member)));
        record.spec = in_our_words(values, &mut record.lost);
        if let Some(username) = record.spec.remove("name") {
            record.spec.insert("username".into(), username);
        }
        if let Some(Value::Object(given)) = given {
            let tags = tags(given, &mut record.lost);
            record.spec.extend((!tags.is_empty()).then(|| ("tags".to_owned(), tags.into())));
        }
        match known.instance(id) {
            Some(arn) => {
                let names = indexes.entry(id.to_owned()).or_insert_with(|| known.index(id));
                refer(&mut record, arn, names);
                record.spec.insert("instanceArn".into(), arn.into());
            }
            None => {
                record.lost.push(format!("instance_id: the file does not show the account and Region of {id:?}: give --instance"))
            }
        }
        imported.records.push(record);
    }
    Ok(imported)
}

/// Members that only describe what exists.
const COMPUTED: [&str; 4] = ["arn", "id", "user_id", "tags_all"];

/// Takes the ARN of the instance and the name that a resource or a data source shows.
fn learn(known: &mut Known, resource: &Resource) {
    resource.text("arn").into_iter().for_each(|arn| known.see(arn));
    let (kind, id) = match resource.kind.as_str() {
        "aws_connect_routing_profile" => (ReferenceKind::RoutingProfile, "routing_profile_id"),
        "aws_connect_security_profile" => (ReferenceKind::SecurityProfile, "security_profile_id"),
        "aws_connect_user_hierarchy_group" => (ReferenceKind::HierarchyGroup, "hierarchy_group_id"),
        _ => return,
    };
    let path = match kind {
        ReferenceKind::HierarchyGroup => path(resource.values.get("hierarchy_path")),
        ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => resource.text("name").map(|name| vec![name.to_owned()]),
    };
    if let (Some(instance), Some(id), Some(path)) = (resource.text("instance_id"), resource.text(id), path) {
        known.name(instance, kind, id, path);
    }
}

/// Returns the names of the groups from the top level down.
fn path(hierarchy_path: Option<&Value>) -> Option<Vec<String>> {
    let levels = hierarchy_path?.get(0)?;
    let name = |level| Some(levels.get(level)?.get(0)?.get("name")?.as_str()?.to_owned());
    let names: Vec<String> =
        ["level_one", "level_two", "level_three", "level_four", "level_five"].into_iter().map_while(name).collect();
    (!names.is_empty()).then_some(names)
}

/// Removes the values that Terraform marks as sensitive: manifests are in a repository.
fn take_sensitive(values: &mut Map<String, Value>, marks: &Value, lost: &mut Vec<String>) {
    let Value::Object(marks) = marks else { return };
    for (member, _) in marks.iter().filter(|(member, mark)| is_any(mark) && !["password", "tags_all"].contains(&member.as_str()))
    {
        if values.remove(member).is_some() {
            lost.push(format!("{member}: Terraform marks it as sensitive"));
        }
    }
    if marks.get("tags_all").is_some_and(is_any) {
        values.remove("tags_all");
    }
}

/// Returns whether a value or a part of it is marked.
fn is_any(mark: &Value) -> bool {
    match mark {
        Value::Bool(mark) => *mark,
        Value::Array(list) => list.iter().any(is_any),
        Value::Object(members) => members.values().any(is_any),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::record::tests::{INSTANCE, specs},
        *,
    };

    const STATE: &str = include_str!("../../../tests/import/state.json");
    const PLAN: &str = include_str!("../../../tests/import/plan.json");

    #[test]
    fn users_of_all_modules_of_a_state_are_carried_over() {
        let (specs, lost) = specs(read(STATE, None).unwrap());
        let jane = json!({
            "username": "jane.doe",
            "passwordSecretRef": { "name": "jane.doe", "key": "password" },
            "identityInfo": { "firstName": "Jane", "lastName": "Doe", "email": "jane.doe@example.com" },
            "phoneConfig": { "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 30 },
            "routingProfileName": "Sales",
            "securityProfileNames": ["Admin", "Agent"],
            "hierarchyGroupPath": "/North/Hamburg",
            "tags": { "team": "blue", "managed": "terraform" },
        });
        let omar = json!({
            "username": "omar@example.com",
            "identityInfo": { "firstName": "Omar", "lastName": "Haddad" },
            "phoneConfig": {
                "phoneType": "DESK_PHONE", "deskPhoneNumber": "+12065550199", "autoAccept": false, "afterContactWorkTimeLimit": 0,
            },
            "routingProfileArn": format!("{INSTANCE}/routing-profile/aaaaaaaa-0000-4000-8000-000000000009"),
            "securityProfileNames": ["Agent"],
        });
        assert_eq!(specs, [("jane.doe".to_owned(), jane), ("omar-at-example.com".to_owned(), omar)].into());
        let place = "file: module.north.module.desk.aws_connect_user.agent[0]: omar@example.com";
        assert_eq!(lost, [format!("{place}: tags: Terraform marks it as sensitive")]);
    }

    #[test]
    fn plan_takes_names_from_the_prior_state() {
        let (specs, lost) = specs(read(PLAN, None).unwrap());
        let new = &specs["new.agent"];
        assert_eq!(new["routingProfileName"], "Sales");
        assert_eq!(
            new["securityProfileArns"],
            json!([format!("{INSTANCE}/security-profile/bbbbbbbb-0000-4000-8000-000000000001")])
        );
        assert_eq!(new["passwordSecretRef"]["name"], "new.agent");
        let unknown = PLAN.replace("\"password\": \"Hunter2!plan\",", "").replace("\"arn\": true", "\"password\": true");
        assert_eq!(super::super::record::tests::specs(read(&unknown, None).unwrap()), (specs.clone(), lost.clone()));
        assert_eq!(lost, ["file: aws_connect_user.new: new.agent: hierarchy_group_id: is known only after the plan is applied"]);
    }

    #[test]
    fn name_of_two_profiles_is_an_arn() {
        let state = STATE.replace("\"name\": \"Admin\"", "\"name\": \"Agent\"");
        let (specs, _) = specs(read(&state, None).unwrap());
        assert_eq!(specs["jane.doe"]["securityProfileArns"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn instance_that_the_file_does_not_show_is_needed() {
        let plan = PLAN.replace("\"arn\": \"arn:", "\"arn\": \"x:");
        let (none, lost) = specs(read(&plan, None).unwrap());
        assert!(none.is_empty() && lost.iter().any(|line| line.contains("give --instance")), "{lost:?}");
        let (given, _) = specs(read(&plan, Some(&INSTANCE.parse().unwrap())).unwrap());
        assert_eq!(given["new.agent"]["routingProfileName"], "Sales");
    }

    #[test]
    fn other_files_are_refused_with_their_place() {
        let broken = |text: &str| read(text, None).unwrap_err().to_string();
        assert_eq!(broken("{\n  \"values\": ]\n}"), "line 2, column 13: expected value");
        assert!(broken("{ \"version\": 4, \"resources\": [] }").contains("terraform show -json"));
        assert_eq!(broken(""), "line 1, column 0: EOF while parsing a value");
    }
}
