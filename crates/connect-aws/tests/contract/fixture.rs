//! The fixture of a case: a client, an instance, and the profiles and groups that users refer to.

use std::{
    fmt::Debug,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use connect_api::{
    Caller, Class, Connect, ConnectExt, CreateUser, DeleteUser, DescribeInstance, DescribeUser, DescribeUserHierarchyGroup,
    Error, HierarchyGroup, IdentityInfo, IdentityManagementType, Instance, InstanceId, ListRoutingProfiles, ListSecurityProfiles,
    ListUserHierarchyGroups, Named, Operation, Password, ProficiencyKey, RoutingProfileId, SecurityProfileId, Tags, User, UserId,
};
use futures::future::BoxFuture;

/// How often an eventual result is checked, with a second between the checks.
const CHECKS: usize = 60;

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
    connect: &'a dyn Connect,
    wait: &'a (dyn Fn() -> BoxFuture<'a, ()> + Send + Sync),
    prefix: String,
    pub(crate) instance: Instance,
    pub(crate) routing_profiles: Vec<Named>,
    pub(crate) security_profiles: Vec<Named>,
    pub(crate) hierarchy_groups: Vec<Named>,
    pub(crate) proficiencies: [ProficiencyKey; 3],
    names: AtomicUsize,
    created: Mutex<Vec<UserId>>,
    results: Mutex<Vec<String>>,
}

impl<'a> Fixture<'a> {
    /// Reads the instance, which needs two routing profiles, three security profiles and two hierarchy groups.
    pub(crate) async fn read(ground: Environment<'a>) -> Self {
        let Environment { connect, instance, proficiencies, prefix, wait } = ground;
        let mut fixture = Self {
            connect,
            wait,
            prefix,
            instance: Instance {
                id: instance.clone(),
                arn: String::new(),
                alias: None,
                identity_management_type: None,
                status: None,
            },
            routing_profiles: Vec::new(),
            security_profiles: Vec::new(),
            hierarchy_groups: Vec::new(),
            proficiencies,
            names: AtomicUsize::new(0),
            created: Mutex::default(),
            results: Mutex::default(),
        };
        let (max_results, next_token) = (100, None::<String>);
        fixture.instance = fixture.call(DescribeInstance { instance: instance.clone() }).await.unwrap();
        let request = ListRoutingProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
        fixture.routing_profiles = fixture.call(request).await.unwrap().items;
        let request = ListSecurityProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
        fixture.security_profiles = fixture.call(request).await.unwrap().items;
        let request = ListUserHierarchyGroups { instance, max_results, next_token };
        fixture.hierarchy_groups = fixture.call(request).await.unwrap().items;
        assert!(fixture.routing_profiles.len() >= 2, "the instance needs two routing profiles");
        assert!(fixture.security_profiles.len() >= 3, "the instance needs three security profiles");
        assert!(fixture.hierarchy_groups.len() >= 2, "the instance needs two hierarchy groups");
        fixture
    }

    /// Makes a call. It is repeated while it is throttled, since other clients may use the same rate.
    pub(crate) async fn call<O>(&self, request: O) -> Result<O::Output, Error>
    where
        O: Operation + Clone,
        O::Output: Debug + Send,
    {
        let result = loop {
            match self.connect.call(&Caller::default(), request.clone()).await {
                Err(error) if error.class == Class::Throttled => self.wait().await,
                result => break result,
            }
        };
        self.results.lock().unwrap().push(format!("{}: {result:?}", O::NAME));
        result
    }

    /// Waits for a second.
    pub(crate) async fn wait(&self) {
        (self.wait)().await;
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
        format!("{}-{}", self.prefix, self.names.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn routing_profile(&self, n: usize) -> RoutingProfileId {
        self.routing_profiles[n].id.as_str().into()
    }

    pub(crate) fn security_profile(&self, n: usize) -> SecurityProfileId {
        self.security_profiles[n].id.as_str().into()
    }

    pub(crate) async fn hierarchy_group(&self, n: usize) -> HierarchyGroup {
        let group = self.hierarchy_groups[n].id.as_str().into();
        self.call(DescribeUserHierarchyGroup { instance: self.instance.id.clone(), group }).await.unwrap()
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
            tags: Tags::from([("contract-suite".into(), self.prefix.clone())]),
            ..CreateUser::new(self.instance.id.clone(), self.username(), self.routing_profile(0), [self.security_profile(0)])
        }
    }

    /// Creates a user that is deleted when the case is over.
    pub(crate) async fn create(&self, request: CreateUser) -> Result<UserId, Error> {
        let id = self.call(request).await?.id;
        self.created.lock().unwrap().push(id.clone());
        Ok(id)
    }

    /// Creates a user and reads it as soon as it can be read.
    pub(crate) async fn user(&self, request: CreateUser) -> User {
        let id = self.create(request).await.unwrap();
        self.in_time(async || self.describe(&id).await.ok()).await
    }

    pub(crate) async fn describe(&self, user: &UserId) -> Result<User, Error> {
        self.call(DescribeUser { instance: self.instance.id.clone(), user: user.clone() }).await
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
            match self.call(DeleteUser { instance: self.instance.id.clone(), user }).await {
                Ok(()) => {}
                Err(error) => assert_eq!(error.class, Class::NotFound, "{error}"),
            }
        }
    }
}

/// Asserts that Connect refused a call with this class and one of these codes.
pub(crate) fn assert_refused<T: Debug>(result: Result<T, Error>, class: Class, codes: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.class, class, "{error}");
    assert!(error.code.as_deref().is_some_and(|code| codes.contains(&code)), "{error}");
    assert!(error.is_refusal() && !error.message.is_empty() && error.request_id.is_some(), "{error:?}");
}
