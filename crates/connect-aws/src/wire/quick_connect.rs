//! A quick connect, as SearchQuickConnects and DescribeQuickConnect return it.

use aws_sdk_connect::types::{self, QuickConnectConfig, QuickConnectType};
use connect_api::{Arn, Error, OperationName, QuickConnect, UserId};

use crate::error::incomplete;

pub(crate) fn from_wire(operation: OperationName, shown: types::QuickConnect) -> Result<QuickConnect, Error> {
    Ok(QuickConnect {
        id: shown.quick_connect_id.ok_or_else(|| incomplete(operation, "QuickConnectId"))?.as_str().into(),
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
