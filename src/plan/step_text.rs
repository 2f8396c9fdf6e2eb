//! Steps in words, for debug logs and for the transcripts in `tests/transcripts`.

use std::fmt;

use super::{
    action::{Action, Change},
    ownership::Ownership,
    protocol::Step,
};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookById(id) => write!(f, "read the user {id}"),
            Self::LookByName => f.write_str("find the user by its name"),
            Self::ReadProficiencies(id) => write!(f, "read the proficiencies of {id}"),
            Self::Create(request) => write!(f, "mark the attempt, then create {:?}", request.username),
            Self::Claim(live) => write!(f, "tag {} as ours and read its tags", live.user.id),
            Self::AddFinalizer => f.write_str("add the finalizer: the user is ours"),
            Self::Keep(live) => write!(f, "tag {} as one that stays", live.user.id),
            Self::Record(live) => write!(f, "record {}, which carries our tags", live.user.id),
            Self::Forget => f.write_str("forget the recorded user, which is gone"),
            Self::Update(live, actions) => {
                let changes: Vec<_> = actions.iter().flat_map(|action: &Action| &action.changes).collect();
                write!(f, "update {}: {}", live.user.id, Changes(&changes))
            }
            Self::InSync(live) => write!(f, "nothing: {} equals the spec", live.user.id),
            Self::Immutable(live, change) => write!(f, "report that no call changes {}: {change}", live.user.id),
            Self::Missing => f.write_str("nothing: there is no such user, and none may be created"),
            Self::NotCreated => f.write_str("nothing: there is no such user, and it cannot be created now"),
            Self::Unresolved => f.write_str("nothing: names in the spec do not resolve"),
            Self::Drifted(live, changes) => {
                write!(f, "report how {} differs: {}", live.user.id, Changes(&changes.iter().collect::<Vec<_>>()))
            }
            Self::Conflict(Ownership::Theirs(owner)) => write!(f, "nothing: the user belongs to {owner}"),
            Self::Conflict(Ownership::Unowned | Ownership::Ours) => {
                f.write_str("nothing: the user has no owner, and adoption is not asked for")
            }
            Self::Hidden => f.write_str("nothing: the user belongs to another owner, and must not be observed"),
            Self::Raced => f.write_str("retry: the username is taken, but no user is shown"),
            Self::Wait => f.write_str("wait: the absence of the user is not certain yet"),
            Self::Delete(id) => write!(f, "delete {id}"),
            Self::DeleteQuickConnects(id) => write!(f, "delete the quick connects that point to {id}"),
            Self::Disown(live) => write!(f, "take our tags off {}", live.user.id),
            Self::Release { .. } => f.write_str("remove the finalizer"),
        }
    }
}

struct Changes<'a>(&'a [&'a Change]);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, change) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{change}")?;
        }
        Ok(())
    }
}
