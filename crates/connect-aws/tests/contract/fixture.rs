//! The fixture of a case: a client, an instance, and the profiles and groups that users refer to.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use connect_api::{
    Call, Caller, Class, Connect, CreateUser, DeleteUser, DescribeInstance, DescribeUser, DescribeUserHierarchyGroup, Error,
    HierarchyGroup, IdentityInfo, IdentityManagementType, Instance, InstanceId, ListRoutingProfiles, ListSecurityProfiles,
    ListUserHierarchyGroups, Named, Operation, Page, Password, ProficiencyKey, Reply, RoutingProfileId, SecurityProfileId, Tags,
    User, UserId,
};
use futures::future::BoxFuture;

/// How often an eventual result is checked, with a second between the checks.
const CHECKS: usize = 60;

/// The class of a refusal, and the codes that Connect may give for it.
pub(crate) type Refusal = (Class, &'static [&'static str]);

pub(crate) const NOT_FOUND: Refusal = (Class::NotFound, &["ResourceNotFoundException"]);
pub(crate) const INVALID: Refusal = (Class::Invalid, &["InvalidParameterException", "InvalidRequestException"]);

/// The environment that a fixture is made from.
pub(crate) struct Environment<'a> {
    pub(crate) connect: &'a dyn Connect,
    pub(crate) instance: InstanceId,
    /// Three proficiencies that users of the instance may have.
    pub(crate) proficiencies: [ProficiencyKey; 3],
    /// The prefix of the usernames, which no other users share.
    pub(crate) prefix: String,
    /// Waits for a second.
    pub(crate) wait: &'a (dyn Fn() -> BoxFuture<'a, ()> + Send + Sync),
}

pub(crate) struct Fixture<'a> {
    pub(crate) environment: Environment<'a>,
    pub(crate) instance: Instance,
    pub(crate) routing_profiles: Vec<Named>,
    pub(crate) security_profiles: Vec<Named>,
    pub(crate) hierarchy_groups: Vec<Named>,
    names: AtomicUsize,
    created: Mutex<Vec<UserId>>,
    results: Mutex<Vec<String>>,
}

impl<'a> Fixture<'a> {
    /// Reads the instance, which needs two routing profiles, three security profiles and two hierarchy groups.
    pub(crate) async fn read(environment: Environment<'a>) -> Self {
        let id = environment.instance.clone();
        let fixture = Self {
            environment,
            instance: Instance { id, arn: String::new(), alias: None, identity_management_type: None, status: None },
            routing_profiles: Vec::new(),
            security_profiles: Vec::new(),
            hierarchy_groups: Vec::new(),
            names: AtomicUsize::new(0),
            created: Mutex::default(),
            results: Mutex::default(),
        };
        let instance = || fixture.id();
        let (described, max_results) = (fixture.call(DescribeInstance { instance: instance() }).await.unwrap(), 100);
        let list = |next_token| ListRoutingProfiles { instance: instance(), max_results, next_token };
        let routing_profiles = fixture.all_pages(100, list).await;
        let list = |next_token| ListSecurityProfiles { instance: instance(), max_results, next_token };
        let security_profiles = fixture.all_pages(100, list).await;
        let list = |next_token| ListUserHierarchyGroups { instance: instance(), max_results, next_token };
        let hierarchy_groups = fixture.all_pages(100, list).await;
        assert!(routing_profiles.len() >= 2, "the instance needs two routing profiles");
        assert!(security_profiles.len() >= 3, "the instance needs three security profiles");
        assert!(hierarchy_groups.len() >= 2, "the instance needs two hierarchy groups");
        Self { instance: described, routing_profiles, security_profiles, hierarchy_groups, ..fixture }
    }

    /// Makes a call. It is repeated while it is throttled, since other clients may use the same rate.
    async fn send(&self, call: Call) -> Result<Reply, Error> {
        let result = loop {
            match self.environment.connect.send(&Caller::default(), call.clone()).await {
                Err(error) if error.class == Class::Throttled => self.wait().await,
                result => break result,
            }
        };
        if let Ok(Reply::CreateUser(created)) = &result {
            self.created.lock().unwrap().push(created.id.clone());
        }
        self.results.lock().unwrap().push(format!("{}: {result:?}", call.name()));
        result
    }

    /// Makes a call. A user that it creates is deleted when the case is over.
    pub(crate) async fn call<O: Operation>(&self, request: O) -> Result<O::Output, Error> {
        self.send(request.into()).await.map(|reply| O::output(reply).unwrap())
    }

