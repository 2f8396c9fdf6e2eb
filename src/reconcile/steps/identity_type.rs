//! The instance's identity type: read after a refusal that it may explain, and never before.

use connect_api::{Class, Connect, ConnectExt, CreateUser, DescribeInstance, Error, IdentityManagementType, OperationName};

use super::{Action, Work, advice_on_create, advice_on_update, in_other_words};

/// Returns what to correct in the spec after a refused CreateUser, if the identity type explains the refusal.
pub(super) async fn advice(work: &Work<'_>, request: &CreateUser) -> Option<String> {
    let identity = identity_type(work).await?;
    advice_on_create(identity, &work.subject.resource.spec, request.password.as_ref())
}

/// Makes one call of a plan, in the form that the instance's identity type needs. An error comes with the fields to correct.
pub(super) async fn send(work: &Work<'_>, action: &Action) -> Result<(), (Error, String)> {
    let Work { ctx, subject, caller, .. } = work;
    let known = ctx.identity_types.get(&subject.instance.to_string());
    // Whether a SAML user may have an e-mail address is not certain, so it is carried over until it is refused.
    let is_certain = known == Some(IdentityManagementType::ExistingDirectory);
    let other_words = known.filter(|_| is_certain).and_then(|identity| in_other_words(action, identity));
    let call = other_words.unwrap_or_else(|| action.update.clone().into());
    let connect = work.connect();
    let Err(error) = connect.send(caller, call).await else { return Ok(()) };
    if error.class != Class::Invalid || action.update.name() != OperationName::UpdateUserIdentityInfo {
        return Err((error, action.fields()));
    }
    let Some(identity) = identity_type(work).await else { return Err((error, action.fields())) };
    let fields = advice_on_update(identity, &action.changes).unwrap_or_else(|| action.fields());
    match in_other_words(action, identity).filter(|_| !is_certain) {
        Some(call) => connect.send(caller, call).await.map(drop).map_err(|error| (error, fields)),
        None => Err((error, fields)),
    }
}

/// Returns the instance's identity type; None if it cannot be read, since it only serves advice.
async fn identity_type(work: &Work<'_>) -> Option<IdentityManagementType> {
    let Work { ctx, subject, .. } = work;
    if let Some(known) = ctx.identity_types.get(&subject.instance.to_string()) {
        return Some(known);
    }
    match work.connect().call(&work.caller, DescribeInstance { instance: subject.instance_id() }).await {
        Ok(instance) => {
            let identity = instance.identity_management_type?;
            ctx.identity_types.record(subject.instance.to_string(), identity);
            Some(identity)
        }
        Err(error) => {
            tracing::debug!(%error, "the instance's identity type is not known");
            None
        }
    }
}
