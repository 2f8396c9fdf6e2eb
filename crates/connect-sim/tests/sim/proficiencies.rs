//! Proficiencies.

use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, Error, ListUserProficiencies, Proficiency,
    UpdateUserProficiencies, UserId,
};
use connect_sim::Sim;

use crate::support::*;

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
        proficiency("Nothing", "english", 3.0),
        proficiency("Language", "klingon", 3.0),
        proficiency("Language", "german", 0.5),
        proficiency("Language", "german", 5.5),
        proficiency("Language", "german", f32::NAN),
    ] {
        let both = vec![proficiency("Language", "english", 3.0), bad];
        assert_eq!(refusal(associate(&sim, &user, both.clone())), invalid_parameter(), "{both:?}");
    }
    assert_eq!(
        refusal(update(&sim, &user, vec![proficiency("Language", "english", 3.0)])),
        invalid_parameter(),
        "not associated"
    );
    assert_eq!(list(&sim, &user), []);
    assert_eq!(refusal(associate(&sim, &"unknown".into(), vec![])), not_found());
}

#[test]
fn a_user_has_at_most_ten_proficiencies() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    let some = |range: std::ops::Range<u32>| range.map(|i| proficiency("Product", &format!("p{i}"), 1.0)).collect::<Vec<_>>();
    associate(&sim, &user, some(0..9)).unwrap();
    assert_eq!(refusal(associate(&sim, &user, some(9..11))), invalid_parameter());
    assert_eq!(list(&sim, &user).len(), 9);
    associate(&sim, &user, some(9..10)).unwrap();
    assert_eq!(list(&sim, &user).len(), 10);
}

#[test]
fn a_switch_limits_levels_to_whole_numbers() {
    let sim = sim_with(|config| config.rules.whole_levels = true);
    let user = create(&sim, "jane").id;
    assert_eq!(refusal(associate(&sim, &user, vec![proficiency("Language", "german", 4.5)])), invalid_parameter());
    associate(&sim, &user, vec![proficiency("Language", "german", 4.0)]).unwrap();
}

#[test]
fn disassociating_an_absent_proficiency_succeeds() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    associate(&sim, &user, vec![proficiency("Language", "german", 4.0)]).unwrap();
    let proficiencies = vec![proficiency("Language", "english", 4.0).key];
    call(&sim, DisassociateUserProficiencies { instance: instance(), user: user.clone(), proficiencies }).unwrap();
    assert_eq!(list(&sim, &user), [proficiency("Language", "german", 4.0)]);
}
