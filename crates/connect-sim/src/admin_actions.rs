//! Actions of an administrator, in-process: changes of the resources that users refer to, and of quick connects.

use std::collections::BTreeMap;

use connect_api::{
    CreateUser, HierarchyGroupId, IdentityInfo, IdentityManagementType, InstanceId, Password, QuickConnectId, RoutingProfileId,
    SecurityProfileId, Tags,
};

use crate::{
    QuickConnectTarget, Scope, Sim,
    admission::Surface,
    refusal::{Failure, Refusal},
    request::Request,
    rules::{
        Context,
        admin_actions::{self, NewProfile},
        quick_connects,
    },
    state::Profile,
};

/// Actions of an administrator. They are not throttled, counted or hit by faults.
impl Sim {
    /// Creates a routing profile.
    ///
    /// # Panics
    /// If Connect refuses it, like the other methods here.
    pub fn create_routing_profile(&self, instance: &InstanceId, name: &str) -> RoutingProfileId {
        RoutingProfileId::new(self.administer("CreateRoutingProfile", instance, |cx| {
            admin_actions::create_routing_profile(cx, NewProfile { name: name.into(), ..NewProfile::default() })
        }))
    }

    /// Deletes a routing profile that no user has.
    pub fn delete_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId) {
        self.administer("DeleteRoutingProfile", instance, |cx| admin_actions::delete_routing_profile(cx, id.as_str()));
    }

    /// Renames a routing profile.
    pub fn rename_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId, name: &str) {
        self.administer("UpdateRoutingProfileName", instance, |cx| {
            admin_actions::rename_routing_profile(cx, id.as_str(), Some(name.into()), None)
        });
    }

    /// Creates a security profile that permits nothing.
    pub fn create_security_profile(&self, instance: &InstanceId, name: &str) -> SecurityProfileId {
        SecurityProfileId::new(self.administer("CreateSecurityProfile", instance, |cx| {
            admin_actions::create_security_profile(cx, NewProfile { name: name.into(), ..NewProfile::default() })
        }))
    }

    /// Replaces what a security profile permits, such as `Users.Create`.
    pub fn set_permissions(
        &self,
        instance: &InstanceId,
        id: &SecurityProfileId,
        permissions: impl IntoIterator<Item = impl Into<String>>,
    ) {
        let permissions = permissions.into_iter().map(Into::into).collect();
        self.administer("UpdateSecurityProfile", instance, |cx| {
            admin_actions::update_security_profile(cx, id.as_str(), None, Some(permissions))
        });
    }

    /// Creates a hierarchy group below another one, or at the top.
    pub fn create_hierarchy_group(
        &self,
        instance: &InstanceId,
        parent: Option<&HierarchyGroupId>,
        name: &str,
    ) -> HierarchyGroupId {
        let parent = parent.map(HierarchyGroupId::as_str);
        HierarchyGroupId::new(self.administer("CreateUserHierarchyGroup", instance, |cx| {
            admin_actions::create_group(cx, name.into(), parent, Tags::new())
        }))
    }

    /// Renames a hierarchy group.
    pub fn rename_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId, name: &str) {
        self.administer("UpdateUserHierarchyGroupName", instance, |cx| admin_actions::rename_group(cx, id.as_str(), name.into()));
    }

    /// Deletes a hierarchy group without users and groups.
    pub fn delete_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId) {
        self.administer("DeleteUserHierarchyGroup", instance, |cx| admin_actions::delete_group(cx, id.as_str()));
    }

    /// Creates a predefined attribute, of which users can have proficiencies.
    pub fn create_predefined_attribute(
        &self,
        instance: &InstanceId,
        name: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) {
        let values = values.into_iter().map(Into::into).collect();
        self.administer("CreatePredefinedAttribute", instance, |cx| admin_actions::create_attribute(cx, name.into(), values));
    }

    /// Deletes a predefined attribute of which no user has a proficiency.
    pub fn delete_predefined_attribute(&self, instance: &InstanceId, name: &str) {
        self.administer("DeletePredefinedAttribute", instance, |cx| admin_actions::delete_attribute(cx, name));
    }

    /// Creates a quick connect, through an arbitrary flow.
    pub fn create_quick_connect(&self, instance: &InstanceId, name: &str, target: QuickConnectTarget) -> QuickConnectId {
        self.administer("CreateQuickConnect", instance, |cx| {
            quick_connects::create(cx, name.into(), through_a_flow(target), Tags::new())
        })
    }

    /// Changes the target of a quick connect.
    pub fn point_quick_connect_to(&self, instance: &InstanceId, id: &QuickConnectId, target: QuickConnectTarget) {
        self.administer("UpdateQuickConnectConfig", instance, |cx| {
            quick_connects::point_to(cx, id.as_str(), through_a_flow(target))
        });
    }

    /// Returns a request for a user with the least that this instance requires, and its first profiles by name.
    ///
    /// # Panics
    /// If there is no such instance, or it has no profile.
    pub fn new_user(&self, instance: &InstanceId, username: &str) -> CreateUser {
        let engine = self.engine();
        let found = engine.instance(instance).expect("an instance that exists");
        let first = |profiles: &BTreeMap<String, Profile>| {
            let (id, _) = profiles.iter().min_by_key(|(_, profile)| &profile.name).expect("a profile");
            id.clone()
        };
        let (routing_profile, security_profile) = (first(&found.routing_profiles), first(&found.security_profiles));
        let identity_type = found.identity_management_type;
        let name = |name: &str| Some(name.to_owned());
        CreateUser {
            password: (identity_type == IdentityManagementType::ConnectManaged).then(|| Password::new("Passw0rd")),
            identity_info: (identity_type != IdentityManagementType::ExistingDirectory).then(|| IdentityInfo {
                first_name: name("Jane"),
                last_name: name("Doe"),
                ..IdentityInfo::default()
            }),
            ..CreateUser::new(instance.clone(), username, routing_profile.as_str(), [security_profile.as_str()])
        }
    }

    fn administer<T>(
        &self,
        operation: &'static str,
        instance: &InstanceId,
        action: impl FnOnce(&mut Context<'_>) -> Result<T, Refusal>,
    ) -> T {
        let request = Request::on_instance(operation, instance.as_str(), action);
        match self.process(&Scope::everywhere(), Surface::Console, request).result {
            Ok(done) => done,
            Err(Failure::Refused(refusal)) => panic!("{operation}: {}", refusal.message),
            Err(Failure::Lost(why)) => panic!("{operation}: {why}"),
        }
    }
}

/// Adds the flow of a transfer: transfers to users and queues go through one.
fn through_a_flow(target: QuickConnectTarget) -> (QuickConnectTarget, Option<String>) {
    let needs_one = !matches!(target, QuickConnectTarget::PhoneNumber(_));
    (target, needs_one.then(|| "transfer".to_owned()))
}
