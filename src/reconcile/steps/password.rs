//! The initial password: where it comes from, and what happens if its Secret changes after the user was created.

use connect_api::Password;
use kube::ResourceExt;
use rand::seq::IndexedRandom;

use super::{
    Appeared, ClusterErrorKind, ConnectUser, Failure, Flow, Kind, PasswordSecretRef, Personal, Phase, SecretValue, Work,
    broken_rules, or_end, set_password_change_ignored,
};

/// The key of a Secret that the operator creates.
const KEY: &str = "password";
const SUFFIX: &str = "-initial-password";
/// Kubernetes' limit on the length of names.
const LONGEST_NAME: usize = 253;
/// The length of a generated password: 190 bits from 62 letters and digits.
const LENGTH: usize = 32;

/// The password for CreateUser.
pub(super) struct Initial {
    /// The password; None if the spec sets none.
    pub(super) password: Option<Password>,
    /// The state of the referenced Secret that it came from; None without a reference.
    pub(super) version: Option<String>,
}

fn missing<T>(message: String) -> Flow<T> {
    Flow::Break(Failure::new(Kind::SecretNotFound, Phase::Create, message).into())
}

/// Identifies a state of a Secret and the key that is read from it.
fn version_of_key(version: &str, reference: &PasswordSecretRef) -> String {
    format!("{version}/{}", reference.key)
}

/// Returns the password that the user is created with.
pub(super) async fn initial(work: &Work<'_>, phase: Phase) -> Flow<Initial> {
    let spec = &work.subject.resource.spec;
    if let Some(reference) = &spec.password_secret_ref {
        return referenced(work, phase, reference).await;
    }
    let password = match spec.generate_password {
        Some(true) => Some(generated(work, phase).await?),
        Some(false) | None => None,
    };
    Flow::Continue(Initial { password, version: None })
}

async fn referenced(work: &Work<'_>, phase: Phase, reference: &PasswordSecretRef) -> Flow<Initial> {
    let namespace = work.subject.namespace();
    let (name, key) = (&reference.name, &reference.key);
    match or_end(work.ctx.cluster.secret(&namespace, name, key).await, phase)? {
        SecretValue::Found { password, version, .. } => {
            Flow::Continue(Initial { password: Some(password), version: Some(version_of_key(&version, reference)) })
        }
        SecretValue::NoSecret => missing(format!(
            "the Secret {namespace}/{name} that passwordSecretRef names does not exist: create it, the operator waits for it"
        )),
        // The other keys are not named: people with rights on the ConnectUser may lack them on the Secret.
        SecretValue::NoKey => {
            missing(format!("the Secret {namespace}/{name} has no key {key:?}: add it, or correct passwordSecretRef.key"))
        }
        SecretValue::NotText => {
            missing(format!("the key {key:?} of the Secret {namespace}/{name} is not UTF-8 text: correct it"))
        }
    }
}

/// Returns the password in the Secret that this resource owns, and creates the Secret if there is none. A password that an
/// earlier attempt generated is kept: Connect may have received it.
async fn generated(work: &Work<'_>, phase: Phase) -> Flow<Password> {
    let Work { ctx, subject, .. } = work;
    let (namespace, name) = (subject.namespace(), secret_name(&subject.resource));
    match or_end(ctx.cluster.secret(&namespace, &name, KEY).await, phase)? {
        SecretValue::Found { password, controller, .. } if controller.as_ref() == Some(&subject.uid) => Flow::Continue(password),
        SecretValue::NoSecret => {
            let password = random();
            match ctx.cluster.create_secret(&subject.resource, &name, KEY, &password).await {
                Ok(()) => Flow::Continue(password),
                Err(error) if error.kind == ClusterErrorKind::Forbidden => missing(format!(
                    "generatePassword: {error}: it needs the verb create on secrets in the namespace {namespace} \
                     (deploy/rbac-generate-password.yaml). Allow it, or name a Secret in passwordSecretRef instead"
                )),
                Err(error) => or_end(Err(error), phase),
            }
        }
        SecretValue::Found { .. } | SecretValue::NoKey | SecretValue::NotText => missing(format!(
            "the Secret {namespace}/{name} that generatePassword would create exists already, and is not a Secret of this \
             resource with a password in its key {KEY:?}: it is left alone. Delete it, or name it in passwordSecretRef instead"
        )),
    }
}

