//! SearchUsers.

use aws_sdk_connect::{
    Client,
    types::{StringComparisonType, StringCondition, UserSearchCriteria},
};
use connect_api::{Error, FoundUser, OperationName, Page, SearchUsers};

use crate::{
    error,
    wire::{page, user},
};

pub(crate) async fn users(client: &Client, request: SearchUsers) -> Result<Page<FoundUser>, Error> {
    let SearchUsers { instance, max_results, next_token, username } = request;
    let reply = client
        .search_users()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .set_search_criteria(username.map(named))
        .send()
        .await
        .map_err(|e| error::of(OperationName::SearchUsers, e))?;
    page(reply.users, reply.next_token, user::found)
}

fn named(username: String) -> UserSearchCriteria {
    let condition =
        StringCondition::builder().field_name("Username").value(username).comparison_type(StringComparisonType::Exact);
    UserSearchCriteria::builder().string_condition(condition.build()).build()
}
