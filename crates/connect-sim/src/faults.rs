//! Faults that calls run into when told so.

use std::time::Duration;

use connect_api::OperationName;
use rand::{RngExt, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, known_operation};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// It is answered so, and nothing is done.
    Error {
        /// HTTP status.
        status: u16,
        /// Error code; none at all if absent.
        #[serde(default)]
        code: Option<String>,
        /// Message.
        #[serde(default)]
        message: String,
    },
    /// It is done, and then answered so.
    ErrorAfter {
        /// HTTP status.
        status: u16,
        /// Error code; none at all if absent.
        #[serde(default)]
        code: Option<String>,
        /// Message.
        #[serde(default)]
        message: String,
    },
    /// It is done, and no reply arrives.
    LostReply,
    /// It never arrives, and so does no reply.
    LostRequest,
    /// HTTP 429 without code or body, as something in front of Connect answers.
    Bare429,
    /// AccessDeniedException.
    AccessDenied,
    /// It takes longer; over HTTP only, since an in-process call takes no time. Goes together with another fault.
    Delay {
        /// How much longer.
        milliseconds: u64,
    },
}

impl Effect {
    /// InternalServiceException without the effect.
    pub fn internal_error() -> Self {
        Self::Error { status: 500, code: Some("InternalServiceException".into()), message: "Internal failure".into() }
    }

    /// InternalServiceException although the call took effect.
    pub fn internal_error_after() -> Self {
        Self::ErrorAfter { status: 500, code: Some("InternalServiceException".into()), message: "Internal failure".into() }
    }
}

/// Which of the calls that fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Trigger {
    /// So many.
    Times(u32),
    /// Every one.
    Always,
    /// Each with this probability, by the seeded generator.
    Probability(f64),
}

/// A fault that waits for calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Calls of this operation; any if absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// Calls about the user of this username or id; any if absent.
    #[serde(default)]
    pub user: Option<String>,
    /// So many that fit pass first.
    #[serde(default)]
    pub skip: u32,
    /// Which of those that fit. Default: one.
    #[serde(default = "once")]
    pub trigger: Trigger,
    /// What happens to them.
    pub effect: Effect,
}

fn once() -> Trigger {
    Trigger::Times(1)
}

impl Fault {
    /// On the next call, whichever it is.
    pub fn any(effect: Effect) -> Self {
        Self { operation: None, user: None, skip: 0, trigger: once(), effect }
    }

    /// On the next call of this operation.
    pub fn on(operation: OperationName, effect: Effect) -> Self {
        Self { operation: Some(operation.to_string()), ..Self::any(effect) }
    }

    /// On as many calls.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        Self { trigger: Trigger::Times(n), ..self }
    }

    /// On every call.
    #[must_use]
    pub fn always(self) -> Self {
        Self { trigger: Trigger::Always, ..self }
    }

    /// On each call with this probability.
    #[must_use]
    pub fn with_probability(self, p: f64) -> Self {
        Self { trigger: Trigger::Probability(p), ..self }
    }

    /// Only on calls about this user, by username or id.
    #[must_use]
    pub fn about(self, user: impl Into<String>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// After so many calls that fit.
    #[must_use]
    pub fn after(self, n: u32) -> Self {
        Self { skip: n, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if let Some(operation) = &self.operation {
            known_operation(operation)?;
        }
        match self.trigger {
            Trigger::Probability(p) if !(0.0..=1.0).contains(&p) => {
                Err(ConfigError(format!("{p} is no probability: give 0 to 1")))
            }
            Trigger::Probability(_) | Trigger::Times(_) | Trigger::Always => self.check_effect(),
        }
    }

    fn check_effect(&self) -> Result<(), ConfigError> {
        match &self.effect {
            Effect::Error { status, .. } | Effect::ErrorAfter { status, .. } if !(400..=599).contains(status) => {
                Err(ConfigError(format!("{status} is no status of an error: give 400 to 599")))
            }
            _ => Ok(()),
        }
    }

    fn fits(&self, operation: &str, user: &[&str]) -> bool {
        self.operation.as_ref().is_none_or(|o| o == operation)
            && self.user.as_ref().is_none_or(|u| user.iter().any(|name| name.eq_ignore_ascii_case(u)))
    }

    /// Whether this fault strikes a call that fits, which uses it up by one.
    fn strikes(&mut self, rng: &mut StdRng) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.trigger {
            Trigger::Times(left) => {
                *left = left.saturating_sub(1);
                true
            }
            Trigger::Always => true,
            Trigger::Probability(p) => rng.random_bool(p.clamp(0.0, 1.0)),
        }
    }
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
        self.drop_used_up();
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// What a call runs into: delays add up, and of everything else the oldest fault that strikes wins.
    pub fn strike(&mut self, operation: &str, user: &[&str], rng: &mut StdRng) -> (Duration, Option<Effect>) {
        let mut delay = Duration::ZERO;
        let mut effect = None;
        for fault in &mut self.0 {
            if !fault.fits(operation, user) {
                continue;
            }
            if let Effect::Delay { milliseconds } = fault.effect {
                if fault.strikes(rng) {
                    delay = delay.saturating_add(Duration::from_millis(milliseconds));
                }
            } else if effect.is_none() && fault.strikes(rng) {
                effect = Some(fault.effect.clone());
            }
        }
        self.drop_used_up();
        (delay, effect)
    }

    fn drop_used_up(&mut self) {
        self.0.retain(|fault| fault.trigger != Trigger::Times(0));
    }
}
