//! Random lives: everything that people and their tools do to ConnectUsers, Secrets and users, between any two calls of operators.
//!
//! A life is a list of [`Act`]s from a seed. [`play`] carries them out in a [`Simulation`](crate::world::Simulation), checks the
//! invariants after each, lets the dust settle, and compares what is left with what the specs ask for. A life that fails is
//! [shrunk](shrink()) to the shortest one that fails in the same way, and prints itself as a story.

mod act;
mod console;
mod edit;
mod ending;
mod player;
mod promises;
mod readings;
mod shrink;

pub use act::{Act, Around, Console, Life, NewName, Person};
pub use edit::{Edit, base};
pub use player::{Failed, play};
pub use shrink::shrink;

/// Plays the lives of these seeds.
///
/// # Errors
/// The story of the first life that fails, shrunk.
pub fn run(seeds: impl IntoIterator<Item = u64>) -> Result<(), String> {
    for seed in seeds {
        let life = Life::random(seed);
        if let Err(failed) = play(&life) {
            let (life, failed) = shrink(life, failed);
            return Err(format!("seed {seed}: {failed}\n{life}\n{}", failed.story));
        }
    }
    Ok(())
}
