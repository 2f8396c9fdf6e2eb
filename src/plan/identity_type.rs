//! What an instance requires of its users, by the way they sign in, which is fixed for its life (AWS' `IdentityManagementType`).
//!
//! Connect's answer decides. This module only says what to correct after a refusal, and names only what Connect would accept in no
//! request: the advice is right even if Connect refused another part of the request first.

use connect_api::{Call, IdentityManagementType, Password};

use super::{
    action::{Action, Change, UserUpdate},
    parts,
};
use crate::api::ConnectUserSpec;

/// Returns what to correct in a spec whose user Connect refused to create, field by field; None if nothing has to do with signing
/// in. `password` is the one that was sent: the advice says how it breaks Connect's rule, and never contains it.
pub fn advice_on_create(identity: IdentityManagementType, spec: &ConnectUserSpec, password: Option<&Password>) -> Option<String> {
    use IdentityManagementType::{ConnectManaged, ExistingDirectory, Saml};
    let type_name = identity.as_str();
    let field = if spec.generate_password == Some(true) { "generatePassword" } else { "passwordSecretRef" };
    let mut advice = Vec::new();
    match (identity, password) {
        (ConnectManaged, None) => advice.push(format!(
            "passwordSecretRef: it is needed, since Connect keeps the passwords of this instance's users ({type_name}). Name a \
             Secret with an initial password, or set generatePassword: true"
        )),
        (ConnectManaged, Some(password)) => {
            let broken = broken_rules(password.expose());
            if !broken.is_empty() {
                advice.push(format!(
                    "the password that {field} names: it {}, and Connect asks for 8 to 64 characters without spaces, among them \
                     a-z, A-Z and 0-9. The operator looks at the Secret again within an hour, or when the annotation \
                     connect-operator.dev/reconcile-requested-at asks for it",
                    broken.join(", ")
                ));
            }
        }
        (Saml, Some(_)) => advice.push(format!(
            "{field}: take it out, since the users of this instance sign in by {type_name} and Connect keeps no passwords for them"
        )),
        (ExistingDirectory, Some(_)) => advice.push(format!(
            "{field}: take it out, since the passwords of this instance's users are kept by its directory ({type_name})"
        )),
        (Saml | ExistingDirectory, None) => {}
    }
    if identity == Saml && spec.directory_user_id.is_some() {
        advice.push(format!("directoryUserId: take it out, since this instance has no directory ({type_name})"));
    }
    let identity_info = spec.identity_info.clone().unwrap_or_default();
    match identity {
        Saml | ConnectManaged => {
            let names =
                [("identityInfo.firstName", &identity_info.first_name), ("identityInfo.lastName", &identity_info.last_name)];
            let missing = names.iter().filter(|(_, v)| v.as_deref().unwrap_or_default().is_empty()).map(|(field, _)| *field);
            let missing = missing.collect::<Vec<_>>().join(", ");
            if !missing.is_empty() {
                advice.push(format!("{missing}: this instance ({type_name}) needs a first and a last name"));
            }
        }
        ExistingDirectory => {
            advice.extend(of_the_directory(&parts::given_beside_a_directory(spec.identity_info.as_ref())));
            // Only Connect knows whether the directory can be reached.
            if advice.is_empty() && spec.directory_user_id.is_none() {
                advice.push(
                    "directoryUserId: it is needed where Connect cannot reach the directory of this instance \
                     (EXISTING_DIRECTORY), and is taken only at creation. Delete this ConnectUser and create another that has it"
                        .to_owned(),
                );
            }
        }
    }
    (!advice.is_empty()).then(|| advice.join("; "))
}

/// Returns what to correct after Connect refused an update of identity info with these changes.
pub fn advice_on_update(identity: IdentityManagementType, changes: &[Change]) -> Option<String> {
    if identity != IdentityManagementType::ExistingDirectory {
        return None;
    }
    of_the_directory(&parts::changed_beside_a_directory(changes))
}

/// Returns the call as an instance of this type takes it after it has refused the one of the action, if that is another.
pub fn in_other_words(action: &Action, identity: IdentityManagementType) -> Option<Call> {
    let UserUpdate::UpdateUserIdentityInfo(request) = &action.update else { return None };
    let update = match identity {
        IdentityManagementType::ExistingDirectory => parts::beside_a_directory(request, &action.changes),
        IdentityManagementType::Saml => parts::beside_saml(request, &action.changes),
        IdentityManagementType::ConnectManaged => None,
    };
    update.map(Into::into)
}

