//! The requirements of the identity type, and UpdateUserIdentityInfo.

use connect_api::{CreateUser, IdentityInfo, IdentityManagementType as Type, Password, UpdateUserIdentityInfo};
use connect_sim::{Config, EmailRule, IdentityUpdate, Sim};

use crate::support::*;

/// Creates a user with a change to the minimal request. Returns status and code of the error, or None for a success.
fn outcome(config: Config, change: impl FnOnce(CreateUser) -> CreateUser) -> Option<(u16, String)> {
    let sim = Sim::new(config).unwrap();
    let new = change(new_user(&sim, "jane"));
    let result = call(&sim, new);
    let created = usize::from(result.is_ok());
    assert_eq!(sim.users(&instance()).len(), created);
    result.err().map(|e| (e.status.unwrap(), e.code.unwrap()))
}

fn named(new: CreateUser, change: impl FnOnce(&mut IdentityInfo)) -> CreateUser {
    let mut info = new.identity_info.clone().unwrap_or_default();
    change(&mut info);
    CreateUser { identity_info: Some(info), ..new }
}

fn no_password(new: CreateUser) -> CreateUser {
    CreateUser { password: None, ..new }
}

#[test]
fn a_managed_instance_requires_password_and_names() {
    let config = || config_of(Type::ConnectManaged);
    assert_eq!(outcome(config(), |new| new), None);
    assert_eq!(outcome(config(), no_password), Some(invalid_request()));
    assert_eq!(outcome(config(), |new| CreateUser { identity_info: None, ..new }), Some(invalid_request()));
    assert_eq!(outcome(config(), |new| named(new, |i| i.first_name = None)), Some(invalid_request()));
    assert_eq!(outcome(config(), |new| named(new, |i| i.last_name = Some(String::new()))), Some(invalid_parameter()));
    assert_eq!(outcome(config(), |new| named(new, |i| i.last_name = Some("x".repeat(256)))), None);
    assert_eq!(outcome(config(), |new| named(new, |i| i.last_name = Some("x".repeat(257)))), Some(invalid_parameter()));
    assert_eq!(outcome(config(), |new| CreateUser { directory_user_id: Some("d".into()), ..new }), None);
}

#[test]
fn a_saml_instance_requires_names_and_no_password() {
    let config = || config_of(Type::Saml);
    assert_eq!(outcome(config(), no_password), None);
    assert_eq!(outcome(config(), |new| new), Some(invalid_request()));
    let with_directory = |new| CreateUser { directory_user_id: Some("d".into()), ..no_password(new) };
    assert_eq!(outcome(config(), with_directory), Some(invalid_request()));
    assert_eq!(outcome(config(), |new| named(no_password(new), |i| i.last_name = Some("x".repeat(300)))), None);
    let long = |n: usize| move |new| CreateUser { username: "u".repeat(n), ..no_password(new) };
    assert_eq!(outcome(config(), long(64)), None);
    assert_eq!(outcome(config(), long(65)), Some(invalid_parameter()));
}

#[test]
fn a_directory_instance_takes_names_from_the_directory() {
    let config = |reachable| {
        let mut config = config_of(Type::ExistingDirectory);
        config.instances[0].directory_reachable = reachable;
        config
    };
    let bare = |new| CreateUser { identity_info: None, ..no_password(new) };
    assert_eq!(outcome(config(true), bare), None);
    assert_eq!(outcome(config(true), no_password), Some(invalid_request()), "names are refused");
    assert_eq!(
        outcome(config(true), |new| CreateUser { password: Some(Password::new("Passw0rd")), ..bare(new) }),
        Some(invalid_request())
    );
    assert_eq!(outcome(config(false), bare), Some(invalid_request()));
    assert_eq!(outcome(config(false), |new| CreateUser { directory_user_id: Some("d".into()), ..bare(new) }), None);
}

#[test]
fn usernames_are_checked_as_by_aws() {
    let username = |name: &str| {
        let name = name.to_owned();
        move |new| CreateUser { username: name, ..new }
    };
    for good in ["a", "jane.doe", "jane_doe-1", "a@b", "jane@example.com", &"u".repeat(43)] {
        assert_eq!(outcome(config(), username(good)), None, "{good}");
    }
    for bad in ["", "jane doe", "jané", "a/b", &"u".repeat(101)] {
        assert_eq!(outcome(config(), username(bad)), Some(invalid_parameter()), "{bad}");
    }
    let mut strict = config();
    strict.rules.short_usernames = true;
    strict.rules.email_usernames = true;
    for (name, good) in [("a@b", false), ("a@b.com", true), ("aaaaaaaaaaaaaaaaaaaa", true), ("aaaaaaaaaaaaaaaaaaaaa", false)] {
        assert_eq!(outcome(strict.clone(), username(name)).is_none(), good, "{name}");
    }
}

