//! SearchUsers' criteria and tag filter.

use aws_sdk_connect::types::{
    ControlPlaneTagFilter, HierarchyGroupCondition, HierarchyGroupMatchType, StringComparisonType, StringCondition, TagCondition,
    UserSearchCriteria, UserSearchFilter,
};
use connect_api::{SearchCriteria, StringComparison, TagFilter};

pub(crate) fn criteria(of: SearchCriteria) -> UserSearchCriteria {
    let all = |of: Vec<SearchCriteria>| Some(of.into_iter().map(criteria).collect());
    let wire = UserSearchCriteria::builder();
    match of {
        SearchCriteria::Or(of) => wire.set_or_conditions(all(of)),
        SearchCriteria::And(of) => wire.set_and_conditions(all(of)),
        SearchCriteria::String { field, value, comparison } => wire.string_condition(
            StringCondition::builder()
                .field_name(field)
                .value(value)
                .comparison_type(match comparison {
                    StringComparison::StartsWith => StringComparisonType::StartsWith,
                    StringComparison::Contains => StringComparisonType::Contains,
                    StringComparison::Exact => StringComparisonType::Exact,
                })
                .build(),
        ),
        SearchCriteria::HierarchyGroup { id, with_child_groups } => wire.hierarchy_group_condition(
            HierarchyGroupCondition::builder()
                .value(id.as_str())
                .hierarchy_group_match_type(if with_child_groups {
                    HierarchyGroupMatchType::WithChildGroups
                } else {
                    HierarchyGroupMatchType::Exact
                })
                .build(),
        ),
    }
    .build()
}

pub(crate) fn filter(of: TagFilter) -> UserSearchFilter {
    let wire = ControlPlaneTagFilter::builder();
    let wire = match of {
        TagFilter::Tag { key, value } => wire.tag_condition(tag((key, value))),
        TagFilter::And(tags) => wire.set_and_conditions(Some(tags.into_iter().map(tag).collect())),
        TagFilter::Or(lists) => {
            wire.set_or_conditions(Some(lists.into_iter().map(|tags| tags.into_iter().map(tag).collect()).collect()))
        }
    };
    UserSearchFilter::builder().tag_filter(wire.build()).build()
}

fn tag((key, value): (String, String)) -> TagCondition {
    TagCondition::builder().tag_key(key).tag_value(value).build()
}
