//! The handle to a simulated account.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use connect_api::{
    Arn, Call, Error, HierarchyGroupId, InstanceId, OperationName, Reply, Resource, RoutingProfileId, SecurityProfileId,
};
use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    Calls, Client, Config, ConfigError, Fault, InstanceView, QuickConnectView, SessionView, UserView,
    admission::Surface,
    config::known_operation,
    engine::{Engine, Outcome},
    overview::{Overview, Selection},
    refusal::Refusal,
    request::{Request, StsRequest},
    service_quotas::{GetServiceQuota, UsersQuota},
    state::{Instance, Profile},
    sts::{Signer, StsResponse},
    typed,
};

/// The Region and account that a call is for, from its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The Region. Instances of other Regions are not found. None sees all Regions, which only the console may.
    pub region: Option<String>,
    /// The account. None sees all accounts, as an unknown access key does.
    pub account: Option<String>,
}

impl Scope {
    /// Returns the scope of a Region and all accounts.
    pub fn region(region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), account: None }
    }

    /// Returns the scope of all Regions and accounts.
    pub fn everywhere() -> Self {
        Self { region: None, account: None }
    }
}

type Hook = (OperationName, Box<dyn FnOnce(&Sim) + Send>);

struct Shared {
    engine: Mutex<Engine>,
    hooks: Mutex<Vec<Hook>>,
}