/// Reports whether the Secret has changed since the user was created. Only creating needs the Secret: no fault of it affects a
/// user that exists.
pub(in crate::reconcile) async fn check_secret(work: &mut Work<'_>) {
    // The create step has recorded the Secret's state.
    if work.report.appeared == Some(Appeared::Created) {
        return;
    }
    let Work { ctx, subject, report, .. } = work;
    let (generation, now) = (subject.generation(), ctx.clock.now());
    let Some(reference) = &subject.resource.spec.password_secret_ref else {
        report.status.observed_password_version = None;
        set_password_change_ignored(&mut report.status, None, generation, now);
        return;
    };
    let namespace = subject.namespace();
    let version = match ctx.cluster.secret_version(&namespace, &reference.name).await {
        Ok(Some(version)) => version_of_key(&version, reference),
        Ok(None) => {
            report.missing_secret = Some(format!(
                "passwordSecretRef: there is no Secret {namespace}/{}. The user exists and does not need it, but could not be created \
                 again. Create the Secret, or remove passwordSecretRef from the spec",
                reference.name
            ));
            return;
        }
        Err(error) => return tracing::debug!(error = %Personal(error), "whether the Secret has changed is not known"),
    };
    // If the user is not known to be created from this Secret, only changes from now on can be reported.
    let sent = report.status.observed_password_version.get_or_insert_with(|| version.clone());
    let message = (*sent != version).then(|| {
        format!(
            "passwordSecretRef or its Secret {namespace}/{} has changed since the user was created. A changed password is \
             ignored, and the user keeps the old one, since Connect has no operation to change a password. Reset it in \
             Connect's console, or let the user reset it (\"Forgot password\"), and remove passwordSecretRef from the spec: only \
             the creation needs it. Or delete this ConnectUser and create it again",
            reference.name
        )
    });
    set_password_change_ignored(&mut report.status, message.as_deref(), generation, now);
}

/// Returns the name of the Secret that the operator creates: the resource's name with a suffix. If that is too long, the name is
/// cut, and the UID follows it.
fn secret_name(resource: &ConnectUser) -> String {
    let (name, uid) = (resource.name_any(), resource.uid().unwrap_or_default());
    if name.len() + SUFFIX.len() <= LONGEST_NAME {
        return name + SUFFIX;
    }
    let room = LONGEST_NAME - SUFFIX.len() - uid.len() - 1;
    // Names are ASCII. The cut must not leave a character that Kubernetes forbids before a dash.
    let start: String = name.chars().take(room).collect();
    format!("{}-{uid}{SUFFIX}", start.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
}

/// Returns a password that meets Connect's rules, from a generator that the operating system seeds.
fn random() -> Password {
    const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut generator = rand::rng();
    loop {
        let text: String =
            std::iter::repeat_with(|| CHARACTERS.choose(&mut generator)).flatten().take(LENGTH).map(|c| char::from(*c)).collect();
        // One in three hundred lacks a kind of character. Drawing again keeps all good ones equally likely.
        if broken_rules(&text).is_empty() {
            return Password::new(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::api::fixtures;

    #[test]
    fn generated_passwords_meet_the_rules_and_differ() {
        let made: Vec<_> = (0..2000).map(|_| random()).collect();
        assert!(made.iter().all(|password| broken_rules(password.expose()).is_empty() && password.expose().len() == LENGTH));
        assert_eq!(made.iter().map(Password::expose).collect::<HashSet<_>>().len(), made.len());
    }

    fn named(name: &str) -> ConnectUser {
        fixtures::resource(json!({ "metadata": { "name": name, "uid": "0f8fad5b-d9cb-469f-a165-70867728950e" } }))
    }

    #[test]
    fn generated_secret_has_its_resources_name_cut_to_fit() {
        assert_eq!(secret_name(&named("jane.doe")), "jane.doe-initial-password");
        let longest = "a".repeat(LONGEST_NAME - SUFFIX.len());
        assert_eq!(secret_name(&named(&longest)), format!("{longest}{SUFFIX}"));
        let dotted = format!("{}{}", "b.".repeat(120), "end-of-the-na");
        let short = secret_name(&named(&dotted));
        assert!(short.len() <= LONGEST_NAME && short.starts_with("b.b.b"), "{short}");
        assert!(short.ends_with("b-0f8fad5b-d9cb-469f-a165-70867728950e-initial-password"), "{short}");
    }
}
