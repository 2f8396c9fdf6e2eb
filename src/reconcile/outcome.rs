//! How a pass ends, in the forms that its parts need.
//!
//! A step returns a [`Flow`]: a value to continue with, or the [`End`] of the pass. [`State`] is what the conditions show of it,
//! and [`Verdict`] is what remains for the queue: when the next pass is due.

use std::{ops::ControlFlow, time::Duration};

use connect_api::Error;

use super::{
    cluster::{ClusterError, ClusterErrorKind},
    failure::{Failure, Kind, Phase},
};
use crate::{
    api::Reason,
    plan::{Change, Live},
};

/// How a pass ends.
#[derive(Debug)]
pub(super) enum End {
    /// The resource is gone, or its finalizer was removed.
    Gone,
    /// The user is in this state. If it was read to the end, this is what was read.
    Report(State, Option<Box<Live>>),
}

impl From<State> for End {
    fn from(state: State) -> Self {
        Self::Report(state, None)
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        State::Failed(failure).into()
    }
}

/// The result of a step: a value to continue with, or the end of the pass.
pub(super) type Flow<T = ()> = ControlFlow<End, T>;

/// Ends the pass if a call to Connect failed. `fields` are the spec's fields that the call was about.
pub(super) fn or_fail<T>(result: Result<T, Error>, phase: Phase, fields: &str) -> Flow<T> {
    match result {
        Ok(value) => Flow::Continue(value),
        Err(error) => Flow::Break(Failure::of_call(&error, phase, fields).into()),
    }
}

/// Ends the pass if a call to the API server failed. An object that is gone, or was replaced, needs no report.
pub(super) fn or_end<T>(result: Result<T, ClusterError>, phase: Phase) -> Flow<T> {
    match result {
        Ok(value) => Flow::Continue(value),
        Err(error) if error.kind == ClusterErrorKind::Gone => Flow::Break(End::Gone),
        Err(error) => Flow::Break(Failure::of_cluster(&error, phase).into()),
    }
}

/// The state of a user at the end of a pass, as the conditions show it.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It matches the spec.
    InSync,
    /// It differs from the spec, and the operator may only report that.
    Drifted(Vec<Change>),
    /// Connect accepts these values of the spec, and keeps others.
    NotKept(Vec<Change>),
    /// The resource is paused.
    Paused { deleting: bool },
    /// It is being created, changed or deleted: the work continues in a pass that follows at once.
    Working(Reason, String),
    /// The pass failed.
    Failed(Failure),
}

impl State {
    /// Returns whether such a pass answers a request for a pass. One that still waits for the rate limit does not.
    pub(super) fn answers_request(&self) -> bool {
        match self {
            Self::InSync | Self::Drifted(_) | Self::NotKept(_) | Self::Working(..) => true,
            Self::Failed(failure) => !matches!(failure.kind, Kind::Deferred | Kind::Throttled),
            Self::Paused { .. } => false,
        }
    }
}

/// When the next pass over a resource is due, and how this one ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The time until the next pass if nothing happens before; None: a pass follows an event only.
    pub after: Option<Duration>,
    /// The result, for the metrics.
    pub result: &'static str,
    /// Until the next pass is due, only a new request on the resource starts one.
    pub held: bool,
}

impl Verdict {
    pub(super) fn ended(after: Option<Duration>, result: &'static str) -> Self {
        Self { after, result, held: false }
    }

    pub(super) fn failed(after: Duration, kind: Kind) -> Self {
        Self { after: Some(after), result: kind.reason().as_str(), held: true }
    }
}
