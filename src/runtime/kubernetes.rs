//! The Kubernetes API server, through kube.

use std::{future::Future, time::Duration};

use connect_api::Password;
use futures::future::BoxFuture;
use k8s_openapi::{
    ByteString,
    api::{
        core::v1::{Namespace, ObjectReference, Secret},
        events::v1::Event as K8sEvent,
    },
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference},
    jiff::Timestamp,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    runtime::events::{self, EventType, Recorder, Reporter},
};
use serde::de::Error as _;
use serde_json::{Value, json};

use super::packed::strip;
use crate::{
    api::{ConnectUser, ConnectUserStatus, FIELD_MANAGER, FINALIZER},
    reconcile::{Cluster, ClusterError, ClusterErrorKind, ClusterFuture, Event, EventKind, SecretValue, THROTTLED},
    telemetry::Personal,
};

/// How long a call may take, so that a pass does not hang on an API server that does not answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// The label that names the manager of an object, by Kubernetes convention.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The reason that kube gives the error of a reply that is not a Status, whose text it takes as the message.
const NOT_A_STATUS: &str = "Failed to parse error data";
/// How long publishing an Event may take. No pass should wait long for it.
const EVENT_TIMEOUT: Duration = Duration::from_secs(3);

/// Implements [`Cluster`] with an API server.
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    reporter: Reporter,
    /// Counts repeated Events, keeping the note of the first.
    counting: Recorder,
}

impl KubeCluster {
    /// Uses this client.
    pub fn new(client: Client) -> Self {
        let instance = std::env::var("POD_NAME").ok();
        let reporter = Reporter { controller: FIELD_MANAGER.into(), instance };
        let counting = Recorder::new(client.clone(), reporter.clone());
        Self { client, reporter, counting }
    }

    fn users(&self, resource: &ConnectUser) -> Api<ConnectUser> {
        Api::namespaced(self.client.clone(), &resource.namespace().unwrap_or_default())
    }

    async fn set_finalizers(&self, resource: &ConnectUser, finalizers: Vec<String>) -> Result<ConnectUser, ClusterError> {
        let patch = json!({
            "metadata": {
                "uid": resource.uid(),
                "resourceVersion": resource.resource_version(),
                "finalizers": finalizers,
            }
        });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let api = self.users(resource);
        call("patch the finalizers of", resource, api.patch(&resource.name_any(), &params, &Patch::Merge(&patch))).await.map(kept)
    }

    /// Publishes an Event under this name. It is not counted.
    async fn publish_as(&self, name: String, event: &events::Event, regarding: ObjectReference) -> kube::Result<()> {
        let namespace = regarding.namespace.clone().unwrap_or_default();
        let published = K8sEvent {
            metadata: ObjectMeta { namespace: regarding.namespace.clone(), name: Some(name), ..ObjectMeta::default() },
            event_time: Some(MicroTime(Timestamp::now())),
            regarding: Some(regarding),
            type_: Some(if event.type_ == EventType::Normal { "Normal" } else { "Warning" }.into()),
            reason: Some(event.reason.clone()),
            note: event.note.clone(),
            action: Some(event.action.clone()),
            reporting_controller: Some(self.reporter.controller.clone()),
            reporting_instance: Some(self.reporter.instance.clone().unwrap_or_else(|| self.reporter.controller.clone())),
            ..K8sEvent::default()
        };
        match Api::<K8sEvent>::namespaced(self.client.clone(), &namespace).create(&PostParams::default(), &published).await {
            // It is there already, and its note does not change.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
            created => created.map(drop),
        }
    }
}

/// Returns the name for an Event of a resource whose name is so long that kube's recorder would make one that the API server refuses:
/// it appends a time of up to 17 characters, and a name has at most 253.
fn name_of_long_named(resource: &str, reason: &str) -> Option<String> {
    const LONGEST: usize = 253 - 17;
    let start = resource.get(..LONGEST).filter(|_| resource.len() > LONGEST)?.trim_end_matches(['.', '-']);
    Some(match reason {
        THROTTLED => format!("{start}.throttled"),
        _ => format!("{start}.{:x}", Timestamp::now().as_nanosecond()),
    })
}

/// Returns a resource as the cache would show it, without the metadata that no pass needs.
fn kept(mut resource: ConnectUser) -> ConnectUser {
    strip(&mut resource.metadata);
    resource
}