/// A simulated Amazon Connect. Clones share the same state.
#[derive(Clone)]
pub struct Sim(Arc<Shared>);

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Sim {
    /// Creates a simulator with this configuration.
    ///
    /// # Errors
    /// The invalid member of the configuration and the reason.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self(Arc::new(Shared { engine: Mutex::new(Engine::new(config)?), hooks: Mutex::default() })))
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        // An assertion may fail inside a hook, and its message may still need the state.
        self.0.engine.lock()
    }

    /// Returns a client in the first instance's account and Region.
    pub fn client(&self) -> Client {
        self.client_in(self.engine().first_scope())
    }

    /// Returns a client in another scope.
    pub fn client_in(&self, scope: Scope) -> Client {
        Client::new(self.clone(), scope, Surface::Api)
    }

    /// Returns a client of Connect's console: it has the same operations, but its calls are not throttled, counted, denied or hit
    /// by faults.
    pub fn console(&self) -> Client {
        Client::new(self.clone(), Scope::everywhere(), Surface::Console)
    }

    /// Makes one typed call.
    pub(crate) fn send(&self, scope: &Scope, call: Call, surface: Surface) -> Result<Reply, Error> {
        let operation = call.name();
        typed::result(operation, self.process(scope, surface, typed::request(call)))
    }

    /// Processes a call from either surface.
    pub(crate) fn process<T>(&self, scope: &Scope, surface: Surface, request: Request<'_, T>) -> Outcome<T> {
        let operation = request.operation;
        let answer = self.engine().call(scope, surface, request);
        if surface == Surface::Api {
            self.run_hooks(operation);
        }
        answer
    }

    /// Returns the scope of a signature.
    pub(crate) fn scope(&self, signer: &Signer, region: String) -> Result<Scope, Refusal> {
        Ok(Scope { region: Some(region), account: self.engine().account_of(signer)? })
    }

    /// Processes one call to STS.
    pub(crate) fn call_sts(&self, signer: &Signer, request: StsRequest) -> Outcome<StsResponse> {
        self.engine().call_sts(signer, request)
    }

    /// Processes one call to Service Quotas.
    pub(crate) fn call_service_quotas(&self, scope: &Scope, request: &GetServiceQuota) -> Outcome<UsersQuota> {
        self.engine().call_service_quotas(scope, request)
    }

    /// Returns the sessions of roles, in order of creation.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.engine().sts.sessions()
    }

    /// Returns an id for a request that is refused before it becomes a call.
    pub(crate) fn request_id(&self) -> String {
        self.engine().identifiers.next()
    }

    fn run_hooks(&self, operation: &str) {
        let mut hooks = self.0.hooks.lock();
        let due: Vec<Hook> = hooks.extract_if(.., |(on, _)| on.as_str() == operation).collect();
        drop(hooks);
        for (_, hook) in due {
            hook(self);
        }
    }

    /// Runs a hook once, right after the next call of an operation: for an event between two pages, or between a read and the
    /// write that follows from it.
    pub fn after_next(&self, operation: OperationName, hook: impl FnOnce(&Self) + Send + 'static) {
        self.0.hooks.lock().push((operation, Box::new(hook)));
    }

    /// Returns the simulator's time.
    pub fn now(&self) -> Timestamp {
        self.engine().clock.now()
    }

    /// Moves the simulator's time forward.
    pub fn advance(&self, by: Duration) {
        self.engine().clock.advance(by);
    }

    /// Returns the counts of calls since the start or the last reset.
    pub fn calls(&self) -> Calls {
        self.engine().calls.clone()
    }

    /// Resets the counts of calls.
    pub fn reset_calls(&self) {
        self.engine().calls = Calls::default();
    }

    /// Adds a fault.
    ///
    /// # Panics
    /// If the fault is invalid: an unknown operation, a status that is not an error, a probability above 1.
    pub fn inject(&self, fault: Fault) {
        fault.check().expect("a valid fault");
        self.engine().admission.faults.add(fault);
    }

    /// Returns the faults that are not used up.
    pub fn faults(&self) -> Vec<Fault> {
        self.engine().admission.faults.all().to_vec()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.engine().admission.faults.clear();
    }

    /// Denies these operations, and no others, with AccessDeniedException from now on.
    ///
    /// # Panics
    /// If an operation does not exist.
    pub fn deny<O: ToString>(&self, operations: impl IntoIterator<Item = O>) {
        let operations: BTreeSet<_> = operations.into_iter().map(|operation| operation.to_string()).collect();
        operations.iter().try_for_each(|operation| known_operation(operation)).expect("operations that exist");
        self.engine().admission.denied = operations;
    }

    /// Sets the quota of users of an instance. Returns false if there is no such instance.
    pub fn set_users_quota(&self, instance: &InstanceId, users: usize) -> bool {
        self.engine().instance_mut(instance).map(|i| i.users_quota = users).is_some()
    }

    /// Returns the instances.
    pub fn instances(&self) -> Vec<InstanceView> {
        self.engine().instances().iter().map(Instance::view).collect()
    }

    /// Returns what the page shows.
    pub(crate) fn overview(&self, selection: &Selection) -> Overview {
        self.engine().overview(selection)
    }

    /// Returns all users of an instance by username, without lag. An unknown instance has none.
    pub fn users(&self, instance: &InstanceId) -> Vec<UserView> {
        let engine = self.engine();
        engine.users(engine.instance(instance))
    }

    /// Returns the same for the instance with this ARN: a replica has the id of the instance that it replicates.
    pub fn users_at(&self, instance: &Arn) -> Vec<UserView> {
        let engine = self.engine();
        engine.users(engine.instance_at(instance))
    }

    /// Returns the user with this name, ignoring case.
    pub fn user(&self, instance: &InstanceId, username: &str) -> Option<UserView> {
        self.users(instance).into_iter().find(|u| u.user.username.eq_ignore_ascii_case(username))
    }

    /// Returns all quick connects of an instance by name, without lag. An unknown instance has none.
    pub fn quick_connects(&self, instance: &InstanceId) -> Vec<QuickConnectView> {
        self.engine().quick_connects(instance)
    }

    /// Returns the ARN of a routing profile by name.
    pub fn routing_profile_arn(&self, instance: &InstanceId, name: &str) -> Option<String> {
        let id = self.routing_profile_id(instance, name)?;
        Some(self.engine().instance(instance)?.arn_of(Resource::RoutingProfile(id)))
    }

    /// Returns the ARN of a security profile by name.
    pub fn security_profile_arn(&self, instance: &InstanceId, name: &str) -> Option<String> {
        let id = self.security_profile_id(instance, name)?;
        Some(self.engine().instance(instance)?.arn_of(Resource::SecurityProfile(id)))
    }

    /// Returns the ARN of a hierarchy group by path: `/Level one/Level two`.
    pub fn hierarchy_group_arn(&self, instance: &InstanceId, path: &str) -> Option<String> {
        let id = self.hierarchy_group_id(instance, path)?;
        Some(self.engine().instance(instance)?.arn_of(Resource::HierarchyGroup(id)))
    }

    /// Returns the id of a routing profile by name.
    pub fn routing_profile_id(&self, instance: &InstanceId, name: &str) -> Option<RoutingProfileId> {
        named(&self.engine().instance(instance)?.routing_profiles, name).map(RoutingProfileId::new)
    }

    /// Returns the id of a security profile by name.
    pub fn security_profile_id(&self, instance: &InstanceId, name: &str) -> Option<SecurityProfileId> {
        named(&self.engine().instance(instance)?.security_profiles, name).map(SecurityProfileId::new)
    }

    /// Returns the id of a hierarchy group by path.
    pub fn hierarchy_group_id(&self, instance: &InstanceId, path: &str) -> Option<HierarchyGroupId> {
        self.engine().instance(instance)?.hierarchy_group_at(path).map(HierarchyGroupId::new)
    }
}

fn named<'a>(profiles: &'a BTreeMap<String, Profile>, name: &str) -> Option<&'a String> {
    profiles.iter().find(|(_, profile)| profile.name == name).map(|(id, _)| id)
}
