//! SearchQuickConnects, DescribeQuickConnect, DeleteQuickConnect.

use aws_sdk_connect::Client;
use connect_api::{DeleteQuickConnect, DescribeQuickConnect, Error, OperationName, Page, QuickConnect, SearchQuickConnects};

use crate::{
    error::{self, incomplete},
    wire::{page, quick_connect},
};

pub(crate) async fn search(client: &Client, request: SearchQuickConnects) -> Result<Page<QuickConnect>, Error> {
    const NAME: OperationName = OperationName::SearchQuickConnects;
    let SearchQuickConnects { instance, max_results, next_token } = request;
    let reply = client
        .search_quick_connects()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    page(reply.quick_connects, reply.next_token, |found| quick_connect::from_wire(NAME, found))
}

pub(crate) async fn describe(client: &Client, request: DescribeQuickConnect) -> Result<QuickConnect, Error> {
    const NAME: OperationName = OperationName::DescribeQuickConnect;
    let DescribeQuickConnect { instance, quick_connect } = request;
    let reply = client
        .describe_quick_connect()
        .instance_id(instance.as_str())
        .quick_connect_id(quick_connect.as_str())
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    quick_connect::from_wire(NAME, reply.quick_connect.ok_or_else(|| incomplete(NAME, "QuickConnect"))?)
}

pub(crate) async fn delete(client: &Client, request: DeleteQuickConnect) -> Result<(), Error> {
    let DeleteQuickConnect { instance, quick_connect } = request;
    client
        .delete_quick_connect()
        .instance_id(instance.as_str())
        .quick_connect_id(quick_connect.as_str())
        .send()
        .await
        .map_err(|e| error::of(OperationName::DeleteQuickConnect, e))?;
    Ok(())
}
