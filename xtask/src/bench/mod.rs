//! `cargo xtask bench`: the operator at the size of a contact centre, measured and written to `docs/benchmarks.md`.

mod cluster;
mod commands;
mod machine;
pub(crate) mod page;
mod real;
mod seed;
pub(crate) mod table;
mod virtually;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use self::{page::Part, table::Table};
use crate::programs;

/// The options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// The number of ConnectUsers in the largest measure of memory. With fewer, the run is shorter but incomplete.
    #[arg(long, default_value_t = 100_000)]
    most: usize,

    /// The number of measurements of the time from a change in Connect to its correction.
    #[arg(long, default_value_t = 5)]
    drifts: usize,

    /// Measure this part only. The rest of the page stays. May be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Part>,

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
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let program = || self.operator.clone().map_or_else(programs::build_released_operator, Ok);
        let mut missed = 0;
        for part in Part::ALL.into_iter().filter(|part| self.only.is_empty() || self.only.contains(part)) {
            let mut table = Table::default();
            match part {
                Part::Operator => runtime.block_on(real::measure(&program()?, self.most, self.drifts, &mut table))?,
                Part::Commands => runtime.block_on(commands::measure(&program()?, &mut table))?,
                Part::VirtualTime => virtually::measure(&mut table),
                Part::Pods => continue,
            }
            missed += table.missed();
            let section = part.section(&table);
            // Written now, in case the rest fails.
            if !self.no_write {
                page::write(part, &section)?;
            }
            println!("{section}");
        }
        match missed {
            0 => Ok(()),
            missed => anyhow::bail!("{missed} measures have missed their goal"),
        }
    }
}
