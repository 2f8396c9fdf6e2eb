//! The links between the repository's documents, and the paths that they name.

use std::path::{Component, Path, PathBuf};

use regex::Regex;

/// Returns the relative links of a Markdown file that lead nowhere: to a file that does not exist, or to a heading that is not in it.
/// A path of the repository in backticks counts as a link.
pub(crate) fn broken(root: &Path, file: &str) -> Vec<String> {
    let content = std::fs::read_to_string(root.join(file)).unwrap();
    let links = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let links = links.captures_iter(&content).map(|link| link[1].to_owned()).filter(|link| !link.contains("://"));
    let leads_nowhere = |link: &String| {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { root.join(file) } else { normal(&root.join(file).parent().unwrap().join(path)) };
        !target.exists() || (!heading.is_empty() && !anchors(&std::fs::read_to_string(target).unwrap()).any(|a| a == heading))
    };
    let paths = Regex::new(r"`((?:crates|crds|deploy|dev|docs|src|tests|xtask)/[\w./-]+)`").unwrap();
    let paths = paths.captures_iter(&content).map(|path| path[1].to_owned()).filter(|path| !root.join(path).exists());
    links.filter(leads_nowhere).chain(paths).map(|link| format!("{file}: {link}")).collect()
}

/// Returns the tests that a text names and that are not in the sources: names in backticks with at least three underscores.
pub(crate) fn unknown_tests(text: &str, sources: &str) -> Vec<String> {
    let names = Regex::new(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`").unwrap();
    let names = names.captures_iter(text).map(|name| name[1].to_owned());
    names.filter(|name| !sources.contains(&format!("fn {name}("))).collect()
}

/// Resolves `..`, which a directory on the way might lead elsewhere.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, component| {
        match component {
            Component::ParentDir => drop(path.pop()),
            _ => path.push(component),
        }
        path
    })
}

/// Returns the anchors that GitHub gives the headings of a Markdown text.
fn anchors(markdown: &str) -> impl Iterator<Item = String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| {
        let kept =
            heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).collect::<String>();
        kept.replace(' ', "-")
    })
}

#[test]
fn headings_have_the_anchors_of_github() {
    let markdown = "# A, b & C\n## Flags of `x run`\ntext";
    assert_eq!(anchors(markdown).collect::<Vec<_>>(), ["a-b--c", "flags-of-x-run"]);
}
