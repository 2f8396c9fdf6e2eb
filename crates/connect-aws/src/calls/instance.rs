//! DescribeInstance.

use aws_sdk_connect::{Client, types::DirectoryType};
use connect_api::{DescribeInstance, Error, IdentityManagementType, Instance, OperationName};

use crate::error::{self, incomplete};

pub(crate) async fn describe(client: &Client, request: DescribeInstance) -> Result<Instance, Error> {
    const NAME: OperationName = OperationName::DescribeInstance;
    let DescribeInstance { instance } = request;
    let reply = client.describe_instance().instance_id(instance.as_str()).send().await.map_err(|e| error::of(NAME, e))?;
    let instance = reply.instance.ok_or_else(|| incomplete(NAME, "Instance"))?;
    Ok(Instance {
        id: instance.id.ok_or_else(|| incomplete(NAME, "Instance.Id"))?.as_str().into(),
        arn: instance.arn.ok_or_else(|| incomplete(NAME, "Instance.Arn"))?,
        alias: instance.instance_alias,
        identity_management_type: instance.identity_management_type.as_ref().and_then(identity_management_type),
        status: instance.instance_status.map(|s| s.as_str().to_owned()),
    })
}

fn identity_management_type(of: &DirectoryType) -> Option<IdentityManagementType> {
    match of {
        DirectoryType::Saml => Some(IdentityManagementType::Saml),
        DirectoryType::ConnectManaged => Some(IdentityManagementType::ConnectManaged),
        DirectoryType::ExistingDirectory => Some(IdentityManagementType::ExistingDirectory),
        _ => None,
    }
}
