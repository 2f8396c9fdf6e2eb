//! The status that the operator writes. It holds no secret, and no field that changes on each pass.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    AfterContactWorkConfigPerChannel, AutoAcceptConfig, IdentityInfo, PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig,
    UserProficiency, VoiceEnhancementConfig,
};

/// The last actions and observations of the operator.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectUserStatus {
    /// The generation of the spec that this status refers to. −1: none yet.
    #[serde(default = "never")]
    pub observed_generation: i64,
    /// The user's ARN in Connect.
    pub user_arn: Option<String>,
    /// The user's id in Connect.
    pub user_id: Option<String>,
    /// Ready, Synced, ReferencesResolved; Reconciling, Stalled and PasswordChangeIgnored only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// The user as Connect last showed it.
    pub observed: Option<ObservedUser>,
    /// How Connect differs from the spec, if the operator only observes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftedField>,
    /// Keys of tags that the operator set for the spec, so that a key can be removed once it leaves the spec.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub applied_tag_keys: BTreeSet<String>,
    /// The value in the spec of each field in `ignoreDrift` when it was last applied, as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied_values: BTreeMap<String, String>,
    /// When the user was last seen to equal the spec after a change. It does not move while nothing changes.
    #[serde(default)]
    #[schemars(schema_with = "date_time")]
    pub last_sync_time: Option<Timestamp>,
    /// The value of the annotation `connect-operator.dev/reconcile-requested-at` that was last acted on.
    pub last_handled_reconcile_at: Option<String>,
    /// The last attempt to create the user. It is written before the attempt, and kept.
    pub create_attempt: Option<CreateAttempt>,
    /// The version of the Secret in `passwordSecretRef` that the user has its password from; no part of the password itself.
    pub observed_password_version: Option<String>,
    /// The limit of the guard against mass deletion that holds the deletion, until the annotation
    /// `connect-operator.dev/confirm-deletion` confirms it or the limit changes.
    pub deletion_held_by: Option<String>,
    /// The value of the annotation `connect-operator.dev/confirm-deletion` that was refused because its time was in the future. It
    /// does not confirm the deletion later either.
    pub refused_confirmation: Option<String>,
}

fn never() -> i64 {
    -1
}

/// A difference between Connect and the spec.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftedField {
    /// The field's path below `spec`.
    pub path: String,
    /// The value in the spec; absent for no value.
    pub desired: Option<String>,
    /// The value in Connect; absent for no value.
    pub observed: Option<String>,
}

/// A mark that CreateUser is about to be sent. While it is recent, "not seen" does not mean "does not exist".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAttempt {
    /// When the mark was written.
    #[schemars(schema_with = "date_time")]
    pub at: Timestamp,
    /// Whether the outcomes of all earlier attempts were known when the mark was written.
    pub clean: bool,
}

/// The user as Connect showed it, in the words of the spec.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedUser {
    /// The name that the user signs in with.
    pub username: String,
    /// The id in the directory. Connect fills it even if none was given.
    pub directory_user_id: Option<String>,
    /// Names, e-mail addresses, mobile number.
    #[serde(default)]
    pub identity_info: IdentityInfo,
    /// Settings for all channels.
    pub phone_config: Option<PhoneConfig>,
    /// Whether contacts are accepted automatically, by channel.
    pub auto_accept_configs: Option<Vec<AutoAcceptConfig>>,
    /// After-contact work, by channel.
    pub after_contact_work_configs: Option<Vec<AfterContactWorkConfigPerChannel>>,
    /// Where calls ring.
    pub phone_number_configs: Option<Vec<PhoneNumberConfig>>,
    /// Whether the connection stays open between calls.
    pub persistent_connection_configs: Option<Vec<PersistentConnectionConfig>>,
    /// What is removed from the voice on calls.
    pub voice_enhancement_configs: Option<Vec<VoiceEnhancementConfig>>,
    /// The routing profile.
    pub routing_profile_arn: Option<String>,
    /// The security profiles.
    #[serde(default)]
    pub security_profile_arns: BTreeSet<String>,
    /// The hierarchy group, if the user is in one.
    pub hierarchy_group_arn: Option<String>,
    /// The proficiencies; only read if the spec manages them.
    pub user_proficiencies: Option<Vec<UserProficiency>>,
    /// All tags, including the operator's and those set by others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

fn date_time(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "format": "date-time" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::{ConnectUser, fixtures};

    /// Every shape that was ever stored must stay readable: the API server returns objects as they were written.
    #[test]
    fn objects_of_older_and_of_newer_shape_are_read() {
        let arn = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/u-1";
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
            let mut object = fixtures::json_of(json!({ "spec": { "fromALaterVersion": "anything" } }));
            let id = status.as_ref().and_then(|status| status["userId"].as_str()).map(str::to_owned);
            let clean = status.as_ref().and_then(|status| status["createAttempt"]["clean"].as_bool());
            object.as_object_mut().unwrap().extend(status.map(|status| ("status".to_owned(), status)));
            let read: ConnectUser = serde_json::from_value(object).unwrap();
            let status = read.status.unwrap_or_default();
            assert_eq!((status.user_id, status.create_attempt.map(|attempt| attempt.clean)), (id, clean));
        }
    }
}
