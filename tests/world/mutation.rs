//! The five ingredients of the create and delete protocol, each to be taken out: a world in which that goes unnoticed would
//! prove nothing. They are taken out at the doors; the operator itself is the real one.

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// CreateUser loses its ownership tags on the way.
    NoTagsInCreate,
    /// Clean-up does not find users by name and tag, only by id.
    CleanUpByIdOnly,
    /// What should be read from the API server comes from the cache.
    NoFreshGet,
    /// The create mark is not written.
    NoMark,
    /// The create mark goes once the id is recorded.
    MarkNotKept,
}
