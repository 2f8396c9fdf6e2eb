//! SearchUsers: late, but in time.

use connect_api::{CreateUser, DeleteUser, FoundUser, PhoneConfig, SearchUsers, UpdateUserPhoneConfig};

use crate::{listings::all_pages, place::Place};

async fn found(place: &Place<'_>, username: &str) -> Vec<FoundUser> {
    let username = Some(username.to_owned());
    let request = SearchUsers { instance: place.instance.id.clone(), max_results: 100, next_token: None, username };
    let page = place.call(request).await.unwrap();
    assert_eq!(page.next_token, None);
    page.items
}

pub(crate) async fn a_user_is_found_in_time_as_it_is(place: &Place<'_>) {
    let phone_config = PhoneConfig {
        auto_accept: true,
        after_contact_work_time_limit: 90,
        persistent_connection: Some(false),
        ..PhoneConfig::default()
    };
    let group = place.hierarchy_group(1).await.id;
    let mut request =
        CreateUser { phone_config: Some(phone_config.clone()), hierarchy_group_id: Some(group), ..place.new_user() };
    request.tags.insert("search".into(), request.username.clone());
    let user = place.user(request.clone()).await;
    let hit = place.in_time(async || found(place, &request.username).await.pop()).await;
    assert_eq!((&hit.id, &hit.arn, &hit.username), (&user.id, &user.arn, &user.username));
    assert_eq!((&hit.first_name, &hit.last_name), (&user.identity_info.first_name, &user.identity_info.last_name));
    assert_eq!(hit.phone_config, Some(phone_config));
    assert_eq!((&hit.routing_profile_id, &hit.security_profile_ids), (&user.routing_profile_id, &user.security_profile_ids));
    assert_eq!((&hit.hierarchy_group_id, &hit.tags), (&user.hierarchy_group_id, &user.tags));
    assert_eq!((&hit.directory_user_id, &hit.channel_configs), (&user.directory_user_id, &user.channel_configs));
}

pub(crate) async fn a_change_and_a_deletion_are_seen_in_time(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    place.in_time(async || found(place, &user.username).await.pop()).await;

    let phone_config = PhoneConfig { after_contact_work_time_limit: 30, ..PhoneConfig::default() };
    let instance = place.instance.id.clone();
    let request = UpdateUserPhoneConfig { instance: instance.clone(), user: user.id.clone(), phone_config };
    place.call(request).await.unwrap();
    place
        .in_time(async || {
            let hit = found(place, &user.username).await.pop()?;
            hit.phone_config.filter(|config| config.after_contact_work_time_limit == 30)
        })
        .await;

    place.call(DeleteUser { instance, user: user.id.clone() }).await.unwrap();
    place.in_time(async || found(place, &user.username).await.is_empty().then_some(())).await;
}

pub(crate) async fn pages_hold_every_user_once(place: &Place<'_>) {
    let mut users = Vec::new();
    for _ in 0..3 {
        let user = place.user(place.new_user()).await;
        place.in_time(async || found(place, &user.username).await.pop()).await;
        users.push(user.id);
    }
    let request =
        |next_token| SearchUsers { instance: place.instance.id.clone(), max_results: 2, next_token, username: None };
    let found = all_pages(2, async |next_token| place.call(request(next_token)).await).await;
    for user in users {
        assert_eq!(found.iter().filter(|hit| hit.id == user).count(), 1);
    }
}
