//! The life of a ConnectUser: everything that can happen to it in any order, and what must hold throughout.

use connect_operator::plan::CreateAttempts;
use stateright::{Model, Property};

use super::{
    operator::{PassStage, Protocol},
    state::{EDITED, FIRST, Hazards, Keeper, ModelState, Resource, User},
};

/// The checked model: a protocol under hazards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) protocol: Protocol,
    pub(super) hazards: Hazards,
    pub(super) checked: Checked,
}

/// The properties that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// What must hold throughout.
    Safety,
    /// What must be possible.
    Outcomes,
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
    FinalizerStripped,
    Deleted,
    PersonMakes,
    PersonRemoves,
    PersonTakesOver,
}

impl Model for Life {
    type State = ModelState;
    type Action = Event;

    fn init_states(&self) -> Vec<ModelState> {
        vec![ModelState::new()]
    }

    fn actions(&self, state: &ModelState, events: &mut Vec<Event>) {
        if state.cache != state.resource {
            events.push(Event::CacheCatchesUp);
        }
        if state.shown != state.users {
            events.push(Event::ReadsCatchUp);
        }
        let running = state.operators.iter().flatten().count();
        if running < self.hazards.operators && self.wakes(state) {
            events.push(Event::Begins);
        }
        for (operator, pass) in state.operators.iter().enumerate() {
            let Some(pass) = pass else { continue };
            events.push(Event::Steps(operator));
            if state.crashes < self.hazards.crashes {
                events.push(Event::Crashes(operator));
                if pass.stage == PassStage::Creating && state.adrift.is_none() {
                    events.push(Event::LosesTheReply(operator));
                }
            }
        }
        if state.adrift.is_some() {
            events.extend([Event::RequestArrives, Event::RequestGetsLost]);
        }
        if !state.resource.deleting {
            events.push(Event::Deleted);
            if state.edits < self.hazards.edits {
                events.push(Event::SpecEdited);
            }
            if state.strips < self.hazards.strips && state.resource.finalizer {
                events.push(Event::FinalizerStripped);
            }
        }
        if state.people < self.hazards.people {
            events.push(if state.users.is_empty() { Event::PersonMakes } else { Event::PersonRemoves });
            if state.users.iter().any(|u| u.proof) {
                events.push(Event::PersonTakesOver);
            }
        }
    }

