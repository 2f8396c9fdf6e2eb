//! The machine of the measurement.

use std::{fs, process::Command};

/// Describes the machine in one line.
pub(super) fn facts() -> String {
    let first_line_after = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix(key)?.split_once(':').map(|(_, value)| value.trim().to_owned()))
    };
    let cpu = first_line_after("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let memory = first_line_after("/proc/meminfo", "MemTotal").unwrap_or_default();
    let gib = memory.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / (1024.0 * 1024.0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let output_of = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    format!("{cores} cores ({cpu}), {gib:.0} GiB, Linux, {}", output_of("rustc", "--version"))
}
