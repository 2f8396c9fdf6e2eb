//! SearchQuickConnects, DescribeQuickConnect, DeleteQuickConnect.

use aws_sdk_connect::{
    Client,
    types::{self, QuickConnectConfig, QuickConnectType},
};
use connect_api::{Arn, DeleteQuickConnect, DescribeQuickConnect, Page, QuickConnect, SearchQuickConnects, UserId};

use crate::{
    error::{Failure, required},
    wire::page,
};

pub(crate) async fn search(client: &Client, request: SearchQuickConnects) -> Result<Page<QuickConnect>, Failure> {
    let SearchQuickConnects { instance, max_results, next_token } = request;
    let call = client.search_quick_connects().instance_id(instance).max_results(max_results).set_next_token(next_token);
    let reply = call.send().await?;
    page(reply.quick_connects, reply.next_token, from_wire)
}

pub(crate) async fn describe(client: &Client, request: DescribeQuickConnect) -> Result<QuickConnect, Failure> {
    let DescribeQuickConnect { instance, quick_connect } = request;
    let reply = client.describe_quick_connect().instance_id(instance).quick_connect_id(quick_connect).send().await?;
    from_wire(required(reply.quick_connect, "QuickConnect")?)
}

pub(crate) async fn delete(client: &Client, request: DeleteQuickConnect) -> Result<(), Failure> {
    let DeleteQuickConnect { instance, quick_connect } = request;
    client.delete_quick_connect().instance_id(instance).quick_connect_id(quick_connect).send().await?;
    Ok(())
}

fn from_wire(shown: types::QuickConnect) -> Result<QuickConnect, Failure> {
    Ok(QuickConnect {
        id: required(shown.quick_connect_id, "QuickConnectId")?.into(),
        arn: shown.quick_connect_arn.unwrap_or_default(),
        name: shown.name.unwrap_or_default(),
        user: shown.quick_connect_config.and_then(user),
    })
}

/// Returns the user that a quick connect points to. Only the type decides whether it points to one.
fn user(config: QuickConnectConfig) -> Option<UserId> {
    let QuickConnectConfig { quick_connect_type: QuickConnectType::User, user_config: Some(user), .. } = config else {
        return None;
    };
    // Connect accepts an id or an ARN here, and AWS does not document which one it returns.
    let id = match user.user_id.parse::<Arn>() {
        Ok(arn) => arn.user().cloned(),
        Err(_) => Some(UserId::new(user.user_id)),
    };
    id.filter(|id| !id.as_str().is_empty())
}
