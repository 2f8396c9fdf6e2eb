//! Listings, page by page.

use connect_api::{
    ListInstances, ListRoutingProfiles, ListSecurityProfilePermissions, ListSecurityProfiles, ListUserHierarchyGroups, ListUsers,
};

use crate::fixture::Fixture;

pub(crate) async fn users_are_listed_once_each_over_pages(fixture: &Fixture<'_>) {
    let mut users = Vec::new();
    for _ in 0..5 {
        users.push(fixture.user(fixture.new_user()).await);
    }
    let listed = fixture.all_pages(2, |next_token| ListUsers { instance: fixture.id(), max_results: 2, next_token }).await;
    for user in users {
        let mut listed = listed.iter().filter(|summary| summary.id == user.id);
        let summary = listed.next().unwrap();
        assert_eq!((&summary.arn, &summary.username), (&user.arn, &user.username));
        assert_eq!(summary.last_modified_time, user.last_modified_time);
        assert_eq!(listed.next(), None);
    }
}

pub(crate) async fn the_instance_is_listed_as_it_is_described(fixture: &Fixture<'_>) {
    let listed = fixture.all_pages(1, |next_token| ListInstances { max_results: 1, next_token }).await;
    let own: Vec<_> = listed.iter().filter(|instance| instance.arn == fixture.instance.arn).collect();
    assert_eq!(own, [&fixture.instance]);
}

pub(crate) async fn profiles_and_groups_are_listed_over_pages(fixture: &Fixture<'_>) {
    let max_results = 1;
    let list = |next_token| ListRoutingProfiles { instance: fixture.id(), max_results, next_token };
    assert_eq!(fixture.all_pages(1, list).await, fixture.routing_profiles);
    let list = |next_token| ListSecurityProfiles { instance: fixture.id(), max_results, next_token };
    assert_eq!(fixture.all_pages(1, list).await, fixture.security_profiles);
    let list = |next_token| ListUserHierarchyGroups { instance: fixture.id(), max_results, next_token };
    assert_eq!(fixture.all_pages(1, list).await, fixture.hierarchy_groups);
    for named in fixture.routing_profiles.iter().chain(&fixture.security_profiles).chain(&fixture.hierarchy_groups) {
        assert!(named.arn.starts_with(&fixture.instance.arn) && named.arn.ends_with(&format!("/{}", named.id)), "{named:?}");
        assert!(!named.name.is_empty());
    }
}

pub(crate) async fn permissions_of_a_profile_are_listed_over_pages(fixture: &Fixture<'_>) {
    let listed = async |max_results: i32| {
        let (instance, security_profile) = (|| fixture.id(), || fixture.security_profile(0));
        let request = |next_token| ListSecurityProfilePermissions {
            instance: instance(),
            security_profile: security_profile(),
            max_results,
            next_token,
        };
        fixture.all_pages(max_results.try_into().unwrap(), request).await
    };
    let permissions = listed(1000).await;
    assert!(permissions.iter().all(|permission| !permission.is_empty()));
    let pages: std::collections::BTreeSet<_> = listed(1).await.into_iter().collect();
    assert_eq!(pages, permissions.into_iter().collect());
}

pub(crate) async fn a_hierarchy_group_has_its_path(fixture: &Fixture<'_>) {
    for (n, named) in fixture.hierarchy_groups.iter().enumerate().take(2) {
        let group = fixture.hierarchy_group(n).await;
        assert_eq!((group.id.as_str(), &group.arn), (named.id.as_str(), &named.arn));
        assert_eq!(group.path.last(), Some(&named.name));
        assert!((1..=5).contains(&group.path.len()));
    }
}
