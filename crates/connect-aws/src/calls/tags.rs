//! The tags of a resource.

use std::collections::HashMap;

use aws_sdk_connect::Client;
use connect_api::{Error, OperationName, TagResource, UntagResource};

use crate::error;

pub(crate) async fn tag(client: &Client, request: TagResource) -> Result<(), Error> {
    let TagResource { arn, tags } = request;
    client
        .tag_resource()
        .resource_arn(arn)
        .set_tags(Some(tags.into_iter().collect::<HashMap<_, _>>()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::TagResource, e))?;
    Ok(())
}

pub(crate) async fn untag(client: &Client, request: UntagResource) -> Result<(), Error> {
    let UntagResource { arn, keys } = request;
    client
        .untag_resource()
        .resource_arn(arn)
        .set_tag_keys(Some(keys.into_iter().collect()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UntagResource, e))?;
    Ok(())
}
