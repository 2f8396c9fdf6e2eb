//! The parameters of the admission policy, which has the same bounds as the configuration file.

use std::collections::BTreeMap;

use super::{
    settings::{Adoption, BoundsSettings, Config, NotListed},
    values::{ALL, GroupPattern, ProfilePattern},
};

impl Config {
    /// Returns the data of the policy's ConfigMap, as docs/bounds.md describes them. The chart makes the same of its values.
    pub fn admission_parameters(&self) -> BTreeMap<String, String> {
        let not_listed = verdict(self.instances_not_listed == NotListed::Allow);
        let mut data = BTreeMap::from([("instancesNotListed".to_owned(), not_listed)]);
        for (instance, settings) in &self.instances {
            let id = format!("{}.{}", instance.arn().region, instance.arn().instance);
            data.insert(format!("{id}.namespaces"), lines(settings.namespaces.names()));
            for (namespace, bounds) in &settings.bounds {
                let key = if namespace.as_str() == ALL { id.clone() } else { format!("{id}.{namespace}") };
                data.extend(bounds.parameters().map(|(member, value)| (format!("{key}.{member}"), value)));
            }
        }
        data
    }
}

impl BoundsSettings {
    /// Returns what is set, by key. `observeOthers` is missing, since manifests do not show the owner of a user.
    fn parameters(&self) -> impl Iterator<Item = (&'static str, String)> {
        let profiles = |patterns: &Vec<ProfilePattern>| lines(patterns.iter().map(ProfilePattern::as_str));
        let groups = |patterns: &Vec<GroupPattern>| lines(patterns.iter().map(GroupPattern::as_str));
        let adoption = self.adoption.map(|adoption| verdict(adoption == Adoption::Allow));
        let all = [
            ("securityProfiles", self.security_profiles.as_ref().map(profiles)),
            ("routingProfiles", self.routing_profiles.as_ref().map(profiles)),
            ("hierarchyGroups", self.hierarchy_groups.as_ref().map(groups)),
            ("adoption", adoption),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }
}

fn verdict(is_allowed: bool) -> String {
    if is_allowed { "Allow" } else { "Refuse" }.to_owned()
}

fn lines<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<Vec<_>>().join("\n")
}
