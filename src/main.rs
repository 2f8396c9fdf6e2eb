//! The operator's program.

use clap::Parser;

/// Unlike the C library's allocator, mimalloc returns the memory that is needed only while thousands of resources are listed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    connect_operator::cli::Cli::parse().execute()
}
