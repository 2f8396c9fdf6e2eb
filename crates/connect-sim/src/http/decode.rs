//! Converts bodies to the parameters of calls.

use std::collections::BTreeSet;

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, IdentityInfo, Password,
    PersistentConnectionConfig, PhoneNumberConfig, PhoneType, Proficiency, ProficiencyKey, SecurityProfileId,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    QuickConnectTarget, paginator::Paging, refusal::Refusal, request::PhoneSettings, rules::admin_actions::NewProfile,
    search::Search,
};

/// The members of a structure. Unknown ones are skipped, as in AWS.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads a body. An absent body is an empty structure.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        serde_json::from_slice(bytes).map_err(|error| {
            if error.is_data() {
                Refusal::invalid_request(format!("1 validation error detected: {error}"))
            } else {
                Refusal::new(400, "SerializationException", "the body is not JSON")
            }
        })
    }

    /// Takes a member. An absent one is null.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Refusal> {
        let value = self.0.remove(name).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| invalid(name, error))
    }

    /// Takes a member that is a list of structures.
    fn take_list<T>(&mut self, name: &str, of: impl Fn(&mut Self) -> Result<T, Refusal>) -> Result<Option<Vec<T>>, Refusal> {
        self.take::<Option<Vec<Self>>>(name)?.map(|mut list| list.iter_mut().map(of).collect()).transpose()
    }

    /// Takes a member that has one of these values.
    fn take_one_of<T: Copy>(&mut self, name: &str, all: &[T], as_str: fn(T) -> &'static str) -> Result<Option<T>, Refusal> {
        let Some(given) = self.take::<Option<String>>(name)? else { return Ok(None) };
        let found = all.iter().find(|known| as_str(**known) == given);
        found.map(|known| Some(*known)).ok_or_else(|| invalid(name, format!("{given:?} is unknown")))
    }

    fn take_channel(&mut self) -> Result<Channel, Refusal> {
        required("Channel", self.take_one_of("Channel", &Channel::ALL, Channel::as_str)?)
    }

    fn take_phone_type(&mut self) -> Result<Option<PhoneType>, Refusal> {
        self.take_one_of("PhoneType", &PhoneType::ALL, PhoneType::as_str)
    }

    /// Takes a number. The console sends an empty one along with SOFT_PHONE.
    fn take_number(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(self.take::<Option<String>>(name)?.filter(|number| !number.is_empty()))
    }
}

fn invalid(name: &str, why: impl std::fmt::Display) -> Refusal {
    Refusal::invalid_request(format!("1 validation error detected: {name}: {why}"))
}

fn required<T>(name: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| invalid(name, "it is required"))
}

/// Returns CreateUser's parameters, with PhoneConfig apart.
pub(super) fn create_user(instance: &str, bytes: &[u8]) -> Result<(CreateUser, Option<PhoneSettings>), Refusal> {
    let mut body = Members::read(bytes)?;
    let phone = body.take::<Option<Members>>("PhoneConfig")?.map(phone_config).transpose()?;
    // The password is read as any value, so that an invalid one never gets into an error message.
    let password = match body.take("Password")? {
        Value::Null => None,
        Value::String(password) => Some(Password::new(password)),
        _ => return Err(invalid("Password", "it is not a string")),
    };
    let new = CreateUser {
        instance: instance.into(),
        username: body.take("Username")?,
        password,
        identity_info: body.take::<Option<Members>>("IdentityInfo")?.map(identity_info).transpose()?,
        phone_config: None,
        channel_configs: channel_configs(&mut body)?,
        directory_user_id: body.take("DirectoryUserId")?,
        security_profile_ids: security_profile_ids(&mut body)?,
        routing_profile_id: body.take("RoutingProfileId")?,
        hierarchy_group_id: body.take("HierarchyGroupId")?,
        tags: body.take::<Option<_>>("Tags")?.unwrap_or_default(),
    };
    Ok((new, phone))
}

pub(super) fn identity_info(mut info: Members) -> Result<IdentityInfo, Refusal> {
    Ok(IdentityInfo {
        first_name: info.take("FirstName")?,
        last_name: info.take("LastName")?,
        email: info.take("Email")?,
        secondary_email: info.take("SecondaryEmail")?,
        mobile: info.take("Mobile")?,
    })
}

pub(super) fn phone_config(mut config: Members) -> Result<PhoneSettings, Refusal> {
    Ok(PhoneSettings {
        phone_type: config.take_phone_type()?,
        auto_accept: config.take("AutoAccept")?,
        after_contact_work_time_limit: config.take("AfterContactWorkTimeLimit")?,
        desk_phone_number: config.take_number("DeskPhoneNumber")?,
        persistent_connection: config.take("PersistentConnection")?,
    })
}

