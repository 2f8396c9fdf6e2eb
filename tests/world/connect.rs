//! Connect as one operator reaches it: the simulator behind a gate, with checks of every write.

use std::sync::Arc;

use connect_api::{Call, Caller, Connect, Error, Page, Reply, Tags, UserId};
use connect_operator::{
    api::{AdoptionPolicy, PREFIX},
    reconcile::Connections,
};
use futures::{FutureExt, future::BoxFuture};
use kube::ResourceExt;

use crate::{
    gate::{Gate, GateResult},
    kube::{NAME, NAMESPACE},
    mutation::Mutation,
    simulation::World,
};

pub const CLUSTER: &str = "blue";

/// Returns whether a user's tags name the resource of the simulation, with any UID.
pub fn is_ours(tags: &Tags) -> bool {
    let tag = |name: &str| tags.get(&format!("connect-operator.dev/{name}")).map(String::as_str);
    (tag("cluster"), tag("namespace"), tag("name")) == (Some(CLUSTER), Some(NAMESPACE), Some(NAME))
}

/// Connect as one operator reaches it.
pub struct CheckedConnect(pub Gate);

impl World {
    fn tags_of(&self, user: &UserId) -> Option<Tags> {
        self.sim.users(&self.instance).into_iter().find(|u| u.user.id == *user).map(|u| u.user.tags)
    }

    /// Returns the user that a write changes, if it changes one.
    fn target(call: &Call) -> Option<UserId> {
        match call {
            Call::DeleteUser(c) => Some(c.user.clone()),
            Call::UpdateUserIdentityInfo(c) => Some(c.user.clone()),
            Call::UpdateUserPhoneConfig(c) => Some(c.user.clone()),
            Call::UpdateUserConfig(c) => Some(c.user.clone()),
            Call::UpdateUserRoutingProfile(c) => Some(c.user.clone()),
            Call::UpdateUserSecurityProfiles(c) => Some(c.user.clone()),
            Call::UpdateUserHierarchy(c) => Some(c.user.clone()),
            Call::AssociateUserProficiencies(c) => Some(c.user.clone()),
            Call::DisassociateUserProficiencies(c) => Some(c.user.clone()),
            Call::UpdateUserProficiencies(c) => Some(c.user.clone()),
            Call::TagResource(c) => c.arn.rsplit('/').next().map(UserId::new),
            Call::UntagResource(c) => c.arn.rsplit('/').next().map(UserId::new),
            _ => None,
        }
    }

    /// Returns whether the call takes over a user that no operator owns, as the spec asks.
    fn adopts(&self, call: &Call, tags: &Tags) -> bool {
        let store = self.store.lock().unwrap();
        let is_asked_for = store.object.as_ref().is_some_and(|o| o.spec.adoption_policy != AdoptionPolicy::Never);
        let is_unowned = !tags.keys().any(|key| key.starts_with(PREFIX));
        is_asked_for && is_unowned && matches!(call, Call::TagResource(c) if is_ours(&c.tags))
    }

    fn check(&self, call: &Call) {
        if let Some(user) = Self::target(call)
            && let Some(tags) = self.tags_of(&user)
            && !is_ours(&tags)
            && !self.adopts(call, &tags)
        {
            self.violated(format!("{} on a user of another owner", call.name()));
        }
        if let Call::DeleteUser(c) = call {
            let store = self.store.lock().unwrap();
            let living = store.object.as_ref().filter(|o| o.metadata.deletion_timestamp.is_none());
            if let Some(living) = living
                && let Some(tags) = self.tags_of(&c.user)
                && tags.get("connect-operator.dev/uid") == living.uid().as_ref()
            {
                self.violated("DeleteUser on the user of a resource that is not being deleted".into());
            }
        }
    }

    fn execute(&self, mut call: Call) -> Result<Reply, Error> {
        self.check(&call);
        if let (Call::CreateUser(c), Some(Mutation::NoTagsInCreate)) = (&mut call, self.setup.mutation) {
            c.tags.clear();
        }
        let deleting = || self.store.lock().unwrap().object.as_ref().is_some_and(|o| o.metadata.deletion_timestamp.is_some());
        if self.setup.mutation == Some(Mutation::CleanUpByIdOnly) && deleting() {
            match &call {
                Call::SearchUsers(_) => return Ok(Reply::SearchUsers(Page { items: vec![], next_token: None })),
                Call::ListUsers(_) => return Ok(Reply::ListUsers(Page { items: vec![], next_token: None })),
                _ => {}
            }
        }
        self.check_quick_connect_call(&call);
        let doing = call.clone();
        let result = self.sim.client().call_now(call);
        self.record_users(&doing, &result);
        let ours = self.sim.users(&self.instance).iter().filter(|u| is_ours(&u.user.tags)).count();
        if ours > 1 {
            self.violated(format!("{ours} users for one resource"));
        }
        result
    }
}

impl Connect for CheckedConnect {
    fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        async move {
            let operation = call.name();
            match self.0.pass(operation.as_str(), || self.0.world.execute(call)).await {
                GateResult::Answered(result) => result,
                GateResult::NoAnswer => Err(Error::no_reply(operation, "the connection was closed")),
            }
        }
        .boxed()
    }
}

/// Returns the same client for every instance.
pub struct SingleClient(pub Arc<CheckedConnect>);

impl Connections for SingleClient {
    fn client_for(&self, _: &connect_api::Arn) -> Arc<dyn Connect> {
        self.0.clone()
    }
}