    fn next_state(&self, last: &ModelState, event: Event) -> Option<ModelState> {
        let mut state = last.clone();
        match event {
            Event::CacheCatchesUp => state.cache = state.resource,
            Event::ReadsCatchUp => state.shown.clone_from(&state.users),
            Event::Begins => {
                let idle = state.operators.iter().position(Option::is_none)?;
                state.operators[idle] = Some(self.begin(last));
            }
            Event::Steps(operator) => {
                let pass = state.operators[operator].take()?;
                state.operators[operator] = self.step(&mut state, pass);
            }
            Event::Crashes(operator) => {
                state.operators[operator] = None;
                state.crashes += 1;
            }
            Event::LosesTheReply(operator) => {
                let pass = state.operators[operator].take()?;
                state.crashes += 1;
                state.adrift = Some(pass.view.profile);
            }
            Event::RequestArrives => {
                let profile = state.adrift.take()?;
                // The answer reaches no operator.
                let _ = state.create(self.protocol, self.hazards, profile);
            }
            Event::RequestGetsLost => state.adrift = None,
            Event::SpecEdited => {
                state.edits += 1;
                state.resource.profile = EDITED;
            }
            Event::FinalizerStripped => {
                state.strips += 1;
                state.resource.finalizer = false;
            }
            Event::Deleted => {
                state.forced = state.strips > 0 && !state.resource.finalizer;
                state.resource.deleting = true;
                state.resource.gone = !state.resource.finalizer;
            }
            Event::PersonMakes => {
                state.people += 1;
                state.made += 1;
                state.users.push(User { id: state.made, keeper: Keeper::Person, proof: false, profile: FIRST });
            }
            Event::PersonRemoves => {
                state.people += 1;
                state.users.clear();
            }
            Event::PersonTakesOver => {
                state.people += 1;
                for user in &mut state.users {
                    *user = User { keeper: Keeper::TakenOver, proof: false, ..*user };
                }
            }
        }
        state.operators.sort_unstable();
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.checked == Checked::Outcomes {
            return outcomes();
        }
        vec![
            Property::always(NEVER_TOUCHED, |_, state: &ModelState| !state.touched),
            Property::always(ONE_USER, |_, state: &ModelState| {
                state.users.iter().filter(|u| u.keeper == Keeper::Operator).count() < 2
            }),
            Property::always(NO_ORPHAN, |life: &Life, state: &ModelState| {
                let orphan = state.resource.gone && state.users.iter().any(|u| u.keeper == Keeper::Operator);
                !(orphan && !state.forced && life.quiet(state))
            }),
            Property::always(PROTECTED, |life: &Life, state: &ModelState| {
                let Resource { gone, deleting, finalizer, status, .. } = state.resource;
                let has_user = state.users.iter().any(|u| u.keeper == Keeper::Operator && status.recorded == Some(u.id));
                gone || deleting || finalizer || !has_user || !life.quiet(state)
            }),
            Property::always(NOTHING_DANGLES, |_, state: &ModelState| !state.resource.gone || state.dangling.is_empty()),
            Property::always(CONVERGED, |life: &Life, state: &ModelState| {
                let Resource { gone, profile, status, .. } = state.resource;
                let refused = life.hazards.refuses && profile == FIRST;
                let as_the_spec_asks = |u: &User| u.proof && u.profile == profile && Some(u.id) == status.recorded;
                let is_foreign = |u: &User| u.keeper != Keeper::Operator;
                let fine = gone || refused || state.users.iter().any(|u| as_the_spec_asks(u) || is_foreign(u));
                fine || !life.quiet(state)
            }),
        ]
    }
}

pub(super) const NEVER_TOUCHED: &str = "never touches a user that is not its own";
pub(super) const ONE_USER: &str = "at most one user of its own";
pub(super) const NO_ORPHAN: &str = "no user without a resource, once all is quiet";
pub(super) const PROTECTED: &str = "once all is quiet, a resource with a user of its own has the finalizer";
pub(super) const NOTHING_DANGLES: &str = "no quick connect of a deleted user, once the resource is gone";
pub(super) const CONVERGED: &str = "once all is quiet, the user is as the spec asks, or refused";

/// Returns the outcomes that must be possible.
fn outcomes() -> Vec<Property<Life>> {
    fn recorded(state: &ModelState) -> Option<&User> {
        state.users.iter().find(|u| u.keeper == Keeper::Operator && state.resource.status.recorded == Some(u.id))
    }
    vec![
        Property::sometimes("created, with a clean mark", |life: &Life, state: &ModelState| {
            recorded(state).is_some() && state.resource.status.mark == CreateAttempts::Clean && life.quiet(state)
        }),
        Property::sometimes("created again after a person removed it", |life: &Life, state: &ModelState| {
            recorded(state).is_some_and(|u| u.id == 2) && state.people == 1 && life.quiet(state)
        }),
        Property::sometimes("refused, without a mark", |life: &Life, state: &ModelState| {
            let Resource { finalizer, status, profile, .. } = state.resource;
            finalizer && profile == FIRST && status.mark == CreateAttempts::None && life.quiet(state)
        }),
        Property::sometimes("a foreign user is left alone", |life: &Life, state: &ModelState| {
            state.users.iter().any(|u| u.keeper == Keeper::Person) && state.resource.finalizer && life.quiet(state)
        }),
        Property::sometimes("its id was lost in a crash, and it was deleted nevertheless", |_, state: &ModelState| {
            let Resource { gone, status, .. } = state.resource;
            gone && status.recorded.is_none() && state.made == 1 && state.people == 0 && state.users.is_empty()
        }),
        Property::sometimes("deleted after the wait that an unclean mark requires", |_, state: &ModelState| {
            let Resource { gone, status, .. } = state.resource;
            gone && status.mark == CreateAttempts::Unclean && state.users.is_empty()
        }),
    ]
}
