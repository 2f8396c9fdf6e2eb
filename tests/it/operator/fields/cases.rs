//! One case for each field: what manifests say of it, how it is changed at Connect's console, and where Connect shows it.

use connect_api::{
    AssociateUserProficiencies, Call, ChannelConfigs, IdentityInfo, PhoneConfig, PhoneType, Proficiency, ProficiencyKey,
    TagResource, UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles, User, VoiceEnhancementMode,
};
use serde_json::{Value, json};

use super::super::harness::Harness;

/// A call at Connect's console that changes the field of a user.
pub type Drift = fn(&Harness<'_>, User) -> Call;

/// A field. Manifests are overlays of [`Harness::manifest`], with words such as `@routing-profile/Sales` for ARNs.
pub struct FieldCase {
    /// The field's path.
    pub path: &'static str,
    /// It is left out.
    pub unset: Value,
    /// It has a value.
    pub set: Value,
    /// It has another one.
    pub changed: Option<Value>,
    /// It is explicitly empty.
    pub cleared: Option<Value>,
    /// None if the field cannot be changed in Connect.
    pub drift: Option<Drift>,
    /// Whether `status.observed` shows it, in the words of the spec.
    pub shown: bool,
}

/// A path as a JSON pointer.
pub fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Puts the ARNs of a harness in their places.
pub fn with_arns(harness: &Harness<'_>, value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('@').and_then(|named| named.split_once('/')) {
            Some(("routing-profile", name)) => harness.routing_profile(name).into(),
            Some(("security-profile", name)) => harness.security_profile(name).into(),
            Some(("hierarchy-group", path)) => harness.hierarchy_group(&format!("/{path}")).into(),
            _ => value.clone(),
        },
        Value::Array(elements) => elements.iter().map(|element| with_arns(harness, element)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), with_arns(harness, member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        value => value.clone(),
    }
}

/// `value` at `path`.
fn at(path: &str, value: &Value) -> Value {
    path.rsplit('.').fold(value.clone(), |inner, name| json!({ name: inner }))
}

impl FieldCase {
    /// A field that Connect can change, separately from others.
    fn managed(path: &'static str, set: Value, changed: Value, drift: Drift) -> Self {
        Self {
            path,
            unset: json!({}),
            set: at(path, &set),
            changed: Some(at(path, &changed)),
            cleared: None,
            drift: Some(drift),
            shown: true,
        }
    }

    /// A field of the operator's own, or one that Connect takes only at creation.
    fn ours(path: &'static str, set: Value, changed: impl Into<Option<Value>>) -> Self {
        Self {
            path,
            unset: json!({}),
            set: at(path, &set),
            changed: changed.into().map(|value| at(path, &value)),
            cleared: None,
            drift: None,
            shown: false,
        }
    }

