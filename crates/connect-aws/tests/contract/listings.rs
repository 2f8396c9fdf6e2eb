//! Listings, page by page.

use connect_api::{Error, ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, ListUsers, Page};

use crate::place::Place;

/// Everything on all pages of this size.
pub(crate) async fn all_pages<T>(max: usize, page: impl AsyncFn(Option<String>) -> Result<Page<T>, Error>) -> Vec<T> {
    let mut items = Vec::new();
    let mut next_token = None;
    loop {
        let page = page(next_token).await.unwrap();
        assert!(page.items.len() <= max);
        items.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            return items;
        }
    }
}

pub(crate) async fn users_are_listed_once_each_over_pages(place: &Place<'_>) {
    let instance = || place.instance.id.clone();
    let mut users = Vec::new();
    for _ in 0..5 {
        users.push(place.user(place.new_user()).await);
    }
    let listed =
        all_pages(2, async |next_token| place.call(ListUsers { instance: instance(), max_results: 2, next_token }).await).await;
    for user in users {
        let mut listed = listed.iter().filter(|summary| summary.id == user.id);
        let summary = listed.next().unwrap();
        assert_eq!((&summary.arn, &summary.username), (&user.arn, &user.username));
        assert_eq!(summary.last_modified_time, user.last_modified_time);
        assert_eq!(listed.next(), None);
    }
}

pub(crate) async fn profiles_and_groups_are_listed_over_pages(place: &Place<'_>) {
    let instance = || place.instance.id.clone();
    let max_results = 1;
    let listed =
        all_pages(1, async |next_token| place.call(ListRoutingProfiles { instance: instance(), max_results, next_token }).await).await;
    assert_eq!(listed, place.routing_profiles);
    let listed =
        all_pages(1, async |next_token| place.call(ListSecurityProfiles { instance: instance(), max_results, next_token }).await).await;
    assert_eq!(listed, place.security_profiles);
    let listed =
        all_pages(1, async |next_token| place.call(ListUserHierarchyGroups { instance: instance(), max_results, next_token }).await)
            .await;
    assert_eq!(listed, place.hierarchy_groups);
    for named in place.routing_profiles.iter().chain(&place.security_profiles).chain(&place.hierarchy_groups) {
        assert!(named.arn.starts_with(&place.instance.arn) && named.arn.ends_with(&format!("/{}", named.id)), "{named:?}");
        assert!(!named.name.is_empty());
    }
}

pub(crate) async fn a_hierarchy_group_knows_its_path(place: &Place<'_>) {
    for (n, named) in place.hierarchy_groups.iter().enumerate().take(2) {
        let group = place.hierarchy_group(n).await;
        assert_eq!((group.id.as_str(), &group.arn), (named.id.as_str(), &named.arn));
        assert_eq!(group.path.last(), Some(&named.name));
        assert!((1..=5).contains(&group.path.len()));
    }
}
