//! What every [`connect_api::Connect`] does alike: one suite, run against the simulator in-process, against the SDK over the
//! simulator's HTTP, which must tell the very same story, and, where its environment names one, against a real instance.
//!
//! A case knows no more of Connect than its [`place::Place`] shows. The simulator is trusted as far as this suite has passed
//! on a real instance.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deletion;
mod faults;
mod listings;
mod live;
mod place;
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
        /// Against the simulator in-process.
        mod in_process {
            $(#[tokio::test]
            async fn $case() {
                crate::simulated::in_process(async |place| crate::$area::$case(place).await).await;
            })*
        }

        /// Against the SDK over the simulator's HTTP: the case passes, and every call came back with just what it came back
        /// with in-process, down to messages and request ids.
        mod over_http {
            $(#[tokio::test]
            async fn $case() {
                let told = crate::simulated::over_http(async |place| crate::$area::$case(place).await).await;
                let expected = crate::simulated::in_process(async |place| crate::$area::$case(place).await).await;
                assert!(!told.is_empty());
                for (over_http, in_process) in told.iter().zip(&expected) {
                    assert_eq!(over_http, in_process);
                }
                assert_eq!(told.len(), expected.len());
            })*
        }

        /// Against a real instance: see [`crate::live`] for what its environment has to name.
        mod real {
            $(#[tokio::test]
            #[ignore = "needs credentials and a real instance, where it creates and deletes users: see tests/contract/live.rs"]
            async fn $case() {
                crate::live::run(async |place| crate::$area::$case(place).await).await;
            })*
        }
    };
}

contract! {
    users::an_instance_describes_itself,
    users::a_user_is_described_as_it_was_created,
    users::a_user_needs_no_more_than_the_api_requires,
    users::settings_by_channel_are_taken_at_creation,
    updates::identity_info_is_replaced,
    updates::the_phone_config_is_replaced_zero_values_included,
    updates::settings_by_channel_are_set,
    updates::the_routing_profile_is_set,
    updates::the_security_profiles_are_replaced,
    updates::the_hierarchy_group_is_set_and_cleared,
    proficiencies::they_come_change_and_go,
    proficiencies::only_what_is_associated_can_be_updated,
    tags::they_are_set_overwritten_and_removed,
    search::a_user_is_found_in_time_as_it_is,
    search::a_change_and_a_deletion_are_seen_in_time,
    search::pages_hold_every_user_once,
    listings::users_are_listed_once_each_over_pages,
    listings::profiles_and_groups_are_listed_over_pages,
    listings::a_hierarchy_group_knows_its_path,
    quick_connects::every_one_that_is_found_is_described_alike,
    quick_connects::one_that_is_not_there_is_not_found,
    deletion::a_deleted_user_is_not_found_by_anything,
    deletion::a_username_can_be_used_again_once_its_user_is_gone,
    refusals::a_username_is_taken_once,
    refusals::unknown_references_are_not_found_and_change_nothing,
    refusals::an_unknown_instance_is_not_found,
    refusals::invalid_values_are_refused_and_change_nothing,
    refusals::a_token_that_connect_did_not_give_is_refused,
}
