//! What the operator answers. No secret, and no field that changes on each pass.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AfterContactWorkConfigPerChannel, AutoAcceptConfig, IdentityInfo, PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig,
    UserProficiency, VoiceEnhancementConfig,
};

/// What the operator last did and saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectUserStatus {
    /// The generation of the spec that this status speaks of. −1: none yet.
    #[serde(default = "never")]
    pub observed_generation: i64,
    /// The user's ARN in Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_arn: Option<String>,
    /// The user's id in Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Ready, Synced, ReferencesResolved; Reconciling, Stalled and PasswordChangeIgnored only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// The user as Connect last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedUser>,
    /// How Connect differs from the spec, where the operator only observes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftedField>,
    /// Keys of tags that the operator set for the spec, so that one which leaves the spec can be removed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub applied_tag_keys: BTreeSet<String>,
    /// What the spec said of each field in `ignoreDrift` when it was last applied, as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied_values: BTreeMap<String, String>,
    /// When the user was last seen to equal the spec after a change. It does not move while nothing changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "date_time")]
    pub last_sync_time: Option<Timestamp>,
    /// The value of the annotation `connect-operator.dev/reconcile-requested-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The last attempt to create the user: written before it, and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_attempt: Option<CreateAttempt>,
    /// Which state of the Secret that `passwordSecretRef` names the user has its password from; nothing of the password itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_password_version: Option<String>,
    /// The limit of the guard against mass deletion that holds the deletion, until the annotation
    /// `connect-operator.dev/confirm-deletion: "true"` confirms it or the limit is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_held_by: Option<String>,
}

fn never() -> i64 {
    -1
}

/// A difference between Connect and the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftedField {
    /// The field's path below `spec`.
    pub path: String,
    /// What the spec asks for; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<String>,
    /// What Connect shows; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
}

/// A note that CreateUser is about to be sent. While it is young, "not seen" does not mean "does not exist".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAttempt {
    /// When it was written.
    #[schemars(schema_with = "date_time")]
    pub at: Timestamp,
    /// Whether no earlier attempt's outcome was unknown when it was written.
    pub clean: bool,
}

/// The user as Connect showed it, in the words of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedUser {
    /// The name it signs in with.
    pub username: String,
    /// The id in the directory; Connect fills it even where nobody gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_user_id: Option<String>,
    /// Names, e-mail addresses, mobile number.
    #[serde(default)]
    pub identity_info: IdentityInfo,
    /// Settings for all channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_config: Option<PhoneConfig>,
    /// Whether contacts are accepted without the agent's doing, by channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_accept_configs: Option<Vec<AutoAcceptConfig>>,
    /// After-contact work, by channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_contact_work_configs: Option<Vec<AfterContactWorkConfigPerChannel>>,
    /// Where calls ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_configs: Option<Vec<PhoneNumberConfig>>,
    /// Whether the connection stays open between calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_connection_configs: Option<Vec<PersistentConnectionConfig>>,
    /// What is removed from the voice on calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_enhancement_configs: Option<Vec<VoiceEnhancementConfig>>,
    /// The routing profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_profile_arn: Option<String>,
    /// The security profiles.
    #[serde(default)]
    pub security_profile_arns: BTreeSet<String>,
    /// The hierarchy group, if it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchy_group_arn: Option<String>,
    /// The proficiencies; only read where the spec manages them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_proficiencies: Option<Vec<UserProficiency>>,
    /// All tags, the operator's and other people's included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

fn date_time(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "format": "date-time" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::ConnectUser;

    /// Each shape that was ever stored stays one that is read: the API server gives objects as they were written.
    #[test]
    fn objects_of_older_and_of_newer_shape_are_read() {
        let arn = "arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/u-1";
        let first = json!({
            "observedGeneration": 2,
            "userArn": arn,
            "userId": "u-1",
            "conditions": [{
                "type": "Ready",
                "status": "True",
                "reason": "Available",
                "message": "",
                "lastTransitionTime": "2026-11-24T05:00:00Z",
            }],
            "observed": { "username": "jane", "identityInfo": {}, "phoneConfig": { "phoneType": "SOFT_PHONE" } },
            "lastSyncTime": "2026-11-24T05:00:00Z",
            "createAttempt": { "at": "2026-11-24T05:00:00Z", "clean": true },
        });
        let mut newer = first.clone();
        newer["fromALaterVersion"] = json!({ "at": [1, 2] });
        newer["observed"]["fromALaterVersion"] = json!(true);
        for status in [Some(json!({})), Some(first), Some(newer), None] {
            let mut object = json!({
                "apiVersion": "connect-operator.dev/v1alpha1",
                "kind": "ConnectUser",
                "metadata": { "name": "jane", "namespace": "contact-center" },
                "spec": {
                    "instanceArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1",
                    "username": "jane",
                    "routingProfileArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1/routing-profile/r-1",
                    "securityProfileArns": ["arn:aws:connect:us-west-2:123456789012:instance/i-1/security-profile/s-1"],
                    "fromALaterVersion": "anything",
                },
            });
            let id = status.as_ref().and_then(|status| status["userId"].as_str()).map(str::to_owned);
            let clean = status.as_ref().and_then(|status| status["createAttempt"]["clean"].as_bool());
            object.as_object_mut().unwrap().extend(status.map(|status| ("status".to_owned(), status)));
            let read: ConnectUser = serde_json::from_value(object).unwrap();
            let status = read.status.unwrap_or_default();
            assert_eq!((status.user_id, status.create_attempt.map(|attempt| attempt.clean)), (id, clean));
        }
    }
}
