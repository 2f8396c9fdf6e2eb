//! The parameters of the admission policy, which has the same bounds as the configuration file.

use std::collections::BTreeMap;

use super::{
    settings::{Adoption, BoundsSettings, Config, NotListed},
    values::{ALL, GroupPattern, ProfilePattern},
};

impl Config {
    /// Returns the data of the policy's ConfigMap, as docs/bounds.md describes them. The chart makes the same of its values.
    pub fn admission_parameters(&self) -> BTreeMap<String, String> {
        let mut data = BTreeMap::from([("instancesNotListed".to_owned(), self.instances_not_listed.as_str().to_owned())]);
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
        let adoption = self.adoption.map(|adoption| if adoption == Adoption::Allow { "Allow" } else { "Refuse" }.to_owned());
        let all = [
            ("securityProfiles", self.security_profiles.as_ref().map(profiles)),
            ("routingProfiles", self.routing_profiles.as_ref().map(profiles)),
            ("hierarchyGroups", self.hierarchy_groups.as_ref().map(groups)),
            ("adoption", adoption),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }
}

impl NotListed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Refuse => "Refuse",
        }
    }
}

fn lines<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<Vec<_>>().join("\n")
}
