//! SearchUsers, which lags behind writes.

use connect_api::{ChannelConfigs, CreateUser, DeleteUser, FoundUser, PhoneConfig, SearchUsers, UpdateUserPhoneConfig};

use crate::fixture::Fixture;

async fn found(fixture: &Fixture<'_>, username: &str) -> Vec<FoundUser> {
    let username = Some(username.to_owned());
    let request = SearchUsers { instance: fixture.id(), max_results: 100, next_token: None, username };
    let page = fixture.call(request).await.unwrap();
    assert_eq!(page.next_token, None);
    page.items
}

pub(crate) async fn a_user_is_found_with_its_settings(fixture: &Fixture<'_>) {
    let phone_config = PhoneConfig {
        auto_accept: true,
        after_contact_work_time_limit: 90,
        persistent_connection: Some(false),
        ..PhoneConfig::default()
    };
    let group = fixture.hierarchy_group(1).await.id;
    let mut request =
        CreateUser { phone_config: Some(phone_config.clone()), hierarchy_group_id: Some(group), ..fixture.new_user() };
    request.tags.insert("search".into(), request.username.clone());
    let user = fixture.user(request.clone()).await;
    let hit = fixture.in_time(async || found(fixture, &request.username).await.pop()).await;
    assert_eq!((&hit.id, &hit.arn, &hit.username), (&user.id, &user.arn, &user.username));
    assert_eq!((&hit.first_name, &hit.last_name), (&user.identity_info.first_name, &user.identity_info.last_name));
    assert_eq!(hit.phone_config, Some(phone_config));
    assert_eq!((&hit.routing_profile_id, &hit.security_profile_ids), (&user.routing_profile_id, &user.security_profile_ids));
    assert_eq!((&hit.hierarchy_group_id, &hit.tags), (&user.hierarchy_group_id, &user.tags));
    assert_eq!(hit.directory_user_id, user.directory_user_id);
    assert_eq!(without_empty(hit.channel_configs), without_empty(user.channel_configs));
}

/// One read may show an empty list where the other shows none.
fn without_empty(configs: ChannelConfigs) -> ChannelConfigs {
    ChannelConfigs {
        auto_accept: configs.auto_accept.filter(|list| !list.is_empty()),
        after_contact_work: configs.after_contact_work.filter(|list| !list.is_empty()),
        phone_number: configs.phone_number.filter(|list| !list.is_empty()),
        persistent_connection: configs.persistent_connection.filter(|list| !list.is_empty()),
        voice_enhancement: configs.voice_enhancement.filter(|list| !list.is_empty()),
    }
}

pub(crate) async fn a_change_and_a_deletion_are_found(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    fixture.in_time(async || found(fixture, &user.username).await.pop()).await;

    let phone_config = PhoneConfig { after_contact_work_time_limit: 30, ..PhoneConfig::default() };
    fixture.call(UpdateUserPhoneConfig { instance: fixture.id(), user: user.id.clone(), phone_config }).await.unwrap();
    fixture
        .in_time(async || {
            let hit = found(fixture, &user.username).await.pop()?;
            hit.phone_config.filter(|config| config.after_contact_work_time_limit == 30)
        })
        .await;

    fixture.call(DeleteUser { instance: fixture.id(), user: user.id.clone() }).await.unwrap();
    fixture.in_time(async || found(fixture, &user.username).await.is_empty().then_some(())).await;
}

pub(crate) async fn pages_hold_every_user_once(fixture: &Fixture<'_>) {
    let mut users = Vec::new();
    for _ in 0..3 {
        let user = fixture.user(fixture.new_user()).await;
        fixture.in_time(async || found(fixture, &user.username).await.pop()).await;
        users.push(user.id);
    }
    let search = |next_token| SearchUsers { instance: fixture.id(), max_results: 2, next_token, username: None };
    let found = fixture.all_pages(2, search).await;
    for user in users {
        assert_eq!(found.iter().filter(|hit| hit.id == user).count(), 1);
    }
}
