//! What a command prints.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use anyhow::Context;

/// Writes a command's result.
///
/// # Errors
/// Standard output cannot be written to. It is fine if its reader has seen enough, such as `head`.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output"),
    }
}

/// Returns whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns whether to print in colours: on a terminal, unless `NO_COLOR` is set.
pub(super) fn is_coloured() -> bool {
    is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
