//! An operator's pass as the shell (`reconcile`) makes it, one read, write or call at a time. The plan decides each step.

use connect_operator::plan::CreateAttempts;

use super::{
    life::Life,
    question::{Decision, Question},
    state::{Id, Keeper, ModelState, Refusal, Resource, Status, User},
};

/// How a user is recognised as ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// By the tags that CreateUser itself sets.
    InCreate,
    /// By tags that another call sets afterwards.
    AfterCreate,
    /// By its name.
    NameAlone,
}

/// What is recorded of a create attempt before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marking {
    /// A mark for each attempt, in the pass that makes it.
    EachAttempt,
    /// A mark in one pass, and the attempt in a later one.
    ForLater,
    /// Nothing.
    Off,
}

/// The behaviour of the shell around the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protocol {
    pub(super) proof: Proof,
    /// Clean-up looks for the user by name and tags too, not only by the recorded id.
    pub(super) clean_up_by_tag: bool,
    /// The resource is read from the API server before every step that cannot be undone.
    pub(super) fresh_read: bool,
    /// The finalizer is part of what the plan knows, and is put back.
    pub(super) finalizer_put_back: bool,
    /// Writes succeed only if the resource is still as the pass read it.
    pub(super) guarded_writes: bool,
    pub(super) marking: Marking,
    /// The mark stays when the id is recorded.
    pub(super) mark_kept: bool,
    /// A refusal by Connect clears a mark even if it is not clean.
    pub(super) refusal_clears_any_mark: bool,
    /// An own delete ends the wait even if the mark is not clean.
    pub(super) delete_ends_any_wait: bool,
    /// A read that shows the name with another owner counts as proof that our user does not exist.
    pub(super) foreign_name_is_proof: bool,
    /// An absence counts only if the settle window was over when the pass began, before its reads.
    pub(super) settled_before_looking: bool,
    /// Quick connects are deleted with the user that they point to.
    pub(super) quick_connects: bool,
    /// A user's id is recorded before the user is deleted, if its quick connects must be deleted too.
    pub(super) recorded_before_delete: bool,
    /// In a deletion, a recorded id is not overwritten by another before its quick connects are gone.
    pub(super) recorded_stays: bool,
    /// A pass that is about to release the resource and finds another id recorded asks the plan again.
    pub(super) release_asks_again: bool,
}

/// The protocol as it is implemented.
pub(super) const PROTOCOL: Protocol = Protocol {
    proof: Proof::InCreate,
    clean_up_by_tag: true,
    fresh_read: true,
    finalizer_put_back: true,
    guarded_writes: true,
    marking: Marking::EachAttempt,
    mark_kept: true,
    refusal_clears_any_mark: false,
    delete_ends_any_wait: false,
    foreign_name_is_proof: false,
    settled_before_looking: true,
    quick_connects: false,
    recorded_before_delete: true,
    recorded_stays: true,
    release_asks_again: true,
};

/// The implemented protocol with the flag that deletes quick connects.
pub(super) const WITH_QUICK_CONNECTS: Protocol = Protocol { quick_connects: true, ..PROTOCOL };

/// The result of a read of Connect in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reading {
    NotYet,
    Absent,
    Present(User),
}

/// The next action of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum PassStage {
    /// Ask the plan, and take the step that it names.
    Deciding,
    /// The attempt is marked: send CreateUser.
    Creating,
    /// Put the proof of ownership on a user that was created without it ([`Proof::AfterCreate`]).
    Proving(Id),
    /// Write the user's id into the status.
    Recording,
    /// Remove the finalizer.
    Releasing,
    /// Write what is left to write into the status.
    Ending,
}

