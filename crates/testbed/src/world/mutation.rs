//! Mutations of the create and delete protocol: each removes one of its ingredients. A simulation that does not notice would
//! prove nothing. The ingredients are removed at the gates; the operator itself is the real one.

/// The ingredient that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// CreateUser loses its ownership tags on the way.
    NoTagsInCreate,
    /// Clean-up does not find users by name and tag, only by id.
    CleanUpByIdOnly,
    /// A read from the API server is answered from the cache.
    NoFreshGet,
    /// The create mark is not written.
    NoMark,
    /// The create mark is removed when the id is recorded.
    MarkNotKept,
    /// The finalizer is not written.
    NoFinalizer,
    /// The guard against mass deletion does not count.
    NoGuard,
}

impl Mutation {
    /// Every mutation.
    pub const ALL: [Self; 7] = [
        Self::NoTagsInCreate,
        Self::CleanUpByIdOnly,
        Self::NoFreshGet,
        Self::NoMark,
        Self::MarkNotKept,
        Self::NoFinalizer,
        Self::NoGuard,
    ];
}
