//! The operator's program.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    connect_operator::cli::Cli::parse().execute()
}