/// A pass of an operator: its knowledge and its next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pass {
    /// The resource as this pass last read or wrote it.
    pub(super) view: Resource,
    /// The status that this pass will write.
    pub(super) status: Status,
    /// The view comes from the API server, not from the cache.
    pub(super) fresh: bool,
    /// The settle window of every existing mark was over when the pass began.
    pub(super) settled: bool,
    pub(super) by_id: Reading,
    pub(super) by_name: Reading,
    pub(super) taken: bool,
    /// The user whose quick connects this pass has deleted.
    pub(super) quick_connects_of: Option<Id>,
    pub(super) stage: PassStage,
}

impl Pass {
    /// Returns the pass without knowledge that it will not use again, so that there are fewer states to check.
    fn without_what_no_longer_matters(self) -> Self {
        let forgetful = Self { by_id: Reading::NotYet, by_name: Reading::NotYet, taken: false, settled: false, ..self };
        match self.stage {
            PassStage::Deciding => self,
            PassStage::Creating => forgetful,
            PassStage::Proving(_) | PassStage::Recording => Self { by_id: self.by_id, ..forgetful },
            PassStage::Releasing => Self { fresh: false, quick_connects_of: None, ..forgetful },
            PassStage::Ending => Self { fresh: false, ..forgetful },
        }
    }
}

/// Whether a pass continues after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    /// Only the status remains to be written.
    End,
    /// The pass ends without a report: the resource is gone, or was changed meanwhile.
    Drop,
}

impl Life {
    /// Begins a pass over the resource as the cache shows it.
    pub(super) fn begin(&self, state: &ModelState) -> Pass {
        Pass {
            view: state.cache,
            status: state.cache.status,
            fresh: !self.protocol.fresh_read,
            settled: state.calm(self.hazards),
            by_id: Reading::NotYet,
            by_name: Reading::NotYet,
            taken: false,
            quick_connects_of: None,
            stage: PassStage::Deciding,
        }
    }

    /// Takes one step of a pass, with at most one read, write or call. Returns the pass if it continues.
    pub(super) fn step(&self, state: &mut ModelState, mut pass: Pass) -> Option<Pass> {
        let then = match pass.stage {
            PassStage::Deciding => self.decide(state, &mut pass),
            PassStage::Creating => self.send_create(state, &mut pass),
            PassStage::Proving(id) => {
                for user in state.users.iter_mut().filter(|u| u.id == id) {
                    user.proof = true;
                }
                pass.stage = PassStage::Recording;
                Then::GoOn
            }
            PassStage::Recording => self.record(state, &mut pass),
            PassStage::Releasing => self.release(state, &mut pass),
            PassStage::Ending => {
                self.write_status(state, &mut pass);
                Then::Drop
            }
        };
        match then {
            Then::GoOn => Some(pass.without_what_no_longer_matters()),
            Then::End if pass.status != pass.view.status => {
                Some(Pass { stage: PassStage::Ending, ..pass }.without_what_no_longer_matters())
            }
            Then::End | Then::Drop => None,
        }
    }

    fn decide(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        let deleting = pass.view.deleting;
        let foreign = matches!(pass.by_name, Reading::Present(User { proof: false, .. }));
        let question = Question {
            deleting,
            profile: pass.view.profile,
            status: pass.status,
            settled: pass.settled
                || pass.status.mark == CreateAttempts::None
                || deleting && foreign && self.protocol.foreign_name_is_proof,
            by_id: pass.by_id,
            by_name: if deleting && !self.protocol.clean_up_by_tag { Reading::Absent } else { pass.by_name },
            taken: pass.taken,
            finalizer: pass.view.finalizer || !self.protocol.finalizer_put_back,
            name_is_proof: self.protocol.proof == Proof::NameAlone,
            quick_connects: self.protocol.quick_connects,
            quick_connects_of: pass.quick_connects_of,
        };
        let (mut decision, mut needs_fresh_resource) = question.ask_once();
        if deleting && matches!(decision, Decision::Record(_)) && !self.protocol.recorded_before_delete {
            (decision, needs_fresh_resource) = Question { quick_connects: false, ..question }.ask_once();
        }
        if needs_fresh_resource && !pass.fresh {
            return self.refresh(state, pass);
        }
        match decision {
            Decision::LookById(id) => pass.by_id = state.shown(id),
            Decision::LookByName => pass.by_name = state.shown.first().map_or(Reading::Absent, |u| Reading::Present(*u)),
            Decision::Create => return self.mark(state, pass),
            Decision::AddFinalizer => return self.add_finalizer(state, pass),
            Decision::Record(id) => {
                pass.by_id = pass.by_name;
                pass.status.recorded = Some(id);
                pass.stage = PassStage::Recording;
            }
            Decision::Forget => {
                pass.status.recorded = None;
                return Then::End;
            }
            Decision::Update(id) => return self.update(state, pass, id),
            Decision::Delete(id) => self.delete(state, pass, id),
            Decision::DeleteQuickConnects(id) => {
                state.dangling.remove(&id);
                pass.quick_connects_of = Some(id);
            }
            Decision::Release => pass.stage = PassStage::Releasing,
            Decision::Rest => return Then::End,
        }
        Then::GoOn
    }

