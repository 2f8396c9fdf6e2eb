//! The cases of `cases.yaml` on the real API server: as a create and a server-side apply (dry runs), or as an update.

use std::collections::BTreeSet;

use connect_operator::api::{ConnectUser, crd};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::Status,
};
use serde_json::Value;

use super::{
    cases::{Case, Cases},
    manifest::resource,
};
use crate::support::{client, namespace};

/// How a spec reaches the API server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Create,
    Apply,
    Update,
}

#[tokio::test]
async fn each_schema_rule_accepts_and_refuses_its_cases() {
    let namespace = namespace("rules");
    let users: Api<DynamicObject> =
        Api::namespaced_with(client().await, namespace.name(), &ApiResource::erase::<ConnectUser>(&()));
    let (mut failures, mut messages) = (Vec::new(), BTreeSet::new());
    let cases = Cases::read();
    for (number, case) in cases.cases.iter().enumerate() {
        let (existing, spec) = cases.specs(case);
        let methods: &[Method] = if existing.is_some() { &[Method::Update] } else { &[Method::Create, Method::Apply] };
        for method in methods {
            let result = send(&users, *method, &format!("user-{number}"), existing.as_ref(), &spec).await;
            if let Err(refusal) = &result {
                messages.extend(causes(refusal).into_iter().map(|(_, message)| message));
            }
            if let Err(difference) = check(case, *method, &result) {
                failures.push(format!("{} ({method:?}): {difference}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    let rules = rule_messages();
    assert!(!rules.is_empty());
    let unproven: Vec<_> = rules.iter().filter(|rule| !messages.iter().any(|message| message.ends_with(*rule))).collect();
    assert!(unproven.is_empty(), "rules that no case breaks: {unproven:#?}");
}

async fn send(
    users: &Api<DynamicObject>,
    method: Method,
    name: &str,
    existing: Option<&Value>,
    spec: &Value,
) -> Result<ConnectUser, Box<Status>> {
    let object = |spec: &Value| serde_json::from_value::<DynamicObject>(resource(name, spec)).unwrap();
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let result = match method {
        Method::Create => users.create(&dry_run, &object(spec)).await,
        Method::Apply => {
            let params = PatchParams::apply("table").dry_run().validation_strict();
            users.patch(name, &params, &Patch::Apply(object(spec))).await
        }
        Method::Update => {
            let mut stored = users.create(&PostParams::default(), &object(existing.unwrap())).await.unwrap();
            stored.data["spec"] = spec.clone();
            users.replace(name, &PostParams::default(), &stored).await
        }
    };
    match result {
        Ok(object) => Ok(object.try_parse().unwrap()),
        Err(kube::Error::Api(refusal)) => Err(refusal),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The fields that a refusal names, each with its message. A cause without a field says that not everything was checked.
fn causes(refusal: &Status) -> Vec<(String, String)> {
    let causes = refusal.details.iter().flat_map(|details| &details.causes);
    causes.filter(|c| c.field != "<nil>").map(|c| (c.field.clone(), c.message.clone())).collect()
}

/// Compares a result with its case. A refusal must have the one cause of the case: a second one would hide that the case's own rule
/// is gone.
fn check(case: &Case, method: Method, result: &Result<ConnectUser, Box<Status>>) -> Result<(), String> {
    let applying = case.applying.as_ref().filter(|_| method == Method::Apply);
    let expected = match (applying, result) {
        (Some(_), Ok(_)) => return Err("accepted".to_owned()),
        (Some(words), Err(refusal)) => refusal.message.contains(words),
        (None, Ok(_)) if case.refused.is_empty() => true,
        (None, Ok(_)) => return Err("accepted".to_owned()),
        (None, Err(refusal)) => match &causes(refusal)[..] {
            [(field, message)] => case.refused.get(field).is_some_and(|words| message.contains(words)),
            _ => false,
        },
    };
    match (expected, result) {
        (false, Err(refusal)) => Err(format!("refused: {}", refusal.message)),
        _ => Ok(()),
    }
}

/// The messages of all rules on the spec.
fn rule_messages() -> Vec<String> {
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