    /// One by name, in place of the ARN. `status.observed` shows ARNs.
    fn named([arn, path]: [&'static str; 2], set: Value, changed: Value, drift: Drift) -> Self {
        Self { drift: Some(drift), ..Self::ours(path, set, changed) }.beside(json!({ arn: null }))
    }

    /// One that a manifest cannot do without.
    fn required(self) -> Self {
        Self { unset: merge(self.unset, at(self.path, &json!(null))), ..self }
    }

    fn cleared(self, value: Value) -> Self {
        let cleared = merge(self.set.clone(), at(self.path, &value));
        Self { cleared: Some(cleared), ..self }
    }

    /// With these members of the manifest wherever the field's own do not say otherwise.
    fn beside(self, other: Value) -> Self {
        let merged = |overlay: Value| merge(other.clone(), overlay);
        Self {
            unset: merged(self.unset),
            set: merged(self.set),
            changed: self.changed.map(merged),
            cleared: self.cleared.map(merged),
            ..self
        }
    }
}

fn merge(mut below: Value, above: Value) -> Value {
    match (&mut below, above) {
        (Value::Object(members), Value::Object(above)) => {
            for (name, member) in above {
                let merged = merge(members.remove(&name).unwrap_or(Value::Null), member);
                members.insert(name, merged);
            }
            below
        }
        (_, above) => above,
    }
}

fn identity(harness: &Harness<'_>, user: User, change: impl FnOnce(&mut IdentityInfo)) -> Call {
    let mut identity_info = user.identity_info;
    change(&mut identity_info);
    UpdateUserIdentityInfo { instance: harness.instance(), user: user.id, identity_info }.into()
}

fn phone(harness: &Harness<'_>, user: User, change: impl FnOnce(&mut PhoneConfig)) -> Call {
    let mut phone_config = user.phone_config.unwrap_or_default();
    change(&mut phone_config);
    UpdateUserPhoneConfig { instance: harness.instance(), user: user.id, phone_config }.into()
}

fn skill(value: &str, level: u8) -> Value {
    json!({ "attributeName": "Language", "attributeValue": value, "level": level })
}

/// All cases.
pub fn cases() -> Vec<FieldCase> {
    [creation(), identity_info(), phone_config(), channels(), profiles(), policies()].into_iter().flatten().collect()
}

fn creation() -> Vec<FieldCase> {
    let another = "arn:aws:connect:us-west-2:123456789012:instance/99999999-aaaa-4bbb-8ccc-000000000009";
    vec![
        FieldCase { set: json!({}), ..FieldCase::ours("instanceArn", json!(null), json!(another)).required() },
        FieldCase { set: json!({}), ..FieldCase::ours("username", json!(null), json!("another")).required() },
        FieldCase::ours("directoryUserId", json!("d-1"), json!("d-2")),
        FieldCase {
            unset: json!({ "passwordSecretRef": null }),
            ..FieldCase::ours("passwordSecretRef.name", json!("initial"), json!("other"))
        },
        FieldCase {
            unset: json!({ "passwordSecretRef": null }),
            ..FieldCase::ours("passwordSecretRef.key", json!("password"), json!("other"))
                .beside(json!({ "passwordSecretRef": { "name": "initial" } }))
        },
        FieldCase {
            unset: json!({}),
            ..FieldCase::ours("generatePassword", json!(true), json!(false)).beside(json!({ "passwordSecretRef": null }))
        },
        FieldCase::ours("region", json!("us-west-2"), json!("eu-central-1")),
    ]
}

fn identity_info() -> Vec<FieldCase> {
    let names = json!({ "identityInfo": { "firstName": "Given", "lastName": "Family" } });
    let without = |name: &str| {
        let mut names = names.clone();
        names["identityInfo"].as_object_mut().unwrap().remove(name);
        names
    };
    let case = |path: &'static str, set: &str, changed: &str, drift: Drift| {
        FieldCase::managed(path, json!(set), json!(changed), drift).cleared(json!(""))
    };
    let first = case("identityInfo.firstName", "Jane", "Joan", |s, u| identity(s, u, |i| i.first_name = Some("Meddled".into())));
    let last = case("identityInfo.lastName", "Doe", "Roe", |s, u| identity(s, u, |i| i.last_name = Some("Meddled".into())));
    let rest = [
        case("identityInfo.email", "jane@example.com", "joan@example.com", |s, u| identity(s, u, |i| i.email = None)),
        case("identityInfo.secondaryEmail", "jane@example.org", "joan@example.org", |s, u| {
            identity(s, u, |i| i.secondary_email = Some("meddled@example.net".into()))
        }),
        case("identityInfo.mobile", "+12065550100", "+12065550101", |s, u| {
            identity(s, u, |i| i.mobile = Some("+12065550109".into()))
        }),
    ];
    let named = [first.beside(without("firstName")), last.beside(without("lastName"))];
    named.into_iter().chain(rest.map(|case| case.beside(names.clone()))).collect()
}

fn phone_config() -> Vec<FieldCase> {
    let desk = |number: &str| json!({ "phoneConfig": { "phoneType": "DESK_PHONE", "deskPhoneNumber": number } });
    vec![
        FieldCase {
            changed: Some(desk("+12065550100")),
            ..FieldCase::managed("phoneConfig.phoneType", json!("SOFT_PHONE"), json!(null), |s, u| {
                phone(s, u, |p| (p.phone_type, p.desk_phone_number) = (PhoneType::DeskPhone, Some("+12065550109".into())))
            })
        },
        FieldCase::managed("phoneConfig.autoAccept", json!(true), json!(false), |s, u| phone(s, u, |p| p.auto_accept = false)),
        FieldCase::managed("phoneConfig.afterContactWorkTimeLimit", json!(30), json!(0), |s, u| {
            phone(s, u, |p| p.after_contact_work_time_limit = 7)
        }),
        FieldCase {
            set: desk("+12065550100"),
            changed: Some(desk("+12065550101")),
            ..FieldCase::managed("phoneConfig.deskPhoneNumber", json!(null), json!(null), |s, u| {
                phone(s, u, |p| p.desk_phone_number = Some("+12065550109".into()))
            })
        },
        FieldCase::managed("phoneConfig.persistentConnection", json!(true), json!(false), |s, u| {
            phone(s, u, |p| p.persistent_connection = Some(false))
        }),
    ]
}

fn by_channel(harness: &Harness<'_>, user: User, change: impl FnOnce(&mut ChannelConfigs)) -> Call {
    let mut channel_configs = user.channel_configs;
    change(&mut channel_configs);
    UpdateUserConfig { instance: harness.instance(), user: user.id, channel_configs }.into()
}

