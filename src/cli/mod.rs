//! The command line.

mod aws;
mod bounds;
mod deletion_guard;
mod durations;
mod election;
mod existing;
mod import;
mod kube_access;
mod manifests;
mod markdown;
mod orphans;
mod output;
mod quotas;
mod run;
mod scope;
mod stdout;
mod table;
mod users;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Command as Flags, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind};
use clap_complete::{
    generate,
    shells::{Bash, Fish, Zsh},
};

use crate::runtime::text_of;

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
    List(Box<users::List>),
    Get(Box<users::Get>),
    Export(Box<users::ExportCommand>),
    Plan(Box<users::PlanCommand>),
    Report(Box<users::ReportCommand>),
    Import(Box<import::Import>),
    Bounds(Box<bounds::BoundsCommand>),
    /// Prints the CustomResourceDefinition.
    #[command(after_help = "Example:
  connect-operator crd | kubectl apply --server-side --filename -")]
    Crd,
    /// Prints a script that completes commands and flags in a shell.
    #[command(after_help = "Example:
  source <(connect-operator completions bash)")]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes a man page for each command into a directory.
    #[command(after_help = "Example:
  connect-operator man ~/.local/share/man/man1")]
    Man {
        /// The directory. It is created if it does not exist.
        directory: PathBuf,
    },
}

/// A shell for which commands are completed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Cli {
    /// Reads the arguments of the program. As a plugin of kubectl it has the name `kubectl-connect_users`, as krew installs it, or
    /// `kubectl-connect`.
    pub fn read() -> Self {
        let read = Self::flags().try_get_matches().and_then(|mut matches| Self::from_arg_matches_mut(&mut matches));
        read.unwrap_or_else(|error| {
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => _ = error.print(),
                _ => eprintln!("{}", without_usage(&error.to_string())),
            }
            // clap's own code, 2, says of `plan` that there are changes.
            std::process::exit(1)
        })
    }

    /// Returns the commands and flags, under the name by which the program was called.
    fn flags() -> Flags {
        let called = std::env::args_os().next().unwrap_or_default();
        match Path::new(&called).file_stem().and_then(|name| name.to_str()) {
            Some("kubectl-connect_users") => Self::command().name("kubectl-connect_users").bin_name("kubectl connect-users"),
            Some("kubectl-connect") => Self::command().name("kubectl-connect").bin_name("kubectl connect"),
            _ => Self::command(),
        }
    }

    /// Executes the command. Returns the program's exit code.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Run(run) => run.execute()?,
            Command::Orphans(orphans) => orphans.execute()?,
            Command::List(list) => list.execute()?,
            Command::Get(get) => get.execute()?,
            Command::Export(export) => export.execute()?,
            Command::Import(import) => import.execute()?,
            Command::Bounds(bounds) => bounds.execute()?,
            Command::Plan(plan) => return plan.execute(),
            Command::Report(report) => report.execute()?,
            Command::Completions { shell } => {
                let (mut flags, mut script) = (Self::flags(), Vec::new());
                let name = flags.get_name().to_owned();
                match shell {
                    Shell::Bash => generate(Bash, &mut flags, name, &mut script),
                    Shell::Fish => generate(Fish, &mut flags, name, &mut script),
                    Shell::Zsh => generate(Zsh, &mut flags, name, &mut script),
                }
                stdout::write(&String::from_utf8(script)?)?;
            }
            Command::Man { directory } => {
                let failed = || directory.display().to_string();
                fs::create_dir_all(&directory).with_context(failed)?;
                clap_mangen::generate_to(Self::flags(), &directory).with_context(failed)?;
            }
            Command::Crd => stdout::write(&crate::api::crd_yaml()?)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns an error with its causes in one line. Libraries' errors often repeat their causes: none is said twice.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        if cause.is::<Box<kube::core::Status>>() {
            // It is the cause of kube's error, whose text is its message.
            continue;
        }
        let cause = cause.downcast_ref().map_or_else(|| cause.to_string(), text_of);
        let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// Returns what clap says about a mistake in one line, without the usage that follows it.
fn without_usage(error: &str) -> String {
    let is_usage = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
    let said: Vec<_> = error.lines().take_while(|line| !is_usage(line)).flat_map(str::split_whitespace).collect();
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_are_in_one_line_and_said_once() {
        let error = anyhow!("no\n  route").context("could not connect: no route").context("could not list");
        assert_eq!(in_one_line(&error), "could not list: could not connect: no route");
        assert_eq!(in_one_line(&anyhow!("a").context("b")), "b: a");
        let status = kube::core::Status::failure("users is forbidden", "Forbidden").with_code(403);
        let error = anyhow!(kube::Error::Api(Box::new(status))).context("could not list");
        assert_eq!(in_one_line(&error), "could not list: users is forbidden");
    }
}
