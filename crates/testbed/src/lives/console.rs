//! What people do in Connect, by its console or another client.

use std::collections::BTreeSet;

use connect_api::{
    AssociateUserProficiencies, Call, DeleteUser, DisassociateUserProficiencies, IdentityInfo, PhoneConfig, PhoneType,
    Proficiency, ProficiencyKey, TagResource, UntagResource, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig,
    UpdateUserRoutingProfile, User,
};
use connect_operator::api::PREFIX;
use connect_sim::UserView;

use super::{
    act::{Console, RESOURCES, username},
    player::Player,
};
use crate::{
    create_by_hand,
    world::{lock, point_to, specs::ATTRIBUTE},
};

impl Player {
    /// Returns the user of a ConnectUser, by its name.
    fn user(&self, o: u8) -> Option<UserView> {
        self.simulation.sim.user(&self.simulation.instance, username(o))
    }

    pub(super) fn console(&mut self, act: Console) {
        let (sim, instance) = (self.simulation.sim.clone(), self.simulation.instance.clone());
        let send = |call: Call| sim.console().call_now(call);
        let of = |o: u8| self.user(o);
        let call: Call = match act {
            Console::Create(o) => {
                if let Ok(connect_api::Reply::CreateUser(made)) =
                    send(create_by_hand(&sim, &instance, username(o), "Basic", "Lead").into())
                {
                    point_to(&sim, &instance, &made.id);
                }
                return;
            }
            Console::RenameProfile(_) => return self.rename_profile(),
            Console::RenameGroup => return self.rename_group(),
            Console::Profile(exists) => return self.profile(exists),
            Console::HierarchyGroup(exists) => return self.hierarchy_group(exists),
            Console::Attribute(exists) => return self.attribute(exists),
            Console::Delete(o) => {
                let Some(view) = of(o) else { return };
                DeleteUser { instance, user: view.user.id }.into()
            }
            Console::Routing(o, n) => {
                let names = if self.renamed { ["Basic", "Video"] } else { ["Basic", "Voice"] };
                let Some((view, id)) = of(o).zip(sim.routing_profile_id(&instance, names[usize::from(n)])) else { return };
                UpdateUserRoutingProfile { instance, user: view.user.id, routing_profile_id: id }.into()
            }
            Console::Identity(o, n) => {
                let Some(view) = of(o) else { return };
                let identity_info = IdentityInfo {
                    last_name: Some(["Doe", "Smith", "Moe"][usize::from(n)].into()),
                    email: (n > 0).then(|| format!("by-hand-{n}@example.com")),
                    ..view.user.identity_info
                };
                UpdateUserIdentityInfo { instance, user: view.user.id, identity_info }.into()
            }
            Console::Phone(o, n) => {
                let Some(view) = of(o) else { return };
                // A soft phone may keep the number of the desk phone that it replaced.
                let phone_config = PhoneConfig {
                    phone_type: if n == 0 { PhoneType::DeskPhone } else { PhoneType::SoftPhone },
                    desk_phone_number: (n < 2).then(|| "+12065550199".to_owned()),
                    ..view.user.phone_config.unwrap_or_default()
                };
                UpdateUserPhoneConfig { instance, user: view.user.id, phone_config }.into()
            }
            Console::Proficiencies(o, n) => {
                let Some(view) = of(o) else { return };
                let key = |value: &str| ProficiencyKey { attribute_name: ATTRIBUTE.0.into(), attribute_value: value.into() };
                let had: Vec<_> = view.proficiencies.iter().map(|p| p.key.clone()).collect();
                match n {
                    0 if !had.contains(&key("Spanish")) => {
                        let proficiencies = vec![Proficiency { key: key("Spanish"), level: 5.0 }];
                        AssociateUserProficiencies { instance, user: view.user.id, proficiencies }.into()
                    }
                    _ if had.is_empty() => return,
                    _ => DisassociateUserProficiencies { instance, user: view.user.id, proficiencies: had }.into(),
                }
            }
            Console::Group(o, n) => {
                let Some(view) = of(o) else { return };
                let group = (n > 0).then(|| sim.hierarchy_group_id(&instance, self.second_group())).flatten();
                UpdateUserHierarchy { instance, user: view.user.id, hierarchy_group_id: group }.into()
            }
            Console::Tag(o, n) => {
                let Some(view) = of(o) else { return };
                let room = if n == 0 { 2 } else { 50_usize.saturating_sub(view.user.tags.len()) };
                let tags = (0..room).map(|i| (format!("cost-centre-{i}"), "42".to_owned())).collect();
                TagResource { arn: view.user.arn, tags }.into()
            }
            Console::Untag(o) => {
                let Some(view) = of(o) else { return };
                let keys: BTreeSet<_> = view.user.tags.keys().filter(|key| key.starts_with(PREFIX)).cloned().collect();
                if keys.is_empty() {
                    return;
                }
                UntagResource { arn: view.user.arn, keys: keys.into_iter().collect() }.into()
            }
            Console::TagAsTheirs(o) => {
                let Some(view) = of(o) else { return };
                let tag = |name: &str, value: &str| (format!("{PREFIX}{name}"), value.to_owned());
                let tags = [tag("uid", "uid-of-green"), tag("cluster", "green"), tag("namespace", "ops"), tag("name", "jane")];
                TagResource { arn: view.user.arn, tags: tags.into() }.into()
            }
        };
        let is_midway = self.is_pass_under_way();
        let mut ledger = lock(&self.simulation.ledger);
        for view in sim.users(&self.simulation.instance) {
            if is_midway {
                ledger.touched_midway.insert(view.user.id.clone());
            }
            ledger.touched.insert(view.user.id, sim.now());
        }
        if let Console::Untag(o) | Console::TagAsTheirs(o) = act
            && let Some(view) = of(o)
        {
            ledger.retagged.insert(view.user.id, sim.now());
        }
        drop(ledger);
        let _ = send(call);
        self.promises.user_changed_in_connect();
    }

