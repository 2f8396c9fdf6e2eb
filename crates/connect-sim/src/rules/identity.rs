//! The requirements of an instance's identity type on usernames and `UserIdentityInfo`.

use std::sync::LazyLock;

use connect_api::{CreateUser, IdentityInfo, IdentityManagementType};
use icu_normalizer::ComposingNormalizerBorrowed;
use regex::Regex;

use super::password;
use crate::{EmailRule, Rules, refusal::Refusal, state::Instance};

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern")
}

static USERNAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-zA-Z0-9_\-.\\@]+$"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,63}$"));
static E164: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\+[1-9]\d{1,14}$"));

/// Returns whether a telephone number is in E.164 format.
pub(super) fn is_e164(number: &str) -> bool {
    E164.is_match(number)
}

pub(super) fn check_username(rules: &Rules, identity: IdentityManagementType, username: &str) -> Result<(), Refusal> {
    let max = match identity {
        IdentityManagementType::Saml => 64,
        _ if rules.short_usernames => 20,
        _ => 100,
    };
    let length = username.chars().count();
    if !(1..=max).contains(&length) {
        return Err(Refusal::invalid_parameter(format!("Username must have 1 to {max} characters, but has {length}")));
    }
    if !USERNAME.is_match(username) {
        return Err(Refusal::invalid_parameter("Username must match [a-zA-Z0-9_-.\\@]+"));
    }
    if rules.email_usernames && username.contains('@') && !EMAIL.is_match(username) {
        return Err(Refusal::invalid_parameter("Username has an @ but is not an e-mail address"));
    }
    Ok(())
}

/// Checks the password, directory id and identity members of a new user.
pub(super) fn check_new(rules: &Rules, instance: &Instance, new: &CreateUser) -> Result<(), Refusal> {
    let identity = instance.identity_management_type;
    check_username(rules, identity, &new.username)?;
    match (identity, &new.password) {
        (IdentityManagementType::ConnectManaged, None) => {
            return Err(Refusal::invalid_request("Password is required for instances that manage their users"));
        }
        (IdentityManagementType::ConnectManaged, Some(password)) if !password::is_good(password.expose()) => {
            return Err(Refusal::invalid_parameter(
                "Password must have 8 to 64 characters, no spaces, and at least one lower-case letter, one upper-case letter \
                 and one digit",
            ));
        }
        (IdentityManagementType::Saml | IdentityManagementType::ExistingDirectory, Some(_)) => {
            return Err(Refusal::invalid_request(format!("Password must not be given for {}", identity.as_str())));
        }
        _ => {}
    }
    match (identity, &new.directory_user_id) {
        (IdentityManagementType::Saml, Some(_)) => {
            return Err(Refusal::invalid_request("DirectoryUserId must not be given for SAML"));
        }
        (IdentityManagementType::ExistingDirectory, None) if !instance.directory_reachable => {
            return Err(Refusal::invalid_request("DirectoryUserId is required, since the directory cannot be reached"));
        }
        _ => {}
    }
    check_info(rules, identity, new.identity_info.as_ref().unwrap_or(&IdentityInfo::default()))
}

/// Returns the identity to store. In a directory instance, names and e-mail address come from the directory.
pub(super) fn stored(rules: &Rules, identity: IdentityManagementType, username: &str, info: IdentityInfo) -> IdentityInfo {
    if identity != IdentityManagementType::ExistingDirectory {
        let kept = |email: String| if rules.lower_case_emails { email.to_lowercase() } else { email };
        return IdentityInfo { email: info.email.map(kept), secondary_email: info.secondary_email.map(kept), ..info };
    }
    IdentityInfo {
        first_name: Some(format!("{username}'s first name")),
        last_name: Some(format!("{username}'s last name")),
        email: Some(format!("{username}@directory.example.com")),
        ..info
    }
}

/// Returns the members that do not come from the directory.
pub(super) fn given(identity: IdentityManagementType, info: IdentityInfo) -> IdentityInfo {
    match identity {
        IdentityManagementType::Saml | IdentityManagementType::ConnectManaged => info,
        IdentityManagementType::ExistingDirectory => IdentityInfo { first_name: None, last_name: None, email: None, ..info },
    }
}

