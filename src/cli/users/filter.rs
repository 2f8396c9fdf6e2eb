//! Which users to show.

use clap::Args;
use connect_api::User;

use super::row::ManagedBy;
use crate::plan::{NameIndex, Pattern, ReferenceKind};

/// Filters: a user must match each one that is given.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Filter {
    /// Usernames, where * stands for any characters and case does not matter. May be given more than once: one must match.
    #[arg(long, value_name = "PATTERN")]
    username: Vec<String>,

    /// The name of the routing profile, where * stands for any characters.
    #[arg(long, value_name = "PATTERN")]
    routing_profile: Option<String>,

    /// The name of one of the security profiles, where * stands for any characters.
    #[arg(long, value_name = "PATTERN")]
    security_profile: Option<String>,

    /// The path of the hierarchy group, where * stands for any characters, such as /North/*.
    #[arg(long, value_name = "PATTERN")]
    hierarchy_group: Option<String>,

    /// A tag by its key, or by key and value: KEY or KEY=VALUE. May be given more than once: all must match.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// Only users that no operator manages.
    #[arg(long, conflicts_with = "managed_by")]
    unmanaged: bool,

    /// Only the users of this ConnectUser, or of each one that the pattern matches: sales/*.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    managed_by: Option<String>,
}

impl Filter {
    /// Admits the users of these names.
    pub(super) fn usernames(names: &[String]) -> Self {
        Self { username: names.into(), ..Self::default() }
    }

    /// Returns whether a user matches.
    pub(super) fn admits(&self, user: &User, names: &NameIndex) -> bool {
        let label = |kind, id: &dyn ToString| names.label(kind, &id.to_string());
        let matches = |pattern: &Option<String>, texts: Vec<String>| {
            pattern.as_ref().is_none_or(|pattern| texts.iter().any(|text| Pattern::new(pattern).matches(text)))
        };
        let username = user.username.to_lowercase();
        let has_name =
            self.username.is_empty() || self.username.iter().any(|p| Pattern::new(p.to_lowercase()).matches(&username));
        let has_tag = |tag: &String| match tag.split_once('=') {
            Some((key, value)) => user.tags.get(key).is_some_and(|is| is == value),
            None => user.tags.contains_key(tag),
        };
        let manager = ManagedBy::of(&user.tags);
        let routing_profile = user.routing_profile_id.iter().map(|id| label(ReferenceKind::RoutingProfile, id));
        let security_profiles = user.security_profile_ids.iter().map(|id| label(ReferenceKind::SecurityProfile, id));
        let hierarchy_group = user.hierarchy_group_id.iter().map(|id| label(ReferenceKind::HierarchyGroup, id));
        has_name
            && matches(&self.routing_profile, routing_profile.collect())
            && matches(&self.security_profile, security_profiles.collect())
            && matches(&self.hierarchy_group, hierarchy_group.collect())
            && self.tag.iter().all(has_tag)
            && (!self.unmanaged || manager.is_none())
            && matches(&self.managed_by, manager.iter().map(ManagedBy::resource).collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::plan::fixtures;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        filter: Filter,
    }

    #[test]
    fn every_filter_must_match() {
        let admits = |flags: &str| {
            let flags = Flags::try_parse_from(std::iter::once("list").chain(flags.split_whitespace())).unwrap();
            flags.filter.admits(&fixtures::live().user, &fixtures::export_names())
        };
        let table = [
            ("", true),
            ("--username=JANE.*", true),
            ("--username=joe --username=j*", true),
            ("--username=joe", false),
            ("--routing-profile=Care", true),
            ("--routing-profile=care", false),
            ("--security-profile=Q*", true),
            ("--security-profile=Admin", false),
            ("--hierarchy-group=/North*", true),
            ("--hierarchy-group=/South*", false),
            ("--tag=team", true),
            ("--tag=team=north --tag=cost", true),
            ("--tag=team=south", false),
            ("--tag=team --tag=none", false),
            ("--unmanaged", false),
            ("--managed-by=sales/jane", true),
            ("--managed-by=sales/*", true),
            ("--managed-by=care/*", false),
            ("--username=jane* --routing-profile=Basic", false),
        ];
        for (flags, expected) in table {
            assert_eq!(admits(flags), expected, "{flags}");
        }
    }
}
