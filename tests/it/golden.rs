//! Files that tests write and compare with the committed ones.

use std::{env, fs};

use crate::support::{read, repository};

/// If this variable is set, the files are written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Asserts that a file of the repository has this text.
pub fn file(path: &str, text: &str) {
    let file = repository(path);
    if env::var_os(UPDATE).is_some() {
        fs::write(file, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(committed == text, "{path} is stale; {UPDATE}=1 rewrites it. Committed:\n{committed}\nCurrent:\n{text}");
}

/// Asserts that a file of the repository has this text between the comments `<!-- tested -->` and `<!-- /tested -->`.
pub fn section(path: &str, text: &str) {
    const BEGIN: &str = "<!-- tested -->\n";
    const END: &str = "<!-- /tested -->\n";
    let committed = read(path);
    let (before, rest) = committed.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    file(path, &format!("{before}{BEGIN}{text}{END}{after}"));
}
