//! AWS::Connect::User in CloudFormation templates.

use std::collections::BTreeMap;

use connect_api::Arn;
use serde_json::{Map, Value};

use super::{
    record::{Imported, Record},
    template::Template,
    text::Broken,
    words::{in_our_words, tags},
    yaml,
};
use crate::plan::ReferenceKind;

const USER: &str = "AWS::Connect::User";

/// The properties that refer to profiles and groups.
const REFERENCES: [(ReferenceKind, &str); 3] = [
    (ReferenceKind::RoutingProfile, "RoutingProfileArn"),
    (ReferenceKind::SecurityProfile, "SecurityProfileArns"),
    (ReferenceKind::HierarchyGroup, "HierarchyGroupArn"),
];

/// Reads the users of templates.
pub(super) fn read(text: &str, instance: Option<&Arn>, parameters: &BTreeMap<String, String>) -> Result<Imported, Broken> {
    let mut imported = Imported::default();
    for root in yaml::documents(text)? {
        let template = Template::new(&root, parameters, instance);
        for (id, resource) in template.resources() {
            if id.starts_with("Fn::") && resource.to_string().contains(USER) {
                imported.lost.push(format!("Resources.{id}: is not evaluated here: the users that it makes are left out"));
            } else if resource["Type"] == USER {
                take(&template, id, resource, instance, &mut imported);
            }
        }
    }
    Ok(imported)
}

fn take(template: &Template<'_>, id: &str, resource: &Value, instance: Option<&Arn>, imported: &mut Imported) {
    let place = format!("Resources.{id}");
    match resource["Condition"].as_str().map(|condition| template.holds(condition)) {
        None | Some(Ok(true)) => {}
        Some(Ok(false)) => return imported.notes.push(format!("{place}: left out, since its condition does not hold")),
        Some(Err(why)) => return imported.lost.push(format!("{place}.Condition: {why}: the user is left out")),
    }
    let mut record = Record { place, ..Record::default() };
    let mut properties = resource["Properties"].as_object().cloned().unwrap_or_default();
    // Before anything is evaluated, so that no message can show it.
    record.has_password = properties.remove("Password").is_some();
    let mut known = template.members("Properties", &properties, &mut record.lost);
    let mut spec = Map::new();
    for (kind, property) in REFERENCES {
        let Some(given) = known.remove(property) else { continue };
        match references(template, kind, given) {
            Ok((field, value)) => drop(spec.insert(field.to_owned(), value)),
            Err(why) => record.lost.push(format!("Properties.{property}: {why}")),
        }
    }
    let given = known.remove("Tags");
    spec.extend(in_our_words(known, &mut record.lost));
    if let (None, Some(instance)) = (spec.get("instanceArn"), instance) {
        spec.insert("instanceArn".into(), instance.to_string().into());
    }
    if let Some(Value::Array(given)) = given {
        let pair = |tag: &Value| Some((tag.get("Key")?.as_str()?.to_owned(), tag.get("Value").cloned().unwrap_or_default()));
        let tags = tags(given.iter().filter_map(pair), &mut record.lost);
        spec.extend((!tags.is_empty()).then(|| ("tags".to_owned(), tags.into())));
    }
    if resource["DeletionPolicy"].as_str().is_some_and(|policy| policy.starts_with("Retain")) {
        spec.insert("deletionPolicy".into(), "Retain".into());
    }
    record.spec = spec;
    imported.records.push(record);
}