/// Checks the members of `UserIdentityInfo` after an update.
pub(super) fn check_info(rules: &Rules, identity: IdentityManagementType, info: &IdentityInfo) -> Result<(), Refusal> {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
    let lengths = match identity {
        IdentityManagementType::Saml => [255, 300],
        IdentityManagementType::ConnectManaged => [255, 256],
        IdentityManagementType::ExistingDirectory => {
            if first_name.is_some() || last_name.is_some() || email.is_some() {
                return Err(Refusal::invalid_request("FirstName, LastName and Email come from the directory"));
            }
            [0, 0]
        }
    };
    for (member, name, max) in [("FirstName", first_name, lengths[0]), ("LastName", last_name, lengths[1])] {
        check_name(identity, member, name.as_deref(), max)?;
    }
    check_email(rules, identity, email.as_deref())?;
    if secondary_email.as_ref().is_some_and(|mail| mail.chars().count() > 265 || !EMAIL.is_match(mail)) {
        return Err(Refusal::invalid_parameter("SecondaryEmail must be an e-mail address of at most 265 characters"));
    }
    if mobile.as_ref().is_some_and(|number| !is_e164(number)) {
        return Err(Refusal::invalid_parameter("Mobile must be in E.164 format, such as +12065550100"));
    }
    Ok(())
}

fn check_name(identity: IdentityManagementType, member: &str, name: Option<&str>, max: usize) -> Result<(), Refusal> {
    let Some(name) = name else {
        return match identity {
            IdentityManagementType::ExistingDirectory => Ok(()),
            _ => Err(Refusal::invalid_request(format!("{member} is required for {}", identity.as_str()))),
        };
    };
    let min = usize::from(identity == IdentityManagementType::ConnectManaged);
    let length = name.chars().count();
    if !(min..=max).contains(&length) {
        return Err(Refusal::invalid_parameter(format!("{member} must have {min} to {max} characters, but has {length}")));
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(name) {
        return Err(Refusal::invalid_parameter(format!("{member} must be in Unicode Normalization Form C (NFC)")));
    }
    Ok(())
}

fn check_email(rules: &Rules, identity: IdentityManagementType, email: Option<&str>) -> Result<(), Refusal> {
    if email == Some("") {
        return Err(Refusal::invalid_parameter("Email must not be empty"));
    }
    match (rules.email, identity, email) {
        (EmailRule::Documented, IdentityManagementType::Saml, Some(_)) => {
            Err(Refusal::invalid_request("Email must not be given for SAML"))
        }
        (EmailRule::Documented, IdentityManagementType::ConnectManaged, None) => {
            Err(Refusal::invalid_request("Email is required for CONNECT_MANAGED"))
        }
        _ => Ok(()),
    }
}

/// Returns the members as Connect takes them: without spaces around them and without empty ones, if the rules say so. Empty names stay.
pub(super) fn taken(rules: &Rules, info: IdentityInfo) -> IdentityInfo {
    let trimmed = |value: String| if rules.trimmed_values { value.trim().to_owned() } else { value };
    let name = |member: Option<String>| member.map(trimmed);
    let optional = |member: Option<String>| name(member).filter(|value| !(rules.empty_string_clears && value.is_empty()));
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
    IdentityInfo {
        first_name: name(first_name),
        last_name: name(last_name),
        email: optional(email),
        secondary_email: optional(secondary_email),
        mobile: optional(mobile),
    }
}

/// An update's members, and those that it leaves out as they were.
pub(super) fn merged(update: IdentityInfo, before: IdentityInfo) -> IdentityInfo {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = update;
    IdentityInfo {
        first_name: first_name.or(before.first_name),
        last_name: last_name.or(before.last_name),
        email: email.or(before.email),
        secondary_email: secondary_email.or(before.secondary_email),
        mobile: mobile.or(before.mobile),
    }
}
