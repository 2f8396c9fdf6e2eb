//! The initial password: where it comes from, and what becomes of a Secret that changes after it was sent.

use std::ops::ControlFlow;

use connect_api::Password;
use kube::ResourceExt;
use rand::seq::IndexedRandom;

use super::{
    ClusterErrorKind, Failure, Kind, Phase, SecretValue,
    conditions::report_password,
    pass::{Appeared, End, Pass},
};
use crate::{
    api::{ConnectUser, PasswordSecretRef},
    plan::broken_rules,
};

/// The key of a Secret that the operator makes.
const KEY: &str = "password";
const SUFFIX: &str = "-initial-password";
/// Kubernetes' bound on names.
const LONGEST_NAME: usize = 253;
/// Of 62 letters and digits: 190 bits.
const LENGTH: usize = 32;

/// What CreateUser is to be given.
pub(super) struct Initial {
    /// The password; None where the spec speaks of none.
    pub(super) password: Option<Password>,
    /// Which state of the referenced Secret it is from; None where there is no reference.
    pub(super) version: Option<String>,
}

type Found<T> = ControlFlow<End, T>;

fn missing<T>(message: String) -> Found<T> {
    ControlFlow::Break(End::Failed(Failure::new(Kind::SecretNotFound, Phase::Create, message)))
}

/// The state of a Secret, together with the key that is read from it.
fn noted(version: &str, reference: &PasswordSecretRef) -> String {
    format!("{version}/{}", reference.key)
}

impl Pass<'_> {
    /// The password that the user is to be created with.
    pub(super) async fn initial_password(&self) -> Found<Initial> {
        if let Some(reference) = &self.resource.spec.password_secret_ref {
            return self.referenced(reference).await;
        }
        let password = match self.resource.spec.generate_password {
            Some(true) => Some(self.generated().await?),
            Some(false) | None => None,
        };
        ControlFlow::Continue(Initial { password, version: None })
    }

    async fn referenced(&self, reference: &PasswordSecretRef) -> Found<Initial> {
        let namespace = self.resource.namespace().unwrap_or_default();
        let (name, key) = (&reference.name, &reference.key);
        match self.or_end(self.on.cluster.secret(&namespace, name, key).await)? {
            SecretValue::Found { password, version, .. } => {
                ControlFlow::Continue(Initial { password: Some(password), version: Some(noted(&version, reference)) })
            }
            SecretValue::NoSecret => missing(format!(
                "the Secret {namespace}/{name} that passwordSecretRef names does not exist: create it, the operator waits for it"
            )),
            SecretValue::NoKey(keys) => missing(format!(
                "the Secret {namespace}/{name} has no key {key:?} (it has: {}): add it, or correct passwordSecretRef.key",
                if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
            )),
            SecretValue::NotText => {
                missing(format!("the key {key:?} of the Secret {namespace}/{name} is not UTF-8 text: correct it"))
            }
        }
    }

    /// The password in the Secret that this resource owns. It is made now, or was by an attempt before this one: what Connect
    /// may have been sent is not replaced.
    async fn generated(&self) -> Found<Password> {
        let (namespace, name) = (self.resource.namespace().unwrap_or_default(), secret_name(&self.resource));
        match self.or_end(self.on.cluster.secret(&namespace, &name, KEY).await)? {
            SecretValue::Found { password, controller, .. } if controller.as_ref() == Some(&self.uid) => {
                ControlFlow::Continue(password)
            }
            SecretValue::NoSecret => {
                let password = random();
                match self.on.cluster.create_secret(&self.resource, &name, KEY, &password).await {
                    Ok(()) => ControlFlow::Continue(password),
                    Err(error) if error.kind == ClusterErrorKind::Forbidden => missing(format!(
                        "generatePassword: {error}: it needs the verb create on secrets in the namespace {namespace} \
                         (deploy/rbac-generate-password.yaml). Allow it, or name a Secret in passwordSecretRef instead"
                    )),
                    Err(error) => self.or_end(Err(error)),
                }
            }
            SecretValue::Found { .. } | SecretValue::NoKey(_) | SecretValue::NotText => missing(format!(
                "the Secret {namespace}/{name} that generatePassword would make exists already, and is not this resource's own \
                 with a password in its key {KEY:?}: it is left alone. Delete it, or name it in passwordSecretRef instead"
            )),
        }
    }

    /// Sees whether the Secret is still the one that the user was created with. Only creating needs it: whatever is wrong with
    /// it, it says nothing of a user in place.
    pub(super) async fn look_at_password(&mut self) {
        // Its state was noted with the password.
        if self.appeared == Some(Appeared::Created) {
            return;
        }
        let (generation, now) = (self.generation(), self.on.clock.now());
        let Some(reference) = &self.resource.spec.password_secret_ref else {
            self.status.observed_password_version = None;
            report_password(&mut self.status, None, generation, now);
            return;
        };
        let namespace = self.resource.namespace().unwrap_or_default();
        let version = match self.on.cluster.secret_version(&namespace, &reference.name).await {
            Ok(Some(version)) => noted(&version, reference),
            Ok(None) => return,
            Err(error) => return tracing::debug!(%error, "whether the Secret has changed is not known"),
        };
        // Of a user that was not created from this Secret as far as anybody knows, all that can be told is what changes from now on.
        let sent = self.status.observed_password_version.get_or_insert_with(|| version.clone());
        let message = (*sent != version).then(|| {
            format!(
                "the Secret {namespace}/{}, which passwordSecretRef names, is not what it was when the user was created: if its \
                 password is another, it is ignored, and the user keeps the old one, since Connect has no operation to change a \
                 password. Reset it in Connect's console, or let the user do it (\"Forgot password\"), and take passwordSecretRef \
                 out of the spec: only creating needs it. Or delete this ConnectUser and create it again",
                reference.name
            )
        });
        report_password(&mut self.status, message.as_deref(), generation, now);
    }
}

