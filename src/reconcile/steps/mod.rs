//! The steps of a pass. Each takes what it needs, makes its calls, and returns what it has learnt or the end of the pass.

pub(super) mod bounds;
pub(super) mod claim;
pub(super) mod create;
pub(super) mod delete;
mod events;
pub(super) mod failures;
pub(super) mod finalizer;
pub(super) mod finish;
mod identity_type;
pub(super) mod names;
pub(super) mod password;
pub(super) mod quick_connects;
pub(super) mod read;
pub(super) mod update;

// What the steps use of the layers below. Each takes its names from here.
use crate::{
    api::{
        AdoptionPolicy, CONFIRM_DELETION, ConditionType, ConnectUser, ConnectUserStatus, CreateAttempt, ManagementPolicy,
        PasswordSecretRef, Reason,
    },
    inventory::{Query, REFRESH, Wanted},
    plan::{
        Action, Change, CreateAttempts, Creation, Excess, Knowledge, Live, Observation, Ownership, Policy, ReferenceKind,
        SpecIssue, Unresolved, advice_on_create, advice_on_update, after, broken_rules, clears_identity, created,
        empties_identity, explain, in_other_words,
    },
    reconcile::{
        cluster::{ClusterError, ClusterErrorKind, EventKind, SecretValue, THROTTLED},
        conditions::{condition, is_in_sync, set_conditions, set_password_change_ignored, to_the_second},
        confirmation::{Confirmation, REMARK, confirmation_value, remark},
        context::Context,
        deletion_guard::Deletion,
        failure::{Failure, Kind, Phase, describes_same_wait},
        instance_client::unless_gone,
        learnt::Learnt,
        lookup,
        memory::Retry,
        outcome::{End, Flow, State, Verdict, or_end, or_fail},
        quick_connect_cleanup::{Cleanup, OPERATIONS, is_permanent},
        report::Appeared,
        requests::{Request, reconcile_requested},
        schedule::{name_lifetime, until_read},
        subject::Subject,
        work::Work,
    },
    telemetry::Personal,
};