    /// Reads the resource from the API server.
    fn refresh(&self, state: &ModelState, pass: &mut Pass) -> Then {
        if state.resource.gone {
            return Then::Drop;
        }
        if state.resource.status.recorded != pass.status.recorded {
            pass.by_id = Reading::NotYet;
        }
        pass.view = state.resource;
        pass.status = state.resource.status;
        pass.fresh = true;
        if !self.protocol.settled_before_looking {
            pass.settled = state.calm(self.hazards);
        }
        Then::GoOn
    }

    /// Returns whether a write of this pass succeeds. The API server always refuses a write to an object that is gone.
    fn holds(&self, state: &ModelState, pass: &Pass) -> bool {
        !state.resource.gone && (!self.protocol.guarded_writes || state.resource == pass.view)
    }

    fn write_status(&self, state: &mut ModelState, pass: &mut Pass) -> bool {
        let holds = self.holds(state, pass);
        if holds {
            state.resource.status = pass.status;
            pass.view = state.resource;
        }
        holds
    }

    fn add_finalizer(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        // Kubernetes accepts no new finalizer on an object that is being deleted.
        if !self.holds(state, pass) || state.resource.deleting {
            return Then::Drop;
        }
        state.resource.finalizer = true;
        pass.view = state.resource;
        Then::GoOn
    }

    /// Prepares a create attempt: finalizer, then mark.
    fn mark(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        if !pass.view.finalizer {
            return self.add_finalizer(state, pass);
        }
        match self.protocol.marking {
            Marking::Off => pass.stage = PassStage::Creating,
            Marking::ForLater if pass.status.mark != CreateAttempts::None => pass.stage = PassStage::Creating,
            Marking::ForLater => {
                pass.status.mark = CreateAttempts::Unclean;
                return Then::End;
            }
            Marking::EachAttempt => {
                pass.status.mark =
                    if pass.status.mark == CreateAttempts::None { CreateAttempts::Clean } else { CreateAttempts::Unclean };
                if !self.write_status(state, pass) {
                    return Then::Drop;
                }
                pass.settled = false;
                // A pass that began before this mark cannot have begun after its window.
                for other in state.operators.iter_mut().flatten() {
                    other.settled = false;
                }
                pass.stage = PassStage::Creating;
            }
        }
        Then::GoOn
    }

    fn send_create(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        pass.stage = PassStage::Deciding;
        let refusal = match state.create(self.protocol, self.hazards, pass.view.profile) {
            Ok(user) => {
                pass.status.recorded = Some(user.id);
                pass.by_id = Reading::Present(user);
                pass.stage =
                    if self.protocol.proof == Proof::AfterCreate { PassStage::Proving(user.id) } else { PassStage::Recording };
                return Then::GoOn;
            }
            Err(refusal) => refusal,
        };
        if pass.status.mark == CreateAttempts::Clean || self.protocol.refusal_clears_any_mark {
            pass.status.mark = CreateAttempts::None;
        }
        match refusal {
            Refusal::Invalid => Then::End,
            Refusal::Duplicate => {
                pass.taken = true;
                pass.by_name = Reading::NotYet;
                Then::GoOn
            }
        }
    }

