//! `UserPhoneConfig`.
//!
//! The SDK cannot tell "not given" from the zero value: it always sends `PhoneType`, never `AutoAccept: false` nor
//! `AfterContactWorkTimeLimit: 0`, and reads what is missing as SOFT_PHONE, false and 0. Connect reads what is missing the
//! same way, so an update with zero values does set them.

use aws_sdk_connect::types::{self, UserPhoneConfig};
use connect_api::{PhoneConfig, PhoneType};

use super::TimeUnit;

pub(crate) fn to_wire(config: PhoneConfig) -> UserPhoneConfig {
    let PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } = config;
    UserPhoneConfig::builder()
        .phone_type(type_to_wire(phone_type))
        .auto_accept(auto_accept)
        .after_contact_work_time_limit(after_contact_work_time_limit)
        .set_desk_phone_number(desk_phone_number)
        .set_persistent_connection(persistent_connection)
        .build()
}

/// None for a type of phone that this version does not know: the rest means nothing without it.
pub(crate) fn from_wire(config: UserPhoneConfig, unit: TimeUnit) -> Option<PhoneConfig> {
    let UserPhoneConfig {
        phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection, ..
    } = config;
    Some(PhoneConfig {
        phone_type: type_from_wire(&phone_type)?,
        auto_accept,
        after_contact_work_time_limit: match unit {
            TimeUnit::Seconds => after_contact_work_time_limit,
            TimeUnit::Milliseconds => after_contact_work_time_limit / 1000,
        },
        desk_phone_number,
        persistent_connection,
    })
}

pub(crate) fn type_to_wire(phone_type: PhoneType) -> types::PhoneType {
    match phone_type {
        PhoneType::SoftPhone => types::PhoneType::SoftPhone,
        PhoneType::DeskPhone => types::PhoneType::DeskPhone,
    }
}

pub(crate) fn type_from_wire(phone_type: &types::PhoneType) -> Option<PhoneType> {
    match phone_type {
        types::PhoneType::SoftPhone => Some(PhoneType::SoftPhone),
        types::PhoneType::DeskPhone => Some(PhoneType::DeskPhone),
        _ => None,
    }
}
