//! The spec: AWS::Connect::User in Kubernetes' spelling.
//!
//! Every rule that can be checked without Connect is here, as schema or CEL, with a message that says what to do. Lengths are
//! bounded even if Connect names no bound: the API server estimates the cost of CEL rules by them. If a rule checks the form of a
//! value, its bound is generous: beyond it, the API server reports only the length, and the rule's message is lost.
#![expect(clippy::duplicated_attributes, reason = "each printcolumn has a name, a type and a path")]

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema, core::Rule};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::{
    AdoptionPolicy, AfterContactWorkConfigPerChannel, AutoAcceptConfig, ConnectUserStatus, DeletionPolicy, IdentityInfo,
    IgnoredField, ManagementPolicy, PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig, UserProficiency,
    VoiceEnhancementConfig,
};

/// How many tags a spec may hold: Connect allows 50 on a user, four of which are the operator's proof of ownership.
pub const MAX_TAGS: usize = 46;

/// A user (agent, supervisor, administrator) of an Amazon Connect instance.
#[skip_serializing_none]
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "connect-operator.dev",
    version = "v1alpha1",
    kind = "ConnectUser",
    plural = "connectusers",
    singular = "connectuser",
    shortname = "cuser",
    category = "aws",
    category = "connect",
    namespaced,
    status = "ConnectUserStatus",
    derive = "PartialEq",
    doc = "A user (agent, supervisor, administrator) of an Amazon Connect instance.",
    selectable = ".spec.username",
    selectable = ".spec.instanceArn",
    selectable = ".spec.managementPolicy",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Synced", type_ = "string", json_path = ".status.conditions[?(@.type==\"Synced\")].status"),
    printcolumn(name = "Username", type_ = "string", json_path = ".spec.username"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "User-ARN", type_ = "string", json_path = ".status.userArn", priority = 1),
    printcolumn(name = "Instance", type_ = "string", json_path = ".spec.instanceArn", priority = 1),
    printcolumn(name = "Last-Sync", type_ = "date", json_path = ".status.lastSyncTime", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.routingProfileArn) != has(self.routingProfileName)")
        .message("a user has one routing profile: set either routingProfileArn or routingProfileName, and not both")
        .field_path(".routingProfileArn"),
    validation = Rule::new("has(self.securityProfileArns) != has(self.securityProfileNames)")
        .message("a user has 1 to 10 security profiles: set either securityProfileArns or securityProfileNames, and not both")
        .field_path(".securityProfileArns"),
    validation = Rule::new("!has(self.hierarchyGroupArn) || !has(self.hierarchyGroupPath)")
        .message("hierarchyGroupArn and hierarchyGroupPath say the same: set one of them, or neither")
        .field_path(".hierarchyGroupArn"),
    validation = Rule::new("!has(self.routingProfileArn) || (self.routingProfileArn.startsWith(self.instanceArn + '/routing-profile/') && self.routingProfileArn.substring(size(self.instanceArn) + 17).matches('^[A-Za-z0-9-]+$'))")
        .message("routingProfileArn must be a routing profile of this instance: <instanceArn>/routing-profile/<id>")
        .field_path(".routingProfileArn"),
    validation = Rule::new("!has(self.securityProfileArns) || self.securityProfileArns.all(a, a.startsWith(self.instanceArn + '/security-profile/') && a.substring(size(self.instanceArn) + 18).matches('^[A-Za-z0-9-]+$'))")
        .message("each of securityProfileArns must be a security profile of this instance: <instanceArn>/security-profile/<id>")
        .field_path(".securityProfileArns"),
    validation = Rule::new("!has(self.hierarchyGroupArn) || self.hierarchyGroupArn == '' || (self.hierarchyGroupArn.startsWith(self.instanceArn + '/agent-group/') && self.hierarchyGroupArn.substring(size(self.instanceArn) + 13).matches('^[A-Za-z0-9-]+$'))")
        .message("hierarchyGroupArn must be a hierarchy group of this instance: <instanceArn>/agent-group/<id>, or \"\" to take the user out of its group")
        .field_path(".hierarchyGroupArn"),
    validation = Rule::new("!has(self.region) || (self.instanceArn.split(':').size() > 3 && self.region == self.instanceArn.split(':')[3])")
        .message("region must be the Region that instanceArn names; leave it out to take it from there")
        .field_path(".region"),
    validation = Rule::new("!has(self.autoAcceptConfigs) || !has(self.phoneConfig) || !has(self.phoneConfig.autoAccept)")
        .message("autoAcceptConfigs and phoneConfig.autoAccept set the same thing: keep autoAcceptConfigs to set it by channel, or phoneConfig.autoAccept to set it for all of them")
        .field_path(".autoAcceptConfigs"),
    validation = Rule::new("!has(self.afterContactWorkConfigs) || !has(self.phoneConfig) || !has(self.phoneConfig.afterContactWorkTimeLimit)")
        .message("afterContactWorkConfigs and phoneConfig.afterContactWorkTimeLimit set the same thing: keep afterContactWorkConfigs to set it by channel, or phoneConfig.afterContactWorkTimeLimit to set it for all of them")
        .field_path(".afterContactWorkConfigs"),
    validation = Rule::new("!has(self.phoneNumberConfigs) || !has(self.phoneConfig) || (!has(self.phoneConfig.phoneType) && !has(self.phoneConfig.deskPhoneNumber))")
        .message("phoneNumberConfigs and phoneConfig.phoneType, with deskPhoneNumber, set the same thing: keep one of the two")
        .field_path(".phoneNumberConfigs"),
    validation = Rule::new("!has(self.persistentConnectionConfigs) || !has(self.phoneConfig) || !has(self.phoneConfig.persistentConnection)")
        .message("persistentConnectionConfigs and phoneConfig.persistentConnection set the same thing: keep one of the two")
        .field_path(".persistentConnectionConfigs"),
    validation = Rule::new("!has(self.directoryUserId) || (has(oldSelf.directoryUserId) && self.directoryUserId == oldSelf.directoryUserId)")
        .message("directoryUserId cannot be set or changed on an existing user: Connect takes it only at creation. Delete this ConnectUser and create another")
        .field_path(".directoryUserId"),
    validation = Rule::new("self.managementPolicy != 'Observe' || !has(self.deletionPolicy) || self.deletionPolicy != 'Delete'")
        .message("deletionPolicy: Delete contradicts managementPolicy: Observe, under which nothing is ever deleted: leave it out, or set Retain")
        .field_path(".deletionPolicy"),
    validation = Rule::new("self.adoptionPolicy != 'Adopt' || !has(self.passwordSecretRef)")
        .message("passwordSecretRef is of no use with adoptionPolicy: Adopt, which never creates a user: leave it out, or set AdoptOrCreate")
        .field_path(".passwordSecretRef"),
    validation = Rule::new("self.adoptionPolicy != 'Adopt' || !has(self.generatePassword) || !self.generatePassword")
        .message("generatePassword: true is of no use with adoptionPolicy: Adopt, which never creates a user: leave it out, or set AdoptOrCreate")
        .field_path(".generatePassword"),
    validation = Rule::new("!has(self.generatePassword) || !self.generatePassword || !has(self.passwordSecretRef)")
        .message("generatePassword: true and passwordSecretRef exclude each other: leave one of them out")
        .field_path(".generatePassword"),
    validation = Rule::new("!has(self.generatePassword) || !self.generatePassword || !has(self.directoryUserId)")
        .message("generatePassword: true and directoryUserId exclude each other: the users of a directory have their passwords there. Leave one of them out")
        .field_path(".generatePassword")
)]
pub struct ConnectUserSpec {
    /// The instance that the user belongs to. Cannot be changed.
    #[schemars(length(max = 200))]
    #[x_kube(
        validation = Rule::new("self == oldSelf")
            .message("instanceArn cannot be changed: a user cannot move to another instance. Delete this ConnectUser and create another"),
        validation = Rule::new("self.matches('^arn:aws(-[a-z]+)*:connect:[a-z]+(-[a-z]+)+-[0-9]+:[0-9]{12}:instance/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')")
            .message("instanceArn must be the ARN of an Amazon Connect instance, such as arn:aws:connect:us-west-2:123456789012:instance/<id>, with its id in lower case")
    )]
    pub instance_arn: String,

    /// The name that the user signs in with: 1 to 64 letters, digits and `_ - . @`. Cannot be changed.
    #[schemars(length(max = 64))]
    #[x_kube(
        validation = Rule::new("self == oldSelf")
            .message("username cannot be changed: Connect has no operation for it. Delete this ConnectUser and create another; contact history stays with the old user"),
        validation = Rule::new("self.matches('^[a-zA-Z0-9_.@-]+$')")
            .message("username must be 1 to 64 letters, digits and _ - . @"),
        validation = Rule::new(r"!self.contains('@') || self.matches('^[^@]+@[^@]+\\.[^@.]+$')")
            .message("username may hold @ only as an e-mail address does, such as jane@example.com: Connect refuses jane@example")
    )]
    pub username: String,

    /// The Secret with the initial password. Required if Connect keeps the passwords (CONNECT_MANAGED), an error otherwise.
    /// It is sent once, when the user is created: Connect has no operation to change it later.
    pub password_secret_ref: Option<PasswordSecretRef>,

    /// Whether the operator generates the initial password, instead of `passwordSecretRef`: at creation it stores one in the
    /// Secret `<name of this resource>-initial-password`, key `password`, which is deleted with this resource. The agent sets a
    /// new one by Connect's reset e-mail. The operator needs the right to create Secrets for this.
    pub generate_password: Option<bool>,

    /// The user's id in the directory, for instances with an existing directory. Cannot be changed.
    #[schemars(length(min = 1, max = 256))]
    pub directory_user_id: Option<String>,

    /// Names, e-mail addresses and mobile number. A member that is left out is not managed, an empty one is cleared.
    pub identity_info: Option<IdentityInfo>,

    /// How contacts reach the user, for all channels. A member that is left out is not managed. To set different values by
    /// channel, use `autoAcceptConfigs` and `afterContactWorkConfigs` instead.
    pub phone_config: Option<PhoneConfig>,

    /// Whether contacts are accepted automatically, by channel, instead of `phoneConfig.autoAccept`. Left out:
    /// not managed, nor are channels that it does not name. `[]`: `false` for every channel, which is Connect's default.
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = each_channel_once("autoAcceptConfigs"))]
    pub auto_accept_configs: Option<Vec<AutoAcceptConfig>>,

    /// After-contact work, by channel, instead of `phoneConfig.afterContactWorkTimeLimit`. Left out: not managed, nor are
    /// channels that it does not name. `[]`: 0 for every channel, which is Connect's default.
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = each_channel_once("afterContactWorkConfigs"))]
    pub after_contact_work_configs: Option<Vec<AfterContactWorkConfigPerChannel>>,

    /// Where calls ring, instead of `phoneConfig.phoneType` and `deskPhoneNumber`; `VOICE` only. Left out: not managed.
    /// `[]`: `SOFT_PHONE`, which is Connect's default.
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = each_channel_once("phoneNumberConfigs"))]
    pub phone_number_configs: Option<Vec<PhoneNumberConfig>>,

    /// Whether the connection stays open between calls, instead of `phoneConfig.persistentConnection`; `VOICE` only. Left
    /// out: not managed. `[]`: `false`, which is Connect's default.
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = each_channel_once("persistentConnectionConfigs"))]
    pub persistent_connection_configs: Option<Vec<PersistentConnectionConfig>>,

    /// What is removed from the voice on calls; `VOICE` only. Left out: not managed. `[]`: `NONE`, which is Connect's default.
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Atomic, validation = each_channel_once("voiceEnhancementConfigs"))]
    pub voice_enhancement_configs: Option<Vec<VoiceEnhancementConfig>>,

    /// The routing profile by its ARN. Either this or `routingProfileName` is required.
    #[schemars(length(max = 300))]
    pub routing_profile_arn: Option<String>,

    /// The routing profile by its name in the instance, so that one manifest serves several instances. Case matters.
    #[schemars(length(min = 1, max = 127))]
    pub routing_profile_name: Option<String>,

    /// The security profiles by their ARNs, 1 to 10, in any order. Either these or `securityProfileNames` are required.
    #[schemars(length(min = 1, max = 10), inner(length(max = 300)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub security_profile_arns: Option<Vec<String>>,

    /// The security profiles by their names in the instance, 1 to 10, in any order. Case matters.
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 127)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub security_profile_names: Option<Vec<String>>,

    /// The hierarchy group by its ARN. Left out, and `hierarchyGroupPath` too: not managed. `""`: the user is in none.
    #[schemars(length(max = 300))]
    pub hierarchy_group_arn: Option<String>,

    /// The hierarchy group by the names from the top level down to it, such as `/North/Hamburg`. Case matters.
    /// `""`: the user is in none.
    #[schemars(length(max = 1000))]
    #[x_kube(validation = Rule::new("self == '' || self.matches('^(/[^/]+){1,5}$')")
        .message("hierarchyGroupPath must be 1 to 5 group names from the top level down, each after a /, such as /North/Hamburg, or \"\" to take the user out of its group"))]
    pub hierarchy_group_path: Option<String>,

    /// The proficiencies, by attribute and value, in any order. Left out: not managed. `[]`: the user has none. At most as many as
    /// Connect's quota "Proficiencies per agent" (L-50375162) allows: 10, unless AWS raised it.
    // Ten times the default quota. AWS names no most.
    #[schemars(length(max = 100))]
    // Atomic for server-side apply: a list that is merged by keys would become null, and not [], when its last element is
    // removed.
    #[x_kube(
        merge_strategy = ListMerge::Atomic,
        validation = Rule::new("self.all(p, self.exists_one(q, q.attributeName == p.attributeName && q.attributeValue == p.attributeValue))")
            .message("userProficiencies must hold each attributeName with the same attributeValue once: keep the one whose level is right")
    )]
    pub user_proficiencies: Option<Vec<UserProficiency>>,

    /// Tags. Keys that others set on the user are left alone; a key that leaves this map is removed from the user.
    #[serde(default)]
    #[schemars(schema_with = "tags_schema")]
    pub tags: Option<BTreeMap<String, String>>,

    /// The AWS Region. Defaults to the one that `instanceArn` names, and must be that one.
    #[schemars(length(max = 64))]
    pub region: Option<String>,

    /// What happens to an existing user of this name that no operator owns: `Never` (it is left alone), `AdoptOrCreate`, or
    /// `Adopt` (never creates). A user that belongs to another ConnectUser is never taken over.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,

    /// What happens to the user when this resource is deleted: `Delete`, or `Retain` (it stays, without the operator's tags).
    /// Default: the namespace's annotation `connect-operator.dev/deletion-policy`, then the operator's own default.
    // Not an enum for the API server: that would refuse null, which templates render for values that are left out.
    #[schemars(with = "Option<String>", length(max = 64))]
    #[x_kube(validation = Rule::new("self in ['Delete', 'Retain']").message("deletionPolicy must be Delete or Retain"))]
    pub deletion_policy: Option<DeletionPolicy>,

    /// `Full`, or `Observe`: nothing is written to Connect, and `status.drift` shows how Connect differs from the spec.
    #[serde(default)]
    pub management_policy: ManagementPolicy,

    /// How often the user is read individually for changes made outside of Kubernetes, such as `10m` or `1h30m`; at least `1m`.
    /// Left out: together with all users of the instance, at the operator's interval.
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$') && size(self) > 0 && duration(self) >= duration('1m')")
        .message("driftInterval must be a duration of at least 1m, such as 10m or 1h30m"))]
    pub drift_interval: Option<String>,

    /// Fields that are set when the user is created and then left to the people at Connect's console; `status.observed` shows
    /// their current values. A change of such a field here is applied once.
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub ignore_drift: Option<Vec<IgnoredField>>,
}

