//! The page `docs/benchmarks.md`: a section for each part of the benchmark, each measured in one run.

use std::fs;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{machine, table::Table};
use crate::repository;

const PAGE: &str = "docs/benchmarks.md";

const HEAD: &str = "\
<!-- Written by `cargo xtask bench`; do not edit. -->
# Benchmarks

Times and CPU seconds are one machine's; calls, writes and the order of magnitude are not. Tests hold the counts
(`cargo test -p testbed`).
";

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// The operator on a real control plane.
    Operator,
    /// The commands for people and pipelines.
    Commands,
    /// What would take hours at AWS' rate limits.
    VirtualTime,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Operator, Self::Commands, Self::VirtualTime];

    fn title(self) -> &'static str {
        match self {
            Self::Operator => "The operator",
            Self::Commands => "Commands",
            Self::VirtualTime => "Virtual time",
        }
    }

    fn introduction(self) -> &'static str {
        match self {
            Self::Operator => {
                "The operator as its image has it, with the permissions that it is shipped with, on a real kube-apiserver and etcd on the \
                 same machine, and against the simulator with the rate limits that AWS documents: 2 calls a second, bursts of 5, for \
                 each operation."
            }
            Self::Commands => {
                "The same program's commands for people and pipelines, against the simulator with the rate limits that AWS documents. \
                 CPU is that of the command, memory is its peak."
            }
            Self::VirtualTime => {
                "What would have to wait for hours on these limits: the operator's code in one process, with an API server in memory, \
                 the simulator, and a clock that does not wait."
            }
        }
    }

    /// Returns the section of this part, with its heading.
    pub(super) fn section(self, table: &Table) -> String {
        let measured = format!("Measured by `cargo xtask bench` on {}.", machine::facts());
        format!("## {}\n\n{} {measured}\n\n{}", self.title(), self.introduction(), table.markdown())
    }
}

/// Returns the page with this section new and the others as they are.
fn with_section(page: &str, part: Part, section: &str) -> String {
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    let kept = |part: Part| {
        let found = sections.iter().find(|text| text.lines().next() == Some(part.title()));
        found.map(|text| format!("## {}\n", text.trim_end()))
    };
    let all = Part::ALL.into_iter().filter_map(|each| if each == part { Some(section.to_owned()) } else { kept(each) });
    all.fold(HEAD.to_owned(), |page, section| page + "\n" + &section)
}

/// Replaces the section of a part on the page.
pub(super) fn write(part: Part, section: &str) -> Result<()> {
    let file = repository::root().join(PAGE);
    let page = fs::read_to_string(&file).unwrap_or_default();
    fs::write(file, with_section(&page, part, section)).with_context(|| format!("cannot write {PAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_replaces_its_predecessor_alone() {
        let page = with_section("", Part::VirtualTime, "## Virtual time\n\none\n");
        let page = with_section(&page, Part::Operator, "## The operator\n\ntwo\n");
        let page = with_section(&page, Part::VirtualTime, "## Virtual time\n\nthree\n");
        assert_eq!(page, format!("{HEAD}\n## The operator\n\ntwo\n\n## Virtual time\n\nthree\n"));
    }
}
