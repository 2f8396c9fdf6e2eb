//! Files that tests write, and compare with what is committed.

use std::{env, fs};

use crate::support::{read, repository};

/// Set to anything, it has the files written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

/// A file of the repository is this text.
pub fn file(path: &str, text: &str) {
    let file = repository(path);
    if env::var_os(UPDATE).is_some() {
        fs::write(file, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == text,
        "{path} differs from what is true; {UPDATE}=1 writes it anew. Committed:\n{committed}\nTrue:\n{text}"
    );
}

/// Of a file of the repository, what stands between the comments `<!-- tested -->` and `<!-- /tested -->` is this text.
pub fn section(path: &str, text: &str) {
    const BEGIN: &str = "<!-- tested -->\n";
    const END: &str = "<!-- /tested -->\n";
    let committed = read(path);
    let (before, rest) = committed.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    file(path, &format!("{before}{BEGIN}{text}{END}{after}"));
}
