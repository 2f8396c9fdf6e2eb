//! Quick connects, as far as the operator uses them: it creates none.

use connect_api::{Class, DeleteQuickConnect, DescribeQuickConnect, SearchQuickConnects};

use crate::fixture::{Fixture, assert_refused};

pub(crate) async fn found_and_described_quick_connects_are_equal(fixture: &Fixture<'_>) {
    // By then the index has what was created before the suite began.
    for _ in 0..5 {
        fixture.wait().await;
    }
    let instance = || fixture.instance.id.clone();
    let mut next_token = None;
    loop {
        let page = fixture.call(SearchQuickConnects { instance: instance(), max_results: 3, next_token }).await.unwrap();
        assert!(page.items.len() <= 3);
        for found in page.items {
            let request = DescribeQuickConnect { instance: instance(), quick_connect: found.id.clone() };
            assert_eq!(fixture.call(request).await.unwrap(), found);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return;
        }
    }
}

pub(crate) async fn an_unknown_quick_connect_is_not_found(fixture: &Fixture<'_>) {
    let instance = || fixture.instance.id.clone();
    let quick_connect = || "5a1e0000-c0ff-4eee-8000-00000000dead".into();
    let read = fixture.call(DescribeQuickConnect { instance: instance(), quick_connect: quick_connect() }).await;
    assert_refused(read, Class::NotFound, &["ResourceNotFoundException"]);
    let removed = fixture.call(DeleteQuickConnect { instance: instance(), quick_connect: quick_connect() }).await;
    assert_refused(removed, Class::NotFound, &["ResourceNotFoundException"]);
}