    /// Writes the id into the resource as it is now: the id must not get lost.
    fn record(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        if !self.protocol.mark_kept {
            pass.status.mark = CreateAttempts::None;
        }
        if self.write_status(state, pass) {
            pass.stage = PassStage::Deciding;
            return Then::GoOn;
        }
        let (recorded, by_id) = (pass.status.recorded, pass.by_id);
        let then = self.refresh(state, pass);
        let other = pass.status.recorded.is_some_and(|id| Some(id) != recorded);
        if self.protocol.quick_connects && self.protocol.recorded_stays && pass.view.deleting && other {
            pass.stage = PassStage::Deciding;
            return then;
        }
        pass.status.recorded = recorded;
        pass.by_id = by_id;
        then
    }

    fn update(&self, state: &mut ModelState, pass: &mut Pass, id: Id) -> Then {
        state.touch(id);
        let profile = pass.view.profile;
        if let Some(user) = state.users.iter_mut().find(|u| u.id == id) {
            user.profile = profile;
            if let Reading::Present(seen) = &mut pass.by_id {
                seen.profile = profile;
            }
            return Then::GoOn;
        }
        // The user may be missing, or a reference of the call. Only a read of the user shows which.
        match state.shown(id) {
            Reading::Present(_) | Reading::NotYet => Then::End,
            Reading::Absent => {
                pass.by_id = Reading::Absent;
                Then::GoOn
            }
        }
    }

    fn delete(&self, state: &mut ModelState, pass: &mut Pass, id: Id) {
        state.touch(id);
        let existed = state.users.iter().any(|u| u.id == id);
        // A person who has just taken the user over has taken over its quick connects too.
        let ours = state.users.iter().any(|u| u.id == id && u.keeper == Keeper::Operator);
        state.users.retain(|u| u.id != id);
        if ours && self.protocol.quick_connects {
            // Assume that there were some.
            state.dangling.insert(id);
        }
        if existed && (pass.status.mark != CreateAttempts::Unclean || self.protocol.delete_ends_any_wait) {
            (pass.by_id, pass.by_name, pass.settled) = (Reading::Absent, Reading::Absent, true);
        } else {
            pass.by_id = Reading::Absent;
            pass.by_name = Reading::NotYet;
        }
    }

    fn release(&self, state: &mut ModelState, pass: &mut Pass) -> Then {
        if !self.holds(state, pass) {
            let recorded = pass.status.recorded;
            let then = self.refresh(state, pass);
            if self.protocol.quick_connects && self.protocol.release_asks_again && pass.status.recorded != recorded {
                pass.stage = PassStage::Deciding;
            }
            return then;
        }
        state.resource.finalizer = false;
        state.resource.gone = state.resource.deleting;
        Then::Drop
    }

    /// Returns whether the operators have a reason to begin a pass over the cached resource.
    pub(super) fn wakes(&self, state: &ModelState) -> bool {
        !(state.cache.gone || state.cache.deleting && !state.cache.finalizer)
    }

    /// Returns whether nothing is under way, reads show everything, and a whole pass would change nothing.
    pub(super) fn quiet(&self, state: &ModelState) -> bool {
        if state.operators != [None; 2] || state.cache != state.resource || state.shown != state.users || state.adrift.is_some() {
            return false;
        }
        if !self.wakes(state) {
            return true;
        }
        let mut after = state.clone();
        let mut pass = Some(self.begin(state));
        for _ in 0..30 {
            let Some(on_its_way) = pass else { return after == *state };
            pass = self.step(&mut after, on_its_way);
            if after.users != state.users {
                return false;
            }
        }
        panic!("a pass over {state:?} does not end");
    }
}
