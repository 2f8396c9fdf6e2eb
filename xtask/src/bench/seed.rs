//! A fleet that is in sync: users in Connect, and ConnectUsers whose statuses are copies of one that the operator has written.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use connect_api::{InstanceId, UpdateUserRoutingProfile, User, UserId};
use connect_operator::api::{ConnectUser, ConnectUserStatus, FINALIZER, PREFIX, RECONCILE_REQUESTED_AT};
use connect_sim::Sim;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use testbed::{at_console, copy_user};

/// The cluster's name in tags.
pub(super) const CLUSTER: &str = "bench";
/// Requests to the API server at once.
const AT_ONCE: usize = 48;
const NAMESPACES: usize = 10;
const SECRET: &str = "initial";
const PASSWORD: &str = "Initial-Passw0rd-5150";
/// The user that the operator creates.
const FIRST: &str = "agent-first";
/// The value of the annotation that requests a read.
const LOOK: &str = "2026-01-01T00:00:00Z";

/// A fleet that grows.
pub(super) struct Fleet<'a> {
    sim: &'a Sim,
    client: &'a Client,
    instance: InstanceId,
    instance_arn: String,
    /// The version of each namespace's Secret, as statuses record it.
    secrets: BTreeMap<String, String>,
    size: usize,
}

fn namespace(number: usize) -> String {
    format!("contact-center-{}", number % NAMESPACES)
}

impl<'a> Fleet<'a> {
    /// Creates the namespaces, without users.
    pub(super) async fn new(sim: &'a Sim, client: &'a Client) -> Result<Self> {
        let instance = sim.instances().remove(0);
        let mut secrets = BTreeMap::new();
        for number in 0..NAMESPACES {
            let name = namespace(number);
            let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
            Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await?;
            let secret: Secret =
                serde_json::from_value(json!({ "metadata": { "name": SECRET }, "stringData": { "password": PASSWORD } }))?;
            let made = Api::<Secret>::namespaced(client.clone(), &name).create(&PostParams::default(), &secret).await?;
            let version = format!("{}/{}", made.uid().unwrap_or_default(), made.resource_version().unwrap_or_default());
            secrets.insert(name, version);
        }
        Ok(Self { sim, client, instance: instance.id, instance_arn: instance.arn, secrets, size: 0 })
    }

    fn spec(&self, username: &str) -> Result<Value> {
        let missing = "the instance lacks what was configured";
        Ok(json!({
            "instanceArn": self.instance_arn,
            "username": username,
            "passwordSecretRef": { "name": SECRET },
            "identityInfo": { "firstName": "Given", "lastName": username, "email": format!("{username}@example.com") },
            "phoneConfig": {
                "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 30, "persistentConnection": false,
            },
            "routingProfileArn": self.sim.routing_profile_arn(&self.instance, "Basic Routing Profile").context(missing)?,
            "securityProfileArns": [self.sim.security_profile_arn(&self.instance, "Agent").context(missing)?],
            "hierarchyGroupArn": self.sim.hierarchy_group_arn(&self.instance, "/North/Hamburg").context(missing)?,
            "userProficiencies": [{ "attributeName": "Language", "attributeValue": "German", "level": 4 }],
            "tags": { "team": "billing", "cost-center": "4711" },
        }))
    }

