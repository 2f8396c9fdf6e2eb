//! The command line.

mod aws;
mod deletion_guard;
mod durations;
mod election;
mod existing;
mod orphans;
mod quotas;
mod run;
mod scope;

use clap::{Parser, Subcommand};

/// A Kubernetes operator for the users of Amazon Connect.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the operator.
    Run(Box<run::Run>),
    /// Lists users that carry this cluster's tags and whose ConnectUser does not exist, and optionally deletes them.
    Orphans(Box<orphans::Orphans>),
    /// Prints the CustomResourceDefinition.
    Crd,
}

impl Cli {
    /// Executes the command.
    pub fn execute(self) -> anyhow::Result<()> {
        match self.command {
            Command::Run(run) => run.execute(),
            Command::Orphans(orphans) => orphans.execute(),
            Command::Crd => {
                print!("{}", crate::api::crd_yaml()?);
                Ok(())
            }
        }
    }
}
