//! `UserPhoneConfig`.
//!
//! The SDK does not distinguish an absent value from the zero value: it always sends `PhoneType`, never `AutoAccept: false` or
//! `AfterContactWorkTimeLimit: 0`, and reads absent members as SOFT_PHONE, false and 0. Connect reads absent members the same
//! way, so an update with zero values does set them.

use aws_sdk_connect::types::UserPhoneConfig;
use connect_api::PhoneConfig;

pub(crate) fn to_wire(config: PhoneConfig) -> UserPhoneConfig {
    let PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } = config;
    UserPhoneConfig::builder()
        .phone_type(phone_type.as_str().into())
        .auto_accept(auto_accept)
        .after_contact_work_time_limit(after_contact_work_time_limit)
        .set_desk_phone_number(desk_phone_number)
        .set_persistent_connection(persistent_connection)
        .build()
}

/// The limit stays in the unit of the reply.
pub(crate) fn from_wire(config: UserPhoneConfig) -> PhoneConfig {
    let UserPhoneConfig {
        phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection, ..
    } = config;
    let phone_type = phone_type.as_str().into();
    PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection }
}
