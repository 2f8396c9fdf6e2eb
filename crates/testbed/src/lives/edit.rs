//! Edits of a spec: each sets one part of it, in the manner of a person who edits a manifest.

use std::collections::BTreeMap;

use connect_api::InstanceId;
use connect_operator::api::{
    AdoptionPolicy, AfterContactWorkConfig, AfterContactWorkConfigPerChannel, AutoAcceptConfig, Channel, ConnectUserSpec,
    DeletionPolicy, IdentityInfo, IgnoredField, ManagementPolicy, PasswordSecretRef, PhoneConfig, PhoneType, UserProficiency,
};
use connect_sim::Sim;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::world::specs::SECRET;

/// An edit of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The routing profile: 0 Basic, 1 Voice; by name from 2 on.
    Routing(u8),
    /// The security profiles: 0 Agent, 1 Lead, 2 both.
    Security(u8),
    /// The hierarchy group: 0 not managed, 1 none, 2 North, 3 South; by path: 4 North, 5 South.
    Group(u8),
    /// The last name: three, then one with a space before it.
    LastName(u8),
    /// The e-mail address: 0 not managed, then two addresses, then one with capitals.
    Email(u8),
    /// The mobile number: 0 not managed, 1 a number, 2 cleared.
    Mobile(u8),
    /// The phone: 0 not managed, 1 and 2 after-contact work, 3 a desk phone, 4 a soft phone, 5 auto-accept, 6 a soft phone with a
    /// number, 7 after-contact work longer than CHAT allows.
    Phone(u8),
    /// The lists by channel: 0 none, 1 and 3 CHAT's after-contact work, 2 TASK's auto-accept.
    Channels(u8),
    /// The proficiencies: 0 not managed, 1 cleared, 2 Spanish 3, 3 Spanish 4 and French 2.
    Proficiencies(u8),
    /// The tags: 0 not managed, 1 and 2 two each, 3 and 4 thirty each.
    Tags(u8),
    /// The password: 0 none, 1 the Secret, 2 generated.
    Password(u8),
    /// Fields whose drift is ignored: 0 none, then the routing profile by name, the last name, the proficiencies, the routing profile by
    /// ARN.
    Ignore(u8),
    /// The adoption policy.
    Adoption(u8),
    /// The deletion policy: 0 none.
    Deletion(u8),
    /// The management policy.
    Management(u8),
}

type Kind = (fn(u8) -> Edit, u8);

/// The kinds of edits, with the number of their values.
const KINDS: &[Kind] = &[
    (Edit::Routing, 4),
    (Edit::Security, 3),
    (Edit::Group, 6),
    (Edit::LastName, 4),
    (Edit::Email, 4),
    (Edit::Mobile, 3),
    (Edit::Phone, 8),
    (Edit::Channels, 4),
    (Edit::Proficiencies, 4),
    (Edit::Tags, 5),
    (Edit::Password, 3),
    (Edit::Ignore, 5),
    (Edit::Adoption, 3),
    (Edit::Deletion, 3),
    (Edit::Management, 2),
];

impl Edit {
    /// Picks an edit.
    pub fn random(rng: &mut StdRng) -> Self {
        let (kind, values) = KINDS.choose(rng).expect("a kind");
        kind(rng.random_range(0..*values))
    }

    /// Picks two different edits of the same part.
    pub fn pair(rng: &mut StdRng) -> [Self; 2] {
        let (kind, values) = KINDS.choose(rng).expect("a kind");
        let one = rng.random_range(0..*values);
        [kind(one), kind((one + rng.random_range(1..*values)) % values)]
    }