/// Returns whether a call clears members of the identity by leaving them out, which Connect may take for members that stay.
pub fn clears_identity(action: &Action) -> bool {
    empties_identity(action).is_some()
}

/// Returns the same action with empty strings for the members that it clears, if there are any.
pub fn empties_identity(action: &Action) -> Option<Action> {
    let UserUpdate::UpdateUserIdentityInfo(request) = &action.update else { return None };
    let request = parts::with_empty_strings(request, &action.changes)?;
    Some(Action { update: UserUpdate::UpdateUserIdentityInfo(request), ..action.clone() })
}

fn of_the_directory(members: &[&str]) -> Option<String> {
    (!members.is_empty()).then(|| {
        format!(
            "{}: take it out, since this instance has it from its directory ({}); change it there",
            members.join(", "),
            IdentityManagementType::ExistingDirectory.as_str()
        )
    })
}

/// Returns how a password breaks Connect's rule, `^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$`; nothing if it keeps it.
pub fn broken_rules(password: &str) -> Vec<&'static str> {
    let has = |wanted: fn(&char) -> bool| password.chars().any(|c| wanted(&c));
    let length = password.chars().count();
    [
        (length < 8, "has fewer than 8 characters"),
        (length > 64, "has more than 64 characters"),
        (has(|c| c.is_whitespace()), "holds a space or a line break, perhaps at its end"),
        (!has(char::is_ascii_lowercase), "has no lower-case letter"),
        (!has(char::is_ascii_uppercase), "has no upper-case letter"),
        (!has(char::is_ascii_digit), "has no digit"),
    ]
    .into_iter()
    .filter_map(|(is_broken, how)| is_broken.then_some(how))
    .collect()
}

#[cfg(test)]
mod tests {
    use IdentityManagementType::{ConnectManaged, ExistingDirectory, Saml};
    use connect_api::{IdentityInfo, UpdateUserIdentityInfo};
    use serde_json::json;

    use super::*;
    use crate::{
        api::{self, PasswordSecretRef},
        plan::{diff, fixtures},
    };

    const GOOD: &str = "Initial-Passw0rd";

    /// A spec with names, changed as the test needs it.
    fn spec(change: impl FnOnce(&mut ConnectUserSpec)) -> ConnectUserSpec {
        let mut spec = api::fixtures::spec(json!({ "identityInfo": { "firstName": "Jane", "lastName": "Doe" } }));
        change(&mut spec);
        spec
    }

    fn with_secret(spec: &mut ConnectUserSpec) {
        spec.password_secret_ref = Some(PasswordSecretRef { name: "jane".into(), key: "password".into() });
    }

    fn advice(identity: IdentityManagementType, spec: &ConnectUserSpec, password: Option<&str>) -> String {
        advice_on_create(identity, spec, password.map(Password::new).as_ref()).unwrap_or_default()
    }

    #[test]
    fn advice_depends_on_how_users_sign_in() {
        let with_secret = spec(with_secret);
        let unnamed = spec(|s| s.identity_info = None);
        let no_last_name = spec(|s| s.identity_info.as_mut().unwrap().last_name = Some(String::new()));
        let with_id = spec(|s| s.directory_user_id = Some("d-1".into()));
        let unnamed_with_id = ConnectUserSpec { directory_user_id: Some("d-1".into()), ..unnamed.clone() };
        let generating = spec(|s| s.generate_password = Some(true));
        let names = "identityInfo.firstName, identityInfo.lastName: take it out";
        let table = [
            (ConnectManaged, &with_secret, None, "passwordSecretRef: it is needed, since Connect keeps the passwords"),
            (ConnectManaged, &with_secret, Some(GOOD), ""),
            (Saml, &with_secret, None, ""),
            (Saml, &with_secret, Some(GOOD), "passwordSecretRef: take it out, since the users of this instance sign in by SAML"),
            (Saml, &generating, Some(GOOD), "generatePassword: take it out"),
            (
                ExistingDirectory,
                &unnamed_with_id,
                Some(GOOD),
                "passwordSecretRef: take it out, since the passwords of this instance's users are kept",
            ),
            (Saml, &no_last_name, None, "identityInfo.lastName: this instance (SAML) needs"),
            (Saml, &with_id, None, "directoryUserId: take it out"),
            // An id that is not needed is not refused either.
            (ConnectManaged, &with_id, Some(GOOD), ""),
            (ExistingDirectory, &with_id, None, names),
            (ExistingDirectory, &unnamed, None, "directoryUserId: it is needed where"),
        ];
        for (identity, spec, password, expected) in table {
            let advice = advice(identity, spec, password);
            assert!(advice.starts_with(expected), "{identity:?}: {advice:?}, not {expected:?}");
            assert_eq!(expected.is_empty(), advice.is_empty(), "{identity:?}: {advice:?}");
        }
    }