pub(super) fn channel_configs(body: &mut Members) -> Result<ChannelConfigs, Refusal> {
    // The SDKs omit a zero.
    let limit = |mut config: Members| Ok(config.take::<Option<i32>>("AfterContactWorkTimeLimit")?.unwrap_or(0));
    Ok(ChannelConfigs {
        auto_accept: body.take_list("AutoAcceptConfigs", |config| {
            Ok(AutoAcceptConfig {
                channel: config.take_channel()?,
                auto_accept: config.take("AutoAccept")?,
                agent_first_callback_auto_accept: config.take("AgentFirstCallbackAutoAccept")?,
            })
        })?,
        after_contact_work: body.take_list("AfterContactWorkConfigs", |config| {
            let callback: Option<Members> = config.take("AgentFirstCallbackAfterContactWorkConfig")?;
            Ok(AfterContactWorkConfig {
                channel: config.take_channel()?,
                after_contact_work_time_limit: limit(config.take("AfterContactWorkConfig")?)?,
                agent_first_callback_after_contact_work_time_limit: callback.map(limit).transpose()?,
            })
        })?,
        phone_number: body.take_list("PhoneNumberConfigs", |config| {
            Ok(PhoneNumberConfig {
                channel: config.take_channel()?,
                phone_type: required("PhoneType", config.take_phone_type()?)?,
                phone_number: config.take_number("PhoneNumber")?,
            })
        })?,
        persistent_connection: body.take_list("PersistentConnectionConfigs", |config| {
            Ok(PersistentConnectionConfig {
                channel: config.take_channel()?,
                persistent_connection: config.take("PersistentConnection")?,
            })
        })?,
        voice_enhancement: body.take_list("VoiceEnhancementConfigs", |config| {
            let (name, all) = ("VoiceEnhancementMode", VoiceEnhancementMode::ALL);
            Ok(VoiceEnhancementConfig {
                channel: config.take_channel()?,
                voice_enhancement_mode: required(name, config.take_one_of(name, &all, VoiceEnhancementMode::as_str)?)?,
            })
        })?,
    })
}

pub(super) fn proficiencies(bytes: &[u8]) -> Result<Vec<Proficiency>, Refusal> {
    let proficiency = |one: &mut Members| Ok(Proficiency { key: proficiency_key(one)?, level: one.take("Level")? });
    required("UserProficiencies", Members::read(bytes)?.take_list("UserProficiencies", proficiency)?)
}

pub(super) fn proficiency_keys(bytes: &[u8]) -> Result<Vec<ProficiencyKey>, Refusal> {
    required("UserProficiencies", Members::read(bytes)?.take_list("UserProficiencies", proficiency_key)?)
}

fn proficiency_key(one: &mut Members) -> Result<ProficiencyKey, Refusal> {
    Ok(ProficiencyKey { attribute_name: one.take("AttributeName")?, attribute_value: one.take("AttributeValue")? })
}

/// Returns the target of a quick connect, and the flow of the transfer.
pub(super) fn quick_connect_config(bytes: &[u8]) -> Result<(QuickConnectTarget, Option<String>), Refusal> {
    let mut config: Members = Members::read(bytes)?.take("QuickConnectConfig")?;
    let kind: String = config.take("QuickConnectType")?;
    match (kind.as_str(), config.take("UserConfig")?, config.take("QueueConfig")?, config.take("PhoneConfig")?) {
        ("USER", Some(to), None::<Members>, None::<Members>) => transfer(to, "UserId", QuickConnectTarget::User),
        ("QUEUE", None::<Members>, Some(to), None) => transfer(to, "QueueId", QuickConnectTarget::Queue),
        ("PHONE_NUMBER", None, None, Some(mut to)) => Ok((QuickConnectTarget::PhoneNumber(to.take("PhoneNumber")?), None)),
        (other, ..) => {
            Err(Refusal::invalid_parameter(format!("QuickConnectType {other} requires its own configuration and no other")))
        }
    }
}

fn transfer(
    mut config: Members,
    id: &str,
    target: fn(String) -> QuickConnectTarget,
) -> Result<(QuickConnectTarget, Option<String>), Refusal> {
    Ok((target(config.take(id)?), Some(config.take("ContactFlowId")?)))
}

/// Returns the values of a predefined attribute.
pub(super) fn attribute_values(bytes: &[u8]) -> Result<Vec<String>, Refusal> {
    let Some(mut values) = Members::read(bytes)?.take::<Option<Members>>("Values")? else { return Ok(Vec::new()) };
    Ok(values.take::<Option<_>>("StringList")?.unwrap_or_default())
}

/// Returns the parameters of a search.
pub(super) fn search(body: &mut Members) -> Result<Search, Refusal> {
    Ok(Search {
        paging: Paging { max_results: body.take("MaxResults")?, next_token: body.take("NextToken")? },
        criteria: body.take::<Option<_>>("SearchCriteria")?.unwrap_or_default(),
        filter: body.take::<Option<_>>("SearchFilter")?.unwrap_or_default(),
    })
}

/// Returns 1 to 10 security profiles. Each counts, also one that is given twice.
pub(super) fn security_profile_ids(body: &mut Members) -> Result<BTreeSet<SecurityProfileId>, Refusal> {
    let given: Vec<SecurityProfileId> = body.take("SecurityProfileIds")?;
    if !(1..=10).contains(&given.len()) {
        return Err(Refusal::invalid_parameter(format!("SecurityProfileIds must have 1 to 10 members, but has {}", given.len())));
    }
    Ok(given.into_iter().collect())
}

/// Returns a new profile, whose name is in this member.
pub(super) fn new_profile(bytes: &[u8], name: &str) -> Result<NewProfile, Refusal> {
    let mut body = Members::read(bytes)?;
    Ok(NewProfile {
        name: body.take(name)?,
        description: body.take("Description")?,
        permissions: body.take::<Option<_>>("Permissions")?.unwrap_or_default(),
        tags: body.take::<Option<_>>("Tags")?.unwrap_or_default(),
    })
}