#[test]
fn the_documented_email_rule_can_be_switched_on() {
    let email = |new| named(new, |i| i.email = Some("j@example.com".into()));
    assert_eq!(outcome(config_of(Type::Saml), |new| email(no_password(new))), None);
    let documented = |identity| {
        let mut config = config_of(identity);
        config.rules.email = EmailRule::Documented;
        config
    };
    assert_eq!(outcome(documented(Type::ConnectManaged), |new| new), Some(invalid_request()));
    assert_eq!(outcome(documented(Type::ConnectManaged), email), None);
    assert_eq!(outcome(documented(Type::Saml), |new| email(no_password(new))), Some(invalid_request()));
    assert_eq!(outcome(documented(Type::Saml), no_password), None);
}

#[test]
fn members_are_checked_individually() {
    let with = |change: fn(&mut IdentityInfo)| outcome(config(), |new| named(new, change));
    assert_eq!(with(|i| i.mobile = Some("+12065550100".into())), None);
    assert_eq!(with(|i| i.mobile = Some("2065550100".into())), Some(invalid_parameter()));
    assert_eq!(with(|i| i.mobile = Some("+0206".into())), Some(invalid_parameter()));
    assert_eq!(with(|i| i.secondary_email = Some("a.b@c.co".into())), None);
    assert_eq!(with(|i| i.secondary_email = Some("a@b".into())), Some(invalid_parameter()));
    assert_eq!(with(|i| i.secondary_email = Some(format!("{}@example.com", "a".repeat(254)))), Some(invalid_parameter()));
    assert_eq!(with(|i| i.first_name = Some("Jos\u{e9}".into())), None);
    assert_eq!(with(|i| i.first_name = Some("Jose\u{301}".into())), Some(invalid_parameter()), "not in NFC");
}

fn full() -> IdentityInfo {
    IdentityInfo {
        email: Some("jane@example.com".into()),
        secondary_email: Some("jane@example.org".into()),
        mobile: Some("+12065550100".into()),
        ..names()
    }
}

/// Returns the identity after this update of a complete one.
fn after(config: Config, update: IdentityInfo) -> Result<IdentityInfo, (u16, String)> {
    let sim = Sim::new(config).unwrap();
    let user = call(&sim, CreateUser { identity_info: Some(full()), ..new_user(&sim, "jane") }).unwrap().id;
    let request = UpdateUserIdentityInfo { instance: instance(), user: user.clone(), identity_info: update };
    call(&sim, request).map_err(|e| (e.status.unwrap(), e.code.unwrap()))?;
    Ok(describe(&sim, &user).unwrap().identity_info)
}

#[test]
fn members_omitted_by_an_update_are_cleared_or_kept() {
    assert_eq!(after(config(), names()), Ok(names()));
    assert_eq!(after(config(), IdentityInfo::default()), Err(invalid_request()), "the names are required");
    let mut merge = config();
    merge.rules.identity_update = IdentityUpdate::Merge;
    let new_mail = IdentityInfo { email: Some("new@example.com".into()), ..IdentityInfo::default() };
    assert_eq!(after(merge, new_mail.clone()), Ok(IdentityInfo { email: new_mail.email, ..full() }));
}

#[test]
fn an_empty_string_clears_or_is_refused() {
    let empty = IdentityInfo { mobile: Some(String::new()), ..full() };
    assert_eq!(after(config(), empty.clone()), Ok(IdentityInfo { mobile: None, ..full() }));
    let mut strict = config();
    strict.rules.empty_string_clears = false;
    assert_eq!(after(strict, empty), Err(invalid_parameter()));
}

#[test]
fn names_from_the_directory_cannot_be_updated() {
    let sim = Sim::new(config_of(Type::ExistingDirectory)).unwrap();
    let bare = CreateUser { identity_info: None, password: None, ..new_user(&sim, "jane") };
    let user = call(&sim, bare).unwrap().id;
    let update = |identity_info| call(&sim, UpdateUserIdentityInfo { instance: instance(), user: user.clone(), identity_info });
    assert_eq!(refusal(update(names())), invalid_request());
    let mobile = IdentityInfo { mobile: Some("+12065550100".into()), ..IdentityInfo::default() };
    let from_directory = describe(&sim, &user).unwrap().identity_info;
    assert!(from_directory.first_name.is_some() && from_directory.last_name.is_some() && from_directory.email.is_some());
    assert_eq!(refusal(update(IdentityInfo { mobile: mobile.mobile.clone(), ..from_directory.clone() })), invalid_request());
    update(mobile.clone()).unwrap();
    assert_eq!(describe(&sim, &user).unwrap().identity_info, IdentityInfo { mobile: mobile.mobile, ..from_directory });
}
