//! `UserIdentityInfo`.

use aws_sdk_connect::types::UserIdentityInfo;
use connect_api::IdentityInfo;

pub(crate) fn to_wire(info: IdentityInfo) -> UserIdentityInfo {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
    UserIdentityInfo::builder()
        .set_first_name(first_name)
        .set_last_name(last_name)
        .set_email(email)
        .set_secondary_email(secondary_email)
        .set_mobile(mobile)
        .build()
}

pub(crate) fn from_wire(info: UserIdentityInfo) -> IdentityInfo {
    let UserIdentityInfo { first_name, last_name, email, secondary_email, mobile, .. } = info;
    IdentityInfo { first_name, last_name, email, secondary_email, mobile }
}
