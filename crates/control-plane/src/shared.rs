//! One control plane for all tests of a process.

use std::sync::OnceLock;

use crate::binaries::{self, Binaries};
use crate::plane::{ControlPlane, Options};

/// Returns the control plane of this process. The first call starts it; it stops when the process ends. Each test creates a
/// [`Namespace`](crate::Namespace) and changes nothing outside of it. A test that restarts the API server, or installs an object that
/// conflicts with those of others, starts its own control plane.
///
/// # Panics
/// It cannot be built or started. There is no second attempt: later calls fail with the same message.
#[expect(clippy::panic, reason = "tests have no better end for it")]
pub fn shared() -> &'static ControlPlane {
    static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
    let start = || ControlPlane::start(Options::new(Binaries::ensure(binaries::print)?));
    match SHARED.get_or_init(|| start().map_err(|error: anyhow::Error| format!("{error:#}"))) {
        Ok(plane) => plane,
        Err(error) => panic!("no control plane: {error}"),
    }
}
