//! SearchUsers: late, but in time.

use std::collections::BTreeSet;

use connect_api::{
    CreateUser, DeleteUser, FoundUser, PhoneConfig, SearchCriteria, SearchUsers, StringComparison, TagFilter,
    UpdateUserPhoneConfig, UserId,
};

use crate::place::Place;

async fn found(place: &Place<'_>, criteria: Option<SearchCriteria>, filter: Option<TagFilter>) -> Vec<FoundUser> {
    let request = SearchUsers { instance: place.instance.id.clone(), max_results: 100, next_token: None, criteria, filter };
    let page = place.call(request).await.unwrap();
    assert_eq!(page.next_token, None);
    page.items
}

fn named(username: &str) -> Option<SearchCriteria> {
    Some(SearchCriteria::String { field: "Username".into(), value: username.into(), comparison: StringComparison::Exact })
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
    let tag = TagFilter::Tag { key: "search".into(), value: request.username.clone() };
    for (criteria, filter) in [
        (named(&request.username), None),
        (None, Some(tag.clone())),
        (named(&request.username), Some(tag)),
        (
            Some(SearchCriteria::And(vec![
                named(&request.username).unwrap(),
                SearchCriteria::Or(vec![
                    SearchCriteria::String {
                        field: "LastName".into(),
                        value: "Suit".into(),
                        comparison: StringComparison::StartsWith,
                    },
                    named("nobody-at-all").unwrap(),
                ]),
            ])),
            None,
        ),
    ] {
        let hit = place.in_time(async || found(place, criteria.clone(), filter.clone()).await.pop()).await;
        assert_eq!((&hit.id, &hit.arn, &hit.username), (&user.id, &user.arn, &user.username));
        assert_eq!((&hit.first_name, &hit.last_name), (&user.identity_info.first_name, &user.identity_info.last_name));
        assert_eq!(hit.phone_config, Some(phone_config.clone()));
        assert_eq!((&hit.routing_profile_id, &hit.security_profile_ids), (&user.routing_profile_id, &user.security_profile_ids));
        assert_eq!((&hit.hierarchy_group_id, &hit.tags), (&user.hierarchy_group_id, &user.tags));
        assert_eq!((&hit.directory_user_id, &hit.channel_configs), (&user.directory_user_id, &user.channel_configs));
    }
}

pub(crate) async fn a_change_and_a_deletion_are_seen_in_time(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    place.in_time(async || found(place, named(&user.username), None).await.pop()).await;

    let phone_config = PhoneConfig { after_contact_work_time_limit: 30, ..PhoneConfig::default() };
    let instance = place.instance.id.clone();
    let request = UpdateUserPhoneConfig { instance: instance.clone(), user: user.id.clone(), phone_config };
    place.call(request).await.unwrap();
    place
        .in_time(async || {
            let hit = found(place, named(&user.username), None).await.pop()?;
            hit.phone_config.filter(|config| config.after_contact_work_time_limit == 30)
        })
        .await;

    place.call(DeleteUser { instance, user: user.id.clone() }).await.unwrap();
    place.in_time(async || found(place, named(&user.username), None).await.is_empty().then_some(())).await;
}

pub(crate) async fn pages_hold_every_match_once(place: &Place<'_>) {
    let mut users = BTreeSet::new();
    for _ in 0..3 {
        users.insert(place.user(place.new_user()).await.id.to_string());
    }
    let tags = place.new_user().tags.into_iter().collect::<Vec<_>>();
    place.in_time(async || (found(place, None, Some(TagFilter::And(tags.clone()))).await.len() == 3).then_some(())).await;
    let mut seen: Vec<UserId> = Vec::new();
    let mut next_token = None;
    loop {
        let request = SearchUsers {
            instance: place.instance.id.clone(),
            max_results: 1,
            next_token,
            criteria: None,
            filter: Some(TagFilter::Or(vec![tags.clone(), vec![("contract-suite".into(), "nowhere".into())]])),
        };
        let page = place.call(request).await.unwrap();
        assert!(page.items.len() <= 1);
        seen.extend(page.items.into_iter().map(|user| user.id));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(seen.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), users);
}
