//! Request bodies in AWS' format. Unknown members are skipped, as in AWS.

use std::collections::BTreeMap;

use connect_api as model;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUser {
    pub username: String,
    /// Any value, so that an invalid password never gets into an error message.
    pub password: Option<Value>,
    pub identity_info: Option<IdentityInfo>,
    pub phone_config: Option<PhoneConfig>,
    #[serde(flatten)]
    pub channel_configs: ChannelConfigs,
    pub directory_user_id: Option<String>,
    pub security_profile_ids: Vec<String>,
    pub routing_profile_id: String,
    pub hierarchy_group_id: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IdentityInfo {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    secondary_email: Option<String>,
    mobile: Option<String>,
}

impl From<IdentityInfo> for model::IdentityInfo {
    fn from(info: IdentityInfo) -> Self {
        let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
        Self { first_name, last_name, email, secondary_email, mobile }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PhoneConfig {
    phone_type: Option<PhoneType>,
    auto_accept: Option<bool>,
    after_contact_work_time_limit: Option<i32>,
    desk_phone_number: Option<String>,
    persistent_connection: Option<bool>,
}

impl From<PhoneConfig> for crate::request::PhoneSettings {
    fn from(config: PhoneConfig) -> Self {
        Self {
            phone_type: config.phone_type.map(model::PhoneType::from),
            auto_accept: config.auto_accept,
            after_contact_work_time_limit: config.after_contact_work_time_limit,
            // The console sends an empty number along with SOFT_PHONE.
            desk_phone_number: config.desk_phone_number.filter(|number| !number.is_empty()),
            persistent_connection: config.persistent_connection,
        }
    }
}

macro_rules! enums {
    ($($name:ident { $($variant:ident,)* })*) => {$(
        #[derive(Clone, Copy, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub(super) enum $name { $($variant,)* }

        impl From<$name> for model::$name {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)* }
            }
        }
    )*};
}

enums! {
    PhoneType { SoftPhone, DeskPhone, }
    Channel { Voice, Chat, Task, Email, }
    VoiceEnhancementMode { VoiceIsolation, NoiseSuppression, None, }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChannelConfigs {
    auto_accept_configs: Option<Vec<AutoAcceptConfig>>,
    after_contact_work_configs: Option<Vec<AfterContactWorkConfigs>>,
    phone_number_configs: Option<Vec<PhoneNumberConfig>>,
    persistent_connection_configs: Option<Vec<PersistentConnectionConfig>>,
    voice_enhancement_configs: Option<Vec<VoiceEnhancementConfig>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AutoAcceptConfig {
    channel: Channel,
    auto_accept: bool,
    agent_first_callback_auto_accept: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AfterContactWorkConfigs {
    channel: Channel,
    after_contact_work_config: AfterContactWorkConfig,
    agent_first_callback_after_contact_work_config: Option<AfterContactWorkConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AfterContactWorkConfig {
    /// The SDKs omit a zero.
    #[serde(default)]
    after_contact_work_time_limit: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PhoneNumberConfig {
    channel: Channel,
    phone_type: PhoneType,
    phone_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PersistentConnectionConfig {
    channel: Channel,
    persistent_connection: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VoiceEnhancementConfig {
    channel: Channel,
    voice_enhancement_mode: VoiceEnhancementMode,
}

fn each<T, U: From<T>>(list: Option<Vec<T>>) -> Option<Vec<U>> {
    list.map(|list| list.into_iter().map(U::from).collect())
}

impl From<ChannelConfigs> for model::ChannelConfigs {
    fn from(configs: ChannelConfigs) -> Self {
        Self {
            auto_accept: each(configs.auto_accept_configs),
            after_contact_work: each(configs.after_contact_work_configs),
            phone_number: each(configs.phone_number_configs),
            persistent_connection: each(configs.persistent_connection_configs),
            voice_enhancement: each(configs.voice_enhancement_configs),
        }
    }
}

impl From<AutoAcceptConfig> for model::AutoAcceptConfig {
    fn from(config: AutoAcceptConfig) -> Self {
        Self {
            channel: config.channel.into(),
            auto_accept: config.auto_accept,
            agent_first_callback_auto_accept: config.agent_first_callback_auto_accept,
        }
    }
}

impl From<AfterContactWorkConfigs> for model::AfterContactWorkConfig {
    fn from(config: AfterContactWorkConfigs) -> Self {
        Self {
            channel: config.channel.into(),
            after_contact_work_time_limit: config.after_contact_work_config.after_contact_work_time_limit,
            agent_first_callback_after_contact_work_time_limit: config
                .agent_first_callback_after_contact_work_config
                .map(|c| c.after_contact_work_time_limit),
        }
    }
}

impl From<PhoneNumberConfig> for model::PhoneNumberConfig {
    fn from(config: PhoneNumberConfig) -> Self {
        Self {
            channel: config.channel.into(),
            phone_type: config.phone_type.into(),
            phone_number: config.phone_number.filter(|number| !number.is_empty()),
        }
    }
}

impl From<PersistentConnectionConfig> for model::PersistentConnectionConfig {
    fn from(config: PersistentConnectionConfig) -> Self {
        Self { channel: config.channel.into(), persistent_connection: config.persistent_connection }
    }
}

impl From<VoiceEnhancementConfig> for model::VoiceEnhancementConfig {
    fn from(config: VoiceEnhancementConfig) -> Self {
        Self { channel: config.channel.into(), voice_enhancement_mode: config.voice_enhancement_mode.into() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserIdentityInfo {
    pub identity_info: IdentityInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserPhoneConfig {
    pub phone_config: PhoneConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserRoutingProfile {
    pub routing_profile_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserSecurityProfiles {
    pub security_profile_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserHierarchy {
    pub hierarchy_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserProficiencies<T> {
    pub user_proficiencies: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Proficiency {
    #[serde(flatten)]
    key: ProficiencyKey,
    level: f32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProficiencyKey {
    attribute_name: String,
    attribute_value: String,
}

impl From<ProficiencyKey> for model::ProficiencyKey {
    fn from(key: ProficiencyKey) -> Self {
        Self { attribute_name: key.attribute_name, attribute_value: key.attribute_value }
    }
}

impl From<Proficiency> for model::Proficiency {
    fn from(proficiency: Proficiency) -> Self {
        Self { key: proficiency.key.into(), level: proficiency.level }
    }
}

/// The only body with a member in lower case.
#[derive(Deserialize)]
pub(super) struct TagResource {
    pub tags: BTreeMap<String, String>,
}

/// The body of a request that creates or renames a profile, group or attribute.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminBody {
    pub name: Option<String>,
    pub security_profile_name: Option<String>,
    pub parent_group_id: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub values: Option<AttributeValues>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeValues {
    #[serde(default)]
    pub string_list: Vec<String>,
}
