//! The life of a ConnectUser: everything that can happen to it in any order, and what must hold throughout.

use stateright::{Model, Property};

use super::{
    operator::{Protocol, Stage},
    world::{CreateAttempts, EDITED, FIRST, Hazards, Keeper, Resource, User, World},
};

/// The checked model: a protocol under hazards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) protocol: Protocol,
    pub(super) hazards: Hazards,
}

/// An event that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    CacheCatchesUp,
    ReadsCatchUp,
    Begins,
    Steps(usize),
    Crashes(usize),
    /// The sender of a create request crashes, or no longer waits for the answer.
    LosesTheReply(usize),
    /// A request whose sender is gone takes effect, or is refused.
    RequestArrives,
    RequestGetsLost,
    SpecEdited,
    Deleted,
    PersonMakes,
    PersonRemoves,
    PersonTakesOver,
}

impl Model for Life {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new()]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.cache != world.resource {
            events.push(Event::CacheCatchesUp);
        }
        if world.shown != world.users {
            events.push(Event::ReadsCatchUp);
        }
        let running = world.operators.iter().flatten().count();
        if running < self.hazards.operators && self.wakes(world) {
            events.push(Event::Begins);
        }
        for (operator, pass) in world.operators.iter().enumerate() {
            let Some(pass) = pass else { continue };
            events.push(Event::Steps(operator));
            if world.crashes < self.hazards.crashes {
                events.push(Event::Crashes(operator));
                if pass.stage == Stage::Creating && world.adrift.is_none() {
                    events.push(Event::LosesTheReply(operator));
                }
            }
        }
        if world.adrift.is_some() {
            events.extend([Event::RequestArrives, Event::RequestGetsLost]);
        }
        if !world.resource.deleting {
            events.push(Event::Deleted);
            if world.edits < self.hazards.edits {
                events.push(Event::SpecEdited);
            }
        }
        if world.people < self.hazards.people {
            events.push(if world.users.is_empty() { Event::PersonMakes } else { Event::PersonRemoves });
            if world.users.iter().any(|u| u.proof) {
                events.push(Event::PersonTakesOver);
            }
        }
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
        match event {
            Event::CacheCatchesUp => world.cache = world.resource,
            Event::ReadsCatchUp => world.shown.clone_from(&world.users),
            Event::Begins => {
                let idle = world.operators.iter().position(Option::is_none)?;
                world.operators[idle] = Some(self.begin(last));
            }
            Event::Steps(operator) => {
                let pass = world.operators[operator].take()?;
                world.operators[operator] = self.step(&mut world, pass);
            }
            Event::Crashes(operator) => {
                world.operators[operator] = None;
                world.crashes += 1;
            }
            Event::LosesTheReply(operator) => {
                let pass = world.operators[operator].take()?;
                world.crashes += 1;
                world.adrift = Some(pass.view.profile);
            }
            Event::RequestArrives => {
                let profile = world.adrift.take()?;
                // The answer reaches no operator.
                let _ = world.create(self.protocol, self.hazards, profile);
            }
            Event::RequestGetsLost => world.adrift = None,
            Event::SpecEdited => {
                world.edits += 1;
                world.resource.profile = EDITED;
            }
            Event::Deleted => {
                world.resource.deleting = true;
                world.resource.gone = !world.resource.finalizer;
            }
            Event::PersonMakes => {
                world.people += 1;
                world.made += 1;
                world.users.push(User { id: world.made, keeper: Keeper::Person, proof: false, profile: FIRST });
            }
            Event::PersonRemoves => {
                world.people += 1;
                world.users.clear();
            }
            Event::PersonTakesOver => {
                world.people += 1;
                for user in &mut world.users {
                    *user = User { keeper: Keeper::TakenOver, proof: false, ..*user };
                }
            }
        }
        world.operators.sort_unstable();
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NEVER_TOUCHED, |_, world: &World| !world.touched),
            Property::always(ONE_USER, |_, world: &World| {
                world.users.iter().filter(|u| u.keeper == Keeper::Operator).count() < 2
            }),
            Property::always(NO_ORPHAN, |life: &Life, world: &World| {
                let orphan = world.resource.gone && world.users.iter().any(|u| u.keeper == Keeper::Operator);
                !(orphan && life.quiet(world))
            }),
            Property::always(NOTHING_DANGLES, |_, world: &World| !world.resource.gone || world.dangling.is_empty()),
            Property::always(CONVERGED, |life: &Life, world: &World| {
                let Resource { gone, profile, status, .. } = world.resource;
                let refused = life.hazards.refuses && profile == FIRST;
                let as_the_spec_asks = |u: &User| u.proof && u.profile == profile && Some(u.id) == status.recorded;
                let is_foreign = |u: &User| u.keeper != Keeper::Operator;
                let fine = gone || refused || world.users.iter().any(|u| as_the_spec_asks(u) || is_foreign(u));
                fine || !life.quiet(world)
            }),
        ]
    }
}

pub(super) const NEVER_TOUCHED: &str = "never touches a user that is not its own";
pub(super) const ONE_USER: &str = "at most one user of its own";
pub(super) const NO_ORPHAN: &str = "no user without a resource, once all is quiet";
pub(super) const NOTHING_DANGLES: &str = "no quick connect of a deleted user, once the resource is gone";
pub(super) const CONVERGED: &str = "once all is quiet, the user is as the spec asks, or refused";

/// The same life, checked for outcomes that must be possible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcomes(pub(super) Life);

impl Model for Outcomes {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        self.0.init_states()
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        self.0.actions(world, events);
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        self.0.next_state(last, event)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn recorded(world: &World) -> Option<&User> {
            world.users.iter().find(|u| u.keeper == Keeper::Operator && world.resource.status.recorded == Some(u.id))
        }
        vec![
            Property::sometimes("created, with a clean mark", |life, world: &World| {
                recorded(world).is_some() && world.resource.status.mark == CreateAttempts::Clean && life.0.quiet(world)
            }),
            Property::sometimes("created again after a person removed it", |life, world: &World| {
                recorded(world).is_some_and(|u| u.id == 2) && world.people == 1 && life.0.quiet(world)
            }),
            Property::sometimes("refused, without a mark", |life, world: &World| {
                let Resource { finalizer, status, profile, .. } = world.resource;
                finalizer && profile == FIRST && status.mark == CreateAttempts::None && life.0.quiet(world)
            }),
            Property::sometimes("a foreign user is left alone", |life, world: &World| {
                world.users.iter().any(|u| u.keeper == Keeper::Person) && world.resource.finalizer && life.0.quiet(world)
            }),
            Property::sometimes("its id was lost in a crash, and it was deleted nevertheless", |_, world: &World| {
                let Resource { gone, status, .. } = world.resource;
                gone && status.recorded.is_none() && world.made == 1 && world.people == 0 && world.users.is_empty()
            }),
            Property::sometimes("deleted after the wait that an unclean mark requires", |_, world: &World| {
                let Resource { gone, status, .. } = world.resource;
                gone && status.mark == CreateAttempts::Unclean && world.users.is_empty()
            }),
        ]
    }
}
