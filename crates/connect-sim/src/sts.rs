//! The part of AWS STS that callers of Connect need: the accounts of access keys, and sessions of roles.

use jiff::{Timestamp, Unit};

use crate::{
    clock::later,
    config::{RoleConfig, StsConfig},
    refusal::Refusal,
    request::{AssumeRole, StsRequest},
    views::SessionView,
};

/// The credentials that a request is signed with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signer {
    pub key: String,
    /// The session's token, which is sent in a separate header.
    pub token: Option<String>,
}

/// The successful answer to a call.
#[derive(Clone, Debug)]
pub(crate) enum StsResponse {
    Session { key: String, secret: String, token: String, expiration: Timestamp, id: String, arn: String },
    Identity(Principal),
}

#[derive(Debug)]
struct Session {
    key: String,
    token: String,
    expires: Timestamp,
    view: SessionView,
}

/// The keys of static credentials and of sessions.
#[derive(Debug)]
pub(crate) struct Sts {
    config: StsConfig,
    /// The account of unknown keys.
    account: String,
    sessions: Vec<Session>,
}

/// The identity of a caller.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub account: String,
    pub arn: String,
    pub id: String,
}

impl Sts {
    pub fn new(config: StsConfig, account: String) -> Self {
        Self { config, account, sessions: Vec::new() }
    }

    pub fn sessions(&self) -> Vec<SessionView> {
        self.sessions.iter().map(|session| session.view.clone()).collect()
    }

    /// Returns the account that a key may see, or None if it may see all. Errors are those of Connect.
    pub fn account_of(&self, signer: &Signer, now: Timestamp) -> Result<Option<String>, Refusal> {
        let session = self.session(signer, now, ["UnrecognizedClientException", "ExpiredTokenException"])?;
        let of_key = || self.config.access_keys.get(&signer.key);
        Ok(session.map(|session| &session.view.account).or_else(of_key).cloned())
    }

    /// Processes one call. `random` becomes part of new keys.
    pub fn call(&mut self, signer: &Signer, request: StsRequest, random: &str, now: Timestamp) -> Result<StsResponse, Refusal> {
        let principal = self.principal(signer, now)?;
        match request {
            StsRequest::GetCallerIdentity => Ok(StsResponse::Identity(principal)),
            StsRequest::AssumeRole(request) => self.assume(&principal, request, random, now),
        }
    }

    fn assume(&mut self, by: &Principal, request: AssumeRole, random: &str, now: Timestamp) -> Result<StsResponse, Refusal> {
        let AssumeRole { role_arn, session_name, external_id, duration_seconds, tags } = request;
        let (role_arn, session_name) = (given(role_arn, "roleArn")?, given(session_name, "roleSessionName")?);
        if !fits(&session_name, 2..=64, "_+=,.@-") {
            return Err(invalid("roleSessionName", r"[\w+=,.@-]*"));
        }
        if external_id.as_ref().is_some_and(|id| !fits(id, 2..=1224, "_+=,.@:/-")) {
            return Err(invalid("externalId", r"[\w+=,.@:\/-]*"));
        }
        let seconds = duration_seconds.map(|text| text.parse::<u32>().ok());
        if seconds.is_some_and(|seconds| seconds.is_none_or(|seconds| !(900..=43_200).contains(&seconds))) {
            return Err(invalid("durationSeconds", "Member must have value between 900 and 43200"));
        }
        let denied = || {
            let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", by.arn);
            Refusal::new(403, "AccessDenied", message)
        };
        let fitting = |role: &&RoleConfig| {
            role.arn == role_arn && role.external_id.as_ref().is_none_or(|required| Some(required) == external_id.as_ref())
        };
        let role = self.config.roles.iter().find(fitting).ok_or_else(denied)?;
        let (account, name) = role.parts().ok_or_else(denied)?;
        let hex: String = random.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase();
        let (key, token) = (format!("ASIA{}", &hex[..16]), format!("session-token-{hex}"));
        // STS returns whole seconds.
        let expires = later(now, role.session_duration).round(Unit::Second).unwrap_or(now);
        let view = SessionView {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session_name}"),
            role_arn: role_arn.clone(),
            session_name: session_name.clone(),
            external_id,
            tags,
        };
        let answer = StsResponse::Session {
            key: key.clone(),
            secret: format!("secret-of-{key}"),
            token: token.clone(),
            expiration: expires,
            id: format!("AROAEXAMPLE:{session_name}"),
            arn: view.arn.clone(),
        };
        self.sessions.push(Session { key, token, expires, view });
        Ok(answer)
    }

    fn principal(&self, signer: &Signer, now: Timestamp) -> Result<Principal, Refusal> {
        if let Some(Session { view, .. }) = self.session(signer, now, ["InvalidClientTokenId", "ExpiredToken"])? {
            let id = format!("AROAEXAMPLE:{}", view.session_name);
            return Ok(Principal { account: view.account.clone(), arn: view.arn.clone(), id });
        }
        let account = self.config.access_keys.get(&signer.key).unwrap_or(&self.account).clone();
        Ok(Principal { arn: format!("arn:aws:iam::{account}:user/{}", signer.key), id: "AIDAEXAMPLE".into(), account })
    }

    /// Returns the session that a key belongs to, if any. The codes are those for an invalid token and an expired one.
    fn session(&self, signer: &Signer, now: Timestamp, [invalid, expired]: [&str; 2]) -> Result<Option<&Session>, Refusal> {
        match self.sessions.iter().find(|session| session.key == signer.key) {
            Some(session) if signer.token.as_ref() != Some(&session.token) => {
                Err(Refusal::new(403, invalid, "The security token included in the request is invalid."))
            }
            Some(session) if now >= session.expires => {
                Err(Refusal::new(403, expired, "The security token included in the request is expired"))
            }
            found => Ok(found),
        }
    }
}

/// The answer to a caller without the permission.
pub(crate) fn not_allowed(operation: &str) -> Refusal {
    Refusal::new(403, "AccessDenied", format!("not authorized to perform: sts:{operation}"))
}

fn given(value: Option<String>, name: &str) -> Result<String, Refusal> {
    value.ok_or_else(|| invalid(name, "Member must not be null"))
}

fn fits(text: &str, length: std::ops::RangeInclusive<usize>, besides: &str) -> bool {
    length.contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || besides.contains(c))
}

fn invalid(name: &str, constraint: &str) -> Refusal {
    let message = format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}");
    Refusal::new(400, "ValidationError", message)
}
