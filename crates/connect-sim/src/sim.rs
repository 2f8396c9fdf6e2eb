//! The handle to a simulated account.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_api::{Call, Error, HierarchyGroupId, InstanceId, OperationName, Reply, RoutingProfileId, SecurityProfileId};
use jiff::Timestamp;

use crate::{
    Calls, Client, Config, ConfigError, Fault, InstanceView, QuickConnectView, SessionView, UserView,
    admission::Surface,
    engine::{Answer, Engine},
    refusal::Refusal,
    request::{Request, StsRequest},
    response::Response,
    sts::{Signer, StsResponse},
    typed,
};

/// Where a call goes: what its signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The Region; instances of others are not found. None sees them all, which only the console does.
    pub region: Option<String>,
    /// The account. None takes that of the instance, as with an access key of which nothing is known.
    pub account: Option<String>,
}

impl Scope {
    /// Of this Region and whichever account the instance is in.
    pub fn region(region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), account: None }
    }

    /// Of every Region.
    pub fn everywhere() -> Self {
        Self { region: None, account: None }
    }
}

type Hook = (OperationName, Box<dyn FnOnce(&Sim) + Send>);

struct Shared {
    engine: Mutex<Engine>,
    hooks: Mutex<Vec<Hook>>,
}

/// A simulated Amazon Connect. Clones are handles to the same one.
#[derive(Clone)]
pub struct Sim(Arc<Shared>);

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Sim {
    /// Starts with this configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self(Arc::new(Shared { engine: Mutex::new(Engine::new(config)?), hooks: Mutex::default() })))
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        // A test's assertion may fail inside a hook; what it then reads for its message is still worth reading.
        self.0.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client in the first instance's account and Region.
    pub fn client(&self) -> Client {
        let engine = self.engine();
        let scope = engine.first_scope();
        drop(engine);
        Client::new(self.clone(), scope, false)
    }

    /// A client in another Region.
    pub fn client_in(&self, scope: Scope) -> Client {
        Client::new(self.clone(), scope, false)
    }

    /// A client for the person at Connect's own console: the same operations, of which none is throttled, counted, denied or
    /// hit by a fault.
    pub fn console(&self) -> Client {
        Client::new(self.clone(), Scope::everywhere(), true)
    }

    /// One call.
    ///
    /// # Errors
    /// What Connect answers, or what the faults and rates make of it.
    pub fn call(&self, scope: &Scope, call: Call) -> Result<Reply, Error> {
        self.send(scope, call, Surface::Api)
    }

    pub(crate) fn call_from_console(&self, scope: &Scope, call: Call) -> Result<Reply, Error> {
        self.send(scope, call, Surface::Console)
    }

    fn send(&self, scope: &Scope, call: Call, door: Surface) -> Result<Reply, Error> {
        let operation = call.name();
        let answer = self.answer(scope, door, typed::request(call));
        typed::reply(operation, answer)
    }

    /// One call in the simulator's own terms. Both doors come here.
    pub(crate) fn answer(&self, scope: &Scope, door: Surface, request: Request) -> Answer<Response> {
        let operation = request.name();
        let answer = self.engine().answer(scope, door, request);
        if door == Surface::Api {
            self.run_hooks(operation);
        }
        answer
    }

    /// What a call that is signed so sees.
    pub(crate) fn scope(&self, signer: &Signer, region: String) -> Result<Scope, Refusal> {
        Ok(Scope { region: Some(region), account: self.engine().account_of(signer)? })
    }

    /// One call to STS.
    pub(crate) fn answer_sts(&self, signer: &Signer, request: StsRequest) -> Answer<StsResponse> {
        self.engine().answer_sts(signer, request)
    }

    /// The sessions of roles, in the order in which they were given.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.engine().sessions()
    }

    /// An id for a request that never gets as far as a call.
    pub(crate) fn request_id(&self) -> String {
        self.engine().request_id()
    }

    fn run_hooks(&self, operation: &str) {
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<Hook> = hooks.extract_if(.., |(on, _)| on.as_str() == operation).collect();
        drop(hooks);
        for (_, hook) in due {
            hook(self);
        }
    }

    /// Runs this once, right after the next call of that operation: something that happens between two pages, say, or between
    /// a read and the write that follows from it.
    pub fn after_next(&self, operation: OperationName, hook: impl FnOnce(&Self) + Send + 'static) {
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner).push((operation, Box::new(hook)));
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.engine().now()
    }

    /// Moves its time forward.
    pub fn advance(&self, by: Duration) {
        self.engine().advance(by);
    }

    /// What was called since the start or the last reset.
    pub fn calls(&self) -> Calls {
        self.engine().calls.clone()
    }

    /// Counts from zero again.
    pub fn reset_calls(&self) {
        self.engine().calls = Calls::default();
    }

    /// Lets a fault wait for its calls.
    ///
    /// # Panics
    /// If the fault makes no sense: an unknown operation, a status that is no error's, a probability above 1.
    pub fn inject(&self, fault: Fault) {
        self.try_inject(fault).expect("a fault that makes sense");
    }

    pub(crate) fn try_inject(&self, fault: Fault) -> Result<(), ConfigError> {
        fault.check()?;
        self.engine().admission.faults.add(fault);
        Ok(())
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.engine().admission.faults.clear();
    }

    /// Faults that still wait.
    pub fn faults(&self) -> Vec<Fault> {
        self.engine().admission.faults.waiting().to_vec()
    }

    /// From now on these operations, and no others, answer AccessDeniedException.
    ///
    /// # Panics
    /// If there is no such operation.
    pub fn deny<O: ToString>(&self, operations: impl IntoIterator<Item = O>) {
        self.try_deny(operations.into_iter().map(|o| o.to_string()).collect()).expect("operations that exist");
    }

    pub(crate) fn try_deny(&self, operations: Vec<String>) -> Result<(), ConfigError> {
        for operation in &operations {
            crate::config::known_operation(operation)?;
        }
        self.engine().admission.denied = operations.into_iter().collect();
        Ok(())
    }

    /// Changes how many users an instance may have. False if there is no such instance.
    pub fn set_users_quota(&self, instance: &InstanceId, users: usize) -> bool {
        self.engine().instance_mut(instance).map(|i| i.users_quota = users).is_some()
    }

    /// The instances.
    pub fn instances(&self) -> Vec<InstanceView> {
        self.engine().instances()
    }

    /// All users of an instance by username, as they are, without lag. None of an unknown instance.
    pub fn users(&self, instance: &InstanceId) -> Vec<UserView> {
        self.engine().users(instance)
    }

    /// The user of this name, whatever its case.
    pub fn user(&self, instance: &InstanceId, username: &str) -> Option<UserView> {
        self.users(instance).into_iter().find(|u| u.user.username.eq_ignore_ascii_case(username))
    }

    /// All quick connects of an instance by name, as they are, without lag. None of an unknown instance.
    pub fn quick_connects(&self, instance: &InstanceId) -> Vec<QuickConnectView> {
        self.engine().quick_connects(instance)
    }

    /// The ARN of a routing profile by its name.
    pub fn routing_profile_arn(&self, instance: &InstanceId, name: &str) -> Option<String> {
        self.engine().instance(instance)?.routing_profile_named(name)
    }

    /// The ARN of a security profile by its name.
    pub fn security_profile_arn(&self, instance: &InstanceId, name: &str) -> Option<String> {
        self.engine().instance(instance)?.security_profile_named(name)
    }

    /// The ARN of a hierarchy group by its path: `/Level one/Level two`.
    pub fn hierarchy_group_arn(&self, instance: &InstanceId, path: &str) -> Option<String> {
        self.engine().instance(instance)?.hierarchy_group_at(path)
    }

    /// The id of a routing profile by its name.
    pub fn routing_profile_id(&self, instance: &InstanceId, name: &str) -> Option<RoutingProfileId> {
        self.routing_profile_arn(instance, name).map(|arn| RoutingProfileId::new(last(&arn)))
    }

    /// The id of a security profile by its name.
    pub fn security_profile_id(&self, instance: &InstanceId, name: &str) -> Option<SecurityProfileId> {
        self.security_profile_arn(instance, name).map(|arn| SecurityProfileId::new(last(&arn)))
    }

    /// The id of a hierarchy group by its path.
    pub fn hierarchy_group_id(&self, instance: &InstanceId, path: &str) -> Option<HierarchyGroupId> {
        self.hierarchy_group_arn(instance, path).map(|arn| HierarchyGroupId::new(last(&arn)))
    }
}

/// The id at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
