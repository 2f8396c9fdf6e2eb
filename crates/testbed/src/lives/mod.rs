//! Random lives: everything that people and their tools do to ConnectUsers, Secrets and users, between any two calls of operators.
//!
//! A life is a list of [`Act`]s from a seed. [`play`] carries them out in a [`Simulation`](crate::world::Simulation), checks the
//! invariants after each, lets the dust settle, and compares what is left with what the specs ask for. A life that fails is
//! [shrunk](shrink()) to the shortest one that fails in the same way, and prints itself as a story.

mod act;
mod edit;
mod ending;
mod player;
mod promises;
mod shrink;

pub use act::{Act, Around, Console, Life, NewName, Person};
pub use edit::{Edit, base};
pub use player::{Failed, play};
pub use shrink::shrink;

use crate::world::Mutation;

/// Plays the lives of these seeds. Returns the first that fails, shrunk.
///
/// # Errors
/// The story of the life that failed.
pub fn run(seeds: impl IntoIterator<Item = u64>, mutation: Option<Mutation>) -> Result<u64, String> {
    let mut played = 0;
    for seed in seeds {
        let life = Life { mutation, ..Life::random(seed) };
        if let Err(failed) = play(&life) {
            let (life, failed) = shrink(life, failed);
            return Err(format!("seed {seed}: {failed}\n{life}\n{}", failed.story));
        }
        played += 1;
    }
    Ok(played)
}
