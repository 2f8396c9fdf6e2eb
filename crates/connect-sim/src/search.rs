//! The grammar of the searches: criteria, filters, and which resources match them.

mod criteria;
mod filter;
mod list_condition;
mod string_condition;

use std::{collections::BTreeMap, sync::Arc};

use connect_api::{ProficiencyKey, Tags};
pub(crate) use criteria::Criteria;
pub(crate) use filter::SearchFilter;

use crate::{
    paginator::Paging,
    state::{Group, Profile, QuickConnect, User, lineage},
};

/// The parameters of a search.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub paging: Paging,
    pub criteria: Criteria,
    pub filter: SearchFilter,
}

/// A resource that a search can find.
pub(crate) trait Searchable {
    /// The fields that a `StringCondition` may name.
    const FIELDS: &'static [&'static str];

    /// Returns whether one of the values of a field is as wanted.
    fn has(&self, field: &str, is: &dyn Fn(&str) -> bool) -> bool;

    /// Returns the tags, which only some resources have.
    fn tags(&self) -> Option<&Tags> {
        None
    }

    /// Returns the levels of a user's proficiencies.
    fn proficiencies(&self) -> Option<&BTreeMap<ProficiencyKey, f32>> {
        None
    }

    /// Returns whether a user is in this hierarchy group, or in one below it.
    fn is_in_group(&self, _group: &str, _or_below: bool) -> bool {
        false
    }
}

/// A user, with the instance's groups.
pub(crate) struct SearchedUser<'a> {
    pub user: &'a Arc<User>,
    pub groups: &'a BTreeMap<String, Group>,
}

impl Searchable for SearchedUser<'_> {
    const FIELDS: &'static [&'static str] =
        &["Username", "FirstName", "LastName", "RoutingProfileId", "SecurityProfileId", "resourceId"];

    fn has(&self, field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        let maybe = |text: &Option<String>| text.as_deref().is_some_and(is);
        match field {
            "Username" => is(&self.user.username),
            "FirstName" => maybe(&self.user.identity_info.first_name),
            "LastName" => maybe(&self.user.identity_info.last_name),
            "RoutingProfileId" => is(self.user.routing_profile_id.as_str()),
            "SecurityProfileId" => self.user.security_profile_ids.iter().any(|id| is(id.as_str())),
            "resourceId" => is(self.user.id.as_str()),
            _ => false,
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.user.tags)
    }

    fn proficiencies(&self) -> Option<&BTreeMap<ProficiencyKey, f32>> {
        Some(&self.user.proficiencies)
    }

    fn is_in_group(&self, group: &str, or_below: bool) -> bool {
        self.user.hierarchy_group_id.as_ref().is_some_and(|own| {
            own.as_str() == group || or_below && lineage(self.groups, own.as_str()).iter().any(|(above, _)| *above == group)
        })
    }
}

/// A routing profile, with its id.
pub(crate) struct SearchedRoutingProfile<'a>(pub &'a str, pub &'a Profile);

impl Searchable for SearchedRoutingProfile<'_> {
    const FIELDS: &'static [&'static str] = &["associatedQueueIds", "name", "description", "resourceID"];

    /// Queues are not simulated, so no queue is associated.
    fn has(&self, field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        match field {
            "name" => is(&self.1.name),
            "description" => self.1.description.as_deref().is_some_and(is),
            "resourceID" => is(self.0),
            _ => false,
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.1.tags)
    }
}

/// A security profile, with its id.
pub(crate) struct SearchedSecurityProfile<'a>(pub &'a str, pub &'a Profile);

impl Searchable for SearchedSecurityProfile<'_> {
    const FIELDS: &'static [&'static str] = &["name"];

    fn has(&self, _field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        is(&self.1.name)
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.1.tags)
    }
}

/// A hierarchy group, with its id and level.
pub(crate) struct SearchedGroup<'a> {
    pub id: &'a str,
    pub group: &'a Group,
    pub level: usize,
}

impl Searchable for SearchedGroup<'_> {
    const FIELDS: &'static [&'static str] = &["name", "parentId", "levelId", "resourceID"];

    fn has(&self, field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        match field {
            "name" => is(&self.group.name),
            "parentId" => self.group.parent.as_deref().is_some_and(is),
            "levelId" => is(&self.level.to_string()),
            "resourceID" => is(self.id),
            _ => false,
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.group.tags)
    }
}

/// A quick connect. Descriptions are not kept, so none is found by one.
pub(crate) struct SearchedQuickConnect<'a>(pub &'a Arc<QuickConnect>);

impl Searchable for SearchedQuickConnect<'_> {
    const FIELDS: &'static [&'static str] = &["name", "description", "resourceID"];

    fn has(&self, field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        match field {
            "name" => is(&self.0.name),
            "resourceID" => is(self.0.id.as_str()),
            _ => false,
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.0.tags)
    }
}

/// The name of a predefined attribute. AWS does not document the fields by which attributes are searched.
pub(crate) struct SearchedAttribute<'a>(pub &'a str);

impl Searchable for SearchedAttribute<'_> {
    const FIELDS: &'static [&'static str] = &["name"];

    fn has(&self, _field: &str, is: &dyn Fn(&str) -> bool) -> bool {
        is(self.0)
    }
}
