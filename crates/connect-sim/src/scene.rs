//! What users refer to, and what refers to them, changed in-process while the simulator runs.

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

/// What sets the scene. None of it is throttled, counted or hit by a fault.
impl Sim {
    /// Makes a routing profile.
    ///
    /// # Panics
    /// If Connect refuses it; so do the others here.
    pub fn create_routing_profile(&self, instance: &InstanceId, name: &str) -> RoutingProfileId {
        RoutingProfileId::new(self.set_up(instance, Action::CreateRoutingProfile(name.into(), Tags::new())))
    }

    /// Removes a routing profile that no user has.
    pub fn delete_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId) {
        self.set_up(instance, Action::DeleteRoutingProfile(id.to_string()));
    }

    /// Renames a routing profile.
    pub fn rename_routing_profile(&self, instance: &InstanceId, id: &RoutingProfileId, name: &str) {
        self.set_up(instance, Action::UpdateRoutingProfileName(id.to_string(), Some(name.into())));
    }

    /// Makes a security profile.
    pub fn create_security_profile(&self, instance: &InstanceId, name: &str) -> SecurityProfileId {
        SecurityProfileId::new(self.set_up(instance, Action::CreateSecurityProfile(name.into(), Tags::new())))
    }

    /// Removes a security profile that no user has.
    pub fn delete_security_profile(&self, instance: &InstanceId, id: &SecurityProfileId) {
        self.set_up(instance, Action::DeleteSecurityProfile(id.to_string()));
    }

    /// Makes a hierarchy group below another one, or at the top.
    pub fn create_hierarchy_group(
        &self,
        instance: &InstanceId,
        parent: Option<&HierarchyGroupId>,
        name: &str,
    ) -> HierarchyGroupId {
        let action = Action::CreateUserHierarchyGroup(name.into(), parent.map(ToString::to_string), Tags::new());
        HierarchyGroupId::new(self.set_up(instance, action))
    }

    /// Renames a hierarchy group.
    pub fn rename_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId, name: &str) {
        self.set_up(instance, Action::UpdateUserHierarchyGroupName(id.to_string(), name.into()));
    }

    /// Removes a hierarchy group that no user and no group is in.
    pub fn delete_hierarchy_group(&self, instance: &InstanceId, id: &HierarchyGroupId) {
        self.set_up(instance, Action::DeleteUserHierarchyGroup(id.to_string()));
    }

    /// Makes a predefined attribute.
    pub fn create_predefined_attribute(&self, instance: &InstanceId, name: &str, values: &[&str]) {
        let values = values.iter().map(ToString::to_string).collect();
        self.set_up(instance, Action::CreatePredefinedAttribute(name.into(), values));
    }

    /// Removes a predefined attribute that no user has a proficiency of.
    pub fn delete_predefined_attribute(&self, instance: &InstanceId, name: &str) {
        self.set_up(instance, Action::DeletePredefinedAttribute(name.into()));
    }

    /// Makes a quick connect, through a flow of no importance.
    pub fn create_quick_connect(&self, instance: &InstanceId, name: &str, target: QuickConnectTarget) -> QuickConnectId {
        let new = NewQuickConnect { name: name.into(), contact_flow_id: flow_to(&target), target, tags: Tags::new() };
        QuickConnectId::new(self.set_up(instance, Action::CreateQuickConnect(new)))
    }

    /// Points a quick connect elsewhere.
    pub fn point_quick_connect_to(&self, instance: &InstanceId, id: &QuickConnectId, target: QuickConnectTarget) {
        let flow = flow_to(&target);
        self.set_up(instance, Action::UpdateQuickConnectConfig(id.to_string(), target, flow));
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

    /// The id of what was made, if anything was.
    fn set_up(&self, instance: &InstanceId, action: Action) -> String {
        let operation = action.name();
        let request = Request { target: Target::Instance(instance.to_string()), action };
        match self.answer(&Scope::everywhere(), Surface::Console, request).result {
            Ok(Response::Created { id, .. }) => id,
            Ok(_) => String::new(),
            Err(Failure::Refused(refusal)) => panic!("{operation}: {}", refusal.message),
            Err(Failure::Lost(why)) => panic!("{operation}: {why}"),
        }
    }
}

/// Transfers to users and queues go through a flow.
fn flow_to(target: &QuickConnectTarget) -> Option<String> {
    match target {
        QuickConnectTarget::User(_) | QuickConnectTarget::Queue(_) => Some("transfer".to_owned()),
        QuickConnectTarget::PhoneNumber(_) => None,
    }
}
