//! Requests that Connect refuses without an effect.

use connect_api::{
    AssociateUserProficiencies, Class, CreateUser, DescribeInstance, IdentityInfo, InstanceId, ListUsers, PhoneConfig, PhoneType,
    Proficiency, ProficiencyKey, SearchUsers, TagResource, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig,
    UpdateUserRoutingProfile, UpdateUserSecurityProfiles, UserId,
};

use crate::fixture::{Fixture, assert_refused};

const INVALID: &[&str] = &["InvalidParameterException", "InvalidRequestException"];
const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

pub(crate) async fn a_username_is_taken_once(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let again = CreateUser { username: user.username.clone(), ..fixture.new_user() };
    assert_refused(fixture.create(again).await, Class::Duplicate, &["DuplicateResourceException"]);
    fixture.assert_is(user).await;
}

pub(crate) async fn unknown_references_are_not_found_and_change_nothing(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.instance.id.clone(), || user.id.clone());

    for request in [
        CreateUser { routing_profile_id: UNKNOWN.into(), ..fixture.new_user() },
        CreateUser { security_profile_ids: [fixture.security_profile(0), UNKNOWN.into()].into(), ..fixture.new_user() },
        CreateUser { hierarchy_group_id: Some(UNKNOWN.into()), ..fixture.new_user() },
    ] {
        assert_refused(fixture.create(request).await, Class::NotFound, NOT_FOUND);
    }
    let request = UpdateUserRoutingProfile { instance: instance(), user: id(), routing_profile_id: UNKNOWN.into() };
    assert_refused(fixture.call(request).await, Class::NotFound, NOT_FOUND);
    let request = UpdateUserSecurityProfiles { instance: instance(), user: id(), security_profile_ids: [UNKNOWN.into()].into() };
    assert_refused(fixture.call(request).await, Class::NotFound, NOT_FOUND);
    let request = UpdateUserHierarchy { instance: instance(), user: id(), hierarchy_group_id: Some(UNKNOWN.into()) };
    assert_refused(fixture.call(request).await, Class::NotFound, NOT_FOUND);
    fixture.assert_is(user.clone()).await;

    assert_refused(fixture.describe(&UserId::new(UNKNOWN)).await, Class::NotFound, NOT_FOUND);
    let key = ProficiencyKey { attribute_name: "No such attribute".into(), attribute_value: "None".into() };
    let proficiencies = vec![Proficiency { key, level: 3.0 }];
    let error = fixture.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap_err();
    assert!(matches!(error.class, Class::NotFound | Class::Invalid) && error.is_refusal(), "{error}");
}

pub(crate) async fn an_unknown_instance_is_not_found(fixture: &Fixture<'_>) {
    let instance = InstanceId::new(UNKNOWN);
    assert_refused(fixture.call(DescribeInstance { instance: instance.clone() }).await, Class::NotFound, NOT_FOUND);
    let request = ListUsers { instance: instance.clone(), max_results: 10, next_token: None };
    assert_refused(fixture.call(request).await, Class::NotFound, NOT_FOUND);
    assert_refused(fixture.create(CreateUser { instance, ..fixture.new_user() }).await, Class::NotFound, NOT_FOUND);
}

pub(crate) async fn invalid_values_are_refused_and_change_nothing(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.instance.id.clone(), || user.id.clone());

    let desk_phone_without_number = PhoneConfig { phone_type: PhoneType::DeskPhone, ..PhoneConfig::default() };
    let endless = PhoneConfig { after_contact_work_time_limit: 2_000_001, ..PhoneConfig::default() };
    let negative = PhoneConfig { after_contact_work_time_limit: -1, ..PhoneConfig::default() };
    let no_number =
        PhoneConfig { phone_type: PhoneType::DeskPhone, desk_phone_number: Some("call me".into()), ..PhoneConfig::default() };
    for phone_config in [desk_phone_without_number, endless, negative, no_number] {
        let request = UpdateUserPhoneConfig { instance: instance(), user: id(), phone_config: phone_config.clone() };
        assert_refused(fixture.call(request).await, Class::Invalid, INVALID);
        let request = CreateUser { phone_config: Some(phone_config), ..fixture.new_user() };
        assert_refused(fixture.create(request).await, Class::Invalid, INVALID);
    }
    let identity_info = IdentityInfo { mobile: Some("0049 123".into()), ..user.identity_info.clone() };
    let request = UpdateUserIdentityInfo { instance: instance(), user: id(), identity_info };
    assert_refused(fixture.call(request).await, Class::Invalid, INVALID);

    let request = UpdateUserSecurityProfiles { instance: instance(), user: id(), security_profile_ids: [].into() };
    assert_refused(fixture.call(request).await, Class::Invalid, INVALID);
    let request = CreateUser { security_profile_ids: [].into(), ..fixture.new_user() };
    assert_refused(fixture.create(request).await, Class::Invalid, INVALID);

    let request = CreateUser { username: "no spaces allowed".into(), ..fixture.new_user() };
    assert_refused(fixture.create(request).await, Class::Invalid, INVALID);
    let tags = [("aws:reserved".into(), "x".into())].into();
    assert_refused(fixture.call(TagResource { arn: user.arn.clone(), tags }).await, Class::Invalid, INVALID);
    fixture.assert_is(user).await;
}

pub(crate) async fn an_unknown_page_token_is_refused(fixture: &Fixture<'_>) {
    let instance = fixture.instance.id.clone();
    let next_token = Some("bm90IGEgdG9rZW4=".to_owned());
    let request = ListUsers { instance: instance.clone(), max_results: 10, next_token: next_token.clone() };
    assert_refused(fixture.call(request).await, Class::Invalid, INVALID);
    let request = SearchUsers { instance, max_results: 10, next_token, username: None };
    assert_refused(fixture.call(request).await, Class::Invalid, INVALID);
}
