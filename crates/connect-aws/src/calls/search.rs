//! SearchUsers.

use aws_sdk_connect::Client;
use connect_api::{Error, FoundUser, OperationName, Page, SearchUsers};

use crate::{
    error,
    wire::{page, query, user},
};

pub(crate) async fn users(client: &Client, request: SearchUsers) -> Result<Page<FoundUser>, Error> {
    let SearchUsers { instance, max_results, next_token, criteria, filter } = request;
    let reply = client
        .search_users()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .set_search_criteria(criteria.map(query::criteria))
        .set_search_filter(filter.map(query::filter))
        .send()
        .await
        .map_err(|e| error::of(OperationName::SearchUsers, e))?;
    page(reply.users, reply.next_token, user::found)
}
