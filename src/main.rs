//! The operator's program.

use std::process::ExitCode;

use connect_operator::cli::{self, Cli};

/// Unlike the C library's allocator, mimalloc returns the memory that is needed only while thousands of resources are listed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::read().execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", cli::in_one_line(&error));
            ExitCode::FAILURE
        }
    }
}
