//! What the demo prints: plain lines, the same in a terminal and in a log.

/// A part of the demo begins.
pub(super) fn heading(text: &str) {
    println!("\n=== {text}");
}

/// What is about to happen, for people.
pub(super) fn say(text: &str) {
    println!("{text}");
}

/// A command that is run.
pub(super) fn command(line: &str) {
    println!("\n  $ {line}");
}

/// What a command printed.
pub(super) fn output(text: &str) {
    for line in text.trim_end().lines() {
        println!("  {}", line.trim_end());
    }
}

/// Something came true.
pub(super) fn tick(text: &str) {
    println!("  ✓ {text}");
}

/// Something did not.
pub(super) fn cross(text: &str) {
    let mut lines = text.lines();
    println!("  ✗ {}", lines.next().unwrap_or_default());
    for line in lines {
        println!("    {line}");
    }
}

/// A table, its first row the headings.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) {
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
