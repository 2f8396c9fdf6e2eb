//! `cargo xtask man`: the program's man pages, one for each command. They are made from its flags, and packages install them.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use clap::CommandFactory;
use connect_operator::cli::Cli;

/// Writes the man pages into a directory, which is created if it does not exist.
///
/// # Errors
/// The directory or a file cannot be written.
pub fn write(directory: &Path) -> Result<()> {
    let failed = || directory.display().to_string();
    fs::create_dir_all(directory).with_context(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_with_its_flags() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = fs::read_to_string(directory.path().join(format!("connect-operator-{}.1", command.get_name()))).unwrap();
            for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(page.contains(&flag.replace('-', "\\-")), "{} --{flag}", command.get_name());
            }
        }
    }
}
