//! The table, on the real API server: a create and a server-side apply (dry runs), and updates of resources that exist.

use std::collections::BTreeSet;

use connect_operator::api::{ConnectUser, crd};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::Status,
};
use serde_json::Value;

use super::{
    manifest::{full_spec, resource},
    rows::{Row, Verdict, rows},
};
use crate::support::{client, namespace};

/// How a spec reaches the API server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Create,
    Apply,
    Update,
}

#[tokio::test]
async fn every_rule_accepts_the_good_and_refuses_the_bad_with_its_message() {
    let namespace = namespace("rules");
    let users: Api<DynamicObject> =
        Api::namespaced_with(client().await, namespace.name(), &ApiResource::erase::<ConnectUser>(&()));
    let mut wrong = Vec::new();
    let mut heard = BTreeSet::new();
    for (number, row) in rows().iter().enumerate() {
        let ways: &[Way] = if row.before.is_some() { &[Way::Update] } else { &[Way::Create, Way::Apply] };
        for way in ways {
            let answer = send(&users, *way, &format!("user-{number}"), row).await;
            if let Err(refusal) = &answer {
                heard.extend(causes(refusal).into_iter().map(|(_, message)| message));
            }
            if let Err(why) = judge(row, *way, &answer) {
                wrong.push(format!("{} ({way:?}): {why}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let rules = messages();
    assert!(!rules.is_empty());
    let unproven: Vec<_> = rules.iter().filter(|rule| !heard.iter().any(|said| said.ends_with(*rule))).collect();
    assert!(unproven.is_empty(), "rules that no row breaks: {unproven:#?}");
}

async fn send(users: &Api<DynamicObject>, way: Way, name: &str, row: &Row) -> Result<ConnectUser, Box<Status>> {
    let mut spec = full_spec();
    let create = |spec: &Value| serde_json::from_value::<DynamicObject>(resource(name, spec)).unwrap();
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let answer = match way {
        Way::Create => {
            (row.change)(&mut spec);
            users.create(&dry_run, &create(&spec)).await
        }
        Way::Apply => {
            (row.change)(&mut spec);
            let params = PatchParams::apply("table").dry_run().validation_strict();
            users.patch(name, &params, &Patch::Apply(create(&spec))).await
        }
        Way::Update => {
            row.before.unwrap()(&mut spec);
            let mut existing = users.create(&PostParams::default(), &create(&spec)).await.unwrap();
            (row.change)(&mut spec);
            existing.data["spec"] = spec;
            users.replace(name, &PostParams::default(), &existing).await
        }
    };
    match answer {
        Ok(object) => Ok(object.try_parse().unwrap()),
        Err(kube::Error::Api(refusal)) => Err(refusal),
        Err(error) => panic!("{}: {error}", row.name),
    }
}

/// The fields that a refusal names, each with what it says of it. What it says of none is that not all was checked.
fn causes(refusal: &Status) -> Vec<(String, String)> {
    let causes = refusal.details.iter().flat_map(|details| &details.causes);
    causes.filter(|c| c.field != "<nil>").map(|c| (c.field.clone(), c.message.clone())).collect()
}

/// A refusal must be for the row's one reason: another one beside it would hide that the row's own rule is gone.
fn judge(row: &Row, way: Way, answer: &Result<ConnectUser, Box<Status>>) -> Result<(), String> {
    let verdict = match (way, row.applying) {
        (Way::Apply, Some(words)) => return judge_apply(words, answer),
        _ => row.verdict,
    };
    match (verdict, answer) {
        (Verdict::Accepted, Ok(_)) => Ok(()),
        (Verdict::Accepted, Err(refusal)) => Err(format!("refused: {}", refusal.message)),
        (Verdict::Refused(..), Ok(_)) => Err("accepted".to_owned()),
        (Verdict::Refused(field, words), Err(refusal)) => match &causes(refusal)[..] {
            [(at, message)] if at == field && message.contains(words) => Ok(()),
            _ => Err(refusal.message.clone()),
        },
    }
}

fn judge_apply(words: &str, answer: &Result<ConnectUser, Box<Status>>) -> Result<(), String> {
    match answer {
        Ok(_) => Err("accepted".to_owned()),
        Err(refusal) if refusal.message.contains(words) => Ok(()),
        Err(refusal) => Err(refusal.message.clone()),
    }
}

/// The messages of all rules on the spec.
fn messages() -> Vec<String> {
    fn collect(schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(members) => {
                let rules = members.get("x-kubernetes-validations").and_then(Value::as_array);
                found.extend(rules.into_iter().flatten().map(|rule| rule["message"].as_str().unwrap().to_owned()));
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
            _ => {}
        }
    }
    let schema = crd().spec.versions.remove(0).schema.unwrap().open_api_v3_schema.unwrap();
    let mut found = Vec::new();
    collect(&serde_json::to_value(&schema.properties.unwrap()["spec"]).unwrap(), &mut found);
    found
}
