//! The repository's own commands.

use std::process::ExitCode;

use clap::Parser;
use xtask::{bench, demo, generate};

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
enum Command {
    /// Shows the operator at work: a real Kubernetes control plane, the Connect simulator and the operator as processes.
    Demo(demo::Demo),
    /// Measures the operator at the size of a contact centre, and writes docs/benchmarks.md.
    Bench(bench::Bench),
    /// Writes the generated files anew: the CustomResourceDefinition, the API reference and that of the metrics, the IAM policies, what the chart has of them, and the
    /// manifests that are made of the chart.
    Generate,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Demo(demo) => demo.run(),
        Command::Bench(bench) => bench.run().map(|()| ExitCode::SUCCESS),
        Command::Generate => generate::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
