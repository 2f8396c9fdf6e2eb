//! The API server in memory behaves like the real one where the operator depends on it.

use std::time::Duration;

use connect_operator::api::{ConnectUser, FIELD_MANAGER, FINALIZER};
use futures::{StreamExt, TryStreamExt};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams},
};
use serde_json::{Value, json};
use testbed::{Agent, Fleet, Setup, in_virtual_time};

fn users(fleet: &Fleet) -> Api<ConnectUser> {
    Api::namespaced(fleet.api().client(), "sales")
}

fn apply(metadata: &Value, status: Value) -> Patch<Value> {
    Patch::Apply(json!({
        "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser", "metadata": metadata, "status": status,
    }))
}

fn code<T>(result: kube::Result<T>) -> u16 {
    match result {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn status_writes_are_guarded_and_keep_the_generation() {
    in_virtual_time(async {
        let (fleet, agent) = (Fleet::new(Setup::default()), Agent::plain("sales", 1));
        let uid = fleet.apply(&agent);
        let (api, name, params) = (users(&fleet), agent.name(), PatchParams::apply(FIELD_MANAGER).force());
        let new = api.get(&name).await.unwrap();
        assert_eq!((new.metadata.generation, new.status.as_ref().map(|s| s.observed_generation)), (Some(1), Some(-1)));
        let guard = json!({ "name": name, "uid": uid, "resourceVersion": new.resource_version() });
        let status = json!({ "observedGeneration": 1, "userId": "u-1" });
        let written = api.patch_status(&name, &params, &apply(&guard, status.clone())).await.unwrap();
        assert_ne!(written.resource_version(), new.resource_version());
        assert_eq!(code(api.patch_status(&name, &params, &apply(&guard, json!({}))).await), 409, "an old resourceVersion");
        let other = json!({ "name": name, "uid": "another" });
        assert_eq!(code(api.patch_status(&name, &params, &apply(&other, json!({}))).await), 409, "another UID");
        let again = json!({ "name": name, "uid": uid, "resourceVersion": written.resource_version() });
        let same = api.patch_status(&name, &params, &apply(&again, status)).await.unwrap();
        assert_eq!(same.resource_version(), written.resource_version(), "nothing changed");
        assert_eq!(same.metadata.generation, Some(1));
        fleet.api().edit(&agent.resource(), |spec| spec["tags"]["team"] = json!("other"));
        assert_eq!(api.get(&name).await.unwrap().metadata.generation, Some(2));
        assert_eq!(fleet.api().writes(), 4);
    });
}

#[test]
fn object_is_deleted_with_its_last_finalizer() {
    in_virtual_time(async {
        let (fleet, agent) = (Fleet::new(Setup::default()), Agent::plain("sales", 1));
        let uid = fleet.apply(&agent);
        let (api, name) = (users(&fleet), agent.name());
        let finalizers = async |finalizers: &[&str]| {
            let patch = Patch::Merge(json!({ "metadata": { "uid": uid, "finalizers": finalizers } }));
            api.patch(&name, &PatchParams::default(), &patch).await
        };
        finalizers(&[FINALIZER]).await.unwrap();
        api.delete(&name, &DeleteParams::default()).await.unwrap();
        assert!(api.get(&name).await.unwrap().metadata.deletion_timestamp.is_some());
        assert_eq!(code(finalizers(&[FINALIZER, "example.com/late"]).await), 422);
        finalizers(&[]).await.unwrap();
        assert_eq!(code(api.get(&name).await), 404);
        assert_ne!(fleet.apply(&agent), uid, "another object of the same name");
        assert_eq!(code(finalizers(&[FINALIZER]).await), 409, "another UID");
    });
}

#[test]
fn lists_have_pages_and_watches_resume_until_compaction() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        (0..25).for_each(|number| _ = fleet.apply(&Agent::plain("sales", number)));
        fleet.apply(&Agent::plain("support", 1));
        let api = users(&fleet);
        let (mut names, mut params) = (Vec::new(), ListParams::default().limit(10));
        let mut version;
        loop {
            let page = api.list(&params).await.unwrap();
            names.extend(page.items.iter().map(ResourceExt::name_any));
            version = page.metadata.resource_version.clone().unwrap();
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        assert_eq!(names, (0..25).map(|number| Agent::plain("sales", number).name()).collect::<Vec<_>>());
        let next = async |version: &str| {
            let stream = api.watch(&WatchParams::default(), version).await.unwrap().boxed();
            stream.into_future().await.0.unwrap().unwrap()
        };
        fleet.apply(&Agent::plain("support", 2));
        fleet.api().edit(&Agent::plain("sales", 7).resource(), |spec| spec["tags"]["team"] = json!("other"));
        match next(&version).await {
            WatchEvent::Modified(user) => assert_eq!(user.name_any(), "agent-000007"),
            other => panic!("{other:?}"),
        }
        // Without further changes: a bookmark, and the end after the timeout.
        let quiet = api.watch(&WatchParams::default().timeout(90), &version).await.unwrap();
        let all: Vec<WatchEvent<ConnectUser>> = quiet.try_collect().await.unwrap();
        assert!(matches!(all.as_slice(), [WatchEvent::Modified(_), WatchEvent::Bookmark(_)]), "{all:?}");
        assert!(fleet.elapsed() >= Duration::from_secs(90));
        fleet.api().compact();
        match next(&version).await {
            WatchEvent::Error(status) => assert_eq!(status.code, 410),
            other => panic!("{other:?}"),
        }
    });
}