    #[test]
    fn advice_names_the_broken_rule_and_never_the_password() {
        for (weak, how) in [
            ("Sh0rt", "has fewer than 8 characters"),
            ("nodigitsBUTlong", "has no digit"),
            ("n0capitals-here", "has no upper-case letter"),
            ("N0SMALL-LETTERS", "has no lower-case letter"),
            ("Trailing-Newline-1\n", "holds a space or a line break"),
        ] {
            let advice = advice(ConnectManaged, &spec(with_secret), Some(weak));
            assert!(advice.contains(&format!("it {how},")) && advice.contains("passwordSecretRef"), "{advice}");
            assert!(!advice.contains(weak.trim()), "{advice}");
        }
        assert_eq!(broken_rules(&format!("Aa1{}", "x".repeat(62))), ["has more than 64 characters"]);
        assert!(broken_rules(&format!("Aa1{}", "x".repeat(61))).is_empty());
    }

    /// The update that gives a user another mobile number and, perhaps, another first name.
    fn update(first_name: Option<&str>) -> Action {
        let mut desired = fixtures::bare();
        desired.parts.identity = IdentityInfo {
            mobile: Some("+12065550111".into()),
            first_name: first_name.map(Into::into),
            ..IdentityInfo::default()
        };
        let mut actions = diff(&desired, &fixtures::live(), &Default::default());
        assert_eq!(actions.len(), 1);
        actions.remove(0)
    }

    fn info(update: &UserUpdate) -> IdentityInfo {
        match update {
            UserUpdate::UpdateUserIdentityInfo(UpdateUserIdentityInfo { identity_info, .. }) => identity_info.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cleared_member_is_left_out_and_no_empty_string_is_carried() {
        let mut desired = fixtures::bare();
        desired.parts.identity.mobile = Some(String::new());
        let mut live = fixtures::live();
        live.user.identity_info.secondary_email = Some(String::new());
        let action = diff(&desired, &live, &Default::default()).remove(0);
        let sent = info(&action.update);
        assert_eq!((&sent.mobile, &sent.secondary_email), (&None, &None));
        assert_eq!(sent.email, live.user.identity_info.email);
        assert!(clears_identity(&action) && !clears_identity(&update(None)));
        let second = info(&empties_identity(&action).unwrap().update);
        assert_eq!(second, IdentityInfo { mobile: Some(String::new()), ..sent });
    }

    #[test]
    fn email_of_a_saml_user_is_left_out_after_a_refusal() {
        let sent = |action: &Action| match in_other_words(action, Saml) {
            Some(Call::UpdateUserIdentityInfo(UpdateUserIdentityInfo { identity_info, .. })) => Some(identity_info),
            _ => None,
        };
        assert_eq!(sent(&update(None)), Some(IdentityInfo { email: None, ..info(&update(None).update) }));
        let mut desired = fixtures::bare();
        desired.parts.identity.email = Some("new@example.com".into());
        assert_eq!(sent(&diff(&desired, &fixtures::live(), &Default::default()).remove(0)), None);
        assert!(in_other_words(&update(None), ConnectManaged).is_none());
    }

    #[test]
    fn members_kept_by_the_directory_are_sent_only_if_they_change() {
        let sent = |action: &Action| match in_other_words(action, ExistingDirectory) {
            Some(Call::UpdateUserIdentityInfo(UpdateUserIdentityInfo { identity_info, .. })) => identity_info,
            other => panic!("{other:?}"),
        };
        let others = IdentityInfo {
            secondary_email: fixtures::live().user.identity_info.secondary_email,
            mobile: Some("+12065550111".into()),
            ..IdentityInfo::default()
        };
        assert_eq!(sent(&update(None)), others);
        assert_eq!(sent(&update(Some("Joan"))), IdentityInfo { first_name: Some("Joan".into()), ..others });
        assert_eq!(advice_on_update(ExistingDirectory, &update(None).changes), None);
        let advice = advice_on_update(ExistingDirectory, &update(Some("Joan")).changes).unwrap();
        assert!(advice.starts_with("identityInfo.firstName: take it out"), "{advice}");
        assert_eq!(advice_on_update(Saml, &update(Some("Joan")).changes), None);
    }
}
