//! The proficiencies of a user.

use aws_sdk_connect::{
    Client,
    types::{UserProficiency, UserProficiencyDisassociate},
};
use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, Error, ListUserProficiencies, OperationName, Page, Proficiency,
    ProficiencyKey, UpdateUserProficiencies,
};

use crate::{error, wire::page};

pub(crate) async fn associate(client: &Client, request: AssociateUserProficiencies) -> Result<(), Error> {
    let AssociateUserProficiencies { instance, user, proficiencies } = request;
    client
        .associate_user_proficiencies()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_user_proficiencies(Some(proficiencies.into_iter().map(to_wire).collect()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::AssociateUserProficiencies, e))?;
    Ok(())
}

pub(crate) async fn update(client: &Client, request: UpdateUserProficiencies) -> Result<(), Error> {
    let UpdateUserProficiencies { instance, user, proficiencies } = request;
    client
        .update_user_proficiencies()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_user_proficiencies(Some(proficiencies.into_iter().map(to_wire).collect()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserProficiencies, e))?;
    Ok(())
}

pub(crate) async fn disassociate(client: &Client, request: DisassociateUserProficiencies) -> Result<(), Error> {
    let DisassociateUserProficiencies { instance, user, proficiencies } = request;
    client
        .disassociate_user_proficiencies()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_user_proficiencies(Some(proficiencies.into_iter().map(key_to_wire).collect()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::DisassociateUserProficiencies, e))?;
    Ok(())
}

pub(crate) async fn list(client: &Client, request: ListUserProficiencies) -> Result<Page<Proficiency>, Error> {
    let ListUserProficiencies { instance, user, max_results, next_token } = request;
    let reply = client
        .list_user_proficiencies()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(OperationName::ListUserProficiencies, e))?;
    page(reply.user_proficiency_list, reply.next_token, |p| Ok(from_wire(p)))
}

fn to_wire(proficiency: Proficiency) -> UserProficiency {
    let Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level } = proficiency;
    UserProficiency::builder()
        .attribute_name(attribute_name)
        .attribute_value(attribute_value)
        .level(level)
        .build()
        .expect("name, value and level are set")
}

fn key_to_wire(key: ProficiencyKey) -> UserProficiencyDisassociate {
    UserProficiencyDisassociate::builder()
        .attribute_name(key.attribute_name)
        .attribute_value(key.attribute_value)
        .build()
        .expect("name and value are set")
}

fn from_wire(proficiency: UserProficiency) -> Proficiency {
    let UserProficiency { attribute_name, attribute_value, level, .. } = proficiency;
    Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level }
}
