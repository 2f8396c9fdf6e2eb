//! Tables as kubectl prints them.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

/// Formats rows below the names of their columns.
pub(super) fn table<'a>(columns: impl IntoIterator<Item = &'a str>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(columns);
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 3)));
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
