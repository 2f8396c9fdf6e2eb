//! Listings, page by page.

use connect_api::{Error, ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, ListUsers, Page};

use crate::fixture::Fixture;

/// Returns the items of all pages of this size.
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

pub(crate) async fn users_are_listed_once_each_over_pages(fixture: &Fixture<'_>) {
    let instance = || fixture.instance.id.clone();
    let mut users = Vec::new();
    for _ in 0..5 {
        users.push(fixture.user(fixture.new_user()).await);
    }
    let listed =
        all_pages(2, async |next_token| fixture.call(ListUsers { instance: instance(), max_results: 2, next_token }).await).await;
    for user in users {
        let mut listed = listed.iter().filter(|summary| summary.id == user.id);
        let summary = listed.next().unwrap();
        assert_eq!((&summary.arn, &summary.username), (&user.arn, &user.username));
        assert_eq!(summary.last_modified_time, user.last_modified_time);
        assert_eq!(listed.next(), None);
    }
}

pub(crate) async fn profiles_and_groups_are_listed_over_pages(fixture: &Fixture<'_>) {
    let instance = || fixture.instance.id.clone();
    let max_results = 1;
    let listed = all_pages(1, async |next_token| {
        fixture.call(ListRoutingProfiles { instance: instance(), max_results, next_token }).await
    })
    .await;
    assert_eq!(listed, fixture.routing_profiles);
    let listed = all_pages(1, async |next_token| {
        fixture.call(ListSecurityProfiles { instance: instance(), max_results, next_token }).await
    })
    .await;
    assert_eq!(listed, fixture.security_profiles);
    let listed = all_pages(1, async |next_token| {
        fixture.call(ListUserHierarchyGroups { instance: instance(), max_results, next_token }).await
    })
    .await;
    assert_eq!(listed, fixture.hierarchy_groups);
    for named in fixture.routing_profiles.iter().chain(&fixture.security_profiles).chain(&fixture.hierarchy_groups) {
        assert!(named.arn.starts_with(&fixture.instance.arn) && named.arn.ends_with(&format!("/{}", named.id)), "{named:?}");
        assert!(!named.name.is_empty());
    }
}

pub(crate) async fn a_hierarchy_group_has_its_path(fixture: &Fixture<'_>) {
    for (n, named) in fixture.hierarchy_groups.iter().enumerate().take(2) {
        let group = fixture.hierarchy_group(n).await;
        assert_eq!((group.id.as_str(), &group.arn), (named.id.as_str(), &named.arn));
        assert_eq!(group.path.last(), Some(&named.name));
        assert!((1..=5).contains(&group.path.len()));
    }
}
