//! The repository's own commands.

mod demo;
mod generate;
mod programs;
mod repository;

use std::process::ExitCode;

use clap::Parser;

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
enum Command {
    /// Shows the operator at work: a real Kubernetes control plane, the Connect simulator and the operator as processes.
    Demo(demo::Demo),
    /// Writes the generated files anew: the CustomResourceDefinition, the API reference and that of the metrics.
    Generate,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Demo(demo) => demo.run(),
        Command::Generate => generate::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
