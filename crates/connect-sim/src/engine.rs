//! The state machine, which processes one call at a time from the surface to the counters.

use std::time::Duration;

use connect_api::{Arn, InstanceId};
use jiff::Timestamp;

use crate::{
    Calls, Config, ConfigError, QuickConnectView, Rules, Scope, UserView,
    admission::{AdmissionControl, Origin, Surface},
    clock::Clock,
    identifiers::Identifiers,
    paginator::Paginator,
    refusal::{Failure, Refusal},
    request::{self, Effect, GET_SERVICE_QUOTA, Request, StsRequest, Target},
    rules::Context,
    service_quotas::{self, GetServiceQuota, UsersQuota},
    state::{Instance, Lags},
    sts::{self, Signer, Sts, StsResponse},
};

/// The outcome of a call.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    pub request_id: String,
    /// How long a reply over HTTP is delayed.
    pub delay: Duration,
    pub result: Result<T, Failure>,
}

/// An account with its clock and faults.
#[derive(Debug)]
pub(crate) struct Engine {
    pub clock: Clock,
    rules: Rules,
    page_limit: Option<usize>,
    pub identifiers: Identifiers,
    instances: Vec<Instance>,
    pub admission: AdmissionControl,
    pub calls: Calls,
    pub sts: Sts,
}

