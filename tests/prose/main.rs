//! The repository's English and its documents. Counts phrases that make comments, documentation and messages hard to read, with what
//! to write instead. Checks that links lead somewhere, and that files do not import each other in circles.
//!
//! `PROSE_PATHS=src/plan,docs cargo test --test prose -- --nocapture` checks some directories or files alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod imports;
mod links;
mod patterns;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use patterns::{LONG_NAME, NOUN_CLAUSE, PATTERNS, Pattern, SKIPPED};
use text::{Hit, Search};

#[test]
fn repository_is_written_in_plain_english() {
    let root = root();
    let chosen = std::env::var("PROSE_PATHS").unwrap_or_default();
    let chosen: Vec<&str> =
        chosen.split([',', ' ']).map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty()).collect();

    let search = Search::new();
    let mut hits = Vec::new();
    for file in files(&root, &root) {
        if chosen.is_empty() || chosen.iter().any(|path| is_within(&file, path)) {
            hits.extend(search.file(&file, &std::fs::read_to_string(root.join(&file)).unwrap()));
        }
    }
    let counts = counts(&hits);
    assert!(hits.is_empty(), "{}\n\n{counts}", hits.iter().map(Hit::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = root();
    let documents = files(&root, &root).into_iter().filter(|file| file.ends_with(".md"));
    let broken: Vec<_> = documents.flat_map(|file| links::broken(&root, &file)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn tests_that_the_threat_model_names_exist() {
    let root = root();
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let sources: String = files(&root, &root).iter().filter(|file| file.ends_with(".rs")).map(|file| read(file)).collect();
    let model = read("SECURITY.md");
    assert_eq!(links::unknown_tests(&model, &sources), [""; 0]);
    assert!(links::unknown_tests(&model, "").len() > 20);
}

/// Returns the checkout that is tested. It may differ from where this was compiled, if checkouts share a cache.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).into()
}

/// Returns the text files below a directory, by their paths from `root` and in order.
fn files(root: &Path, directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if name == ".git" || SKIPPED.iter().any(|(skipped, _)| is_within(&name, skipped)) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(root, &path));
        } else if patterns::KINDS.iter().any(|kind| name.ends_with(kind)) {
            found.push(name);
        }
    }
    found
}

/// Returns whether `path` is `directory` or a path below it.
fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns a table of how often each pattern was found, with what to write instead.
fn counts(hits: &[Hit]) -> String {
    let mut by_name = BTreeMap::<&str, usize>::new();
    for hit in hits {
        *by_name.entry(hit.pattern).or_default() += 1;
    }
    let advice = PATTERNS.iter().chain([&NOUN_CLAUSE]).map(|Pattern { name, instead, .. }| (*name, *instead));
    let mut table = String::new();
    for (name, instead) in advice.chain([(LONG_NAME, "at most 60 characters: one claim")]) {
        table += &format!("{:>6}  {name:<18} {instead}\n", by_name.get(name).copied().unwrap_or_default());
    }
    table + &format!("{:>6}  in all", hits.len())
}