/// Makes a call about a ConnectUser, with the default timeout.
async fn call<T>(what: &str, on: &ConnectUser, request: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
    let object = format!("ConnectUser {}/{}", on.namespace().unwrap_or_default(), on.name_any());
    call_within(CALL_TIMEOUT, what, &object, request).await
}

/// Reads an object, if it exists.
async fn read<K>(api: &Api<K>, name: &str) -> Result<Option<K>, ClusterError>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let namespace = api.namespace().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    call_within(CALL_TIMEOUT, "read", &format!("{} {namespace}{name}", K::kind(&())), api.get_opt(name)).await
}

/// Reads a Secret, if it exists. The error does not quote the reply.
async fn read_secret(api: &Api<Secret>, name: &str) -> Result<Option<Secret>, ClusterError> {
    let object = format!("Secret {}/{name}", api.namespace().unwrap_or_default());
    let request = async { api.get_opt(name).await.map_err(without_reply) };
    call_within(CALL_TIMEOUT, "read", &object, request).await
}

/// Removes from an error what it quotes of a reply that is not the API server's or not as expected.
fn without_reply(error: kube::Error) -> kube::Error {
    match error {
        kube::Error::SerdeError(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            kube::Error::SerdeError(serde_json::Error::custom(format!("the reply is not a valid Secret ({place})")))
        }
        kube::Error::Api(mut status) if status.reason == NOT_A_STATUS => {
            status.message =
                format!("the reply, with status {}, is not the API server's: a proxy may have answered", status.code);
            kube::Error::Api(status)
        }
        other => other,
    }
}

/// Makes a call with a timeout. The error names the verb and the object.
pub(super) async fn call_within<T>(
    timeout: Duration,
    what: &str,
    object: &str,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(timeout, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(explain(what, object, &error)),
        Err(_) => Err(ClusterError {
            kind: ClusterErrorKind::Unavailable,
            message: format!("could not {what} {object}: the API server did not answer in {} s", timeout.as_secs_f64()),
        }),
    }
}

