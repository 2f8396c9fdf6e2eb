//! Starts programs, and waits until they are ready.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::kubectl::Kubectl;
use crate::supervised::Supervised;

/// Far more than a start takes, for busy machines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const POLL: Duration = Duration::from_millis(200);

/// How much garbage a program of the control plane may have before it collects it, in percent of the memory in use. By Go's default of
/// 100, the API server spends a fifth of its time on that. Time is scarcer here than memory.
const GARBAGE: &str = "200";

/// A program ended because its port is in use. This is the only failure that another attempt can avoid.
#[derive(Debug)]
pub(crate) struct AddressInUse(String);

impl fmt::Display for AddressInUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for AddressInUse {}

/// Starts a program in this directory, with a log of its name.
pub(crate) fn run(program: &Path, directory: &Path, arguments: Vec<String>) -> Result<Supervised> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    Supervised::spawn(program, &arguments, &directory.join(format!("{name}.log")), |command| {
        command.current_dir(directory).env("GOGC", GARBAGE);
    })
    .with_context(|| format!("cannot start {name}"))
}

/// Waits until `ready` returns true. Fails if the program ends first.
pub(crate) fn wait_for(process: &mut Supervised, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        check(process)?;
        if ready()? {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("{} is not ready after {} s\n{}", process.name(), PATIENCE.as_secs(), process.log_tail());
        }
        thread::sleep(POLL);
    }
}

/// Fails if the program has ended.
pub(crate) fn check(process: &mut Supervised) -> Result<()> {
    match process.check() {
        Err(error) if process.output().contains("address already in use") => Err(AddressInUse(error.to_string()).into()),
        result => result,
    }
}

pub(crate) fn succeeds(kubectl: &Kubectl, arguments: &[&str]) -> Result<bool> {
    Ok(kubectl.output(arguments)?.status.success())
}
