//! A recording of the demo as an animated SVG: the lines scroll through a terminal.
//!
//! Times, ports and paths are replaced, so that a recording changes only if the demo does.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::{Captures, Regex};

/// The rows and columns of the terminal. Longer lines are cut.
const ROWS: usize = 32;
const COLUMNS: usize = 118;
/// Pixels.
const LINE_HEIGHT: usize = 18;
const CHARACTER_WIDTH: f64 = 7.83;
const MARGIN: usize = 14;

/// How long a line stays before the next one follows.
const LINE_SECONDS: f64 = 0.12;
const HEADING_SECONDS: f64 = 1.6;
const TICK_SECONDS: f64 = 1.2;
const END_SECONDS: f64 = 6.0;

/// Writes the recording of these lines.
pub(super) fn write(file: &Path, lines: &[String]) -> Result<()> {
    // The part before it is about building and starting.
    let start = lines.iter().position(|line| line.starts_with("=== 1 of")).unwrap_or_default();
    let lines: Vec<String> = lines[start..].iter().map(|line| cut(&without_times(line))).collect();
    std::fs::write(file, svg(&lines)).with_context(|| format!("cannot write {}", file.display()))
}

/// Replaces ages, time stamps and ports by constants of the same length, so that columns stay aligned.
fn without_times(line: &str) -> String {
    static VARIABLE: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
        let regex = |pattern| Regex::new(pattern).expect("the pattern is valid");
        [
            (regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "2026-01-01T00:00:00Z"),
            (regex(r"127\.0\.0\.1:\d+"), "127.0.0.1:8080"),
            (regex(r"\b\d+(\.\d+)?m?s\b"), "1s"),
        ]
    });
    VARIABLE.iter().fold(line.to_owned(), |line, (pattern, constant)| {
        let same_length = |found: &Captures<'_>| format!("{constant:width$}", width = found[0].len());
        pattern.replace_all(&line, same_length).trim_end().to_owned()
    })
}

fn cut(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.to_owned();
    }
    line.chars().take(COLUMNS - 1).chain(['…']).collect()
}

fn svg(lines: &[String]) -> String {
    let (width, height) = ((COLUMNS as f64 * CHARACTER_WIDTH) as usize + 2 * MARGIN, ROWS * LINE_HEIGHT + 2 * MARGIN);
    let mut text = String::new();
    // The time at which each line appears.
    let mut times = Vec::new();
    let mut now = 0.0;
    for (index, line) in lines.iter().enumerate() {
        let (class, seconds) = style(line);
        times.push(now);
        now += seconds;
        // The baseline, with room for descenders.
        let y = (index + 1) * LINE_HEIGHT - 4;
        if !line.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, r#"<text y="{y}"{class}>{}</text>"#, escaped(line));
        }
    }
    let total = now + END_SECONDS;
    let offset = |shown: usize| -((shown.saturating_sub(ROWS) * LINE_HEIGHT) as i64);
    let mut keyframes = String::new();
    for (index, time) in times.iter().enumerate() {
        let percent = time / total * 100.0;
        let hidden = lines.len().saturating_sub(index + 1) * LINE_HEIGHT;
        let _ =
            write!(keyframes, "{percent:.2}%{{transform:translateY({}px);clip-path:inset(0 0 {hidden}px 0)}}", offset(index + 1));
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" xml:space="preserve">
<title>connect-operator: the demo</title>
<!-- Written by `cargo xtask demo - -once - -record docs/demo.svg`; do not edit. -->
<style>
text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #c9d1d9; white-space: pre }}
.heading {{ fill: #79c0ff; font-weight: bold }}
.command {{ fill: #ffffff; font-weight: bold }}
.tick {{ fill: #56d364 }}
.cross {{ fill: #ff7b72 }}
#lines {{ transform: translateY({end}px); animation: play {total:.1}s step-end infinite }}
@keyframes play {{ {keyframes} }}
@media (prefers-reduced-motion: reduce) {{ #lines {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{inner_width}" height="{inner_height}">
<g id="lines">
<rect width="1" height="{all}" fill="none"/>
{text}</g>
</svg>
</svg>
"##,
        end = offset(lines.len()),
        inner_width = width - 2 * MARGIN,
        inner_height = height - 2 * MARGIN,
        all = lines.len() * LINE_HEIGHT,
    )
}

/// Returns the class of a line and how long it stays before the next one follows.
fn style(line: &str) -> (&'static str, f64) {
    match line.trim_start() {
        trimmed if trimmed.starts_with("===") => (r#" class="heading""#, HEADING_SECONDS),
        trimmed if trimmed.starts_with("$ ") => (r#" class="command""#, HEADING_SECONDS),
        trimmed if trimmed.starts_with('✓') => (r#" class="tick""#, TICK_SECONDS),
        trimmed if trimmed.starts_with('✗') => (r#" class="cross""#, TICK_SECONDS),
        _ => ("", LINE_SECONDS),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ports_are_replaced_and_columns_stay() {
        let lines = [
            ("jane-doe   True    12s   x", "jane-doe   True    1s    x"),
            ("2s (x3 over 14s)   Normal", "1s (x3 over 1s )   Normal"),
            ("Last Transition Time:  2026-11-26T02:03:14Z", "Last Transition Time:  2026-01-01T00:00:00Z"),
            ("at http://127.0.0.1:4711", "at http://127.0.0.1:8080"),
            ("level 5, 3 users", "level 5, 3 users"),
        ];
        for (line, expected) in lines {
            assert_eq!(without_times(line), expected);
        }
    }

    #[test]
    fn long_lines_are_cut_and_markup_is_escaped() {
        assert_eq!(cut(&"x".repeat(COLUMNS + 1)).chars().count(), COLUMNS);
        let svg = svg(&["=== 1 of 6".to_owned(), "a < b & c".to_owned()]);
        assert!(svg.contains(r#"class="heading">=== 1 of 6<"#) && svg.contains("a &lt; b &amp; c"), "{svg}");
    }
}
