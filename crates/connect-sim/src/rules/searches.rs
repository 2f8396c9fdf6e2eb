//! Searches of the resources that users refer to. Unlike that of users, their index does not lag. The hidden group with LevelId 0,
//! above all hierarchy groups, is not shown.

use connect_api::Page;

use super::Context;
use crate::{
    LongSearchValues,
    paginator::Paginator,
    refusal::Refusal,
    search::{Search, Searchable, SearchedAttribute, SearchedGroup, SearchedRoutingProfile, SearchedSecurityProfile},
    state::lineage,
};

/// The settings of a search, apart from the instance's resources.
pub(crate) struct Searching {
    paginator: Paginator,
    instance: String,
    long_values: LongSearchValues,
}

impl Searching {
    pub fn new(cx: &Context<'_>) -> Self {
        let instance = cx.instance.arn.instance.to_string();
        Self { paginator: cx.paginator, instance, long_values: cx.rules.long_search_values }
    }

    /// Returns a page of what is found, and the number of all that is found. `all` must be in order of its keys.
    pub fn page<T: Searchable>(
        &self,
        (operation, max): (&str, i32),
        search: &Search,
        all: impl Iterator<Item = (String, T)>,
    ) -> Result<(Page<T>, usize), Refusal> {
        let Search { paging, criteria, filter } = search;
        criteria.check::<T>()?;
        filter.check()?;
        // Criteria are compared only here, so their debug output is sufficient.
        let query = (operation, &self.instance, format!("{criteria:?} {filter:?}"));
        let start = self.paginator.start(paging, max, query)?;
        let found: Vec<_> = all
            .filter(|(_, one)| criteria.matches(one, self.long_values) != Some(false))
            .filter(|(_, one)| filter.passes(one))
            .collect();
        let total = found.len();
        Ok((start.page_of(found.into_iter()), total))
    }
}

pub(crate) fn routing_profiles<'a>(
    cx: &'a Context<'_>,
    search: &Search,
) -> Result<(Page<SearchedRoutingProfile<'a>>, usize), Refusal> {
    let all = cx.instance.routing_profiles.iter().map(|(id, profile)| (id.clone(), SearchedRoutingProfile(id, profile)));
    Searching::new(cx).page(("SearchRoutingProfiles", 500), search, all)
}

pub(crate) fn security_profiles<'a>(
    cx: &'a Context<'_>,
    search: &Search,
) -> Result<(Page<SearchedSecurityProfile<'a>>, usize), Refusal> {
    let all = cx.instance.security_profiles.iter().map(|(id, profile)| (id.clone(), SearchedSecurityProfile(id, profile)));
    Searching::new(cx).page(("SearchSecurityProfiles", 100), search, all)
}

pub(crate) fn hierarchy_groups<'a>(cx: &'a Context<'_>, search: &Search) -> Result<(Page<SearchedGroup<'a>>, usize), Refusal> {
    let groups = &cx.instance.groups;
    let all = groups.iter().map(|(id, group)| (id.clone(), SearchedGroup { id, group, level: lineage(groups, id).len() }));
    Searching::new(cx).page(("SearchUserHierarchyGroups", 100), search, all)
}

pub(crate) fn predefined_attributes<'a>(
    cx: &'a Context<'_>,
    search: &Search,
) -> Result<(Page<SearchedAttribute<'a>>, usize), Refusal> {
    let all = cx.instance.attributes.keys().map(|name| (name.clone(), SearchedAttribute(name)));
    Searching::new(cx).page(("SearchPredefinedAttributes", 100), search, all)
}
