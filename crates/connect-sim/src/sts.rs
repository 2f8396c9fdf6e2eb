//! AWS STS, as far as Connect's callers need it: whose an access key is, and sessions of roles.


use jiff::{Timestamp, Unit};

use crate::{
    clock::later,
    config::{RoleConfig, StsConfig},
    refusal::Refusal,
    request::{AssumeRole, StsRequest},
    views::SessionView,
};

/// What a request is signed with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signer {
    pub key: String,
    /// The session's token, which comes in a header of its own.
    pub token: Option<String>,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(crate) enum StsResponse {
    Session { key: String, secret: String, token: String, expiration: Timestamp, id: String, arn: String },
    Identity { account: String, arn: String, id: String },
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
    /// The account of keys of which nothing is known.
    account: String,
    sessions: Vec<Session>,
}

/// Whom a request is from.
struct Principal {
    account: String,
    arn: String,
    id: String,
}

impl Sts {
    pub fn new(config: StsConfig, account: String) -> Self {
        Self { config, account, sessions: Vec::new() }
    }

    pub fn sessions(&self) -> Vec<SessionView> {
        self.sessions.iter().map(|session| session.view.clone()).collect()
    }

    /// The account whose instances a key sees, in Connect's words where it sees none. None sees all.
    pub fn account_of(&self, signer: &Signer, now: Timestamp) -> Result<Option<String>, Refusal> {
        match self.session(signer, now) {
            Ok(Some(session)) => Ok(Some(session.view.account.clone())),
            Ok(None) => Ok(self.config.access_keys.get(&signer.key).cloned()),
            Err(Invalid::Token) => {
                Err(Refusal::new(403, "UnrecognizedClientException", "The security token included in the request is invalid."))
            }
            Err(Invalid::Expired) => {
                Err(Refusal::new(403, "ExpiredTokenException", "The security token included in the request is expired"))
            }
        }
    }

    /// One call. `random` is part of the new keys.
    pub fn answer(&mut self, signer: &Signer, request: StsRequest, random: &str, now: Timestamp) -> Result<StsResponse, Refusal> {
        let principal = self.principal(signer, now)?;
        match request {
            StsRequest::GetCallerIdentity => {
                let Principal { account, arn, id } = principal;
                Ok(StsResponse::Identity { account, arn, id })
            }
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
            role.arn == role_arn && role.external_id.as_ref().is_none_or(|asked| Some(asked) == external_id.as_ref())
        };
        let role = self.config.roles.iter().find(fitting).ok_or_else(denied)?;
        let (account, name) = role.parts().ok_or_else(denied)?;
        let hex: String = random.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase();
        let (key, token) = (format!("ASIA{}", &hex[..16]), format!("session-token-{hex}"));
        // STS tells whole seconds.
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
        match self.session(signer, now) {
            Ok(Some(Session { view, .. })) => {
                let id = format!("AROAEXAMPLE:{}", view.session_name);
                Ok(Principal { account: view.account.clone(), arn: view.arn.clone(), id })
            }
            Ok(None) => {
                let account = self.config.access_keys.get(&signer.key).unwrap_or(&self.account).clone();
                Ok(Principal { arn: format!("arn:aws:iam::{account}:user/{}", signer.key), id: "AIDAEXAMPLE".into(), account })
            }
            Err(Invalid::Token) => {
                Err(Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid."))
            }
            Err(Invalid::Expired) => {
                Err(Refusal::new(403, "ExpiredToken", "The security token included in the request is expired"))
            }
        }
    }

    /// The session of a key, if it is one's.
    fn session(&self, signer: &Signer, now: Timestamp) -> Result<Option<&Session>, Invalid> {
        match self.sessions.iter().find(|session| session.key == signer.key) {
            None => Ok(None),
            Some(session) if signer.token.as_ref() != Some(&session.token) => Err(Invalid::Token),
            Some(session) if now >= session.expires => Err(Invalid::Expired),
            Some(session) => Ok(Some(session)),
        }
    }
}

/// Why the key of a session is not taken.
enum Invalid {
    Token,
    Expired,
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
