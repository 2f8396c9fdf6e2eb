//! The link to the code under test: passes the knowledge of a modelled pass to `connect_operator::plan::next`.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use connect_api::{ChannelConfigs, IdentityInfo, Tags};
use connect_operator::plan::{
    self, Channels, Creation, Desired, Knowledge, Live, NameIndex, Observation, Owner, Parts, Policy, QuickConnects, UserUpdate,
};

use super::{
    operator::Reading,
    state::{Id, Profile, Status, User},
};

/// The plan's decision, in the model's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    LookById(Id),
    LookByName,
    Create,
    AddFinalizer,
    Record(Id),
    Forget,
    Update(Id),
    Delete(Id),
    DeleteQuickConnects(Id),
    Release,
    /// In sync, conflict, raced, wait: there is nothing to do in this pass.
    Rest,
}

/// The input of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) deleting: bool,
    pub(super) profile: Profile,
    pub(super) status: Status,
    pub(super) settled: bool,
    pub(super) by_id: Reading,
    pub(super) by_name: Reading,
    pub(super) taken: bool,
    pub(super) finalizer: bool,
    /// A name alone counts as a proof of ownership.
    pub(super) name_is_proof: bool,
    /// Quick connects are deleted with their user.
    pub(super) quick_connects: bool,
    /// The user whose quick connects the pass has deleted.
    pub(super) quick_connects_of: Option<Id>,
}

fn desired(profile: Profile) -> Desired {
    Desired {
        instance: "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap(),
        username: "jane".into(),
        directory_user_id: None,
        parts: Parts {
            identity: IdentityInfo::default(),
            channels: Channels::default(),
            routing_profile: Some(format!("routing-{profile}").as_str().into()),
            security_profiles: Some(BTreeSet::from(["security-1".into()])),
            hierarchy_group: None,
            proficiencies: None,
            tags: Tags::new(),
        },
        names: NameIndex::default(),
        unresolved: vec![],
        owner: Owner { uid: "uid-1".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() },
    }
}

fn live(user: User, name_is_proof: bool) -> Live {
    let Desired { parts: Parts { routing_profile, security_profiles, .. }, owner, .. } = desired(user.profile);
    Live::unread(connect_api::User {
        id: user.id.to_string().as_str().into(),
        arn: format!("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/{}", user.id),
        username: "jane".into(),
        identity_info: IdentityInfo::default(),
        phone_config: None,
        channel_configs: ChannelConfigs::default(),
        directory_user_id: None,
        security_profile_ids: security_profiles.unwrap_or_default(),
        routing_profile_id: routing_profile,
        hierarchy_group_id: None,
        tags: if user.proof || name_is_proof { owner.tags() } else { Tags::new() },
        last_modified_time: None,
    })
}

impl Question {
    /// Asks the plan. Also returns whether the step requires a resource that was read from the API server.
    fn ask(self) -> (Decision, bool) {
        let seen = |look| match look {
            Reading::NotYet => Observation::NotLooked,
            Reading::Absent => Observation::Absent,
            Reading::Present(user) => Observation::Present(Box::new(live(user, self.name_is_proof))),
        };
        let known = Knowledge {
            deleting: self.deleting,
            recorded: self.status.recorded.map(|id| id.to_string().as_str().into()),
            mark: self.status.mark,
            settled: self.settled,
            by_id: seen(self.by_id),
            remembered: None,
            by_name: seen(self.by_name),
            creation: if self.taken { Creation::Taken } else { Creation::Untried },
            look_first: false,
            finalizer: self.finalizer,
            was_ours: true,
            applied_tag_keys: BTreeSet::new(),
            ignored: BTreeSet::new(),
            policy: Policy {
                quick_connects: if self.quick_connects { QuickConnects::Go } else { QuickConnects::Stay },
                ..Policy::default()
            },
            quick_connects_of: self.quick_connects_of.map(|id| id.to_string().as_str().into()),
        };
        let desired = desired(self.profile);
        let step = plan::next(&desired.owner, Some(&desired), &known).expect("the spec can be read");
        let id = |id: &connect_api::UserId| id.as_str().parse::<Id>().unwrap();
        let decision = match &step {
            plan::Step::LookById(user) => Decision::LookById(id(user)),
            plan::Step::LookByName => Decision::LookByName,
            plan::Step::ReadProficiencies(_) => panic!("the spec manages no proficiencies"),
            plan::Step::Immutable(..) => panic!("the spec has no directory id"),
            plan::Step::Create(request) => {
                assert_eq!(request.tags, desired.owner.tags());
                Decision::Create
            }
            plan::Step::AddFinalizer => Decision::AddFinalizer,
            plan::Step::Record(live) => Decision::Record(id(&live.user.id)),
            plan::Step::Forget => Decision::Forget,
            plan::Step::Update(live, actions) => {
                assert!(
                    matches!(actions[..], [plan::Action { update: UserUpdate::UpdateUserRoutingProfile(_), .. }]),
                    "{actions:?}"
                );
                Decision::Update(id(&live.user.id))
            }
            plan::Step::Delete(user) => Decision::Delete(id(user)),
            plan::Step::DeleteQuickConnects(user) => Decision::DeleteQuickConnects(id(user)),
            plan::Step::Release { .. } => Decision::Release,
            plan::Step::Claim(_)
            | plan::Step::Keep(_)
            | plan::Step::NotCreated
            | plan::Step::Missing
            | plan::Step::Unresolved
            | plan::Step::Drifted(..)
            | plan::Step::Disown(_) => {
                panic!("the default policies do not ask for this: {step:?}")
            }
            plan::Step::InSync(_) | plan::Step::Conflict(_) | plan::Step::Hidden | plan::Step::Raced | plan::Step::Wait => {
                Decision::Rest
            }
        };
        (decision, step.needs_fresh_resource())
    }

    /// Asks the plan, with memoised answers: the plan is a pure function, and the model repeats a few hundred questions.
    pub(super) fn ask_once(self) -> (Decision, bool) {
        thread_local!(static DECISIONS: RefCell<HashMap<Question, (Decision, bool)>> = RefCell::default());
        DECISIONS.with_borrow_mut(|decisions| *decisions.entry(self).or_insert_with(|| self.ask()))
    }
}
