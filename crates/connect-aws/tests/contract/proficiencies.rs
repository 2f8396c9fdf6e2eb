//! A user's proficiencies.

use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, ListUserProficiencies, Proficiency, ProficiencyKey,
    UpdateUserProficiencies, UserId,
};

use crate::fixture::{Fixture, INVALID};

fn at(key: &ProficiencyKey, level: f32) -> Proficiency {
    Proficiency { key: key.clone(), level }
}

/// Asserts that the user has exactly these proficiencies, in any order, read two at a time.
async fn assert_levels(fixture: &Fixture<'_>, user: &UserId, expected: &[(&ProficiencyKey, f32)]) {
    let list = |next_token| ListUserProficiencies { instance: fixture.id(), user: user.clone(), max_results: 2, next_token };
    let mut levels = fixture.all_pages(2, list).await;
    let mut expected: Vec<Proficiency> = expected.iter().map(|(key, level)| at(key, *level)).collect();
    for proficiencies in [&mut levels, &mut expected] {
        proficiencies.sort_by(|one, other| one.key.cmp(&other.key));
    }
    assert_eq!(levels, expected);
}

pub(crate) async fn they_are_associated_updated_and_disassociated(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await.id;
    let (instance, id) = (|| fixture.id(), || user.clone());
    let [first, second, third] = &fixture.environment.proficiencies;
    assert_levels(fixture, &user, &[]).await;

    let proficiencies = vec![at(first, 1.0), at(second, 2.0), at(third, 5.0)];
    fixture.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap();
    assert_levels(fixture, &user, &[(first, 1.0), (second, 2.0), (third, 5.0)]).await;

    let proficiencies = vec![at(second, 4.0)];
    fixture.call(UpdateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap();
    assert_levels(fixture, &user, &[(first, 1.0), (second, 4.0), (third, 5.0)]).await;

    let proficiencies = vec![first.clone(), third.clone()];
    fixture.call(DisassociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap();
    assert_levels(fixture, &user, &[(second, 4.0)]).await;
}

pub(crate) async fn only_associated_proficiencies_can_be_updated(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await.id;
    let (instance, id) = (|| fixture.id(), || user.clone());
    let [first, second, _] = &fixture.environment.proficiencies;
    let proficiencies = vec![at(first, 3.0)];
    fixture.call(AssociateUserProficiencies { instance: instance(), user: id(), proficiencies }).await.unwrap();

    for invalid in [at(second, 4.0), at(first, 6.0)] {
        let update = UpdateUserProficiencies { instance: instance(), user: id(), proficiencies: vec![invalid] };
        fixture.assert_refused([update.into()], INVALID).await;
    }
    assert_levels(fixture, &user, &[(first, 3.0)]).await;
}
