//! The values in the configuration file. Each is checked when it is parsed, so that every instance of these types is valid. The schemas
//! describe them in the chart's values.

use std::{
    borrow::{Borrow, Cow},
    collections::BTreeMap,
    fmt,
    num::NonZeroU32,
};

use axum::http::Uri;
use connect_api::{Arn, ArnParts, OperationName, Resource, partition_of};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Gives types schemas, where the derived ones would not say which values are valid.
macro_rules! schemas {
    ($($name:ident: $schema:expr;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $fits:expr, $schema:tt, $why:expr;)*) => {$(
        schemas! { $name: json_schema!($schema); }

        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let (fits, why): (fn(&str) -> bool, fn(&str) -> String) = ($fits, $why);
                if fits(&text) { Ok(Self(text)) } else { Err(why(&text)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    AccountId: is_account_id, { "type": "string", "pattern": "^[0-9]{12}$" }, |text| format!("{text:?} is not the id of an AWS account: 12 digits, in quotes");
    RoleArn: is_role_arn, { "type": "string", "pattern": "^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/(.*/)?[^/]+$" },
        |text| format!("{text:?} is not the ARN of an IAM role, such as arn:aws:iam::123456789012:role/connect-operator");
    /// An external id, as AssumeRole takes it.
    ExternalId: |text| (2..=1224).contains(&text.len()) && text.chars().all(|c| is_word(c) || "+=,.@:/-".contains(c)),
        { "type": "string", "minLength": 2, "maxLength": 1224, "pattern": "^[A-Za-z0-9_+=,.@:/-]+$" },
        |_| "is not an external id: 2 to 1224 letters, digits or any of _+=,.@:/-".into();
    /// A session's name, as AssumeRole takes it.
    SessionName: |text| (2..=64).contains(&text.len()) && text.chars().all(|c| is_word(c) || "+=,.@-".contains(c)),
        { "type": "string", "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$" },
        |text| format!("{text:?} is not the name of a session: 2 to 64 letters, digits or any of _+=,.@-");
    /// A pattern of security profiles' or routing profiles' names, or of their ARNs.
    ProfilePattern: |text| !text.is_empty(), { "type": "string", "minLength": 1 },
        |_| "is empty: name a profile by its name or ARN, in which * stands for any characters".into();
    /// A pattern of the paths of hierarchy groups, or of their ARNs.
    GroupPattern: |text| text.starts_with(['/', '*']) || text.starts_with("arn:"), { "type": "string", "pattern": "^(/|\\*|arn:)" },
        |text| format!("{text:?} is not a path, such as \"/North/Hamburg\" or \"/North/*\", nor an ARN");
    /// A Region that has an STS endpoint.
    StsRegion: |text| partition_of(text).is_some(), { "type": "string", "pattern": "^[a-z]+(-[a-z]+)+-[0-9]+$" },
        |text| format!("{text:?} is not a Region, such as us-west-2");
    EndpointUrl: is_endpoint_url, { "type": "string", "pattern": "^https?://[^/?#\\s:@]+(:[0-9]+)?(/[^?#\\s]*)?$" },
        |text| format!("{text:?} is not a URL, such as https://connect.eu-central-1.amazonaws.com");
    /// The name of a namespace, or `*` for all.
    Namespace: is_namespace, { "type": "string", "pattern": "^(\\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$" },
        |text| format!("{text:?} is not the name of a namespace, nor {ALL:?}, which means all of them");
}

impl Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AccountId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl RoleArn {
    /// Returns the partition: `aws`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        ArnParts::parse(&self.0).map_or("aws", |arn| arn.partition)
    }

    /// Returns the account of the role.
    pub fn account(&self) -> &str {
        ArnParts::parse(&self.0).map_or("", |arn| arn.account)
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_role_arn(text: &str) -> bool {
    ArnParts::parse(text).is_ok_and(|arn| {
        let name = arn.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        arn.service == "iam" && arn.region.is_empty() && name.is_some_and(|name| !name.is_empty())
    })
}

/// Returns whether a character is a word character in IAM's patterns: an ASCII letter, a digit or an underscore.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_endpoint_url(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        known && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none()
    })
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct InstanceArn(Arn);

impl InstanceArn {
    /// Returns the ARN.
    pub(super) fn arn(&self) -> &Arn {
        &self.0
    }
}

const EXAMPLE: &str = "arn:aws:connect:us-west-2:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

impl TryFrom<String> for InstanceArn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let arn: Result<Arn, _> = text.parse();
        match arn {
            Ok(arn) if arn.resource == Resource::Instance => Ok(Self(arn)),
            Ok(_) => Err(format!("{text:?} is not the ARN of an instance, such as {EXAMPLE}")),
            Err(why) => Err(format!("{why}. An instance has an ARN such as {EXAMPLE}")),
        }
    }
}

impl Borrow<Arn> for InstanceArn {
    fn borrow(&self) -> &Arn {
        &self.0
    }
}

impl fmt::Display for InstanceArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The names of namespaces, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Namespaces(Vec<Namespace>);

impl Namespaces {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Namespace::as_str)
    }

    pub(super) fn contain(&self, namespace: &str) -> bool {
        self.0.iter().any(|named| [ALL, namespace].contains(&named.as_str()))
    }
}