    /// Asserts that Connect refuses each of these calls.
    pub(crate) async fn assert_refused(&self, calls: impl IntoIterator<Item = Call>, (class, codes): Refusal) {
        for call in calls {
            let error = self.send(call.clone()).await.expect_err(&format!("{call:?}"));
            assert_eq!(error.class, class, "{call:?}: {error}");
            assert!(error.code.as_deref().is_some_and(|code| codes.contains(&code)), "{call:?}: {error}");
            assert!(error.is_refusal() && !error.message.is_empty() && error.request_id.is_some(), "{call:?}: {error:?}");
        }
    }

    /// Returns the items of all pages of this size.
    pub(crate) async fn all_pages<O, T>(&self, size: usize, request: impl Fn(Option<String>) -> O) -> Vec<T>
    where
        O: Operation<Output = Page<T>>,
    {
        let mut items = Vec::new();
        let mut next_token = None;
        loop {
            let page = self.call(request(next_token)).await.unwrap();
            assert!(page.items.len() <= size);
            items.extend(page.items);
            next_token = page.next_token;
            if next_token.is_none() {
                return items;
            }
        }
    }

    /// Returns the instance's id.
    pub(crate) fn id(&self) -> InstanceId {
        self.instance.id.clone()
    }

    /// Waits for a second.
    pub(crate) async fn wait(&self) {
        (self.environment.wait)().await;
    }

    /// Repeats a check until it has a result.
    pub(crate) async fn in_time<T>(&self, check: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..CHECKS {
            if let Some(seen) = check().await {
                return seen;
            }
            self.wait().await;
        }
        panic!("not seen in {CHECKS} s");
    }

    /// Returns an unused name.
    pub(crate) fn username(&self) -> String {
        format!("{}-{}", self.environment.prefix, self.names.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn routing_profile(&self, n: usize) -> RoutingProfileId {
        self.routing_profiles[n].id.as_str().into()
    }

    pub(crate) fn security_profile(&self, n: usize) -> SecurityProfileId {
        self.security_profiles[n].id.as_str().into()
    }

    pub(crate) async fn hierarchy_group(&self, n: usize) -> HierarchyGroup {
        let group = self.hierarchy_groups[n].id.as_str().into();
        self.call(DescribeUserHierarchyGroup { instance: self.id(), group }).await.unwrap()
    }

    /// Returns a request with the members that this instance requires, and a tag with the suite's prefix.
    pub(crate) fn new_user(&self) -> CreateUser {
        let managed = self.instance.identity_management_type == Some(IdentityManagementType::ConnectManaged);
        let named = self.instance.identity_management_type != Some(IdentityManagementType::ExistingDirectory);
        CreateUser {
            password: managed.then(|| Password::new("Contract-Suite-1")),
            identity_info: named.then(|| IdentityInfo {
                first_name: Some("Contract".into()),
                last_name: Some("Suite".into()),
                ..Default::default()
            }),
            tags: Tags::from([("contract-suite".into(), self.environment.prefix.clone())]),
            ..CreateUser::new(self.id(), self.username(), self.routing_profile(0), [self.security_profile(0)])
        }
    }

    /// Creates a user and reads it as soon as it can be read.
    pub(crate) async fn user(&self, request: CreateUser) -> User {
        let id = self.call(request).await.unwrap().id;
        self.in_time(async || self.describe(&id).await.ok()).await
    }

    pub(crate) async fn describe(&self, user: &UserId) -> Result<User, Error> {
        self.call(DescribeUser { instance: self.id(), user: user.clone() }).await
    }

    /// Asserts that the user is equal to this one except for the time of its last change, which must not be earlier.
    pub(crate) async fn assert_is(&self, expected: User) {
        let now = self.describe(&expected.id).await.unwrap();
        assert!(now.last_modified_time >= expected.last_modified_time);
        assert_eq!(now, User { last_modified_time: now.last_modified_time, ..expected });
    }

    /// Returns the result of every call.
    pub(crate) fn results(&self) -> Vec<String> {
        self.results.lock().unwrap().clone()
    }

    /// Deletes the users that still exist.
    pub(crate) async fn clean_up(&self) {
        let created = std::mem::take(&mut *self.created.lock().unwrap());
        for user in created {
            match self.call(DeleteUser { instance: self.id(), user }).await {
                Ok(()) => {}
                Err(error) => assert_eq!(error.class, Class::NotFound, "{error}"),
            }
        }
    }
}
