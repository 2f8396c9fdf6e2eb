//! Request bodies about quick connects.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::QuickConnectTarget;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SearchQuickConnects {
    pub instance_id: String,
    pub next_token: Option<String>,
    pub max_results: Option<i32>,
    pub search_filter: Option<Value>,
    pub search_criteria: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQuickConnect {
    pub name: String,
    pub quick_connect_config: QuickConnectConfig,
    pub tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateQuickConnectConfig {
    pub quick_connect_config: QuickConnectConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QuickConnectConfig {
    quick_connect_type: String,
    user_config: Option<UserConfig>,
    queue_config: Option<QueueConfig>,
    phone_config: Option<PhoneNumberConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserConfig {
    user_id: String,
    contact_flow_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueConfig {
    queue_id: String,
    contact_flow_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PhoneNumberConfig {
    phone_number: String,
}

impl QuickConnectConfig {
    /// Returns the target and the flow of the transfer.
    pub fn target(self) -> Result<(QuickConnectTarget, Option<String>), String> {
        let Self { quick_connect_type, user_config, queue_config, phone_config } = self;
        match (quick_connect_type.as_str(), user_config, queue_config, phone_config) {
            ("USER", Some(to), None, None) => Ok((QuickConnectTarget::User(to.user_id), Some(to.contact_flow_id))),
            ("QUEUE", None, Some(to), None) => Ok((QuickConnectTarget::Queue(to.queue_id), Some(to.contact_flow_id))),
            ("PHONE_NUMBER", None, None, Some(to)) => Ok((QuickConnectTarget::PhoneNumber(to.phone_number), None)),
            (other, ..) => Err(format!("QuickConnectType {other} requires its own configuration and no other")),
        }
    }
}
