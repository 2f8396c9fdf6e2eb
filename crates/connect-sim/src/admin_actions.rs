//! Actions of an administrator, in-process: changes of the resources that users refer to, and of quick connects.

use std::collections::BTreeMap;

use connect_api::{
    CreateUser, HierarchyGroupId, IdentityInfo, IdentityManagementType, InstanceId, Password, QuickConnectId, RoutingProfileId,
    SecurityProfileId, Tags,
};

use crate::{
    QuickConnectTarget, Scope, Sim,
    admission::Surface,
    refusal::Failure,
    request::{Action, NewQuickConnect, Request, Target},
    response::Response,
    state::Profile,
};

/// Actions of an administrator. They are not throttled, counted or hit by faults.
impl Sim {
    /// Creates a routing profile.
    ///
    /// # Panics
    /// If Connect refuses it, like the other methods here.
    pub fn create_routing_profile(&self, instance: &InstanceId, name: &str) -> RoutingProfileId {
        RoutingProfileId::new(self.administer(instance, Action::CreateRoutingProfile(name.into(), Tags::new())))
    }

    /// Deletes a routing profile that no user has.
    pub fn delete_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId) {
        self.administer(instance, Action::DeleteRoutingProfile(id.to_string()));
    }

    /// Renames a routing profile.
    pub fn rename_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId, name: &str) {
        self.administer(instance, Action::UpdateRoutingProfileName(id.to_string(), Some(name.into())));
    }

    /// Creates a security profile.
    pub fn create_security_profile(&self, instance: &InstanceId, name: &str) -> SecurityProfileId {
        SecurityProfileId::new(self.administer(instance, Action::CreateSecurityProfile(name.into(), Tags::new())))
    }

    /// Deletes a security profile that no user has.
    pub fn delete_security_profile(&self, instance: &InstanceId, id: &SecurityProfileId) {
        self.administer(instance, Action::DeleteSecurityProfile(id.to_string()));
    }

    /// Creates a hierarchy group below another one, or at the top.
    pub fn create_hierarchy_group(
        &self,
        instance: &InstanceId,
        parent: Option<&HierarchyGroupId>,
        name: &str,
    ) -> HierarchyGroupId {
        let action = Action::CreateUserHierarchyGroup(name.into(), parent.map(ToString::to_string), Tags::new());
        HierarchyGroupId::new(self.administer(instance, action))
    }

    /// Renames a hierarchy group.
    pub fn rename_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId, name: &str) {
        self.administer(instance, Action::UpdateUserHierarchyGroupName(id.to_string(), name.into()));
    }

    /// Deletes a hierarchy group without users and groups.
    pub fn delete_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId) {
        self.administer(instance, Action::DeleteUserHierarchyGroup(id.to_string()));
    }

    /// Creates a predefined attribute.
    pub fn create_predefined_attribute(&self, instance: &InstanceId, name: &str, values: &[&str]) {
        let values = values.iter().map(ToString::to_string).collect();
        self.administer(instance, Action::CreatePredefinedAttribute(name.into(), values));
    }

    /// Deletes a predefined attribute that no user has a proficiency of.
    pub fn delete_predefined_attribute(&self, instance: &InstanceId, name: &str) {
        self.administer(instance, Action::DeletePredefinedAttribute(name.into()));
    }

    /// Creates a quick connect, through an arbitrary flow.
    pub fn create_quick_connect(&self, instance: &InstanceId, name: &str, target: QuickConnectTarget) -> QuickConnectId {
        let new = NewQuickConnect { name: name.into(), contact_flow_id: flow_to(&target), target, tags: Tags::new() };
        QuickConnectId::new(self.administer(instance, Action::CreateQuickConnect(new)))
    }

    /// Changes the target of a quick connect.
    pub fn point_quick_connect_to(&self, instance: &InstanceId, id: &QuickConnectId, target: QuickConnectTarget) {
        let flow = flow_to(&target);
        self.administer(instance, Action::UpdateQuickConnectConfig(id.to_string(), target, flow));
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

    /// Performs an action. Returns the id of the created resource, if any.
    fn administer(&self, instance: &InstanceId, action: Action) -> String {
        let operation = action.name();
        let request = Request { target: Target::Instance(instance.to_string()), action };
        match self.process(&Scope::everywhere(), Surface::Console, request).result {
            Ok(Response::Created { id, .. }) => id,
            Ok(_) => String::new(),
            Err(Failure::Refused(refusal)) => panic!("{operation}: {}", refusal.message),
            Err(Failure::Lost(why)) => panic!("{operation}: {why}"),
        }
    }
}

/// Returns the flow of a transfer: transfers to users and queues go through one.
fn flow_to(target: &QuickConnectTarget) -> Option<String> {
    match target {
        QuickConnectTarget::User(_) | QuickConnectTarget::Queue(_) => Some("transfer".to_owned()),
        QuickConnectTarget::PhoneNumber(_) => None,
    }
}