impl Engine {
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let clock = Clock::new(config.clock, config.start);
        let now = clock.now();
        let lags = Lags { search: config.search_lag, describe: config.describe_lag, describe_covers: config.describe_lag_covers };
        let case_sensitive = config.rules.case_sensitive_usernames;
        let account = config.instances.first().map(|i| i.account.clone()).unwrap_or_default();
        let instances = config.instances.into_iter().map(|i| Instance::new(i, lags, case_sensitive, now)).collect();
        Ok(Self {
            clock,
            rules: config.rules,
            page_limit: config.page_limit,
            identifiers: Identifiers::new(config.seed),
            instances,
            admission: AdmissionControl::new(config.seed, config.throttling, config.denied_operations),
            calls: Calls::default(),
            sts: Sts::new(config.sts, account),
        })
    }

    pub fn first_scope(&self) -> Scope {
        self.instances.first().map_or_else(Scope::everywhere, |i| Scope {
            region: Some(i.arn.region.clone()),
            account: Some(i.arn.account.clone()),
        })
    }

    pub fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.iter().find(|i| i.arn.instance == *id)
    }

    pub fn instance_mut(&mut self, id: &InstanceId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.arn.instance == *id)
    }

    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Returns an instance by its ARN, which distinguishes the replicas of one.
    pub fn instance_at(&self, arn: &Arn) -> Option<&Instance> {
        self.instances.iter().find(|i| i.arn == *arn)
    }

    pub fn users(&self, instance: Option<&Instance>) -> Vec<UserView> {
        let mut users = instance.map(|i| i.user_views(&self.rules)).unwrap_or_default();
        users.sort_by(|a, b| a.user.username.cmp(&b.user.username));
        users
    }

    pub fn quick_connects(&self, instance: &InstanceId) -> Vec<QuickConnectView> {
        let mut all = self.instance(instance).map(Instance::quick_connect_views).unwrap_or_default();
        all.sort_by(|a, b| a.quick_connect.name.cmp(&b.quick_connect.name));
        all
    }

    /// Processes one call.
    pub fn call<T>(&mut self, scope: &Scope, surface: Surface, request: Request<'_, T>) -> Outcome<T> {
        debug_assert!(request::operations().any(|known| known == request.operation), "{}", request.operation);
        let now = self.clock.now();
        let request_id = self.identifiers.next();
        let at = self.locate(scope, &request.target);
        if surface == Surface::Console {
            let result = self.perform(scope, now, at, request).map_err(Failure::Refused);
            return Outcome { request_id, delay: Duration::ZERO, result };
        }
        let (operation, username) = (request.operation, request.username.clone());
        let origin = Origin::of(&request, at.map(|at| &self.instances[at]), scope.region.as_deref());
        let (delay, admitted) = self.admission.admit(&origin, operation, now);
        let mut took_effect = false;
        let result = admitted.and_then(|admission| {
            let result = self.perform(scope, now, at, request);
            took_effect = result.is_ok();
            admission.answer(result)
        });
        self.calls.count(operation, result.as_ref().err().map(Failure::label));
        if let Some(username) = username {
            self.calls.count_create(&username, took_effect);
        }
        Outcome { request_id, delay, result }
    }

    /// Returns the account of a signature, if it is known.
    pub fn account_of(&self, signer: &Signer) -> Result<Option<String>, Refusal> {
        self.sts.account_of(signer, self.clock.now())
    }

    /// Processes one call to STS.
    pub fn call_sts(&mut self, signer: &Signer, request: StsRequest) -> Outcome<StsResponse> {
        let (now, request_id, operation) = (self.clock.now(), self.identifiers.next(), request.name());
        let (delay, admitted) = self.admission.admit_elsewhere(operation, || sts::not_allowed(operation));
        let random = self.identifiers.next();
        let result = admitted.and_then(|admission| admission.answer(self.sts.call(signer, request, &random, now)));
        self.calls.count(operation, result.as_ref().err().map(Failure::label));
        Outcome { request_id, delay, result }
    }

    /// Processes one call to Service Quotas.
    pub fn call_service_quotas(&mut self, scope: &Scope, request: &GetServiceQuota) -> Outcome<UsersQuota> {
        let request_id = self.identifiers.next();
        let (delay, admitted) = self.admission.admit_elsewhere(GET_SERVICE_QUOTA, service_quotas::not_allowed);
        let seen = self.instances.iter().filter(|instance| visible(instance, scope));
        let result = admitted.and_then(|admission| admission.answer(service_quotas::get(request, seen)));
        self.calls.count(GET_SERVICE_QUOTA, result.as_ref().err().map(Failure::label));
        Outcome { request_id, delay, result }
    }

    /// Returns the index of the target's instance, if it is visible in the scope.
    fn locate(&self, scope: &Scope, target: &Target) -> Option<usize> {
        let named = match target {
            Target::Account => return None,
            Target::Instance(instance) | Target::User { instance, .. } => instance,
            Target::Resource(arn) => arn,
        };
        let is_arn = named.starts_with("arn:");
        let arn = named.parse::<Arn>().ok();
        self.instances.iter().position(|i| {
            let same = match &arn {
                Some(arn) => arn.sibling(connect_api::Resource::Instance) == i.arn,
                None => !is_arn && i.arn.instance.as_str() == named,
            };
            same && visible(i, scope)
        })
    }

    fn perform<T>(&mut self, scope: &Scope, now: Timestamp, at: Option<usize>, request: Request<'_, T>) -> Result<T, Refusal> {
        let rules = &self.rules;
        let paginator = Paginator { now, limit: self.page_limit, token_lifetime: rules.token_lifetime };
        let effect = match request.effect {
            Effect::OnAccount(effect) => {
                let seen: Vec<&Instance> = self.instances.iter().filter(|i| visible(i, scope)).collect();
                return effect(paginator, &seen);
            }
            Effect::OnInstance(effect) => effect,
        };
        match at {
            Some(at) => {
                let (identifiers, instance) = (&mut self.identifiers, &mut self.instances[at]);
                effect(&mut Context { now, rules, identifiers, paginator, instance })
            }
            None => Err(Refusal::not_found(match request.target {
                Target::Resource(arn) => format!("Resource {arn} not found"),
                Target::Instance(id) | Target::User { instance: id, .. } => format!("Instance not found: {id}"),
                Target::Account => unreachable!("an effect on an instance names one"),
            })),
        }
    }
}

fn visible(instance: &Instance, scope: &Scope) -> bool {
    scope.region.as_ref().is_none_or(|region| *region == instance.arn.region)
        && scope.account.as_ref().is_none_or(|account| *account == instance.arn.account)
}
