//! The ConnectUsers that exist, as far as the search for users without one needs them. The command runs beside the operator, in the
//! memory of its container, so it keeps little of each.

use std::fmt::Debug;

use anyhow::{Context, anyhow};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, ListParams, ObjectMeta},
    core::Object,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    api::{ConnectUser, ConnectUserStatus},
    reconcile::{Cached, NamespacedName},
    runtime::Guard,
};

/// The page size of the list. A page is in memory as text and parsed at the same time.
const PAGE: u32 = 100;

/// What a page is read as. One that cannot be parsed counts by its metadata.
type Listed = Guard<Object<Spec, Status>>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    instance_arn: Box<str>,
    username: Box<str>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    user_arn: Option<Box<str>>,
}

/// A ConnectUser that exists.
#[derive(Debug)]
pub(super) struct Existing {
    namespace: Box<str>,
    name: Box<str>,
    uid: Box<str>,
    spec: Spec,
    user_arn: Option<Box<str>>,
}

impl Existing {
    fn of(listed: Listed) -> Self {
        let text = |text: Option<String>| text.unwrap_or_default().into_boxed_str();
        let (namespace, name, uid) = (text(listed.namespace()), listed.name_any().into_boxed_str(), text(listed.uid()));
        let (spec, status) = listed.0.map(|object| (object.spec, object.status)).unwrap_or_default();
        Self { namespace, name, uid, spec, user_arn: status.and_then(|status| status.user_arn) }
    }

    /// Returns the ARN of the instance in the spec, which may be invalid.
    pub(super) fn instance_arn(&self) -> &str {
        &self.spec.instance_arn
    }
}

impl Cached for &Existing {
    fn uid(&self) -> &str {
        &self.uid
    }

    fn name(&self) -> NamespacedName {
        NamespacedName { namespace: self.namespace.to_string(), name: self.name.to_string() }
    }

    fn instance(&self) -> &str {
        &self.spec.instance_arn
    }

    /// Returns a ConnectUser with the same identity, username and user. None does not happen: these two members of a spec suffice.
    fn resource(&self) -> Option<ConnectUser> {
        let metadata = ObjectMeta {
            namespace: Some(self.namespace.to_string()),
            name: Some(self.name.to_string()),
            uid: Some(self.uid.to_string()),
            ..ObjectMeta::default()
        };
        let status = ConnectUserStatus { user_arn: self.user_arn.as_deref().map(str::to_owned), ..ConnectUserStatus::default() };
        let spec = json!({ "instanceArn": self.spec.instance_arn, "username": self.spec.username });
        Some(ConnectUser { metadata, spec: serde_json::from_value(spec).ok()?, status: Some(status) })
    }
}

/// Lists the ConnectUsers of the namespaces, or of all if there are none. If one namespace cannot be listed, the whole list
/// fails: otherwise its users would be taken for orphans.
pub(super) async fn list(client: &Client, namespaces: &[String]) -> anyhow::Result<Vec<Existing>> {
    let (mut existing, definition) = (Vec::new(), ApiResource::erase::<ConnectUser>(&()));
    for namespace in namespaces {
        let read = read(Api::namespaced_with(client.clone(), namespace, &definition), &mut existing).await;
        read.with_context(|| format!("could not list the ConnectUsers of namespace {namespace}"))?;
    }
    if namespaces.is_empty() {
        let read = read(Api::all_with(client.clone(), &definition), &mut existing).await;
        read.context(
            "could not list the ConnectUsers of all namespaces: if the operator watches only some, name them by --namespace",
        )?;
    }
    Ok(existing)
}

async fn read(api: Api<Listed>, existing: &mut Vec<Existing>) -> anyhow::Result<()> {
    pages(&api, PAGE, |item| existing.push(Existing::of(item))).await
}

/// Reads a list to its end, in pages of this size.
pub(super) async fn pages<K>(api: &Api<K>, size: u32, mut each: impl FnMut(K)) -> anyhow::Result<()>
where
    K: Clone + Debug + DeserializeOwned,
{
    let mut params = ListParams::default().limit(size);
    loop {
        let page = api.list(&params).await.map_err(|error| match &error {
            kube::Error::Api(status) if status.code == 404 => {
                anyhow!("it does not know them: install the CRD (connect-operator crd | kubectl apply --server-side -f -)")
            }
            _ => error.into(),
        })?;
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        page.items.into_iter().for_each(&mut each);
        if params.continue_token.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fixtures;

    fn existing(resource: serde_json::Value) -> Existing {
        Existing::of(serde_json::from_str(&resource.to_string()).unwrap())
    }

    #[test]
    fn only_identity_username_and_user_are_kept() {
        let all = fixtures::json_of(json!({
            "metadata": { "name": "jane", "namespace": "sales", "uid": "u-1", "annotations": { "a": "x".repeat(1 << 18) } },
            "spec": { "username": "jane.doe", "tags": { "team": "billing" } },
            "status": { "observedGeneration": 3, "userId": "i-7", "userArn": "arn:7", "observed": { "username": "jane.doe" } },
        }));
        let resource = (&existing(all.clone())).resource().unwrap();
        let whole: ConnectUser = serde_json::from_value(all).unwrap();
        assert_eq!(
            (resource.name_any(), resource.namespace(), &resource.metadata.uid),
            (whole.name_any(), whole.namespace(), &whole.metadata.uid)
        );
        assert_eq!((&resource.spec.instance_arn, &*resource.spec.username), (&whole.spec.instance_arn, "jane.doe"));
        assert_eq!(resource.status.unwrap().user_arn.as_deref(), Some("arn:7"));
        assert_eq!((resource.metadata.annotations, resource.spec.tags), (None, None));
    }

    #[test]
    fn unreadable_one_counts_by_its_metadata() {
        let unreadable = json!({
            "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser",
            "metadata": { "name": "jane", "namespace": "sales", "uid": "u-1" }, "spec": { "username": ["a list"] },
        });
        let resource = (&existing(unreadable)).resource().unwrap();
        assert_eq!((resource.metadata.uid.as_deref(), &*resource.spec.instance_arn), (Some("u-1"), ""));
    }
}
