//! What is gone is gone.

use connect_api::{
    AssociateUserProficiencies, Class, CreateUser, DeleteUser, ListUserProficiencies, PhoneConfig, Proficiency, TagResource,
    UpdateUserHierarchy, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
};

use crate::place::{Place, assert_refused};

const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];

pub(crate) async fn a_deleted_user_is_not_found_by_anything(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    let (instance, id) = (|| place.instance.id.clone(), || user.id.clone());
    place.call(DeleteUser { instance: instance(), user: id() }).await.unwrap();

    assert_refused(place.describe(&user.id).await, Class::NotFound, NOT_FOUND);
    let again = place.call(DeleteUser { instance: instance(), user: id() }).await;
    assert_refused(again, Class::NotFound, NOT_FOUND);
    let phone_config = PhoneConfig::default();
    let phone = place.call(UpdateUserPhoneConfig { instance: instance(), user: id(), phone_config }).await;
    assert_refused(phone, Class::NotFound, NOT_FOUND);
    let routing_profile_id = place.routing_profile(1);
    let routing = place.call(UpdateUserRoutingProfile { instance: instance(), user: id(), routing_profile_id }).await;
    assert_refused(routing, Class::NotFound, NOT_FOUND);
    let hierarchy = place.call(UpdateUserHierarchy { instance: instance(), user: id(), hierarchy_group_id: None }).await;
    assert_refused(hierarchy, Class::NotFound, NOT_FOUND);
    let proficiencies = vec![Proficiency { key: place.proficiencies[0].clone(), level: 3.0 }];
    let associate = place.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await;
    assert_refused(associate, Class::NotFound, NOT_FOUND);
    let list = ListUserProficiencies { instance: instance(), user: id(), max_results: 100, next_token: None };
    assert_refused(place.call(list).await, Class::NotFound, NOT_FOUND);
    let tags = [("a".into(), "b".into())].into();
    assert_refused(place.call(TagResource { arn: user.arn.clone(), tags }).await, Class::NotFound, NOT_FOUND);
}

pub(crate) async fn a_username_can_be_used_again_once_its_user_is_gone(place: &Place<'_>) {
    let first = place.user(place.new_user()).await;
    place.call(DeleteUser { instance: place.instance.id.clone(), user: first.id.clone() }).await.unwrap();
    // Nothing says how soon: Connect may hold the name for a while.
    let id = place
        .in_time(async || place.create(CreateUser { username: first.username.clone(), ..place.new_user() }).await.ok())
        .await;
    assert_ne!(id, first.id);
}
