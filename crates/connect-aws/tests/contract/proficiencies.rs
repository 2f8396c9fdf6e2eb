//! A user's proficiencies.

use std::collections::BTreeMap;

use connect_api::{
    AssociateUserProficiencies, Class, DisassociateUserProficiencies, ListUserProficiencies, Proficiency, ProficiencyKey,
    UpdateUserProficiencies, UserId,
};

use crate::fixture::{Fixture, assert_refused};

const INVALID: &[&str] = &["InvalidParameterException", "InvalidRequestException"];

fn at(key: &ProficiencyKey, level: f32) -> Proficiency {
    Proficiency { key: key.clone(), level }
}

/// Returns all levels, read two at a time.
async fn levels(fixture: &Fixture<'_>, user: &UserId) -> BTreeMap<ProficiencyKey, f32> {
    let mut levels = BTreeMap::new();
    let mut next_token = None;
    loop {
        let request =
            ListUserProficiencies { instance: fixture.instance.id.clone(), user: user.clone(), max_results: 2, next_token };
        let page = fixture.call(request).await.unwrap();
        for Proficiency { key, level } in page.items {
            assert_eq!(levels.insert(key, level), None);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return levels;
        }
    }
}

pub(crate) async fn they_are_associated_updated_and_disassociated(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await.id;
    let instance = fixture.instance.id.clone();
    let [first, second, third] = &fixture.proficiencies;
    assert_eq!(levels(fixture, &user).await, BTreeMap::new());

    let proficiencies = vec![at(first, 1.0), at(second, 2.0), at(third, 5.0)];
    let request = AssociateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies };
    fixture.call(request).await.unwrap();
    let all = BTreeMap::from([(first.clone(), 1.0), (second.clone(), 2.0), (third.clone(), 5.0)]);
    assert_eq!(levels(fixture, &user).await, all);

    let proficiencies = vec![at(second, 4.0)];
    fixture.call(UpdateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies }).await.unwrap();
    let mut changed = all;
    changed.insert(second.clone(), 4.0);
    assert_eq!(levels(fixture, &user).await, changed);

    let proficiencies = vec![first.clone(), third.clone()];
    fixture.call(DisassociateUserProficiencies { instance, user: user.clone(), proficiencies }).await.unwrap();
    assert_eq!(levels(fixture, &user).await, BTreeMap::from([(second.clone(), 4.0)]));
}

pub(crate) async fn only_associated_proficiencies_can_be_updated(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await.id;
    let instance = fixture.instance.id.clone();
    let [first, second, _] = &fixture.proficiencies;
    let proficiencies = vec![at(first, 3.0)];
    let request = AssociateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies };
    fixture.call(request).await.unwrap();
    let expected = BTreeMap::from([(first.clone(), 3.0)]);

    let request = |proficiencies| UpdateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies };
    let absent = fixture.call(request(vec![at(second, 4.0)])).await;
    assert_refused(absent, Class::Invalid, INVALID);
    let too_good = fixture.call(request(vec![at(first, 6.0)])).await;
    assert_refused(too_good, Class::Invalid, INVALID);
    assert_eq!(levels(fixture, &user).await, expected);
}
