//! One control plane for all tests of a process.

use std::io::{self, Write};
use std::sync::OnceLock;

use anyhow::Result;

use crate::binaries::Binaries;
use crate::plane::{ControlPlane, Options};

/// The control plane of this process: started when first asked for, stopped when the process ends. Each test takes a
/// [`Namespace`](crate::Namespace) and leaves alone what is not in it; one that restarts the API server or installs
/// something else under a name that others use starts its own.
///
/// # Panics
/// It cannot be built or started. That is not tried again: the tests after the first fail with the same message.
#[must_use]
#[expect(clippy::panic, reason = "tests have no better end for it")]
pub fn shared() -> &'static ControlPlane {
    static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
    match SHARED.get_or_init(|| start().map_err(|error| format!("{error:#}"))) {
        Ok(plane) => plane,
        Err(error) => panic!("no control plane: {error}"),
    }
}

fn start() -> Result<ControlPlane> {
    // Written past the test harness, which would hold an `eprintln!` back until the test has failed.
    let binaries = Binaries::ensure(|line| drop(writeln!(io::stderr(), "{line}")))?;
    ControlPlane::start(Options::new(binaries))
}
