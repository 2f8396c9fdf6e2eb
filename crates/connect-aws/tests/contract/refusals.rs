//! Requests that Connect refuses without an effect.

use connect_api::{
    AssociateUserProficiencies, Call, Class, CreateUser, DescribeInstance, DescribeUser, IdentityInfo, InstanceId,
    ListSecurityProfilePermissions, ListUsers, PhoneConfig, PhoneType, Proficiency, ProficiencyKey, SearchUsers, TagResource,
    UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

use crate::fixture::{Fixture, INVALID, NOT_FOUND};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

pub(crate) async fn a_username_is_taken_once(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let again = CreateUser { username: user.username.clone(), ..fixture.new_user() };
    fixture.assert_refused([again.into()], (Class::Duplicate, &["DuplicateResourceException"])).await;
    fixture.assert_is(user).await;
}

pub(crate) async fn unknown_references_are_not_found_and_change_nothing(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.id(), || user.id.clone());
    let calls = [
        CreateUser { routing_profile_id: UNKNOWN.into(), ..fixture.new_user() }.into(),
        CreateUser { security_profile_ids: [fixture.security_profile(0), UNKNOWN.into()].into(), ..fixture.new_user() }.into(),
        CreateUser { hierarchy_group_id: Some(UNKNOWN.into()), ..fixture.new_user() }.into(),
        UpdateUserRoutingProfile { instance: instance(), user: id(), routing_profile_id: UNKNOWN.into() }.into(),
        UpdateUserSecurityProfiles { instance: instance(), user: id(), security_profile_ids: [UNKNOWN.into()].into() }.into(),
        UpdateUserHierarchy { instance: instance(), user: id(), hierarchy_group_id: Some(UNKNOWN.into()) }.into(),
        DescribeUser { instance: instance(), user: UNKNOWN.into() }.into(),
        ListSecurityProfilePermissions {
            instance: instance(),
            security_profile: UNKNOWN.into(),
            max_results: 10,
            next_token: None,
        }
        .into(),
    ];
    fixture.assert_refused(calls, NOT_FOUND).await;
    fixture.assert_is(user.clone()).await;

    let proficiencies = vec![Proficiency { key: ProficiencyKey::new("No such attribute", "None"), level: 3.0 }];
    let error = fixture.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap_err();
    assert!(matches!(error.class, Class::NotFound | Class::Invalid) && error.is_refusal(), "{error}");
}

pub(crate) async fn an_unknown_instance_is_not_found(fixture: &Fixture<'_>) {
    let instance = || InstanceId::new(UNKNOWN);
    let calls = [
        DescribeInstance { instance: instance() }.into(),
        ListUsers { instance: instance(), max_results: 10, next_token: None }.into(),
        CreateUser { instance: instance(), ..fixture.new_user() }.into(),
    ];
    fixture.assert_refused(calls, NOT_FOUND).await;
}

pub(crate) async fn invalid_values_are_refused_and_change_nothing(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let (instance, id) = (|| fixture.id(), || user.id.clone());

    let desk_phone_without_number = PhoneConfig { phone_type: PhoneType::DeskPhone, ..PhoneConfig::default() };
    let endless = PhoneConfig { after_contact_work_time_limit: 2_000_001, ..PhoneConfig::default() };
    let negative = PhoneConfig { after_contact_work_time_limit: -1, ..PhoneConfig::default() };
    let no_number = PhoneConfig { desk_phone_number: Some("call me".into()), ..desk_phone_without_number.clone() };
    for phone_config in [desk_phone_without_number, endless, negative, no_number] {
        let update = UpdateUserPhoneConfig { instance: instance(), user: id(), phone_config: phone_config.clone() };
        let create = CreateUser { phone_config: Some(phone_config), ..fixture.new_user() };
        fixture.assert_refused([Call::from(update), create.into()], INVALID).await;
    }
    let identity_info = IdentityInfo { mobile: Some("0049 123".into()), ..user.identity_info.clone() };
    let tags = [("aws:reserved".into(), "x".into())].into();
    let calls = [
        UpdateUserIdentityInfo { instance: instance(), user: id(), identity_info }.into(),
        UpdateUserSecurityProfiles { instance: instance(), user: id(), security_profile_ids: [].into() }.into(),
        CreateUser { security_profile_ids: [].into(), ..fixture.new_user() }.into(),
        CreateUser { username: "no spaces allowed".into(), ..fixture.new_user() }.into(),
        TagResource { arn: user.arn.clone(), tags }.into(),
    ];
    fixture.assert_refused(calls, INVALID).await;
    fixture.assert_is(user).await;
}

pub(crate) async fn an_unknown_page_token_is_refused(fixture: &Fixture<'_>) {
    let next_token = || Some("bm90IGEgdG9rZW4=".to_owned());
    let calls = [
        ListUsers { instance: fixture.id(), max_results: 10, next_token: next_token() }.into(),
        SearchUsers { instance: fixture.id(), max_results: 10, next_token: next_token(), username: None }.into(),
    ];
    fixture.assert_refused(calls, INVALID).await;
}