fn channels() -> Vec<FieldCase> {
    let accept = |channel: &str, accept: bool| json!({ "channel": channel, "autoAccept": accept });
    let work = |channel: &str, seconds: u32| json!({ "channel": channel, "afterContactWorkConfig": { "afterContactWorkTimeLimit": seconds } });
    let desk = |number: &str| json!([{ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": number }]);
    let persistent = |persistent: bool| json!([{ "channel": "VOICE", "persistentConnection": persistent }]);
    let enhanced = |mode: &str| json!([{ "channel": "VOICE", "voiceEnhancementMode": mode }]);
    let cases = [
        FieldCase::managed(
            "autoAcceptConfigs",
            json!([accept("VOICE", true)]),
            json!([accept("VOICE", false), accept("CHAT", true)]),
            |s, u| by_channel(s, u, |c| c.auto_accept.iter_mut().flatten().for_each(|c| c.auto_accept = !c.auto_accept)),
        ),
        FieldCase::managed(
            "afterContactWorkConfigs",
            json!([work("VOICE", 30)]),
            json!([work("VOICE", 0), work("EMAIL", 60)]),
            |s, u| {
                by_channel(s, u, |c| c.after_contact_work.iter_mut().flatten().for_each(|c| c.after_contact_work_time_limit = 7))
            },
        ),
        FieldCase::managed("phoneNumberConfigs", desk("+12065550100"), desk("+12065550101"), |s, u| {
            by_channel(s, u, |c| {
                c.phone_number.iter_mut().flatten().for_each(|c| (c.phone_type, c.phone_number) = (PhoneType::SoftPhone, None));
            })
        }),
        FieldCase::managed("persistentConnectionConfigs", persistent(true), persistent(false), |s, u| {
            by_channel(s, u, |c| c.persistent_connection.iter_mut().flatten().for_each(|c| c.persistent_connection = false))
        }),
        FieldCase::managed("voiceEnhancementConfigs", enhanced("VOICE_ISOLATION"), enhanced("NOISE_SUPPRESSION"), |s, u| {
            by_channel(s, u, |c| {
                c.voice_enhancement.iter_mut().flatten().for_each(|c| c.voice_enhancement_mode = VoiceEnhancementMode::None);
            })
        }),
    ];
    cases.map(|case| case.cleared(json!([]))).into()
}

fn to_sales(harness: &Harness<'_>, user: User) -> Call {
    let routing_profile_id = harness.sim.routing_profile_id(&harness.instance(), "Sales").unwrap();
    UpdateUserRoutingProfile { instance: harness.instance(), user: user.id, routing_profile_id }.into()
}

fn to_admin(harness: &Harness<'_>, user: User) -> Call {
    let security_profile_ids = [harness.sim.security_profile_id(&harness.instance(), "Admin").unwrap()].into();
    UpdateUserSecurityProfiles { instance: harness.instance(), user: user.id, security_profile_ids }.into()
}

fn to_no_group(harness: &Harness<'_>, user: User) -> Call {
    UpdateUserHierarchy { instance: harness.instance(), user: user.id, hierarchy_group_id: None }.into()
}

fn another_skill(harness: &Harness<'_>, user: User) -> Call {
    let key = ProficiencyKey { attribute_name: "Language".into(), attribute_value: "German".into() };
    let proficiencies = vec![Proficiency { key, level: 1.0 }];
    AssociateUserProficiencies { instance: harness.instance(), user: user.id, proficiencies }.into()
}

fn another_tag(_: &Harness<'_>, user: User) -> Call {
    TagResource { arn: user.arn, tags: [("team".to_owned(), "meddled".to_owned())].into() }.into()
}

fn profiles() -> Vec<FieldCase> {
    let (basic, sales) = ("Basic Routing Profile", "Sales");
    let arn = |kind: &str, name: &str| json!(format!("@{kind}/{name}"));
    let routing = ["routingProfileArn", "routingProfileName"];
    let security = ["securityProfileArns", "securityProfileNames"];
    let group = ["hierarchyGroupArn", "hierarchyGroupPath"];
    let (agent, admin) = (arn("security-profile", "Agent"), arn("security-profile", "Admin"));
    let (hamburg, munich) = (arn("hierarchy-group", "North/Hamburg"), arn("hierarchy-group", "South/Munich"));
    vec![
        FieldCase::managed(routing[0], arn("routing-profile", basic), arn("routing-profile", sales), to_sales).required(),
        FieldCase::named(routing, json!(basic), json!(sales), to_sales).required(),
        FieldCase::managed(security[0], json!([agent]), json!([admin, agent]), to_admin).required().cleared(json!([])),
        FieldCase::named(security, json!(["Agent"]), json!(["Admin", "Agent"]), to_admin).required().cleared(json!([])),
        FieldCase::managed(group[0], hamburg, munich, to_no_group).cleared(json!("")),
        FieldCase::named(group, json!("/North/Hamburg"), json!("/South/Munich"), to_no_group).cleared(json!("")),
        FieldCase::managed(
            "userProficiencies",
            json!([skill("Danish", 3)]),
            json!([skill("Danish", 4), skill("French", 2)]),
            another_skill,
        )
        .cleared(json!([])),
        FieldCase::managed("tags", json!({ "team": "blue" }), json!({ "team": "red", "desk": "12" }), another_tag)
            .cleared(json!({})),
    ]
}

fn policies() -> Vec<FieldCase> {
    vec![
        FieldCase::ours("adoptionPolicy", json!("Never"), json!("AdoptOrCreate")),
        FieldCase::ours("deletionPolicy", json!("Delete"), json!("Retain")),
        FieldCase::ours("managementPolicy", json!("Full"), json!("Observe")),
        FieldCase::ours("ignoreDrift", json!(["tags"]), json!(["tags", "routingProfileArn"])).cleared(json!([])),
        FieldCase::ours("driftInterval", json!("1h"), json!("2h")),
    ]
}
