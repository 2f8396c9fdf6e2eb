//! Quick connects, as far as the operator meets them: it makes none.

use connect_api::{Class, DeleteQuickConnect, DescribeQuickConnect, SearchQuickConnects};

use crate::place::{Place, assert_refused};

pub(crate) async fn every_one_that_is_found_is_described_alike(place: &Place<'_>) {
    // What was made before the suite began is in the index by then.
    for _ in 0..5 {
        place.wait().await;
    }
    let instance = || place.instance.id.clone();
    let mut next_token = None;
    loop {
        let page = place.call(SearchQuickConnects { instance: instance(), max_results: 3, next_token }).await.unwrap();
        assert!(page.items.len() <= 3);
        for found in page.items {
            let request = DescribeQuickConnect { instance: instance(), quick_connect: found.id.clone() };
            assert_eq!(place.call(request).await.unwrap(), found);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return;
        }
    }
}

pub(crate) async fn one_that_is_not_there_is_not_found(place: &Place<'_>) {
    let instance = || place.instance.id.clone();
    let quick_connect = || "5a1e0000-c0ff-4eee-8000-00000000dead".into();
    let read = place.call(DescribeQuickConnect { instance: instance(), quick_connect: quick_connect() }).await;
    assert_refused(read, Class::NotFound, &["ResourceNotFoundException"]);
    let removed = place.call(DeleteQuickConnect { instance: instance(), quick_connect: quick_connect() }).await;
    assert_refused(removed, Class::NotFound, &["ResourceNotFoundException"]);
}
