//! `cargo xtask demo`: the operator at work, on a real Kubernetes control plane and a simulated Amazon Connect.
//!
//! The [`Stage`] is what runs, the [`scenario`] what happens on it. Each step of the scenario ends with what Connect really
//! holds, and with a tick, or a cross and what did not come true.

mod directory;
mod holdings;
mod interrupt;
mod scenario;
mod screen;
mod simulator;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::Result;
use clap::Args;
use control_plane::Binaries;

use self::directory::Directory;
use self::interrupt::Interrupt;
use self::stage::{POLL, Stage};
use crate::{programs, repository};

/// As a shell counts an end by SIGINT.
const INTERRUPTED: u8 = 130;

/// The options of `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the scenario: with 0 if all of it came true, else with 1.
    #[arg(long)]
    once: bool,

    /// Where demo.env and the logs go. Default: `demo` in cargo's target directory.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Demo {
    /// Plays the scenario, and returns how the program should end.
    ///
    /// # Errors
    /// A program cannot be built, started or reached.
    pub fn run(self) -> Result<ExitCode> {
        let directory = Directory::claim(match self.dir {
            Some(directory) => directory,
            None => repository::target()?.join("demo"),
        })?;

        screen::heading("Building what is missing");
        let programs = programs::build()?;
        let binaries = Binaries::ensure_api_server(|line| eprintln!("{line}"))?;
        screen::tick("the operator, the simulator, and a Kubernetes control plane");

        // Not before: until here, a Ctrl-C is best answered by ending at once.
        let interrupt = Interrupt::listen()?;
        match show(&directory, &interrupt, &programs, binaries, self.once) {
            Err(_) if interrupt.came() => Ok(ExitCode::from(INTERRUPTED)),
            result => result,
        }
    }
}

fn show(
    directory: &Directory,
    interrupt: &Interrupt,
    programs: &programs::Programs,
    binaries: Binaries,
    once: bool,
) -> Result<ExitCode> {
    screen::heading("Starting");
    let mut stage = Stage::set(directory, interrupt, programs, binaries)?;
    let failed = scenario::play(&mut stage)?;

    screen::heading(if failed == 0 { "All of it came true" } else { "Not all of it came true" });
    if once {
        return Ok(ExitCode::from(u8::from(failed > 0)));
    }
    stage.say_how_to_play_on();
    while !interrupt.came() {
        stage.check()?;
        thread::sleep(POLL);
    }
    println!("\nStopping");
    Ok(ExitCode::SUCCESS)
}