    fn manifest(&self, name: &str, finalizers: &[&str]) -> Result<ConnectUser> {
        Ok(serde_json::from_value(json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": { "name": name, "finalizers": finalizers },
            "spec": self.spec(name)?,
        }))?)
    }

    fn users(&self, namespace: &str) -> Api<ConnectUser> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Applies the ConnectUser that the operator should create a user for.
    pub(super) async fn apply_first(&self) -> Result<()> {
        self.users(&namespace(0)).create(&PostParams::default(), &self.manifest(FIRST, &[])?).await?;
        Ok(())
    }

    /// Returns that ConnectUser once it is in sync with its current spec.
    pub(super) async fn first(&self) -> Result<Option<ConnectUser>> {
        let user = self.users(&namespace(0)).get(FIRST).await?;
        let in_sync = user.status.as_ref().is_some_and(|status| {
            let conditions = status.conditions.iter().filter(|c| c.type_ == "Ready" || c.type_ == "Synced");
            Some(status.observed_generation) == user.metadata.generation && conditions.filter(|c| c.status == "True").count() == 2
        });
        Ok(in_sync.then_some(user))
    }

    /// Requests a read of it, since Connect fills in unspecified members such as the directory's id.
    pub(super) async fn request_read_of_first(&self) -> Result<()> {
        let patch = json!({ "metadata": { "annotations": { RECONCILE_REQUESTED_AT: LOOK } } });
        self.users(&namespace(0)).patch(FIRST, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Returns whether that read has happened.
    pub(super) async fn was_read(&self) -> Result<bool> {
        let status = self.users(&namespace(0)).get(FIRST).await?.status;
        Ok(status.is_some_and(|status| status.last_handled_reconcile_at.as_deref() == Some(LOOK)))
    }

    /// Changes one field of it, which one call sets.
    pub(super) async fn edit_first(&self) -> Result<()> {
        let profile = self.sim.routing_profile_arn(&self.instance, "Sales").context("no such routing profile")?;
        let patch = json!({ "spec": { "routingProfileArn": profile } });
        self.users(&namespace(0)).patch(FIRST, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Returns the user in Connect with this name.
    pub(super) fn name(number: usize) -> String {
        format!("agent-{number:06}")
    }

    /// Grows the fleet to this size.
    pub(super) async fn grow(&mut self, size: usize, template: &ConnectUser) -> Result<()> {
        let this = &*self;
        stream::iter(self.size..size)
            .map(|number| this.add(number, template))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        self.size = size;
        Ok(())
    }

    async fn add(&self, number: usize, template: &ConnectUser) -> Result<()> {
        let (name, namespace) = (Self::name(number), namespace(number));
        let api = self.users(&namespace);
        let made = api.create(&PostParams::default(), &self.manifest(&name, &[FINALIZER])?).await?;
        let uid = made.uid().context("no UID")?;
        let status = template.status.clone().context("the first user has no status")?;
        let (first_id, first_arn) = (status.user_id.clone().unwrap_or_default(), status.user_arn.clone().unwrap_or_default());
        let user = self.make_user(&first_id.as_str().into(), &name, &namespace, &uid)?;
        let first_uid = template.uid().context("no UID")?;
        let first_namespace = template.namespace().unwrap_or_default();
        let text = serde_json::to_string(&status)?
            .replace(&self.secrets[&first_namespace], &self.secrets[&namespace])
            .replace(&first_arn, &user.arn)
            .replace(&first_id, user.id.as_str())
            .replace(&directory_id(&status)?, &user.directory_user_id.unwrap_or_default())
            .replace(&first_uid, &uid)
            .replace(&first_namespace, &namespace)
            .replace(FIRST, &name);
        let mut status: Value = serde_json::from_str(&text)?;
        // No read is requested for the copies.
        status["lastHandledReconcileAt"] = Value::Null;
        let now = Timestamp::now();
        status["lastSyncTime"] = json!(Timestamp::from_second(now.as_second())?);
        // Long ago, so that an absence would count.
        status["createAttempt"]["at"] = json!(now - jiff::SignedDuration::from_hours(24));
        let patch = json!({ "status": status });
        api.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Creates the user in Connect as a copy of the first one, bypassing the rate limit.
    fn make_user(&self, first: &UserId, name: &str, namespace: &str, uid: &str) -> Result<User> {
        let copy = copy_user(self.sim, &self.instance, first, |user| {
            user.username = name.to_owned();
            // The first user's was edited.
            user.routing_profile_id = self.sim.routing_profile_id(&self.instance, "Basic Routing Profile");
            user.identity_info.last_name = Some(name.to_owned());
            user.identity_info.email = Some(format!("{name}@example.com"));
            user.tags.extend(
                [("namespace", namespace), ("name", name), ("uid", uid)]
                    .map(|(key, value)| (format!("{PREFIX}{key}"), value.to_owned())),
            );
        });
        Ok(copy?)
    }

    /// Returns the resourceVersion of every ConnectUser. A later comparison shows which were written to.
    pub(super) async fn versions(&self) -> Result<BTreeMap<String, String>> {
        let api: Api<ConnectUser> = Api::all(self.client.clone());
        let (mut versions, mut params) = (BTreeMap::new(), ListParams::default().limit(2000));
        loop {
            let page = api.list_metadata(&params).await?;
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            versions.extend(page.items.iter().map(|o| (o.uid().unwrap_or_default(), o.resource_version().unwrap_or_default())));
            if params.continue_token.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Changes the routing profile of this many users, spread over the fleet, in Connect's console.
    pub(super) fn meddle(&self, how_many: usize) -> Result<Vec<String>> {
        let profile = self.sim.routing_profile_id(&self.instance, "Sales").context("no such routing profile")?;
        let all: BTreeMap<String, _> =
            self.sim.users(&self.instance).into_iter().map(|user| (user.user.username, user.user.id)).collect();
        let step = (self.size / how_many.max(1)).max(1);
        let chosen: Vec<String> = (0..how_many).map(|k| Self::name(k * step)).collect();
        for name in &chosen {
            let user = all.get(name).with_context(|| format!("no user {name}"))?.clone();
            let (instance, routing_profile_id) = (self.instance.clone(), profile.clone());
            at_console(self.sim, UpdateUserRoutingProfile { instance, user, routing_profile_id })?;
        }
        Ok(chosen)
    }

    /// Returns the number of users whose routing profile differs from their spec.
    pub(super) fn meddled(&self) -> usize {
        let profile = self.sim.routing_profile_id(&self.instance, "Sales");
        let of_fleet = |name: &str| name != FIRST;
        self.sim
            .users(&self.instance)
            .iter()
            .filter(|u| of_fleet(&u.user.username) && u.user.routing_profile_id == profile)
            .count()
    }
}

fn directory_id(status: &ConnectUserStatus) -> Result<String> {
    let observed = status.observed.as_ref();
    observed.and_then(|observed| observed.directory_user_id.clone()).context("the first user was not read yet")
}
