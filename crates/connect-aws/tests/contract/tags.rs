//! A user's tags.

use connect_api::{ListTagsForResource, TagResource, UntagResource, User};

use crate::fixture::Fixture;

pub(crate) async fn they_are_set_overwritten_and_removed(fixture: &Fixture<'_>) {
    let mut request = fixture.new_user();
    request.tags.insert("team".into(), "blue".into());
    let user = fixture.user(request).await;
    let arn = user.arn.clone();

    let given = [
        ("team".to_owned(), "green".to_owned()),
        ("connect-operator.dev/uid".into(), "u 1".into()),
        ("bare".into(), String::new()),
    ];
    fixture.call(TagResource { arn: arn.clone(), tags: given.clone().into() }).await.unwrap();
    let mut tags = user.tags.clone();
    tags.extend(given);
    fixture.assert_is(User { tags: tags.clone(), ..user.clone() }).await;
    assert_eq!(fixture.call(ListTagsForResource { arn: arn.clone() }).await.unwrap(), tags);

    let keys = ["team".to_owned(), "bare".to_owned(), "never there".to_owned()];
    fixture.call(UntagResource { arn, keys: keys.clone().into() }).await.unwrap();
    tags.retain(|key, _| !keys.contains(key));
    assert!(tags.contains_key("connect-operator.dev/uid"));
    fixture.assert_is(User { tags, ..user }).await;
}
