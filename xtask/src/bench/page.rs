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
pub(crate) enum Part {
    /// The operator on a real control plane.
    Operator,
    /// The commands for people and pipelines.
    Commands,
    /// What would take hours at AWS' rate limits.
    VirtualTime,
    /// The image in pods, which `cargo xtask e2e` measures.
    #[value(skip)]
    Pods,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Operator, Self::Commands, Self::Pods, Self::VirtualTime];

    fn title(self) -> &'static str {
        match self {
            Self::Operator => "The operator",
            Self::Commands => "Commands",
            Self::VirtualTime => "Virtual time",
            Self::Pods => "In pods",
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
            Self::Pods => {
                "The image in pods of the chart, with the chart's requests and limits, on a node with a kubelet and containerd. The \
                 simulated Connect takes 50 calls a second of each operation."
            }
        }
    }

    /// Returns the section of this part, with its heading.
    pub(crate) fn section(self, table: &Table) -> String {
        let command = if self == Self::Pods { "e2e --only pods --users 10000 --record" } else { "bench" };
        let measured = format!("Measured by `cargo xtask {command}` on {}.", machine::facts());
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
pub(crate) fn write(part: Part, section: &str) -> Result<()> {
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
