//! Deleted users.

use connect_api::{
    AssociateUserProficiencies, CreateUser, DeleteUser, DescribeUser, ListUserProficiencies, PhoneConfig, Proficiency,
    TagResource, UpdateUserHierarchy, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
};

use crate::fixture::{Fixture, NOT_FOUND};

pub(crate) async fn no_operation_finds_a_deleted_user(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.id(), || user.id.clone());
    fixture.call(DeleteUser { instance: instance(), user: id() }).await.unwrap();

    let routing_profile_id = fixture.routing_profile(1);
    let proficiencies = vec![Proficiency { key: fixture.environment.proficiencies[0].clone(), level: 3.0 }];
    let tags = [("a".into(), "b".into())].into();
    let calls = [
        DescribeUser { instance: instance(), user: id() }.into(),
        DeleteUser { instance: instance(), user: id() }.into(),
        UpdateUserPhoneConfig { instance: instance(), user: id(), phone_config: PhoneConfig::default() }.into(),
        UpdateUserRoutingProfile { instance: instance(), user: id(), routing_profile_id }.into(),
        UpdateUserHierarchy { instance: instance(), user: id(), hierarchy_group_id: None }.into(),
        AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }.into(),
        ListUserProficiencies { instance: instance(), user: id(), max_results: 100, next_token: None }.into(),
        TagResource { arn: user.arn.clone(), tags }.into(),
    ];
    fixture.assert_refused(calls, NOT_FOUND).await;
}

pub(crate) async fn a_deleted_users_name_can_be_used_again(fixture: &Fixture<'_>) {
    let first = fixture.user(fixture.new_user()).await;
    fixture.call(DeleteUser { instance: fixture.id(), user: first.id.clone() }).await.unwrap();
    // AWS does not document how soon: Connect may hold the name for a while.
    let again = || CreateUser { username: first.username.clone(), ..fixture.new_user() };
    let second = fixture.in_time(async || fixture.call(again()).await.ok()).await;
    assert_ne!(second.id, first.id);
}