    /// Returns the name of the second routing profile at the moment.
    fn second_profile(&self) -> &'static str {
        if self.renamed { "Video" } else { "Voice" }
    }

    fn rename_profile(&mut self) {
        let (sim, instance) = (&self.simulation.sim, &self.simulation.instance);
        let other = if self.renamed { "Voice" } else { "Video" };
        if let Some(id) = sim.routing_profile_id(instance, self.second_profile()) {
            sim.rename_routing_profile(instance, &id, other);
            self.renamed = !self.renamed;
            self.promises.name_changed();
        }
    }

    /// Returns the path of the second hierarchy group at the moment.
    fn second_group(&self) -> &'static str {
        if self.group_renamed { "/West" } else { "/South" }
    }

    fn rename_group(&mut self) {
        let (sim, instance) = (&self.simulation.sim, &self.simulation.instance);
        let other = if self.group_renamed { "South" } else { "West" };
        if let Some(id) = sim.hierarchy_group_id(instance, self.second_group()) {
            sim.rename_hierarchy_group(instance, &id, other);
            self.group_renamed = !self.group_renamed;
            self.promises.name_changed();
        }
    }

    fn profile(&mut self, exists: bool) {
        let (sim, instance) = (self.simulation.sim.clone(), self.simulation.instance.clone());
        match (exists, sim.routing_profile_id(&instance, self.second_profile())) {
            (true, None) => drop(sim.create_routing_profile(&instance, self.second_profile())),
            (false, Some(id)) => {
                self.move_users(Console::Routing, |user| user.routing_profile_id.as_ref() == Some(&id));
                sim.delete_routing_profile(&instance, &id);
            }
            _ => return,
        }
        self.promises.name_changed();
    }

    fn hierarchy_group(&mut self, exists: bool) {
        let (sim, instance) = (self.simulation.sim.clone(), self.simulation.instance.clone());
        let path = self.second_group();
        match (exists, sim.hierarchy_group_id(&instance, path)) {
            (true, None) => drop(sim.create_hierarchy_group(&instance, None, path.trim_start_matches('/'))),
            (false, Some(id)) => {
                self.move_users(Console::Group, |user| user.hierarchy_group_id.as_ref() == Some(&id));
                sim.delete_hierarchy_group(&instance, &id);
            }
            _ => return,
        }
        self.promises.name_changed();
    }

    /// Makes a change, to the first value of its kind, to the users of which this is so.
    fn move_users(&mut self, change: fn(u8, u8) -> Console, of_which: impl Fn(&User) -> bool) {
        let resources = 0..RESOURCES.len() as u8;
        for o in resources {
            if self.user(o).is_some_and(|view| of_which(&view.user)) {
                self.console(change(o, 0));
            }
        }
    }

    fn attribute(&mut self, exists: bool) {
        let (sim, instance) = (&self.simulation.sim, &self.simulation.instance);
        let is_used = sim.users(instance).iter().any(|view| !view.proficiencies.is_empty());
        match (exists, self.attribute_exists) {
            (true, false) => sim.create_predefined_attribute(instance, ATTRIBUTE.0, ATTRIBUTE.1),
            (false, true) if !is_used => sim.delete_predefined_attribute(instance, ATTRIBUTE.0),
            _ => return,
        }
        self.attribute_exists = exists;
    }

    /// Gives the profile and the group that were renamed their first names again.
    pub(super) fn restore_names(&mut self) {
        if self.renamed {
            self.rename_profile();
        }
        if self.group_renamed {
            self.rename_group();
        }
    }
}
