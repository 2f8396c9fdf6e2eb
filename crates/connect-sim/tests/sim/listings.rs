//! Page sizes, and profiles in use.

use connect_api::{
    ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, ListUserProficiencies, ListUsers, SearchQuickConnects,
    SearchUsers,
};

use crate::support::*;

#[test]
fn pages_have_the_documented_maximum_size() {
    let sim = sim();
    let (instance, user, next_token) = (instance(), create(&sim, "jane").id, None::<String>);
    for max_results in [0, 1, 100, 101, 500, 501, 1000, 1001] {
        let (i, t) = (|| instance.clone(), || next_token.clone());
        for (most, result) in [
            (1000, send(&sim, ListUsers { instance: i(), max_results, next_token: t() })),
            (500, send(&sim, SearchUsers { instance: i(), max_results, next_token: t(), username: None })),
            (100, send(&sim, ListUserProficiencies { instance: i(), user: user.clone(), max_results, next_token: t() })),
            (1000, send(&sim, ListRoutingProfiles { instance: i(), max_results, next_token: t() })),
            (1000, send(&sim, ListSecurityProfiles { instance: i(), max_results, next_token: t() })),
            (1000, send(&sim, ListUserHierarchyGroups { instance: i(), max_results, next_token: t() })),
            (100, send(&sim, SearchQuickConnects { instance: i(), max_results, next_token: t() })),
        ] {
            if (1..=most).contains(&max_results) {
                result.unwrap();
            } else {
                assert_eq!(refusal(result), invalid_parameter(), "{max_results} of {most}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "users or groups refer to it")]
fn a_profile_in_use_is_not_deleted() {
    let sim = sim();
    let profile = new_user(&sim, "jane").routing_profile_id;
    create(&sim, "jane");
    sim.delete_routing_profile(&instance(), &profile);
}
