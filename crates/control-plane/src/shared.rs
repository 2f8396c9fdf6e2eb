//! One control plane for all tests of a process.

use std::io::{self, Write};
use std::sync::OnceLock;

use anyhow::Result;

use crate::binaries::Binaries;
use crate::plane::{ControlPlane, Options};

/// Returns the control plane of this process. The first call starts it; it stops when the process ends. Each test creates a
/// [`Namespace`](crate::Namespace) and changes nothing outside of it. A test that restarts the API server, or installs an object that
/// conflicts with those of others, starts its own control plane.
///
/// # Panics
/// It cannot be built or started. There is no second attempt: later calls fail with the same message.
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
    // Not `eprintln!`: the test harness would show it only if the test fails.
    let binaries = Binaries::ensure(|line| drop(writeln!(io::stderr(), "{line}")))?;
    ControlPlane::start(Options::new(binaries))
}