/// The name of the Secret that the operator makes: the resource's with a suffix, and if that is too long, as much of it as there
/// is room for, and its UID.
fn secret_name(resource: &ConnectUser) -> String {
    let (name, uid) = (resource.name_any(), resource.uid().unwrap_or_default());
    if name.len() + SUFFIX.len() <= LONGEST_NAME {
        return name + SUFFIX;
    }
    let room = LONGEST_NAME - SUFFIX.len() - uid.len() - 1;
    // Names are ASCII; a part of one must not end in what a name may not have before a dash.
    let start: String = name.chars().take(room).collect();
    format!("{}-{uid}{SUFFIX}", start.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
}

/// A password that Connect takes, from the generator that the operating system seeds.
fn random() -> Password {
    const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut generator = rand::rng();
    loop {
        let text: String =
            std::iter::repeat_with(|| CHARACTERS.choose(&mut generator)).flatten().take(LENGTH).map(|c| char::from(*c)).collect();
        // Tried again where it lacks a kind of character, one time in three hundred: so every good one is as likely as any other.
        if broken_rules(&text).is_empty() {
            return Password::new(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_generated_password_meets_the_rule_and_is_another() {
        let made: Vec<_> = (0..2000).map(|_| random()).collect();
        assert!(made.iter().all(|password| broken_rules(password.expose()).is_empty() && password.expose().len() == LENGTH));
        assert_eq!(made.iter().map(Password::expose).collect::<HashSet<_>>().len(), made.len());
    }

    fn named(name: &str) -> ConnectUser {
        let mut resource = ConnectUser::new(
            name,
            serde_json::from_value(serde_json::json!({
                "instanceArn": "", "username": "", "routingProfileArn": "", "securityProfileArns": [],
            }))
            .unwrap(),
        );
        resource.metadata.uid = Some("0f8fad5b-d9cb-469f-a165-70867728950e".into());
        resource
    }

    #[test]
    fn a_generated_secret_is_named_after_its_resource_as_far_as_there_is_room() {
        assert_eq!(secret_name(&named("jane.doe")), "jane.doe-initial-password");
        let longest = "a".repeat(LONGEST_NAME - SUFFIX.len());
        assert_eq!(secret_name(&named(&longest)), format!("{longest}{SUFFIX}"));
        let dotted = format!("{}{}", "b.".repeat(120), "end-of-the-na");
        let short = secret_name(&named(&dotted));
        assert!(short.len() <= LONGEST_NAME && short.starts_with("b.b.b"), "{short}");
        assert!(short.ends_with("b-0f8fad5b-d9cb-469f-a165-70867728950e-initial-password"), "{short}");
    }
}
