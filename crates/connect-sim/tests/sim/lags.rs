//! Reads that lag behind writes.

use connect_api::{DeleteUser, FoundUser, ListUsers, PhoneConfig, SearchUsers, TagResource, UpdateUserPhoneConfig, UserSummary};
use connect_sim::{DescribeLagCovers, Sim};

use crate::support::*;

fn search(sim: &Sim) -> Vec<FoundUser> {
    let request = SearchUsers { instance: instance(), max_results: 500, next_token: None, username: None };
    call(sim, request).unwrap().items
}

fn list(sim: &Sim) -> Vec<UserSummary> {
    call(sim, ListUsers { instance: instance(), max_results: 1000, next_token: None }).unwrap().items
}

#[test]
fn search_shows_users_as_they_were_three_seconds_ago() {
    let sim = sim();
    let user = create(&sim, "jane");
    assert_eq!((search(&sim).len(), list(&sim).len()), (0, 1));
    assert!(describe(&sim, &user.id).is_ok());
    sim.advance(seconds(2));
    assert_eq!(search(&sim).len(), 0);
    sim.advance(seconds(1));
    assert_eq!(search(&sim).len(), 1);

    let phone_config = PhoneConfig { after_contact_work_time_limit: 30, ..PhoneConfig::default() };
    call(&sim, UpdateUserPhoneConfig { instance: instance(), user: user.id.clone(), phone_config: phone_config.clone() })
        .unwrap();
    call(&sim, TagResource { arn: user.arn.clone(), tags: [("a".to_owned(), "1".to_owned())].into() }).unwrap();
    assert_eq!(describe(&sim, &user.id).unwrap().phone_config, Some(phone_config.clone()));
    let old = search(&sim).remove(0);
    assert_eq!((old.phone_config, old.tags.len()), (Some(PhoneConfig::default()), 0));
    sim.advance(seconds(3));
    let new = search(&sim).remove(0);
    assert_eq!((new.phone_config, new.tags.len()), (Some(phone_config), 1), "in seconds");

    call(&sim, DeleteUser { instance: instance(), user: user.id }).unwrap();
    assert_eq!((search(&sim).len(), list(&sim).len()), (1, 0));
    sim.advance(seconds(3));
    assert_eq!(search(&sim).len(), 0);
}

#[test]
fn describe_and_list_may_lag_behind_creates() {
    let sim = sim_with(|config| config.describe_lag = seconds(10));
    let user = create(&sim, "jane");
    assert_eq!(refusal(describe(&sim, &user.id)), not_found());
    assert_eq!(list(&sim).len(), 0);
    assert_eq!(refusal(call(&sim, new_user(&sim, "jane"))).0, 409, "the write sees the user");
    sim.advance(seconds(10));
    assert!(describe(&sim, &user.id).is_ok());
    assert_eq!(list(&sim).len(), 1);
    call(&sim, DeleteUser { instance: instance(), user: user.id.clone() }).unwrap();
    assert_eq!(refusal(describe(&sim, &user.id)), not_found(), "a deletion is seen at once");
}

#[test]
fn all_reads_may_lag_behind_all_writes() {
    let sim = sim_with(|config| {
        config.describe_lag = seconds(10);
        config.describe_lag_covers = DescribeLagCovers::AllWrites;
    });
    let user = create(&sim, "jane");
    assert_eq!(refusal(describe(&sim, &user.id)), not_found());
    sim.advance(seconds(10));
    call(&sim, TagResource { arn: user.arn, tags: [("a".to_owned(), "1".to_owned())].into() }).unwrap();
    assert_eq!(describe(&sim, &user.id).unwrap().tags.len(), 0);
    sim.advance(seconds(10));
    assert_eq!(describe(&sim, &user.id).unwrap().tags.len(), 1);
    call(&sim, DeleteUser { instance: instance(), user: user.id.clone() }).unwrap();
    assert!(describe(&sim, &user.id).is_ok());
    assert_eq!(list(&sim).len(), 1);
    sim.advance(seconds(10));
    assert_eq!(refusal(describe(&sim, &user.id)), not_found());
    assert_eq!(list(&sim).len(), 0);
}
