//! What the operator would do about a ConnectUser, from one read of all users.

use connect_api::{CreatedUser, Resource, UserId};

use super::{
    desired::Desired,
    live::Live,
    parts::{after, created},
    protocol::{Creation, Knowledge, Observation, Step, next},
};

/// The users of an instance, as they were read.
pub trait Users {
    /// Returns the user with this id.
    fn by_id(&self, id: &UserId) -> Option<&Live>;
    /// Returns the user with this username; Connect may ignore its case.
    fn by_name(&self, username: &str) -> Option<&Live>;
}

/// What the operator would do about a ConnectUser.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The steps that change something in Connect, in their order.
    pub steps: Vec<Step>,
    /// The step that ends it. If steps precede it, it shows the user as they leave it.
    pub end: Step,
}

/// No resource needs more steps. What every plan ends in, tests show.
const MOST_STEPS: usize = 32;

/// Returns what the operator would do, if each call has the effect that it asks for. `known` is what is known before users are read.
pub fn preview(desired: &Desired, mut known: Knowledge, users: &impl Users) -> Preview {
    let observed = |found: Option<&Live>| found.map_or(Observation::Absent, |live| Observation::Present(Box::new(live.clone())));
    let mut steps = Vec::new();
    // A list shows what exists: an absence counts, and there is no race.
    known.settled = true;
    known.look_first = true;
    for _ in 0..MOST_STEPS {
        let Some(step) = next(&desired.owner, Some(desired), &known) else { break };
        match &step {
            Step::LookById(id) => known.by_id = observed(users.by_id(id)),
            Step::LookByName => known.by_name = observed(users.by_name(&desired.username)),
            Step::AddFinalizer => known.finalizer = true,
            Step::Forget => (known.recorded, known.by_id) = (None, Observation::NotLooked),
            Step::Record(live) => know(&mut known, (**live).clone()),
            Step::Create(request) => {
                let id = UserId::from("new");
                let arn = desired.instance.sibling(Resource::User(id.clone())).to_string();
                know(&mut known, created(request, &CreatedUser { id, arn }));
                known.creation = Creation::Untried;
                known.ignored.clear();
                steps.push(step);
            }
            Step::Claim(live) | Step::Keep(live) => {
                let mut live = (**live).clone();
                live.user.tags.extend(desired.owner.tags());
                know(&mut known, live);
                steps.push(step);
            }
            Step::Update(live, actions) => {
                know(&mut known, actions.iter().fold((**live).clone(), |live, action| after(live, &action.update)));
                steps.push(step);
            }
            Step::Delete(id) => {
                known.quick_connects_of = Some(id.clone());
                known.nothing_of_ours_is_left();
                steps.push(step);
            }
            Step::Disown(_) => {
                known.nothing_of_ours_is_left();
                steps.push(step);
            }
            Step::DeleteQuickConnects(id) => known.quick_connects_of = Some(id.clone()),
            Step::ReadProficiencies(_)
            | Step::InSync(_)
            | Step::Immutable(..)
            | Step::Missing
            | Step::NotCreated
            | Step::Unresolved
            | Step::Drifted(..)
            | Step::Conflict(_)
            | Step::Hidden
            | Step::Raced
            | Step::Wait
            | Step::Release { .. } => return Preview { steps, end: step },
        }
    }
    Preview { steps, end: Step::Wait }
}

fn know(known: &mut Knowledge, live: Live) {
    known.recorded = Some(live.user.id.clone());
    known.by_id = Observation::Present(Box::new(live));
}
