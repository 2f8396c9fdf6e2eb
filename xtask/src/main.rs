//! The repository's own commands.

use std::process::ExitCode;

use clap::Parser;
use xtask::{bench, compiled_once, demo, e2e, generate, lives, release, site};

/// The repository's own commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
enum Command {
    /// Shows the operator at work, with a real Kubernetes API server and the Connect simulator.
    Demo(demo::Demo),
    /// Measures the operator at the size of a contact centre, and writes docs/benchmarks.md.
    Bench(bench::Bench),
    /// Runs the image in pods of a real node, and Argo CD beside it.
    E2e(e2e::E2e),
    /// Makes all that a release publishes, and pushes nothing.
    Release(release::Release),
    /// Plays random lives of ConnectUsers in a simulation, on all cores.
    Lives(lives::Lives),
    /// Writes the generated files: the CustomResourceDefinition, the references of the API and the metrics, the IAM policies, their
    /// copies in the chart, and the manifests rendered from the chart.
    Generate,
    /// Makes a website of README.md and docs/, in target/site/book, and checks its links.
    Site,
    /// Builds the demo and all tests, and fails if these compile a dependency differently.
    CompiledOnce,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Demo(demo) => demo.run(),
        Command::Bench(bench) => bench.run().map(|()| ExitCode::SUCCESS),
        Command::E2e(e2e) => e2e.run(),
        Command::Release(release) => release.run(),
        Command::Lives(lives) => lives.run().map(|()| ExitCode::SUCCESS),
        Command::CompiledOnce => compiled_once::check().map(|()| ExitCode::SUCCESS),
        Command::Site => site::build().map(|()| ExitCode::SUCCESS),
        Command::Generate => generate::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
