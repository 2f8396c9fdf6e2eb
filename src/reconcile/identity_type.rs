//! How an instance's users sign in: asked for after a refusal that may have to do with it, and never before.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use connect_api::{Arn, Class, Connect, ConnectExt, CreateUser, DescribeInstance, Error, IdentityManagementType, OperationName};

use super::pass::Pass;
use crate::plan::{Action, advice_on_create, advice_on_update, beside_a_directory};

/// The identity types of instances. They are fixed for an instance's life, so that one answer is enough.
#[derive(Debug, Default)]
pub(super) struct IdentityTypes(Mutex<HashMap<Arn, IdentityManagementType>>);

impl IdentityTypes {
    /// The instance's type, if it was asked for before.
    pub(super) fn known(&self, instance: &Arn) -> Option<IdentityManagementType> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(instance).copied()
    }

    fn learn(&self, instance: &Arn, identity: IdentityManagementType) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(instance.clone(), identity);
    }
}

impl Pass<'_> {
    /// What to correct in the spec after a refused CreateUser, if that has to do with how the instance's users sign in.
    pub(super) async fn advice(&self, request: &CreateUser) -> Option<String> {
        let identity = self.identity_type().await?;
        advice_on_create(identity, &self.resource.spec, request.password.as_ref())
    }

    /// Makes one call of a plan, as the instance takes it. An error comes with what is to be corrected.
    pub(super) async fn send(&self, action: &Action) -> Result<(), (Error, String)> {
        let known = self.on.identity_types.known(&self.instance);
        let beside = beside_a_directory(action);
        let call = match (&beside, known) {
            (Some(call), Some(IdentityManagementType::ExistingDirectory)) => call.clone(),
            _ => action.call.clone(),
        };
        let Err(error) = self.connect.send(&self.caller, call).await else { return Ok(()) };
        if error.class != Class::Invalid || action.call.name() != OperationName::UpdateUserIdentityInfo {
            return Err((error, action.fields()));
        }
        let Some(identity) = self.identity_type().await else { return Err((error, action.fields())) };
        let fields = advice_on_update(identity, &action.because).unwrap_or_else(|| action.fields());
        match (beside, known, identity) {
            (Some(call), None, IdentityManagementType::ExistingDirectory) => {
                self.connect.send(&self.caller, call).await.map(drop).map_err(|error| (error, fields))
            }
            _ => Err((error, fields)),
        }
    }

    /// The instance's identity type. None where Connect does not tell, or may not be asked: what it serves is advice.
    pub(super) async fn identity_type(&self) -> Option<IdentityManagementType> {
        if let Some(known) = self.on.identity_types.known(&self.instance) {
            return Some(known);
        }
        match self.connect.call(&self.caller, DescribeInstance { instance: self.instance_id() }).await {
            Ok(instance) => {
                let identity = instance.identity_management_type?;
                self.on.identity_types.learn(&self.instance, identity);
                Some(identity)
            }
            Err(error) => {
                tracing::debug!(%error, "how this instance's users sign in is not known");
                None
            }
        }
    }
}