/// Returns what the API server says. kube's own text adds all members of the reply.
pub(crate) fn text_of(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

fn explain(what: &str, object: &str, error: &kube::Error) -> ClusterError {
    let kind = match error {
        kube::Error::Api(status) => match status.code {
            // A proxy, or an API server that does not serve the CRD, answers 404 too, but not that the object does not exist.
            404 if status.reason == "NotFound" => ClusterErrorKind::Gone,
            410 => ClusterErrorKind::Gone,
            409 => ClusterErrorKind::Conflict,
            401 | 403 => ClusterErrorKind::Forbidden,
            400 | 422 => ClusterErrorKind::Refused,
            _ => ClusterErrorKind::Unavailable,
        },
        kube::Error::SerdeError(_) => ClusterErrorKind::Unreadable,
        _ => ClusterErrorKind::Unavailable,
    };
    let reason = text_of(error);
    let is_stranger = matches!(error, kube::Error::Api(status) if status.code == 401);
    let hint = match kind {
        _ if is_stranger => ". Check that the token of the operator's service account is valid",
        ClusterErrorKind::Forbidden => ". Check the RBAC of the operator's service account",
        _ if reason.contains("unknown field") => ". The CRD is older than this operator: apply the CRD of this version",
        _ => "",
    };
    ClusterError { kind, message: format!("could not {what} {object}: {reason}{hint}") }
}

impl Cluster for KubeCluster {
    fn get<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Option<ConnectUser>> {
        let api: Api<ConnectUser> = Api::namespaced(self.client.clone(), namespace);
        Box::pin(async move { Ok(read(&api, name).await?.map(kept)) })
    }

    fn secret<'a>(&'a self, namespace: &'a str, name: &'a str, key: &'a str) -> ClusterFuture<'a, SecretValue> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        Box::pin(async move {
            let secret = if is_invalid_name(name) { None } else { read_secret(&api, name).await? };
            let Some(secret) = secret else { return Ok(SecretValue::NoSecret) };
            let (version, controller) = (version_of(&secret.metadata), controller_of(&secret.metadata));
            Ok(match secret.data.unwrap_or_default().remove(key) {
                None => SecretValue::NoKey,
                Some(value) => match String::from_utf8(value.0) {
                    Ok(text) => SecretValue::Found { password: Password::new(text), version, controller },
                    Err(_) => SecretValue::NotText,
                },
            })
        })
    }

    fn secret_version<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Option<String>> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        Box::pin(async move {
            if is_invalid_name(name) {
                return Ok(None);
            }
            let secret = format!("Secret {namespace}/{name}");
            let found = call_within(CALL_TIMEOUT, "read the metadata of", &secret, api.get_metadata_opt(name)).await?;
            Ok(found.map(|secret| version_of(&secret.metadata)))
        })
    }

    fn create_secret<'a>(
        &'a self,
        owner: &'a ConnectUser,
        name: &'a str,
        key: &'a str,
        value: &'a Password,
    ) -> ClusterFuture<'a, ()> {
        let namespace = owner.namespace().unwrap_or_default();
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &namespace);
        // Without blockOwnerDeletion, which needs additional permissions in some clusters: the Secret may be deleted after its
        // owner.
        let owner = OwnerReference {
            api_version: ConnectUser::api_version(&()).into(),
            kind: ConnectUser::kind(&()).into(),
            name: owner.name_any(),
            uid: owner.uid().unwrap_or_default(),
            controller: Some(true),
            block_owner_deletion: None,
        };
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: Some([(MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned())].into()),
                owner_references: Some(vec![owner]),
                ..ObjectMeta::default()
            },
            data: Some([(key.to_owned(), ByteString(value.expose().as_bytes().to_vec()))].into()),
            ..Secret::default()
        };
        Box::pin(async move {
            let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
            let request = async { api.create(&params, &secret).await.map_err(without_reply) };
            let created = call_within(CALL_TIMEOUT, "create", &format!("Secret {namespace}/{name}"), request).await;
            created.map(drop).map_err(|mut error| {
                // A webhook that refuses the Secret may quote it.
                let encoded = json!(ByteString(value.expose().as_bytes().to_vec()));
                for quoted in [Some(value.expose()), encoded.as_str()].into_iter().flatten() {
                    error.message = error.message.replace(quoted, "[password]");
                }
                error
            })
        })
    }

    fn namespace_annotation<'a>(&'a self, namespace: &'a str, annotation: &'a str) -> ClusterFuture<'a, Option<String>> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        Box::pin(async move {
            let Some(found) = read(&api, namespace).await? else {
                let message = format!("there is no namespace {namespace:?}");
                return Err(ClusterError { kind: ClusterErrorKind::Gone, message });
            };
            Ok(found.metadata.annotations.and_then(|mut annotations| annotations.remove(annotation)))
        })
    }

    fn add_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ConnectUser> {
        let mut finalizers = resource.finalizers().to_vec();
        finalizers.push(FINALIZER.to_owned());
        Box::pin(self.set_finalizers(resource, finalizers))
    }

    fn remove_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ()> {
        let finalizers = resource.finalizers().iter().filter(|f| *f != FINALIZER).cloned().collect();
        Box::pin(async move {
            match self.set_finalizers(resource, finalizers).await {
                Ok(_) => Ok(()),
                Err(error) if error.kind == ClusterErrorKind::Gone => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn write_status<'a>(&'a self, resource: &'a ConnectUser, status: &'a ConnectUserStatus) -> ClusterFuture<'a, ConnectUser> {
        let value = |status: &ConnectUserStatus| serde_json::to_value(status).expect("a status is JSON");
        let patch = Patch::Merge(json!({
            "metadata": { "uid": resource.uid(), "resourceVersion": resource.resource_version() },
            "status": replacement(&value(&resource.status.clone().unwrap_or_default()), value(status)),
        }));
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() }.validation_strict();
        Box::pin(async move {
            let (api, name) = (self.users(resource), resource.name_any());
            call("write the status of", resource, api.patch_status(&name, &params, &patch)).await.map(kept)
        })
    }

    fn publish<'a>(&'a self, resource: &'a ConnectUser, event: Event) -> BoxFuture<'a, ()> {
        let event = events::Event {
            type_: match event.kind {
                EventKind::Normal => EventType::Normal,
                EventKind::Warning => EventType::Warning,
            },
            reason: event.reason.into(),
            note: Some(truncated(event.note)),
            action: event.action.into(),
            secondary: None,
        };
        // A new recorder does not aggregate, so that each Event keeps its own note: the changed fields differ each time.
        let recorder = match event.reason.as_str() {
            THROTTLED => self.counting.clone(),
            _ => Recorder::new(self.client.clone(), self.reporter.clone()),
        };
        Box::pin(async move {
            let reference = resource.object_ref(&());
            let publish = async {
                match name_of_long_named(&resource.name_any(), event.reason.as_str()) {
                    None => recorder.publish(&event, &reference).await,
                    Some(name) => self.publish_as(name, &event, reference).await,
                }
            };
            match tokio::time::timeout(EVENT_TIMEOUT, publish).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(reason = event.reason, error = %Personal(error), "an Event was not published");
                }
                Err(_) => tracing::debug!(reason = event.reason, "an Event was not published in time"),
            }
        })
    }
}

