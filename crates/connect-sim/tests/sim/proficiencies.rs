//! Proficiencies.

use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, Error, ListUserProficiencies, Proficiency, ProficiencyKey,
    UpdateUserProficiencies, UserId,
};
use connect_sim::Sim;

use crate::support::*;

fn key(attribute_name: &str, attribute_value: &str) -> ProficiencyKey {
    ProficiencyKey { attribute_name: attribute_name.into(), attribute_value: attribute_value.into() }
}

fn one(name: &str, value: &str, level: f32) -> Proficiency {
    Proficiency { key: key(name, value), level }
}

fn associate(sim: &Sim, user: &UserId, proficiencies: Vec<Proficiency>) -> Result<(), Error> {
    call(sim, AssociateUserProficiencies { instance: instance(), user: user.clone(), proficiencies })
}

fn update(sim: &Sim, user: &UserId, proficiencies: Vec<Proficiency>) -> Result<(), Error> {
    call(sim, UpdateUserProficiencies { instance: instance(), user: user.clone(), proficiencies })
}

fn list(sim: &Sim, user: &UserId) -> Vec<Proficiency> {
    let request = ListUserProficiencies { instance: instance(), user: user.clone(), max_results: 100, next_token: None };
    call(sim, request).unwrap().items
}

#[test]
fn invalid_proficiencies_are_refused_without_effect() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    for bad in [
        one("Nothing", "english", 3.0),
        one("Language", "klingon", 3.0),
        one("Language", "german", 0.5),
        one("Language", "german", 5.5),
        one("Language", "german", f32::NAN),
    ] {
        let both = vec![one("Language", "english", 3.0), bad];
        assert_eq!(refusal(associate(&sim, &user, both.clone())), invalid_parameter(), "{both:?}");
    }
    assert_eq!(refusal(update(&sim, &user, vec![one("Language", "english", 3.0)])), invalid_parameter(), "not associated");
    assert_eq!(list(&sim, &user), []);
    assert_eq!(refusal(associate(&sim, &"unknown".into(), vec![])), not_found());
}

#[test]
fn a_user_has_at_most_ten_proficiencies() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    let some = |range: std::ops::Range<u32>| range.map(|i| one("Product", &format!("p{i}"), 1.0)).collect::<Vec<_>>();
    associate(&sim, &user, some(0..9)).unwrap();
    assert_eq!(refusal(associate(&sim, &user, some(9..11))), invalid_parameter());
    assert_eq!(list(&sim, &user).len(), 9);
    associate(&sim, &user, some(9..10)).unwrap();
    assert_eq!(list(&sim, &user).len(), 10);
}

#[test]
fn a_switch_limits_levels_to_whole_numbers() {
    let mut config = config();
    config.rules.whole_levels = true;
    let sim = Sim::new(config).unwrap();
    let user = create(&sim, "jane").id;
    assert_eq!(refusal(associate(&sim, &user, vec![one("Language", "german", 4.5)])), invalid_parameter());
    associate(&sim, &user, vec![one("Language", "german", 4.0)]).unwrap();
}

#[test]
fn a_switch_lets_proficiencies_change_the_users_time() {
    for touches in [false, true] {
        let mut config = config();
        config.rules.proficiencies_touch_user = touches;
        let sim = Sim::new(config).unwrap();
        let created = sim.now();
        let user = create(&sim, "jane").id;
        sim.advance(seconds(5));
        associate(&sim, &user, vec![one("Language", "german", 4.0)]).unwrap();
        let modified = describe(&sim, &user).unwrap().last_modified_time;
        assert_eq!(modified, Some(if touches { sim.now() } else { created }));
    }
}

#[test]
fn disassociating_an_absent_proficiency_succeeds() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    associate(&sim, &user, vec![one("Language", "german", 4.0)]).unwrap();
    let proficiencies = vec![key("Language", "english")];
    call(&sim, DisassociateUserProficiencies { instance: instance(), user: user.clone(), proficiencies }).unwrap();
    assert_eq!(list(&sim, &user), [one("Language", "german", 4.0)]);
}
