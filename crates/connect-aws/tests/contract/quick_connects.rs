//! Quick connects, as far as the operator uses them: it creates none.

use connect_api::{DeleteQuickConnect, DescribeQuickConnect, QuickConnectId, SearchQuickConnects};

use crate::fixture::{Fixture, NOT_FOUND};

pub(crate) async fn found_and_described_quick_connects_are_equal(fixture: &Fixture<'_>) {
    // By then the index has what was created before the suite began.
    for _ in 0..5 {
        fixture.wait().await;
    }
    let search = |next_token| SearchQuickConnects { instance: fixture.id(), max_results: 3, next_token };
    for found in fixture.all_pages(3, search).await {
        let request = DescribeQuickConnect { instance: fixture.id(), quick_connect: found.id.clone() };
        assert_eq!(fixture.call(request).await.unwrap(), found);
    }
}

pub(crate) async fn an_unknown_quick_connect_is_not_found(fixture: &Fixture<'_>) {
    let quick_connect = QuickConnectId::new("5a1e0000-c0ff-4eee-8000-00000000dead");
    let calls = [
        DescribeQuickConnect { instance: fixture.id(), quick_connect: quick_connect.clone() }.into(),
        DeleteQuickConnect { instance: fixture.id(), quick_connect }.into(),
    ];
    fixture.assert_refused(calls, NOT_FOUND).await;
}
