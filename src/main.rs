//! The operator's program.

use clap::Parser;

/// It gives memory back that was needed only while thousands of resources were listed, which the C library's own keeps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    connect_operator::cli::Cli::parse().execute()
}
