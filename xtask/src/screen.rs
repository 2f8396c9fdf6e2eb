//! The output of the demo and of the end-to-end tests: plain lines, the same in a terminal and in a log. They are kept for a recording.

use parking_lot::Mutex;

static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Returns all lines printed so far.
pub(crate) fn printed() -> Vec<String> {
    PRINTED.lock().clone()
}

fn print(text: &str) {
    println!("{text}");
    PRINTED.lock().extend(text.split('\n').map(str::to_owned));
}

/// Prints the heading of a part.
pub(crate) fn heading(text: &str) {
    print(&format!("\n=== {text}"));
}

/// Prints a comment for the audience.
pub(crate) fn say(text: &str) {
    print(text);
}

/// Prints a command before it is run.
pub(crate) fn command(line: &str) {
    print(&format!("\n  $ {line}"));
}

pub(crate) fn output(text: &str) {
    for line in text.trim_end().lines() {
        print(&format!("  {}", line.trim_end()));
    }
}

pub(crate) fn tick(text: &str) {
    print(&format!("  ✓ {text}"));
}

pub(crate) fn cross(text: &str) {
    let mut lines = text.lines();
    print(&format!("  ✗ {}", lines.next().unwrap_or_default()));
    for line in lines {
        print(&format!("    {line}"));
    }
}

/// Prints a table. Its first row holds the headings.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        output(&cells.join("   "));
    }
}
