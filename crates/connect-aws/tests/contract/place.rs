//! Where a case runs: a client, an instance, and what the instance has that users refer to.

use std::{
    fmt::Debug,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use connect_api::{
    Caller, Class, Connect, ConnectExt, CreateUser, DeleteUser, DescribeInstance, DescribeUser, DescribeUserHierarchyGroup,
    Error, HierarchyGroup, IdentityInfo, IdentityManagementType, Instance, InstanceId,
    ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, Named, Operation, Password, ProficiencyKey,
    RoutingProfileId, SecurityProfileId, Tags, User, UserId,
};
use futures::future::BoxFuture;

/// So often is looked again for what is promised in time only; a second passes in between.
const PATIENCE: usize = 60;

/// What a place is made of.
pub(crate) struct Ground<'a> {
    pub(crate) connect: &'a dyn Connect,
    pub(crate) instance: InstanceId,
    /// Three proficiencies that users of the instance may have.
    pub(crate) proficiencies: [ProficiencyKey; 3],
    /// Usernames start so; nobody else's do.
    pub(crate) prefix: String,
    /// Lets a second pass.
    pub(crate) wait: &'a (dyn Fn() -> BoxFuture<'a, ()> + Send + Sync),
}

pub(crate) struct Place<'a> {
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
    story: Mutex<Vec<String>>,
}

impl<'a> Place<'a> {
    /// Looks around. The instance needs two routing profiles, three security profiles and two hierarchy groups.
    pub(crate) async fn find(ground: Ground<'a>) -> Self {
        let Ground { connect, instance, proficiencies, prefix, wait } = ground;
        let mut place = Self {
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
            story: Mutex::default(),
        };
        let (max_results, next_token) = (100, None::<String>);
        place.instance = place.call(DescribeInstance { instance: instance.clone() }).await.unwrap();
        let request = ListRoutingProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
        place.routing_profiles = place.call(request).await.unwrap().items;
        let request = ListSecurityProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
        place.security_profiles = place.call(request).await.unwrap().items;
        let request = ListUserHierarchyGroups { instance, max_results, next_token };
        place.hierarchy_groups = place.call(request).await.unwrap().items;
        assert!(place.routing_profiles.len() >= 2, "the instance needs two routing profiles");
        assert!(place.security_profiles.len() >= 3, "the instance needs three security profiles");
        assert!(place.hierarchy_groups.len() >= 2, "the instance needs two hierarchy groups");
        place
    }

    /// One call. Where the rate is somebody else's too, a throttle is waited out.
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
        self.story.lock().unwrap().push(format!("{}: {result:?}", O::NAME));
        result
    }

    /// Lets a second pass.
    pub(crate) async fn wait(&self) {
        (self.wait)().await;
    }

    /// What comes of looking again and again, until there is something.
    pub(crate) async fn in_time<T>(&self, look: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..PATIENCE {
            if let Some(seen) = look().await {
                return seen;
            }
            self.wait().await;
        }
        panic!("not seen in {PATIENCE} s");
    }

    /// A name that is nobody's.
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

    /// The least that makes a user here, with a tag that names the case's place.
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
            ..CreateUser::new(
                self.instance.id.clone(),
                self.username(),
                self.routing_profile(0),
                [self.security_profile(0)],
            )
        }
    }

    /// Creates a user, to be deleted when the case is over.
    pub(crate) async fn create(&self, request: CreateUser) -> Result<UserId, Error> {
        let id = self.call(request).await?.id;
        self.created.lock().unwrap().push(id.clone());
        Ok(id)
    }

    /// Creates a user and reads it, once it can be read.
    pub(crate) async fn user(&self, request: CreateUser) -> User {
        let id = self.create(request).await.unwrap();
        self.in_time(async || self.describe(&id).await.ok()).await
    }

    pub(crate) async fn describe(&self, user: &UserId) -> Result<User, Error> {
        self.call(DescribeUser { instance: self.instance.id.clone(), user: user.clone() }).await
    }

    /// Checks that this is what the user is but for the time of its last change, which must not have gone back.
    pub(crate) async fn assert_is(&self, expected: User) {
        let now = self.describe(&expected.id).await.unwrap();
        assert!(now.last_modified_time >= expected.last_modified_time);
        assert_eq!(now, User { last_modified_time: now.last_modified_time, ..expected });
    }

    /// What every call came back with.
    pub(crate) fn story(&self) -> Vec<String> {
        self.story.lock().unwrap().clone()
    }

    /// Deletes the users that are left.
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

/// Checks that Connect itself refused a call in this way.
pub(crate) fn assert_refused<T: Debug>(result: Result<T, Error>, class: Class, codes: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.class, class, "{error}");
    assert!(error.code.as_deref().is_some_and(|code| codes.contains(&code)), "{error}");
    assert!(error.is_refusal() && !error.message.is_empty() && error.request_id.is_some(), "{error:?}");
}
