//! Plays random lives on all cores, and shows that each guard of the protocol is missed if it is left out.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use testbed::{
    lives::{self, Life},
    world::Mutation,
};

/// The number of lives after which a mutation counts as unnoticed.
const LIVES_PER_MUTATION: u64 = 200_000;

/// Plays random lives: everything that people do to ConnectUsers and users, between any two calls.
#[derive(Debug, Args)]
pub struct Lives {
    /// The number of seeds.
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Leaves out each guard of the protocol in turn, and prints what notices it, and after how many lives.
    #[arg(long)]
    mutations: bool,
}

impl Lives {
    /// Plays the lives.
    ///
    /// # Errors
    /// The story of the first life that fails.
    pub fn run(&self) -> Result<()> {
        if self.mutations {
            return mutations();
        }
        match play(self.first, self.seeds, |seed| lives::run([seed])) {
            (played, None) => println!("{played} lives, 0 violations"),
            (_, Some(story)) => bail!("{story}"),
        }
        Ok(())
    }
}

/// Plays lives on all cores until one fails. Returns the number of lives, and what is wrong with one that failed.
fn play(first: u64, seeds: u64, life: impl Fn(u64) -> Result<(), String> + Sync) -> (u64, Option<String>) {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} lives, {per_sec}, {eta} left").expect("a valid template");
    let bar = ProgressBar::new(seeds).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(500));
    let (next, failed, story) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    if let Err(wrong) = life(first + seed) {
                        failed.store(true, Ordering::Relaxed);
                        story.lock().expect("no thread has panicked").get_or_insert(wrong);
                    }
                    bar.inc(1);
                }
            });
        }
    });
    let played = bar.position();
    bar.finish_and_clear();
    (played, story.into_inner().expect("no thread has panicked"))
}

fn mutations() -> Result<()> {
    for mutation in Mutation::ALL {
        let life = |seed| {
            let life = Life { mutation: Some(mutation), ..Life::random(seed) };
            lives::play(&life).map_err(|failed| failed.to_string())
        };
        let (played, failure) = play(0, LIVES_PER_MUTATION, life);
        match failure {
            Some(violation) => println!("{mutation:?}: after {played} lives: {violation}"),
            None => bail!("{mutation:?} goes unnoticed in {played} lives"),
        }
    }
    Ok(())
}
