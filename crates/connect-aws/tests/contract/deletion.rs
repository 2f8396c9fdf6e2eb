//! Deleted users.

use connect_api::{
    AssociateUserProficiencies, Class, CreateUser, DeleteUser, ListUserProficiencies, PhoneConfig, Proficiency, TagResource,
    UpdateUserHierarchy, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
};

use crate::fixture::{Fixture, assert_refused};

const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];

pub(crate) async fn no_operation_finds_a_deleted_user(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.instance.id.clone(), || user.id.clone());
    fixture.call(DeleteUser { instance: instance(), user: id() }).await.unwrap();

    assert_refused(fixture.describe(&user.id).await, Class::NotFound, NOT_FOUND);
    let again = fixture.call(DeleteUser { instance: instance(), user: id() }).await;
    assert_refused(again, Class::NotFound, NOT_FOUND);
    let phone_config = PhoneConfig::default();
    let phone = fixture.call(UpdateUserPhoneConfig { instance: instance(), user: id(), phone_config }).await;
    assert_refused(phone, Class::NotFound, NOT_FOUND);
    let routing_profile_id = fixture.routing_profile(1);
    let routing = fixture.call(UpdateUserRoutingProfile { instance: instance(), user: id(), routing_profile_id }).await;
    assert_refused(routing, Class::NotFound, NOT_FOUND);
    let hierarchy = fixture.call(UpdateUserHierarchy { instance: instance(), user: id(), hierarchy_group_id: None }).await;
    assert_refused(hierarchy, Class::NotFound, NOT_FOUND);
    let proficiencies = vec![Proficiency { key: fixture.proficiencies[0].clone(), level: 3.0 }];
    let associate = fixture.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await;
    assert_refused(associate, Class::NotFound, NOT_FOUND);
    let list = ListUserProficiencies { instance: instance(), user: id(), max_results: 100, next_token: None };
    assert_refused(fixture.call(list).await, Class::NotFound, NOT_FOUND);
    let tags = [("a".into(), "b".into())].into();
    assert_refused(fixture.call(TagResource { arn: user.arn.clone(), tags }).await, Class::NotFound, NOT_FOUND);
}

pub(crate) async fn a_deleted_users_name_can_be_used_again(fixture: &Fixture<'_>) {
    let first = fixture.user(fixture.new_user()).await;
    fixture.call(DeleteUser { instance: fixture.instance.id.clone(), user: first.id.clone() }).await.unwrap();
    // AWS does not document how soon: Connect may hold the name for a while.
    let id = fixture
        .in_time(async || fixture.create(CreateUser { username: first.username.clone(), ..fixture.new_user() }).await.ok())
        .await;
    assert_ne!(id, first.id);
}
