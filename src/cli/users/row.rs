//! A user as it is printed: all properties, with names beside ids.

use connect_api::Arn;
use jiff::Timestamp;
use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::{
    api::{ObservedUser, PREFIX},
    plan::{Live, NameIndex, ReferenceKind, tag_key, to_status},
};

/// The ConnectUser that a user belongs to, according to its tags.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManagedBy {
    pub(super) cluster: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
}

impl ManagedBy {
    /// Returns the ConnectUser that the tags name; None without the operator's tags.
    pub(super) fn of(tags: &connect_api::Tags) -> Option<Self> {
        let tag = |name: &str| tags.get(&tag_key(name)).cloned();
        let is_managed = tags.keys().any(|key| key.starts_with(PREFIX));
        is_managed.then(|| Self { cluster: tag("cluster"), namespace: tag("namespace"), name: tag("name") })
    }

    /// Returns `NAMESPACE/NAME`.
    pub(super) fn resource(&self) -> String {
        let [namespace, name] = [&self.namespace, &self.name].map(|part| part.as_deref().unwrap_or("?"));
        format!("{namespace}/{name}")
    }
}

/// A user with all its properties, in the words of the ConnectUser's status.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) instance_arn: String,
    pub(super) region: String,
    pub(super) user_arn: String,
    pub(super) user_id: String,
    #[serde(flatten)]
    pub(super) user: ObservedUser,
    pub(super) routing_profile_name: Option<String>,
    /// In the order of their ARNs.
    pub(super) security_profile_names: Vec<String>,
    pub(super) hierarchy_group_path: Option<String>,
    pub(super) managed_by: Option<ManagedBy>,
    pub(super) last_modified_time: Option<Timestamp>,
}

impl Row {
    pub(super) fn of(instance: &Arn, live: &Live, names: &NameIndex) -> Self {
        let user = &live.user;
        let label = |kind, id: &dyn ToString| names.label(kind, &id.to_string());
        Self {
            instance_arn: instance.to_string(),
            region: instance.region.clone(),
            user_arn: user.arn.clone(),
            user_id: user.id.to_string(),
            routing_profile_name: user.routing_profile_id.as_ref().map(|id| label(ReferenceKind::RoutingProfile, id)),
            security_profile_names: user
                .security_profile_ids
                .iter()
                .map(|id| label(ReferenceKind::SecurityProfile, id))
                .collect(),
            hierarchy_group_path: user.hierarchy_group_id.as_ref().map(|id| label(ReferenceKind::HierarchyGroup, id)),
            managed_by: ManagedBy::of(&user.tags),
            last_modified_time: user.last_modified_time,
            user: to_status(instance, live),
        }
    }

    pub(super) fn person(&self) -> String {
        let names = [&self.user.identity_info.first_name, &self.user.identity_info.last_name];
        names.into_iter().flatten().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }

    fn phone(&self) -> String {
        let Some(phone) = &self.user.phone_config else { return String::new() };
        let kind = phone.phone_type.map(|kind| serde_json::to_value(kind).unwrap_or_default());
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
        let number = phone.desk_phone_number.as_ref().map(|number| format!(" {number}"));
        kind + &number.unwrap_or_default()
    }

    fn tags(&self) -> String {
        let own = self.user.tags.iter().filter(|(key, _)| !key.starts_with(PREFIX));
        own.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
    }

    fn manager(&self) -> String {
        self.managed_by.as_ref().map(ManagedBy::resource).unwrap_or_default()
    }

    /// The columns of a table; `wide` ones follow the others.
    pub(super) const COLUMNS: [&'static str; 5] = ["USERNAME", "NAME", "ROUTING-PROFILE", "SECURITY-PROFILES", "MANAGED-BY"];
    pub(super) const WIDE: [&'static str; 6] = ["HIERARCHY-GROUP", "PHONE", "EMAIL", "TAGS", "REGION", "USER-ARN"];

    pub(super) fn cells(&self) -> [String; 5] {
        let profiles = self.security_profile_names.join(",");
        [
            self.user.username.clone(),
            self.person(),
            self.routing_profile_name.clone().unwrap_or_default(),
            profiles,
            self.manager(),
        ]
    }

    pub(super) fn wide_cells(&self) -> [String; 6] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            text(&self.hierarchy_group_path),
            self.phone(),
            text(&self.user.identity_info.email),
            self.tags(),
            self.region.clone(),
            self.user_arn.clone(),
        ]
    }

    /// The columns of a CSV file. A cell with several values separates them by `;`.
    pub(super) const CSV: [&'static str; 23] = [
        "username",
        "firstName",
        "lastName",
        "email",
        "secondaryEmail",
        "mobile",
        "directoryUserId",
        "routingProfile",
        "securityProfiles",
        "hierarchyGroup",
        "phoneType",
        "deskPhoneNumber",
        "autoAccept",
        "afterContactWorkTimeLimit",
        "persistentConnection",
        "proficiencies",
        "tags",
        "managedBy",
        "userArn",
        "userId",
        "instanceArn",
        "region",
        "lastModifiedTime",
    ];

    pub(super) fn csv_cells(&self) -> [String; 23] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let info = &self.user.identity_info;
        let phone = self.user.phone_config.clone().unwrap_or_default();
        let level = |p: &crate::api::UserProficiency| format!("{}={}:{}", p.attribute_name, p.attribute_value, p.level);
        let tags = self.user.tags.iter().map(|(key, value)| format!("{key}={value}"));
        let kind = phone.phone_type.map(|kind| serde_json::to_value(kind).unwrap_or_default());
        [
            self.user.username.clone(),
            text(&info.first_name),
            text(&info.last_name),
            text(&info.email),
            text(&info.secondary_email),
            text(&info.mobile),
            text(&self.user.directory_user_id),
            text(&self.routing_profile_name),
            self.security_profile_names.join(";"),
            text(&self.hierarchy_group_path),
            kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned(),
            text(&phone.desk_phone_number),
            shown(phone.auto_accept),
            shown(phone.after_contact_work_time_limit),
            shown(phone.persistent_connection),
            self.user.user_proficiencies.iter().flatten().map(level).collect::<Vec<_>>().join(";"),
            tags.collect::<Vec<_>>().join(";"),
            self.manager(),
            self.user_arn.clone(),
            self.user_id.clone(),
            self.instance_arn.clone(),
            self.region.clone(),
            shown(self.last_modified_time),
        ]
    }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