pub(super) const ALL: &str = "*";

/// The quota of users of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a number of users, greater than zero, or ServiceQuotas, which reads it from AWS")]
pub enum UsersQuota {
    /// The number itself.
    Users(NonZeroU32),
    /// The service that knows it.
    From(QuotaService),
}

/// A service that knows quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum QuotaService {
    ServiceQuotas,
}

schemas! {
    UsersQuota: json_schema!({ "type": ["integer", "string"], "minimum": 1, "maximum": u32::MAX, "pattern": "^ServiceQuotas$" });
}

fn is_namespace(text: &str) -> bool {
    let is_label = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    is_label || text == ALL
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct SessionTags(BTreeMap<String, String>);

impl SessionTags {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl TryFrom<BTreeMap<String, String>> for SessionTags {
    type Error = String;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, String> {
        if tags.len() > 50 {
            return Err(format!("has {} tags, but a session has at most 50", tags.len()));
        }
        for (key, value) in &tags {
            if !(1..=128).contains(&key.chars().count()) || key.to_lowercase().starts_with("aws:") || !is_tag_text(key) {
                let allowed = "1 to 128 letters, digits, spaces or any of _.:/=+-@, not starting with aws:";
                return Err(format!("{key:?} is not the key of a tag: {allowed}"));
            }
            if value.chars().count() > 256 || !is_tag_text(value) {
                return Err(format!(
                    "{key:?} has the value {value:?}, which is not valid in a tag: up to 256 letters, digits, spaces or any of _.:/=+-@"
                ));
            }
        }
        Ok(Self(tags))
    }
}

/// Returns whether a text contains only characters that AWS allows in tags.
pub(crate) fn is_tag_text(text: &str) -> bool {
    let is_space = |c: char| c.is_whitespace() && !c.is_control();
    text.chars().all(|c| c.is_alphanumeric() || is_space(c) || "_.:/=+-@".contains(c))
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $fits:expr, $schema:tt, $rule:literal;)*) => {$(
        schemas! { $name: json_schema!($schema); }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
        #[serde(try_from = "f64")]
        pub struct $name(f64);

        impl $name {
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(number: f64) -> Result<Self, String> {
                let fits: fn(f64) -> bool = $fits;
                if fits(number) { Ok(Self(number)) } else { Err(format!("{number} must be {}", $rule)) }
            }
        }
    )*};
}

numbers! {
    Positive: |number| number.is_finite() && number > 0.0, { "type": "number", "exclusiveMinimum": 0 }, "greater than 0";
    Share: |number| number > 0.0 && number <= 1.0, { "type": "number", "exclusiveMinimum": 0, "maximum": 1 }, "greater than 0 and at most 1";
}

/// An operation that the operator calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Operation(OperationName);

impl Operation {
    pub fn name(self) -> OperationName {
        self.0
    }
}

impl TryFrom<String> for Operation {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        OperationName::ALL.iter().find(|operation| operation.as_str() == name).copied().map(Self).ok_or_else(|| {
            let names: Vec<&str> = OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
            format!("{name:?} is not an operation that the operator calls; these are: {}", names.join(", "))
        })
    }
}

schemas! {
    // As in the definition of ConnectUser.
    InstanceArn: json_schema!({
        "type": "string",
        "pattern": "^arn:aws(-[a-z]+)*:connect:[a-z]+(-[a-z]+)+-[0-9]+:[0-9]{12}:instance/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    });
    SessionTags: json_schema!({
        "type": "object",
        "maxProperties": 50,
        "additionalProperties": false,
        "patternProperties": {
            r"^[\p{L}\p{N}\p{Z}\s_.:/=+@-]{1,128}$": {
                "type": "string",
                "maxLength": 256,
                "pattern": r"^[\p{L}\p{N}\p{Z}\s_.:/=+@-]*$",
            },
            "^[aA][wW][sS]:": false,
        },
    });
    Operation: {
        let names: Vec<&str> = OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
        json_schema!({ "type": "string", "pattern": format!("^({})$", names.join("|")) })
    };
}