    /// Makes the edit.
    pub fn make(self, spec: &mut ConnectUserSpec, sim: &Sim, instance: &InstanceId) {
        let arn = |name: &str| sim.security_profile_arn(instance, name).unwrap_or_default();
        match self {
            Self::Routing(n) => {
                let name = ["Basic", "Voice"][usize::from(n % 2)];
                // A profile that was renamed has no ARN that people could look up by this name.
                spec.routing_profile_arn = sim.routing_profile_arn(instance, name).filter(|_| n < 2);
                spec.routing_profile_name = spec.routing_profile_arn.is_none().then(|| name.to_owned());
            }
            Self::Security(n) => {
                let names: &[&str] = [&["Agent"][..], &["Lead"], &["Agent", "Lead"]][usize::from(n)];
                spec.security_profile_arns = Some(names.iter().map(|name| arn(name)).collect());
            }
            Self::Group(n) => {
                let path = ["/North", "/South"][usize::from(n % 2)];
                spec.hierarchy_group_arn = match n {
                    0 => None,
                    1 => Some(String::new()),
                    // A group that was renamed has no ARN that people could look up by this path.
                    _ => sim.hierarchy_group_arn(instance, path).filter(|_| n < 4),
                };
                spec.hierarchy_group_path = (n > 1 && spec.hierarchy_group_arn.is_none()).then(|| path.to_owned());
            }
            Self::LastName(n) => identity(spec).last_name = Some(["Doe", "Roe", "Poe", " Poe"][usize::from(n)].to_owned()),
            Self::Email(n) => {
                let addresses = [None, Some("jane@example.com"), Some("j.doe@example.com"), Some("Jane@Example.com")];
                identity(spec).email = addresses[usize::from(n)].map(str::to_owned);
            }
            Self::Mobile(n) => identity(spec).mobile = (n > 0).then(|| ["+12065550100", ""][usize::from(n - 1)].to_owned()),
            Self::Phone(n) => {
                spec.phone_config = match n {
                    0 => None,
                    1 | 2 => {
                        Some(PhoneConfig { after_contact_work_time_limit: Some(30 * i32::from(n)), ..PhoneConfig::default() })
                    }
                    3 => Some(PhoneConfig {
                        phone_type: Some(PhoneType::DeskPhone),
                        desk_phone_number: Some("+12065550111".into()),
                        ..PhoneConfig::default()
                    }),
                    6 => Some(PhoneConfig {
                        phone_type: Some(PhoneType::SoftPhone),
                        desk_phone_number: Some("+12065550112".into()),
                        ..PhoneConfig::default()
                    }),
                    4 => Some(PhoneConfig { phone_type: Some(PhoneType::SoftPhone), ..PhoneConfig::default() }),
                    7 => Some(PhoneConfig { after_contact_work_time_limit: Some(6_000), ..PhoneConfig::default() }),
                    _ => Some(PhoneConfig { auto_accept: Some(true), ..PhoneConfig::default() }),
                };
                // Each setting has one owner, its member or its list: a rule of the CRD.
                let phone = spec.phone_config.clone().unwrap_or_default();
                if phone.after_contact_work_time_limit.is_some() {
                    spec.after_contact_work_configs = None;
                }
                if phone.auto_accept.is_some() {
                    spec.auto_accept_configs = None;
                }
            }
            Self::Channels(n) => {
                let work = AfterContactWorkConfigPerChannel {
                    channel: Channel::Chat,
                    after_contact_work_config: AfterContactWorkConfig {
                        after_contact_work_time_limit: if n == 3 { 6_000 } else { 60 },
                    },
                    agent_first_callback_after_contact_work_config: None,
                };
                let accept =
                    AutoAcceptConfig { channel: Channel::Task, auto_accept: true, agent_first_callback_auto_accept: None };
                spec.after_contact_work_configs = matches!(n, 1 | 3).then(|| vec![work]);
                spec.auto_accept_configs = (n == 2).then(|| vec![accept]);
                if let Some(phone) = &mut spec.phone_config {
                    phone.after_contact_work_time_limit.take_if(|_| matches!(n, 1 | 3));
                    phone.auto_accept.take_if(|_| n == 2);
                }
            }
            Self::Proficiencies(n) => {
                let level = |value: &str, level| UserProficiency {
                    attribute_name: "Language".into(),
                    attribute_value: value.into(),
                    level,
                };
                spec.user_proficiencies = match n {
                    0 => None,
                    1 => Some(vec![]),
                    2 => Some(vec![level("Spanish", 3)]),
                    _ => Some(vec![level("Spanish", 4), level("French", 2)]),
                };
            }
            Self::Tags(n) => {
                let some = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
                let thirty = |prefix: &str| (0..30).map(|i| (format!("{prefix}-{i}"), String::new())).collect();
                spec.tags = match n {
                    0 => None,
                    1 => Some(some(&[("team", "north"), ("shift", "early")])),
                    2 => Some(some(&[("team", "south"), ("desk", "12")])),
                    n => Some::<BTreeMap<_, _>>(thirty(["old", "new"][usize::from(n - 3)])),
                };
            }
            Self::Password(n) => {
                spec.password_secret_ref = (n == 1).then(|| PasswordSecretRef { name: SECRET.into(), key: "password".into() });
                spec.generate_password = (n == 2).then_some(true);
            }
            Self::Ignore(n) => {
                let fields = [
                    None,
                    Some(IgnoredField::RoutingProfileName),
                    Some(IgnoredField::LastName),
                    Some(IgnoredField::UserProficiencies),
                    Some(IgnoredField::RoutingProfileArn),
                ];
                spec.ignore_drift = fields[usize::from(n)].map(|field| vec![field]);
            }
            Self::Adoption(n) => {
                spec.adoption_policy =
                    [AdoptionPolicy::Never, AdoptionPolicy::AdoptOrCreate, AdoptionPolicy::Adopt][usize::from(n)];
            }
            Self::Deletion(n) => {
                spec.deletion_policy = [None, Some(DeletionPolicy::Delete), Some(DeletionPolicy::Retain)][usize::from(n)];
            }
            Self::Management(n) => spec.management_policy = [ManagementPolicy::Full, ManagementPolicy::Observe][usize::from(n)],
        }
    }
}

fn identity(spec: &mut ConnectUserSpec) -> &mut IdentityInfo {
    spec.identity_info.get_or_insert_default()
}

/// Returns the manifest that people start from: what CreateUser requires, and a password.
pub fn base(sim: &Sim, instance: &InstanceId, username: &str) -> ConnectUserSpec {
    let mut spec = crate::world::specs::first(sim);
    spec.username = username.to_owned();
    spec.phone_config = None;
    spec.hierarchy_group_arn = None;
    spec.user_proficiencies = None;
    spec.tags = None;
    spec.identity_info =
        Some(IdentityInfo { first_name: Some("Jane".into()), last_name: Some("Doe".into()), ..IdentityInfo::default() });
    Edit::Password(1).make(&mut spec, sim, instance);
    spec
}
