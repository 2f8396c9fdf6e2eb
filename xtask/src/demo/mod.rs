//! `cargo xtask demo`: the operator at work, on a real Kubernetes control plane and a simulated Amazon Connect.
//!
//! `Installation` runs the processes, and `scenario` plays steps on it. Each step ends with Connect's actual users and
//! a tick, or a cross with the reason of the failure.

mod connect_table;
mod directory;
mod installation;
mod interrupt;
mod recording;
mod scenario;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, ensure};
use clap::Args;
use control_plane::Binaries;

use self::directory::Directory;
use self::installation::{Installation, POLL};
use self::interrupt::Interrupt;
use crate::{programs, repository, screen};

/// The exit code that a shell reports after SIGINT.
const INTERRUPTED: u8 = 130;

/// The options of `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the scenario, with 0 if all steps succeeded and 1 otherwise.
    #[arg(long)]
    once: bool,

    /// The directory of demo.env and the operator's log. Default: `demo` in cargo's target directory.
    #[arg(long)]
    dir: Option<PathBuf>,

    /// Write a recording of the scenario to this file, as an animated SVG.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

impl Demo {
    /// Plays the scenario, and returns how the program should end.
    ///
    /// # Errors
    /// A program cannot be built, started or reached.
    pub fn run(self) -> Result<ExitCode> {
        let directory = Directory::claim(match &self.dir {
            Some(directory) => directory.clone(),
            None => repository::target()?.join("demo"),
        })?;

        screen::heading("Building");
        let operator = programs::build_operator()?;
        let binaries = Binaries::ensure_api_server(|line| eprintln!("{line}"))?;
        screen::tick("the operator and a Kubernetes control plane");

        // Only now: until here, a Ctrl-C should end the program at once.
        let interrupt = Interrupt::listen()?;
        match self.show(&directory, &interrupt, &operator, binaries) {
            Err(_) if interrupt.came() => Ok(ExitCode::from(INTERRUPTED)),
            result => result,
        }
    }

    fn show(&self, directory: &Directory, interrupt: &Interrupt, operator: &Path, binaries: Binaries) -> Result<ExitCode> {
        screen::heading("Starting");
        let mut installation = Installation::start(directory, interrupt, operator, binaries)?;
        let failed = scenario::play(&mut installation)?;

        screen::heading(&if failed == 0 { "All steps succeeded".to_owned() } else { format!("Steps that failed: {failed}") });
        if let Some(file) = &self.record {
            ensure!(failed == 0, "not recorded, since a step failed");
            recording::write(file, &screen::printed())?;
        }
        if self.once {
            return Ok(ExitCode::from(u8::from(failed > 0)));
        }
        installation.print_next_steps();
        while !interrupt.came() {
            installation.check()?;
            thread::sleep(POLL);
        }
        println!("\nStopping");
        Ok(ExitCode::SUCCESS)
    }
}
