//! Parts of a user that the spec asks for and the status shows.

use connect_api::UnknownName;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// UserIdentityInfo. Which members an instance requires or refuses depends on how its users sign in: Connect's answer decides.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityInfo {
    /// First name.
    #[schemars(length(max = 255))]
    pub first_name: Option<String>,
    /// Last name.
    #[schemars(length(max = 300))]
    pub last_name: Option<String>,
    /// E-mail address. Password resets are sent there.
    #[schemars(length(max = 320))]
    #[x_kube(validation = Rule::new(r"self == '' || self.matches('^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$')")
        .message("identityInfo.email must be an e-mail address such as jane@example.com, or \"\" to clear it"))]
    pub email: Option<String>,
    /// Secondary e-mail address. It receives all notices except password resets.
    #[schemars(length(max = 265))]
    #[x_kube(validation = Rule::new(r"self == '' || self.matches('^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,63}$')")
        .message("identityInfo.secondaryEmail must be an e-mail address such as jane@example.com, or \"\" to clear it"))]
    pub secondary_email: Option<String>,
    /// Mobile number in E.164 form.
    #[schemars(length(max = 40))]
    #[x_kube(validation = Rule::new(r"self == '' || self.matches('^\\+[1-9][0-9]{1,14}$')")
        .message("identityInfo.mobile must be in E.164 form, such as +12065550100, or \"\" to clear it"))]
    pub mobile: Option<String>,
}

/// Where contacts ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PhoneType {
    /// In the browser.
    #[serde(rename = "SOFT_PHONE")]
    SoftPhone,
    /// At `deskPhoneNumber`.
    #[serde(rename = "DESK_PHONE")]
    DeskPhone,
    /// A type that this version does not know: never in a spec, but perhaps in what Connect shows.
    #[serde(untagged)]
    #[schemars(!untagged, skip)]
    Other(UnknownName),
}

/// UserPhoneConfig: settings for all channels.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.deskPhoneNumber) || !has(self.phoneType) || self.phoneType != 'DESK_PHONE'")
        .message("phoneConfig.deskPhoneNumber is needed with phoneType: DESK_PHONE: set both, or choose SOFT_PHONE")
        .field_path(".deskPhoneNumber"),
    validation = Rule::new("!has(self.deskPhoneNumber) || has(self.phoneType)")
        .message("phoneConfig.deskPhoneNumber needs a phoneType: DESK_PHONE to ring at the number, or SOFT_PHONE to keep it for later")
        .field_path(".deskPhoneNumber")
)]
pub struct PhoneConfig {
    /// Where contacts ring: `SOFT_PHONE`, in the browser, or `DESK_PHONE`, at `deskPhoneNumber`.
    #[serde(default)]
    #[schemars(schema_with = "phone_type_schema")]
    pub phone_type: Option<PhoneType>,
    /// Whether contacts are accepted automatically.
    pub auto_accept: Option<bool>,
    /// After-contact work time limit in seconds. 0: no limit, the agent must close it.
    #[schemars(range(min = 0, max = 2_000_000))]
    pub after_contact_work_time_limit: Option<i32>,
    /// The desk phone's number in E.164 form. With `SOFT_PHONE`, Connect keeps it for later.
    #[schemars(length(max = 40))]
    #[x_kube(validation = Rule::new(r"self.matches('^\\+[1-9][0-9]{1,14}$')")
        .message("phoneConfig.deskPhoneNumber must be in E.164 form, such as +12065550100"))]
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

/// How good the user is at a value of a predefined attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserProficiency {
    /// The predefined attribute's name, such as `connect:Language`.
    #[schemars(length(min = 1, max = 100))]
    pub attribute_name: String,
    /// One of its values, such as `connect:Spanish`.
    #[schemars(length(min = 1, max = 100))]
    pub attribute_value: String,
    /// 1 (basic) to 5 (expert).
    #[schemars(range(min = 1, max = 5))]
    pub level: u8,
}

/// Returns a rule instead of an enum: an enum would refuse `null`, which means "left out" everywhere else in a spec.
fn phone_type_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "nullable": true,
        "maxLength": 40,
        "x-kubernetes-validations": [{
            "rule": "self in ['SOFT_PHONE', 'DESK_PHONE']",
            "message": "phoneConfig.phoneType must be SOFT_PHONE or DESK_PHONE",
        }],
    })
}