fn each_channel_once(list: &str) -> Rule {
    let message = format!("{list} must hold each channel once: keep the element that is right");
    Rule::new("self.all(c, self.exists_one(d, d.channel == c.channel))").message(message.as_str())
}

/// A key of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSecretRef {
    /// The Secret's name.
    // The name becomes part of a URL of the API server: `../` in it could lead into another namespace.
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new(r"self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')")
        .message("passwordSecretRef.name must be the name of a Secret in the same namespace: lower-case letters, digits, - and ."))]
    pub name: String,
    /// The key in it whose value is the password.
    #[serde(default = "default_key")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new(r"self.matches('^[a-zA-Z0-9._-]+$')")
        .message("passwordSecretRef.key must be a key of that Secret: letters, digits, - _ and ."))]
    pub key: String,
}

impl ConnectUserSpec {
    /// Returns a field's value as JSON. Equal values have equal texts. None if the spec leaves the field out.
    pub fn text_of(&self, field: IgnoredField) -> Option<String> {
        let pointer = format!("/{}", field.path().replace('.', "/"));
        // A spec was read from JSON and can be written as such.
        let spec = serde_json::to_value(self).unwrap_or_default();
        spec.pointer(&pointer).filter(|value| !value.is_null()).map(Value::to_string)
    }
}

fn default_key() -> String {
    "password".to_owned()
}

fn tags_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "nullable": true,
        "additionalProperties": { "type": "string", "maxLength": 256 },
        "maxProperties": 100,
        "x-kubernetes-validations": [
            {
                "rule": format!("size(self) <= {MAX_TAGS}"),
                "message": format!("tags may hold at most {MAX_TAGS} keys: Connect allows 50 on a user, and the operator needs four to mark the user as its own"),
            },
            {
                "rule": "self.all(k, !k.startsWith('aws:'))",
                "message": "tags must not hold keys starting with aws: AWS keeps them for itself, choose another key",
            },
            {
                "rule": "self.all(k, !k.startsWith('connect-operator.dev/'))",
                "message": "tags must not hold keys starting with connect-operator.dev/: the operator marks its users with them, choose another key",
            },
            {
                "rule": r"self.all(k, size(k) >= 1 && size(k) <= 128 && k.matches('^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$'))",
                "message": "tags must have keys of 1 to 128 letters, digits, spaces and _ . : / = + - @",
            },
        ],
    })
}
