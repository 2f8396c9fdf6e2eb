//! The checks between a call and its effect: permissions, rates, faults.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    Rate, Throttling,
    faults::{Effect, Faults},
    refusal::{Failure, Refusal},
    request::{Request, Target, is_elsewhere},
    state::Instance,
    throttle::Throttle,
};

/// The surface through which a call arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// The API: signed, throttled, counted, and subject to faults.
    Api,
    /// Connect's console, for changes by a person.
    Console,
}

/// The account and Region of a call, and the names and ids of the user that it is about.
pub(crate) struct Origin {
    pub account: String,
    pub region: String,
    pub resource: String,
    pub user: Vec<String>,
}

/// The result of an admitted call.
pub(crate) enum Admission {
    /// The result of the rules.
    Ordinary,
    /// The rules apply, but the caller receives this failure.
    Replaced(Failure),
}

impl Admission {
    /// Returns what the caller receives for this result.
    pub fn answer<T>(self, result: Result<T, Refusal>) -> Result<T, Failure> {
        match self {
            Self::Ordinary => result.map_err(Failure::Refused),
            Self::Replaced(failure) => Err(failure),
        }
    }
}

impl Origin {
    pub fn of<T>(request: &Request<'_, T>, instance: Option<&Instance>, scope_region: Option<&str>) -> Self {
        let unnamed = || scope_region.unwrap_or("us-east-1").to_owned();
        let (account, region, base) = instance.map_or_else(
            || (String::new(), unnamed(), "*".into()),
            |i| (i.arn.account.clone(), i.arn.region.clone(), i.arn.to_string()),
        );
        let named = match &request.target {
            Target::User { user, .. } => Some(user.rsplit('/').next().unwrap_or(user)),
            Target::Resource(arn) => arn.rsplit_once("/agent/").map(|(_, id)| id),
            Target::Account | Target::Instance(_) => None,
        };
        let id = named.map(ToOwned::to_owned);
        let username = match (&request.username, instance, named) {
            (Some(username), ..) => Some(username.clone()),
            (None, Some(instance), Some(id)) => instance.users.get(&id.into()).map(|u| u.username.clone()),
            _ => None,
        };
        let resource = match (&request.username, &id) {
            (Some(_), _) => format!("{base}/agent/*"),
            (None, Some(id)) => format!("{base}/agent/{id}"),
            (None, None) => base,
        };
        Self { account, region, resource, user: id.into_iter().chain(username).collect() }
    }

    fn not_allowed(&self, operation: &str) -> Refusal {
        let Self { account, resource, .. } = self;
        let account = if account.is_empty() { "123456789012" } else { account };
        Refusal::access_denied(format!(
            "User: arn:aws:sts::{account}:assumed-role/connect-client/session is not authorized to perform: \
             connect:{operation} on resource: {resource} because no identity-based policy allows the connect:{operation} action"
        ))
    }
}

/// Returns the permissions that an operation needs besides its own.
fn dependants(operation: &str) -> &'static [&'static str] {
    match operation {
        "SearchUsers" => &["DescribeUser", "ListUserProficiencies"],
        "SearchQuickConnects" => &["DescribeQuickConnect"],
        "SearchPredefinedAttributes" => &["DescribePredefinedAttribute"],
        "SearchRoutingProfiles" => &["DescribeRoutingProfile"],
        "SearchSecurityProfiles" => &["DescribeSecurityProfile"],
        "SearchUserHierarchyGroups" => &["DescribeUserHierarchyGroup"],
        _ => &[],
    }
}

/// Permissions, rates and faults, and the random numbers that they draw from.
#[derive(Debug)]
pub(crate) struct AdmissionControl {
    rng: StdRng,
    throttle: Throttle,
    pub faults: Faults,
    /// Operations that are answered with AccessDeniedException.
    pub denied: BTreeSet<String>,
}

impl AdmissionControl {
    pub fn new(seed: u64, throttling: Throttling, denied: BTreeSet<String>) -> Self {
        let (rng, throttle) = (StdRng::seed_from_u64(seed), Throttle::new(throttling));
        Self { rng, throttle, faults: Faults::default(), denied }
    }

    /// Returns the rate limit of an operation, if it has one.
    pub fn rate(&self, operation: &str) -> Option<Rate> {
        (!is_elsewhere(operation)).then(|| self.throttle.rate(operation)).flatten()
    }

    /// Admits a call or refuses it, with checks in the order of AWS: permission, rate, and then faults inside the service.
    pub fn admit(&mut self, origin: &Origin, operation: &'static str, now: Timestamp) -> (Duration, Result<Admission, Failure>) {
        let needed = std::iter::once(&operation).chain(dependants(operation));
        if let Some(denied) = needed.copied().find(|needed| self.denied.contains(*needed)) {
            return (Duration::ZERO, Err(origin.not_allowed(denied).into()));
        }
        if let Err(refusal) = self.throttle.take(&origin.account, &origin.region, operation, now, &mut self.rng) {
            return (Duration::ZERO, Err(refusal.into()));
        }
        let user: Vec<&str> = origin.user.iter().map(String::as_str).collect();
        self.apply_faults(operation, &user, || origin.not_allowed(operation))
    }

    /// Admits a call to another service or refuses it. It has no rates, since those of the services are far above the use here.
    pub fn admit_elsewhere(
        &mut self,
        operation: &'static str,
        not_allowed: impl FnOnce() -> Refusal,
    ) -> (Duration, Result<Admission, Failure>) {
        if self.denied.contains(operation) {
            return (Duration::ZERO, Err(not_allowed().into()));
        }
        self.apply_faults(operation, &[], not_allowed)
    }

    /// Applies the faults to a call.
    fn apply_faults(
        &mut self,
        operation: &str,
        user: &[&str],
        not_allowed: impl FnOnce() -> Refusal,
    ) -> (Duration, Result<Admission, Failure>) {
        let (delay, effect) = self.faults.apply(operation, user, &mut self.rng);
        let refused = |status, code, message| Failure::Refused(Refusal { status, code, message });
        let admission = match effect {
            None | Some(Effect::Delay { .. }) => Ok(Admission::Ordinary),
            Some(Effect::Error { status, code, message }) => Err(refused(status, code, message)),
            Some(Effect::ErrorAfter { status, code, message }) => Ok(Admission::Replaced(refused(status, code, message))),
            Some(Effect::LostReply) => Ok(Admission::Replaced(Failure::Lost("the connection was closed before the reply came"))),
            Some(Effect::LostRequest) => Err(Failure::Lost("the connection was closed before the request was read")),
            Some(Effect::Bare429) => Err(refused(429, None, String::new())),
            Some(Effect::AccessDenied) => Err(not_allowed().into()),
        };
        (delay, admission)
    }
}
