//! Faults to inject into calls.

use std::time::Duration;

use connect_api::OperationName;
use rand::{RngExt, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, known_operation};

/// The effect of a fault on a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// The call has no effect and is answered with this error.
    Error {
        /// HTTP status.
        status: u16,
        /// Error code. If absent, the reply has none.
        #[serde(default)]
        code: Option<String>,
        /// Message.
        #[serde(default)]
        message: String,
    },
    /// The call takes effect and is answered with this error.
    ErrorAfter {
        /// HTTP status.
        status: u16,
        /// Error code. If absent, the reply has none.
        #[serde(default)]
        code: Option<String>,
        /// Message.
        #[serde(default)]
        message: String,
    },
    /// The call takes effect, and its reply is lost.
    LostReply,
    /// The request is lost, and there is no reply.
    LostRequest,
    /// HTTP 429 without code or body, as from a proxy in front of Connect.
    Bare429,
    /// AccessDeniedException.
    AccessDenied,
    /// The call takes longer. This applies only over HTTP, since an in-process call takes no time. It combines with other faults.
    Delay {
        /// The delay.
        milliseconds: u64,
    },
}

impl Effect {
    /// InternalServiceException, and the call had no effect.
    pub fn internal_error() -> Self {
        Self::Error { status: 500, code: Some("InternalServiceException".into()), message: "Internal failure".into() }
    }

    /// InternalServiceException, although the call took effect.
    pub fn internal_error_after() -> Self {
        Self::ErrorAfter { status: 500, code: Some("InternalServiceException".into()), message: "Internal failure".into() }
    }
}

/// The matching calls that a fault applies to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// This many calls.
    Times(u32),
    /// Every call.
    Always,
    /// Each call with this probability, from the seeded generator.
    Probability(f64),
}

/// A fault to inject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The operation. If absent, calls of any operation match.
    #[serde(default)]
    pub operation: Option<String>,
    /// The username or id of the user. If absent, calls about any user match.
    #[serde(default)]
    pub user: Option<String>,
    /// How many matching calls pass first. Default in JSON: 0.
    #[serde(default)]
    pub skip: u32,
    /// The matching calls that the fault applies to. Default in JSON: the next one.
    #[serde(default = "once")]
    pub trigger: Trigger,
    /// The effect.
    pub effect: Effect,
}

fn once() -> Trigger {
    Trigger::Times(1)
}

impl Fault {
    /// A fault on the next call of any operation.
    pub fn any(effect: Effect) -> Self {
        Self { operation: None, user: None, skip: 0, trigger: Trigger::Times(1), effect }
    }

    /// A fault on the next call of this operation.
    pub fn on(operation: OperationName, effect: Effect) -> Self {
        Self { operation: Some(operation.to_string()), ..Self::any(effect) }
    }

    /// Applies the fault to this many calls.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        Self { trigger: Trigger::Times(n), ..self }
    }

    /// Applies the fault to every matching call.
    #[must_use]
    pub fn always(self) -> Self {
        Self { trigger: Trigger::Always, ..self }
    }

    /// Applies the fault to each matching call with this probability.
    #[must_use]
    pub fn with_probability(self, p: f64) -> Self {
        Self { trigger: Trigger::Probability(p), ..self }
    }

    /// Limits the fault to calls about a user, by username or id.
    #[must_use]
    pub fn about(self, user: impl Into<String>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// Lets this many matching calls pass first.
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
                Err(ConfigError(format!("{p} is not a probability; expected 0 to 1")))
            }
            Trigger::Probability(_) | Trigger::Times(_) | Trigger::Always => self.check_effect(),
        }
    }

    fn check_effect(&self) -> Result<(), ConfigError> {
        match &self.effect {
            Effect::Error { status, .. } | Effect::ErrorAfter { status, .. } if !(400..=599).contains(status) => {
                Err(ConfigError(format!("{status} is not an error status; expected 400 to 599")))
            }
            _ => Ok(()),
        }
    }

    fn matches(&self, operation: &str, user: &[&str]) -> bool {
        self.operation.as_ref().is_none_or(|o| o == operation)
            && self.user.as_ref().is_none_or(|u| user.iter().any(|name| name.eq_ignore_ascii_case(u)))
    }

    /// Returns whether the fault applies to a matching call, and counts the call.
    fn applies(&mut self, rng: &mut StdRng) -> bool {
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

/// The faults that are not used up.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
        self.drop_used_up();
    }

    pub fn all(&self) -> &[Fault] {
        &self.0
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the faults of a call. Delays add up. Among other effects, that of the oldest fault applies.
    pub fn apply(&mut self, operation: &str, user: &[&str], rng: &mut StdRng) -> (Duration, Option<Effect>) {
        let mut delay = Duration::ZERO;
        let mut effect = None;
        for fault in &mut self.0 {
            if !fault.matches(operation, user) {
                continue;
            }
            if let Effect::Delay { milliseconds } = fault.effect {
                if fault.applies(rng) {
                    delay = delay.saturating_add(Duration::from_millis(milliseconds));
                }
            } else if effect.is_none() && fault.applies(rng) {
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
