//! Quick connects: created, searched, read, deleted, and remaining after the user that they point to.

use connect_api::{
    DeleteQuickConnect, DeleteUser, DescribeQuickConnect, OperationName as Op, Page, QuickConnect, QuickConnectId,
    SearchQuickConnects,
};
use connect_sim::{Effect, Fault, QuickConnectTarget, Sim};
use serde_json::json;

use crate::support::*;

fn search(sim: &Sim, max_results: i32, next_token: Option<String>) -> Page<QuickConnect> {
    call(sim, SearchQuickConnects { instance: instance(), max_results, next_token }).unwrap()
}

fn read(sim: &Sim, id: &QuickConnectId) -> Result<QuickConnect, connect_api::Error> {
    call(sim, DescribeQuickConnect { instance: instance(), quick_connect: id.clone() })
}

fn remove(sim: &Sim, id: &QuickConnectId) -> Result<(), connect_api::Error> {
    call(sim, DeleteQuickConnect { instance: instance(), quick_connect: id.clone() })
}

#[test]
fn a_quick_connect_remains_when_its_user_is_deleted() {
    let sim = sim();
    let user = create(&sim, "jane");
    let by_id = sim.create_quick_connect(&instance(), "Jane", QuickConnectTarget::User(user.id.to_string()));
    let by_arn = sim.create_quick_connect(&instance(), "Jane too", QuickConnectTarget::User(user.arn.clone()));
    let queue = sim.create_quick_connect(&instance(), "Support", QuickConnectTarget::Queue("queue-1".into()));
    let number = sim.create_quick_connect(&instance(), "Doctor", QuickConnectTarget::PhoneNumber("+12065550100".into()));
    call(&sim, DeleteUser { instance: instance(), user: user.id.clone() }).unwrap();
    for (id, points_to) in [(&by_id, Some(&user.id)), (&by_arn, Some(&user.id)), (&queue, None), (&number, None)] {
        let shown = read(&sim, id).unwrap();
        assert_eq!(shown.user.as_ref(), points_to, "{shown:?}");
        assert_eq!(
            shown.arn,
            format!(
                "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/transfer-destination/{id}"
            )
        );
    }
    remove(&sim, &by_id).unwrap();
    assert_eq!(refusal(remove(&sim, &by_id)), not_found());
    assert_eq!(refusal(read(&sim, &by_id)), not_found());
    let left: Vec<_> = sim.quick_connects(&instance()).into_iter().map(|view| view.quick_connect.name).collect();
    assert_eq!(left, ["Doctor", "Jane too", "Support"]);
}

#[test]
fn quick_connect_searches_lag_and_have_pages() {
    let sim = sim();
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|name| sim.create_quick_connect(&instance(), name, QuickConnectTarget::Queue("queue-1".into())))
        .into();
    assert_eq!(search(&sim, 100, None).items, []);
    sim.advance(seconds(3));
    let first = search(&sim, 2, None);
    let second = search(&sim, 2, first.next_token);
    assert_eq!((first.items.len(), second.items.len(), second.next_token), (2, 1, None));
    remove(&sim, &ids[0]).unwrap();
    assert_eq!(search(&sim, 100, None).items.len(), 3, "the index still shows it");
    sim.advance(seconds(3));
    assert_eq!(search(&sim, 100, None).items.len(), 2);
}

#[test]
fn quick_connect_calls_are_counted_denied_and_faulted() {
    let sim = sim_with(|config| config.search_lag = seconds(0));
    let id = sim.create_quick_connect(&instance(), "Support", QuickConnectTarget::Queue("queue-1".into()));
    assert_eq!(sim.calls().total(), 0, "console actions are not counted");
    sim.deny([Op::DescribeQuickConnect]);
    for result in [
        read(&sim, &id).map(drop),
        call(&sim, SearchQuickConnects { instance: instance(), max_results: 1, next_token: None }).map(drop),
    ] {
        assert_eq!(refusal(result), (403, "AccessDeniedException".into()));
    }
    sim.deny::<Op>([]);
    sim.inject(Fault::on(Op::DeleteQuickConnect, Effect::LostReply));
    assert!(remove(&sim, &id).is_err());
    assert_eq!(refusal(remove(&sim, &id)), not_found());
    assert_eq!((sim.calls().of(Op::DeleteQuickConnect), sim.calls().writes()), (2, 2));
}

#[tokio::test]
async fn they_are_encoded_as_by_aws() {
    let served = ServedSim::new(sim_with(|config| config.search_lag = seconds(0))).await;
    let user = create(&served.sim, "jane").id;
    let config = json!({ "QuickConnectType": "USER", "UserConfig": { "UserId": user, "ContactFlowId": "flow-1" } });
    let body = json!({ "Name": "Jane", "QuickConnectConfig": config, "Tags": { "team": "north" } }).to_string();
    let created = served.send("PUT", "/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001", &body).await.json();
    let (id, arn) = (created["QuickConnectId"].as_str().unwrap(), &created["QuickConnectARN"]);
    let expected = json!({
        "QuickConnectId": id, "QuickConnectARN": arn, "Name": "Jane", "QuickConnectConfig": config,
        "Tags": { "team": "north" }, "LastModifiedTime": 1_767_225_600.0, "LastModifiedRegion": "us-west-2",
    });
    let shown = served.send("GET", &format!("/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    assert_eq!(shown, json!({ "QuickConnect": expected }));
    let found =
        served.send("POST", "/search-quick-connects", r#"{"InstanceId":"11111111-aaaa-4bbb-8ccc-000000000001"}"#).await.json();
    assert_eq!(found, json!({ "QuickConnects": [expected], "ApproximateTotalCount": 1 }));
    assert_eq!(
        served.send("PUT", "/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001", &body).await.error(),
        (409, "DuplicateResourceException")
    );
    let queue = r#"{"Name":"Queue","QuickConnectConfig":{"QuickConnectType":"QUEUE","PhoneConfig":{"PhoneNumber":"+1"}}}"#;
    assert_eq!(
        served.send("PUT", "/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001", queue).await.error(),
        (400, "InvalidParameterException")
    );
    for (field, value, found) in [("name", "JA", 1), ("resourceID", id, 1), ("name", "other", 0), ("description", "Jane", 0)] {
        let condition = json!({ "FieldName": field, "Value": value, "ComparisonType": "STARTS_WITH" });
        let criteria = json!({ "StringCondition": condition });
        let body = json!({ "InstanceId": "11111111-aaaa-4bbb-8ccc-000000000001", "SearchCriteria": criteria }).to_string();
        let reply = served.send("POST", "/search-quick-connects", &body).await.json();
        assert_eq!(reply["ApproximateTotalCount"], found, "{field} {value}");
    }
    let queue = json!({ "QuickConnectType": "QUEUE", "QueueConfig": { "QueueId": "queue-1", "ContactFlowId": "flow-2" } });
    let moved = json!({ "QuickConnectConfig": queue }).to_string();
    assert_eq!(
        served.send("POST", &format!("/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/{id}/config"), &moved).await.status,
        200
    );
    let shown = served.send("GET", &format!("/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    assert_eq!(shown["QuickConnect"]["QuickConnectConfig"], queue);
    let gone = served.send("DELETE", &format!("/quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await;
    assert_eq!((gone.status, gone.body.as_str()), (200, ""));
    assert_eq!(served.sim.quick_connects(&instance()), []);
}
