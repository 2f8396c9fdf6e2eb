//! The requirements of the identity type, and UpdateUserIdentityInfo.

use connect_api::{CreateUser, IdentityInfo, IdentityManagementType as Type, Password, UpdateUserIdentityInfo};
use connect_sim::{Config, EmailRule, IdentityUpdate, Rules, Sim};

use crate::support::*;

const OK: Option<&str> = None;
const REQUEST: Option<&str> = Some("InvalidRequestException");
const PARAMETER: Option<&str> = Some("InvalidParameterException");

/// Creates a user with a change to the least that the instance requires, and checks whether it is refused with this code.
fn assert_created(what: &str, config: Config, change: impl FnOnce(&mut CreateUser), refused_with: Option<&str>) {
    let sim = Sim::new(config).unwrap();
    let mut new = sim.new_user(&instance(), "jane");
    change(&mut new);
    let error = call(&sim, new).err();
    assert_eq!(error.as_ref().and_then(|e| e.code.as_deref()), refused_with, "{what}");
    assert_eq!(error.as_ref().and_then(|e| e.status), refused_with.map(|_| 400), "{what}");
    assert_eq!(sim.users(&instance()).len(), usize::from(error.is_none()), "{what}");
}

fn info(new: &mut CreateUser) -> &mut IdentityInfo {
    new.identity_info.get_or_insert_default()
}

fn long(length: usize) -> Option<String> {
    Some("x".repeat(length))
}

#[test]
fn a_managed_instance_requires_password_and_names() {
    let config = || config_of(Type::ConnectManaged);
    assert_created("the least", config(), |_| {}, OK);
    assert_created("no password", config(), |new| new.password = None, REQUEST);
    assert_created("no identity", config(), |new| new.identity_info = None, REQUEST);
    assert_created("no first name", config(), |new| info(new).first_name = None, REQUEST);
    assert_created("an empty last name", config(), |new| info(new).last_name = long(0), PARAMETER);
    assert_created("a long last name", config(), |new| info(new).last_name = long(256), OK);
    assert_created("a longer last name", config(), |new| info(new).last_name = long(257), PARAMETER);
    assert_created("a directory id", config(), |new| new.directory_user_id = Some("d".into()), OK);
}

#[test]
fn a_saml_instance_requires_names_and_no_password() {
    let config = || config_of(Type::Saml);
    assert_created("the least", config(), |_| {}, OK);
    assert_created("a password", config(), |new| new.password = Some(Password::new("Passw0rd")), REQUEST);
    assert_created("a directory id", config(), |new| new.directory_user_id = Some("d".into()), REQUEST);
    assert_created("a long last name", config(), |new| info(new).last_name = long(300), OK);
    assert_created("a long username", config(), |new| new.username = "u".repeat(64), OK);
    assert_created("a longer username", config(), |new| new.username = "u".repeat(65), PARAMETER);
}

#[test]
fn a_directory_instance_takes_names_from_the_directory() {
    let config = |reachable| {
        let mut config = config_of(Type::ExistingDirectory);
        config.instances[0].directory_reachable = reachable;
        config
    };
    assert_created("the least", config(true), |_| {}, OK);
    assert_created("names", config(true), |new| new.identity_info = Some(names()), REQUEST);
    assert_created("a password", config(true), |new| new.password = Some(Password::new("Passw0rd")), REQUEST);
    assert_created("no directory id", config(false), |_| {}, REQUEST);
    assert_created("a directory id", config(false), |new| new.directory_user_id = Some("d".into()), OK);
}

#[test]
fn usernames_are_checked_as_by_aws() {
    let check = |config, name: &str, code| assert_created(name, config, |new| new.username = name.into(), code);
    for good in ["a", "jane.doe", "jane_doe-1", "jane@example.com", &"u".repeat(43)] {
        check(config(), good, OK);
    }
    for bad in ["", "jane doe", "jané", "a/b", &"u".repeat(101)] {
        check(config(), bad, PARAMETER);
    }
    for (email_usernames, code) in [(true, PARAMETER), (false, OK)] {
        let mut config = config();
        config.rules.email_usernames = email_usernames;
        check(config, "a@b", code);
    }
    let mut strict = config();
    strict.rules.short_usernames = true;
    for (name, code) in [("a@b.com", OK), (&"a".repeat(20), OK), (&"a".repeat(21), PARAMETER)] {
        check(strict.clone(), name, code);
    }
}

#[test]
fn the_documented_email_rule_can_be_switched_on() {
    let email = |new: &mut CreateUser| info(new).email = Some("j@example.com".into());
    assert_created("lenient", config_of(Type::Saml), email, OK);
    let documented = |identity| {
        let mut config = config_of(identity);
        config.rules.email = EmailRule::Documented;
        config
    };
    assert_created("managed without", documented(Type::ConnectManaged), |_| {}, REQUEST);
    assert_created("managed with", documented(Type::ConnectManaged), email, OK);
    assert_created("SAML with", documented(Type::Saml), email, REQUEST);
    assert_created("SAML without", documented(Type::Saml), |_| {}, OK);
}

#[test]
fn members_are_checked_individually() {
    let check = |value: &str, of: fn(&mut IdentityInfo) -> &mut Option<String>, code| {
        assert_created(value, config(), |new| *of(info(new)) = Some(value.to_owned()), code);
    };
    check("+12065550100", |i| &mut i.mobile, OK);
    check("2065550100", |i| &mut i.mobile, PARAMETER);
    check("+0206", |i| &mut i.mobile, PARAMETER);
    check("a.b@c.co", |i| &mut i.secondary_email, OK);
    check("a@b", |i| &mut i.secondary_email, PARAMETER);
    check(&format!("{}@example.com", "a".repeat(254)), |i| &mut i.secondary_email, PARAMETER);
    check("Jos\u{e9}", |i| &mut i.first_name, OK);
    check("Jose\u{301}", |i| &mut i.first_name, PARAMETER);
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
    assert_eq!(after(config(), empty.clone()), Err(invalid_parameter()));
    let mut lenient = config();
    lenient.rules.empty_string_clears = true;
    assert_eq!(after(lenient, empty), Ok(IdentityInfo { mobile: None, ..full() }));
    let empty = Some(String::new());
    for info in [IdentityInfo { email: empty.clone(), ..full() }, IdentityInfo { secondary_email: empty.clone(), ..full() }] {
        assert_eq!(after(config(), info), Err(invalid_parameter()));
    }
}

#[test]
fn values_are_kept_trimmed_and_in_lower_case_or_as_given() {
    let given = IdentityInfo {
        first_name: Some(" Jane ".into()),
        email: Some("Jane@Example.com".into()),
        secondary_email: Some("J.Doe@example.org".into()),
        ..full()
    };
    let kept = IdentityInfo {
        first_name: Some("Jane".into()),
        email: Some("jane@example.com".into()),
        secondary_email: Some("j.doe@example.org".into()),
        ..full()
    };
    assert_eq!(after(config(), given.clone()), Ok(kept));
    let lenient = Config { rules: Rules { identity_update: IdentityUpdate::Replace, ..Rules::lenient() }, ..config() };
    assert_eq!(after(lenient, given.clone()), Ok(given));
    let blank = IdentityInfo { first_name: Some(" ".into()), ..full() };
    assert_eq!(after(config(), blank), Err(invalid_parameter()));
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