/// Returns the merge patch that turns `old` into `new`: what `new` lacks is null. Server-side apply would leave what another manager
/// owns too, such as a backup tool that has restored the status.
fn replacement(old: &Value, new: Value) -> Value {
    match (old, new) {
        (Value::Object(old), Value::Object(mut new)) => {
            for (key, before) in old {
                let after = new.remove(key).map_or(Value::Null, |after| replacement(before, after));
                new.insert(key.clone(), after);
            }
            Value::Object(new)
        }
        (_, new) => new,
    }
}

/// Returns whether a name would change the path of the request, which contains it unescaped. The schema rejects such names, but
/// an older schema may not.
fn is_invalid_name(name: &str) -> bool {
    name.contains('/') || name.contains("..")
}

/// Returns the UID, which distinguishes a Secret from others of the same name, with the resourceVersion, which distinguishes its
/// states.
fn version_of(secret: &ObjectMeta) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}", part(&secret.uid), part(&secret.resource_version))
}

fn controller_of(secret: &ObjectMeta) -> Option<String> {
    secret.owner_references.iter().flatten().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.clone())
}

/// Shortens a note to 1024 bytes, the maximum that the API server accepts.
fn truncated(mut note: String) -> String {
    const LONGEST: usize = 1024;
    const DOTS: &str = "…";
    if note.len() > LONGEST {
        let end = (0..=LONGEST - DOTS.len()).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
        note.truncate(end);
        note.push_str(DOTS);
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let explained = |code, message: &str| {
            let status = kube::core::Status::failure(message, "").with_code(code);
            explain("write the status of", "ConnectUser sales/jane", &kube::Error::Api(Box::new(status))).message
        };
        let unknown = explained(400, "strict decoding error: unknown field \"status.novel\"");
        assert!(unknown.ends_with("apply the CRD of this version"), "{unknown}");
        assert!(explained(403, "forbidden").ends_with("the RBAC of the operator's service account"));
        assert!(explained(401, "Unauthorized").ends_with("the token of the operator's service account is valid"));
        assert_eq!(explained(500, "no leader"), "could not write the status of ConnectUser sales/jane: no leader");
    }

    #[test]
    fn event_of_a_resource_with_a_long_name_gets_a_shorter_one() {
        assert_eq!(name_of_long_named(&"x".repeat(236), "Created"), None);
        let name = name_of_long_named(&format!("{}.{}", "x".repeat(235), "y".repeat(17)), "Created").unwrap();
        assert!(name.len() <= 253 && name.starts_with(&format!("{}.", "x".repeat(235))) && !name.contains(".."), "{name}");
        assert!(name_of_long_named(&"x".repeat(253), THROTTLED).unwrap().ends_with("x.throttled"));
    }

    #[test]
    fn only_the_api_servers_own_answer_says_that_an_object_is_gone() {
        let kind = |reason: &str| {
            let status = kube::core::Status::failure("404 page not found", reason).with_code(404);
            explain("read", "ConnectUser sales/jane", &kube::Error::Api(Box::new(status))).kind
        };
        assert_eq!(kind("NotFound"), ClusterErrorKind::Gone);
        assert_eq!(kind("Failed to parse error data"), ClusterErrorKind::Unavailable, "it comes from a proxy");
    }

    #[test]
    fn status_is_replaced_as_a_whole() {
        let old = json!({ "userId": "u-1", "observed": { "username": "jane", "tags": { "a": "1" } }, "conditions": [1] });
        let patch = replacement(&old, json!({ "observed": { "username": "joe" }, "conditions": [2] }));
        assert_eq!(patch, json!({ "userId": null, "observed": { "username": "joe", "tags": null }, "conditions": [2] }));
    }

    #[test]
    fn note_is_truncated_to_the_maximum() {
        assert_eq!(truncated("as it is".into()), "as it is");
        let long = truncated("ä".repeat(1000));
        assert!(long.len() <= 1024 && long.ends_with("ä…"));
    }
}