/// Returns the field of the spec and its value: names for resources of the template, and ARNs for the others.
fn references(template: &Template<'_>, kind: ReferenceKind, given: Value) -> Result<(&'static str, Value), String> {
    let one = |value: &Value| match template.named(value) {
        None => Ok(None),
        Some(Ok((of, name))) if of == kind => Ok(Some(Value::from(name))),
        Some(Ok((of, _))) => Err(format!("it refers to a {}", of.singular())),
        Some(Err(why)) => Err(why),
    };
    let Value::Array(list) = given else {
        return Ok(one(&given)?.map_or((kind.arn_field(), given), |name| (kind.name_field(), name)));
    };
    let named: Vec<Option<Value>> = list.iter().map(one).collect::<Result<_, _>>()?;
    match named.iter().flatten().count() {
        0 => Ok((kind.arn_field(), list.into())),
        all if all == list.len() => Ok((kind.name_field(), named.into_iter().flatten().collect())),
        _ => Err("some are resources of the template, and others have ARNs: a ConnectUser takes either names or ARNs".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::record::tests::{INSTANCE, specs},
        *,
    };

    const TEMPLATE: &str = include_str!("../../../tests/import/template.yaml");

    fn imported(text: &str, parameters: &[(&str, &str)]) -> Imported {
        let parameters = parameters.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        read(text, None, &parameters).unwrap()
    }

    #[test]
    fn users_of_a_template_are_carried_over() {
        let profile = format!("{INSTANCE}/security-profile/bbbbbbbb-0000-4000-8000-000000000002");
        let (specs, lost) = specs(imported(TEMPLATE, &[("AdminProfile", &profile)]));
        let jane = json!({
            "username": "jane.prod@example.com",
            "passwordSecretRef": { "name": "jane.prod-at-example.com", "key": "password" },
            "identityInfo": { "firstName": "Jane", "lastName": "Doe (live)", "mobile": "+12065550100" },
            "phoneConfig": { "phoneType": "SOFT_PHONE" },
            "autoAcceptConfigs": [{ "channel": "VOICE", "autoAccept": true }],
            "afterContactWorkConfigs": [{ "channel": "VOICE", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 30 } }],
            "routingProfileName": "Sales",
            "securityProfileNames": ["Agent"],
            "hierarchyGroupPath": "/North/Hamburg",
            "tags": { "stage": "prod" },
            "deletionPolicy": "Retain",
        });
        let omar = json!({
            "username": "0042",
            "identityInfo": { "firstName": "Omar", "lastName": "Haddad" },
            "phoneConfig": { "phoneType": "DESK_PHONE", "deskPhoneNumber": "+12065550199" },
            "routingProfileArn": format!("{INSTANCE}/routing-profile/aaaaaaaa-0000-4000-8000-000000000009"),
            "securityProfileArns": [profile],
        });
        assert_eq!(specs, [("jane.prod-at-example.com".to_owned(), jane), ("0042".to_owned(), omar)].into());
        let expected = [
            "file: Resources.Jane: jane.prod@example.com: Properties.Tags[1]: give --instance, or --parameter AWS::StackName=<value>",
            "file: Resources.Omar: 0042: Properties.HierarchyGroupArn: Fn::ImportValue: is not evaluated here",
        ];
        assert_eq!(lost, expected);
    }

    #[test]
    fn unresolved_values_are_listed_with_their_path() {
        let (specs, lost) = specs(imported(TEMPLATE, &[]));
        assert!(!specs.contains_key("0042"), "a user without security profiles");
        let unresolved =
            "Properties.SecurityProfileArns: the parameter AdminProfile has no value: give --parameter AdminProfile=<value>";
        assert!(lost.iter().any(|line| line.ends_with(unresolved)), "{lost:#?}");
        assert!(lost.iter().any(|line| line.contains("0042: left out: spec.securityProfileArns: ")), "{lost:#?}");
    }

    #[test]
    fn conditions_decide_which_users_there_are() {
        let tested = imported(TEMPLATE, &[("Stage", "test"), ("AdminProfile", "x")]);
        assert!(tested.notes.is_empty() && tested.records.len() == 3);
        let notes = imported(TEMPLATE, &[]).notes;
        assert_eq!(notes, ["Resources.OnlyInTest: left out, since its condition does not hold"]);
        let mixed = specs(tested).1;
        assert!(mixed.iter().any(|line| line.contains("some are resources of the template, and others have ARNs")), "{mixed:#?}");
    }

    #[test]
    fn json_is_read_like_yaml() {
        let text = json!({
            "Parameters": { "Seconds": { "Type": "Number", "Default": 45 } },
            "Resources": {
                "Jane": {
                    "Type": USER,
                    "Properties": {
                        "InstanceArn": INSTANCE, "Username": "jane", "Password": "Hunter2!json", "Nickname": "JJ",
                        "PhoneConfig": { "PhoneType": "SOFT_PHONE", "AutoAccept": true, "AfterContactWorkTimeLimit": { "Ref": "Seconds" } },
                        "RoutingProfileArn": format!("{INSTANCE}/routing-profile/r-1"),
                        "SecurityProfileArns": [format!("{INSTANCE}/security-profile/s-1")],
                        "UserProficiencies": [{ "AttributeName": "l", "AttributeValue": "fr", "Level": 3.0 }],
                    },
                },
                "Fn::ForEach::Agents": ["Name", ["a", "b"], { "Agent${Name}": { "Type": USER } }],
            },
        });
        let (specs, lost) = specs(imported(&text.to_string(), &[]));
        let phone = json!({ "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 45 });
        assert_eq!(specs["jane"]["phoneConfig"], phone);
        assert_eq!(specs["jane"]["userProficiencies"], json!([{ "attributeName": "l", "attributeValue": "fr", "level": 3 }]));
        let expected = [
            "file: Resources.Fn::ForEach::Agents: is not evaluated here: the users that it makes are left out",
            "file: Resources.Jane: jane: nickname: a ConnectUser has no such field",
        ];
        assert_eq!(lost, expected);
    }
}
