//! The proficiencies of a user.

use aws_sdk_connect::{
    Client,
    types::{UserProficiency, UserProficiencyDisassociate},
};
use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, ListUserProficiencies, Page, Proficiency, ProficiencyKey,
    UpdateUserProficiencies,
};

use crate::{error::Failure, wire::page};

pub(crate) async fn associate(client: &Client, request: AssociateUserProficiencies) -> Result<(), Failure> {
    let AssociateUserProficiencies { instance, user, proficiencies } = request;
    let call = client.associate_user_proficiencies().instance_id(instance).user_id(user);
    call.set_user_proficiencies(Some(proficiencies.into_iter().map(to_wire).collect())).send().await?;
    Ok(())
}

pub(crate) async fn update(client: &Client, request: UpdateUserProficiencies) -> Result<(), Failure> {
    let UpdateUserProficiencies { instance, user, proficiencies } = request;
    let call = client.update_user_proficiencies().instance_id(instance).user_id(user);
    call.set_user_proficiencies(Some(proficiencies.into_iter().map(to_wire).collect())).send().await?;
    Ok(())
}

pub(crate) async fn disassociate(client: &Client, request: DisassociateUserProficiencies) -> Result<(), Failure> {
    let DisassociateUserProficiencies { instance, user, proficiencies } = request;
    let call = client.disassociate_user_proficiencies().instance_id(instance).user_id(user);
    call.set_user_proficiencies(Some(proficiencies.into_iter().map(key_to_wire).collect())).send().await?;
    Ok(())
}

pub(crate) async fn list(client: &Client, request: ListUserProficiencies) -> Result<Page<Proficiency>, Failure> {
    let ListUserProficiencies { instance, user, max_results, next_token } = request;
    let call = client.list_user_proficiencies().instance_id(instance).user_id(user);
    let reply = call.max_results(max_results).set_next_token(next_token).send().await?;
    page(reply.user_proficiency_list, reply.next_token, |p| Ok(from_wire(p)))
}

fn to_wire(proficiency: Proficiency) -> UserProficiency {
    let Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level } = proficiency;
    let wire = UserProficiency::builder().attribute_name(attribute_name).attribute_value(attribute_value).level(level);
    wire.build().expect("name, value and level are set")
}

fn key_to_wire(ProficiencyKey { attribute_name, attribute_value }: ProficiencyKey) -> UserProficiencyDisassociate {
    let wire = UserProficiencyDisassociate::builder().attribute_name(attribute_name).attribute_value(attribute_value);
    wire.build().expect("name and value are set")
}

fn from_wire(proficiency: UserProficiency) -> Proficiency {
    let UserProficiency { attribute_name, attribute_value, level, .. } = proficiency;
    Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level }
}
