//! The steps of the scenarios: each has a name, a result and a time, which is shown and not asserted.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::screen;

/// Far more than any change takes, for busy machines.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);
/// The interval of polling, which is the error of the times that are shown.
const POLL: Duration = Duration::from_millis(20);

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    passed: usize,
    failed: usize,
}

impl Default for Steps {
    fn default() -> Self {
        Self { started: Instant::now(), passed: 0, failed: 0 }
    }
}

impl Steps {
    /// Runs a step, which returns what it has seen. A failure is reported, and the next step can run.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Result<String>) -> bool {
        let started = Instant::now();
        let result = run();
        let time = started.elapsed().as_secs_f64();
        match &result {
            Ok(seen) if seen.is_empty() => screen::tick(&format!("{name} ({time:.1} s)")),
            Ok(seen) => screen::tick(&format!("{name}: {seen} ({time:.1} s)")),
            Err(error) => self.failed(&format!("{name} ({time:.1} s): {error:#}")),
        }
        self.passed += usize::from(result.is_ok());
        result.is_ok()
    }

    /// Runs a step on which the others depend.
    ///
    /// # Errors
    /// It failed.
    pub(crate) fn required<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut value = None;
        self.step(name, || {
            value = Some(run()?);
            Ok(String::new())
        });
        match value {
            Some(value) => Ok(value),
            None => bail!("the other steps need this one: {name}"),
        }
    }

    /// Reports a failure.
    pub(super) fn failed(&mut self, why: &str) {
        self.failed += 1;
        screen::cross(why);
    }

    pub(super) fn failures(&self) -> usize {
        self.failed
    }

    /// Prints the sum, and returns how the program should end.
    pub(crate) fn finish(&self) -> ExitCode {
        let (seconds, passed) = (self.started.elapsed().as_secs(), self.passed);
        match self.failed {
            0 => screen::heading(&format!("All {passed} steps succeeded in {seconds} s")),
            failed => screen::heading(&format!("{failed} failures, and {passed} steps succeeded, in {seconds} s")),
        }
        ExitCode::from(u8::from(self.failed > 0))
    }
}

/// Polls until `look` returns a value, and returns it with the time that this took. Until then, `look` returns a description of the
/// present state for the error message.
///
/// # Errors
/// This takes too long, or `look` failed.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Result<Result<T, String>>) -> Result<(T, Duration)> {
    within(PATIENCE, what, look)
}

/// Like [`until`], with another limit.
pub(super) fn within<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Result<T, String>>,
) -> Result<(T, Duration)> {
    let started = Instant::now();
    loop {
        match look()? {
            Ok(seen) => return Ok((seen, started.elapsed())),
            Err(instead) if started.elapsed() > patience => bail!("{what}: not within {} s\n{instead}", patience.as_secs()),
            Err(_) => std::thread::sleep(POLL),
        }
    }
}

/// Returns a time for people.
pub(super) fn shown(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
