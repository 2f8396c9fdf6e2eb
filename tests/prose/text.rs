//! Searches the text of one file.

use std::fmt;

use regex::Regex;

use crate::patterns::{LONG_NAME, LONGEST_NAME, NOUN_CLAUSE, PATTERNS};

/// A phrase that was found.
pub(crate) struct Hit {
    pub(crate) pattern: &'static str,
    file: String,
    /// From 1.
    line: usize,
    text: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.pattern, self.text.trim())
    }
}

/// The patterns, compiled.
pub(crate) struct Search {
    patterns: Vec<(&'static str, Regex, Option<Regex>)>,
    noun_clause: Regex,
    function: Regex,
}

impl Search {
    /// Compiles the patterns.
    pub(crate) fn new() -> Self {
        let regex = |expression: &str| Regex::new(expression).unwrap();
        Self {
            patterns: PATTERNS.iter().map(|p| (p.name, regex(p.phrase), p.unless.map(regex))).collect(),
            noun_clause: regex(NOUN_CLAUSE.phrase),
            function: regex(r"^\s*(?:pub(?:\([a-z: ]+\))? )?(?:const )?(?:async )?fn (\w+)"),
        }
    }

    /// Returns what is to be found in a file, by line.
    pub(crate) fn file(&self, file: &str, content: &str) -> Vec<Hit> {
        let lines: Vec<&str> = content.lines().collect();
        let mut found: Vec<(usize, &'static str)> = self.phrases(file, &lines);
        if file.ends_with(".rs") {
            found.extend(self.functions(&lines));
        }
        found.sort_unstable();
        let hit =
            |(line, pattern): (usize, _)| Hit { pattern, file: file.to_owned(), line: line + 1, text: lines[line].to_owned() };
        found.into_iter().map(hit).collect()
    }

    fn phrases(&self, file: &str, lines: &[&str]) -> Vec<(usize, &'static str)> {
        let (text, starts) = running_text(lines, file.ends_with(".rs"));
        let mut found = Vec::new();
        for (name, phrase, unless) in &self.patterns {
            for phrase in phrase.find_iter(&text) {
                if !unless.as_ref().is_some_and(|fine| fine.is_match(phrase.as_str())) {
                    // The end, since a match may begin with a word of context.
                    found.push((starts.partition_point(|start| *start < phrase.end()) - 1, *name));
                }
            }
        }
        found
    }

    fn functions(&self, lines: &[&str]) -> Vec<(usize, &'static str)> {
        let mut found = Vec::new();
        // The first line of the documentation of what comes next.
        let mut documentation: Option<usize> = None;
        // Brackets that an attribute has opened and not closed.
        let mut open = 0_usize;
        for (number, line) in lines.iter().map(|line| line.trim_start()).enumerate() {
            if open > 0 || line.starts_with("#[") {
                open = (open + line.matches('[').count()).saturating_sub(line.matches(']').count());
            } else if line.starts_with("///") {
                documentation.get_or_insert(number);
            } else {
                if let Some(function) = self.function.captures(line) {
                    if function[1].len() > LONGEST_NAME {
                        found.push((number, LONG_NAME));
                    }
                    let first =
                        documentation.filter(|first| self.noun_clause.is_match(lines[*first].trim_start_matches([' ', '/'])));
                    found.extend(first.map(|first| (first, NOUN_CLAUSE.name)));
                }
                documentation = None;
            }
        }
        found
    }
}

/// Returns the lines as one text, without indentation and the marks of comments, and where each begins in it.
fn running_text(lines: &[&str], is_rust: bool) -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut starts = Vec::new();
    for line in lines {
        starts.push(text.len());
        let line = line.trim().trim_end_matches('\\').trim_end();
        let line = line.trim_start_matches(['/', '#', '!', '>', '*', '|', '-']).trim_start();
        text += &if is_rust { line.replace('_', " ") } else { line.to_owned() };
        text.push(' ');
    }
    (text, starts)
}

#[test]
fn phrases_are_found_across_lines_and_in_names() {
    let source = "\
// A message is
// told.
fn nobody_waits() {
    let is_told_of = 1;
}
";
    let hits: Vec<_> = Search::new().file("a.rs", source).iter().map(|hit| (hit.line, hit.pattern)).collect();
    assert_eq!(hits, [(2, "told"), (3, "nobody"), (4, "told")]);
}

#[test]
fn good_english_is_let_through() {
    let text = "There is no user. It is no longer there. Users who left. The fix is to wait. It is to wait.";
    let hits: Vec<_> = Search::new().file("a.md", text).iter().map(|hit| hit.pattern).collect();
    assert_eq!(hits, ["is to"], "only `it is to`");
}

#[test]
fn noun_clauses_count_for_functions_only() {
    let source = "\
/// Whether it is held.
held: bool,

/// Whether it is held.
///
/// # Panics
/// Never.
#[expect(
    clippy::unwrap_used
)]
pub(crate) async fn is_held() {}

/// Returns whether it is held.
fn is_held() {}
";
    let hits: Vec<_> = Search::new().file("a.rs", source).iter().map(|hit| (hit.line, hit.pattern)).collect();
    assert_eq!(hits, [(4, "/// Whether")]);
}
