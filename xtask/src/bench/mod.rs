//! `cargo xtask bench`: the operator at the size of a contact centre, measured in one run and written to `docs/benchmarks.md`.

mod cluster;
mod machine;
mod real;
mod seed;
mod table;
mod virtually;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use self::table::Table;
use crate::{programs, repository};

const PAGE: &str = "docs/benchmarks.md";

/// The options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// The number of ConnectUsers in the largest measure of memory. With fewer, the run is shorter but incomplete.
    #[arg(long, default_value_t = 100_000)]
    most: usize,

    /// The number of measurements of the time from a change in Connect to its correction.
    #[arg(long, default_value_t = 5)]
    drifts: usize,

    /// Measure this program instead of building the image's.
    #[arg(long, value_name = "PROGRAM")]
    operator: Option<PathBuf>,

    /// Print the page without writing it.
    #[arg(long)]
    no_write: bool,
}

impl Bench {
    /// Measures, and writes the page.
    ///
    /// # Errors
    /// The program cannot be built, something cannot be measured, or a measure misses its goal.
    pub fn run(&self) -> Result<()> {
        let operator = self.operator.clone().map_or_else(programs::build_released_operator, Ok)?;
        let mut table = Table::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(real::measure(&operator, self.most, self.drifts, &mut table))?;
        // Written now, in case the rest fails.
        self.write(&table)?;
        virtually::measure(&mut table);
        self.write(&table)?;
        println!("{}", page(&table));
        match table.missed() {
            0 => Ok(()),
            missed => anyhow::bail!("{missed} measures have missed their goal"),
        }
    }

    fn write(&self, table: &Table) -> Result<()> {
        if self.no_write {
            return Ok(());
        }
        fs::write(repository::root().join(PAGE), page(table)).with_context(|| format!("cannot write {PAGE}"))
    }
}

fn page(table: &Table) -> String {
    format!(
        "\
<!-- Written by `cargo xtask bench`; do not edit. -->
# Benchmarks

Measured by `cargo xtask bench` in one run, on {}: the operator as its image has it, with the permissions that it is shipped with, on a
real kube-apiserver and etcd on the same machine, and against the simulator with the rate limits that AWS documents (2 calls a
second, bursts of 5, for each operation). What would have to wait for hours on these limits is measured in *virtual time*: the same
code in one process, with an API server in memory, the simulator, and a clock that does not wait.

Times and CPU seconds are one machine's; calls, writes and the order of magnitude are not. Tests hold the counts
(`cargo test -p testbed`).

{}",
        machine::facts(),
        table.markdown()
    )
}
