//! The behaviour that every [`connect_api::Connect`] shares. One suite runs against the simulator in-process, against the SDK
//! over the simulator's HTTP, which must return exactly the same results, and against a real instance if the environment names
//! one.
//!
//! A case uses only what its [`fixture::Fixture`] offers. The simulator is trusted as far as this suite has passed on a real
//! instance.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deletion;
mod faults;
mod fixture;
mod listings;
mod live;
mod proficiencies;
mod quick_connects;
mod refusals;
mod search;
mod simulated;
mod tags;
mod updates;
mod users;

macro_rules! contract {
    ($($area:ident::$case:ident,)*) => {
        /// Against the simulator in-process, with the hardest readings of what AWS does not document, and with the easiest.
        mod in_process {
            use connect_sim::Rules;

            $(#[tokio::test]
            async fn $case() {
                for rules in [Rules::default(), Rules::lenient()] {
                    crate::simulated::in_process(rules, async |fixture| crate::$area::$case(fixture).await).await;
                }
            })*
        }

        /// Against the SDK over the simulator's HTTP: the case passes, and every call returns the same result as in-process,
        /// including messages and request ids.
        mod over_http {
            use connect_sim::Rules;

            $(#[tokio::test]
            async fn $case() {
                for rules in [Rules::default(), Rules::lenient()] {
                    let case = async |fixture: &crate::fixture::Fixture<'_>| crate::$area::$case(fixture).await;
                    let over_http = crate::simulated::over_http(rules.clone(), case).await;
                    let expected = crate::simulated::in_process(rules, case).await;
                    assert!(!over_http.is_empty());
                    for (actual, expected) in over_http.iter().zip(&expected) {
                        assert_eq!(actual, expected);
                    }
                    assert_eq!(over_http.len(), expected.len());
                }
            })*
        }

        /// Against a real instance: see [`crate::live`] for the environment that it needs.
        mod real {
            $(#[tokio::test]
            #[ignore = "needs credentials and a real instance, where it creates and deletes users: see tests/contract/live.rs"]
            async fn $case() {
                crate::live::run(async |fixture| crate::$area::$case(fixture).await).await;
            })*
        }
    };
}

contract! {
    users::an_instance_is_described,
    users::a_user_is_described_as_it_was_created,
    users::a_user_needs_no_more_than_the_api_requires,
    users::settings_by_channel_are_taken_at_creation,
    updates::identity_info_is_replaced,
    updates::the_phone_config_is_replaced_zero_values_included,
    updates::settings_by_channel_are_set,
    updates::the_routing_profile_is_set,
    updates::the_security_profiles_are_replaced,
    updates::the_hierarchy_group_is_set_and_cleared,
    proficiencies::they_are_associated_updated_and_disassociated,
    proficiencies::only_associated_proficiencies_can_be_updated,
    tags::they_are_set_overwritten_and_removed,
    search::a_user_is_found_with_its_settings,
    search::a_change_and_a_deletion_are_found,
    search::pages_hold_every_user_once,
    listings::users_are_listed_once_each_over_pages,
    listings::the_instance_is_listed_as_it_is_described,
    listings::profiles_and_groups_are_listed_over_pages,
    listings::permissions_of_a_profile_are_listed_over_pages,
    listings::a_hierarchy_group_has_its_path,
    quick_connects::found_and_described_quick_connects_are_equal,
    quick_connects::an_unknown_quick_connect_is_not_found,
    deletion::no_operation_finds_a_deleted_user,
    deletion::a_deleted_users_name_can_be_used_again,
    refusals::a_username_is_taken_once,
    refusals::unknown_references_are_not_found_and_change_nothing,
    refusals::an_unknown_instance_is_not_found,
    refusals::invalid_values_are_refused_and_change_nothing,
    refusals::an_unknown_page_token_is_refused,
}
