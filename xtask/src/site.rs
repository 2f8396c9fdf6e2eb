//! `cargo xtask site`: the documentation as a website, made from README.md and `docs/` by mdBook, which is installed on first use.
//!
//! The result is checked: each page is in `docs/SUMMARY.md`, and each link within the site leads to a page and an anchor that exist.
//! A test (`tests/prose`) checks the links of the sources, as GitHub shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use browser::Browser;
use regex::{Captures, Regex};

use crate::repository;

/// The version of mdBook.
const MDBOOK: &str = "0.5.4";
/// The name of README.md in the site. mdBook would rename the page, but not the links to its headings.
const INTRODUCTION: &str = "index.md";

/// What mdBook writes besides the pages.
const NOT_PAGES: [&str; 3] = ["404.html", "print.html", "toc.html"];

/// Builds the site in `target/site/book`.
///
/// # Errors
/// mdBook cannot be installed or run, a file cannot be read or written, or a link leads nowhere.
pub fn build() -> Result<()> {
    let site = repository::root().join("target/site");
    let sources = site.join("src");
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    fs::create_dir_all(&sources)?;
    copy("README.md", &sources.join(INTRODUCTION))?;
    for name in files(&repository::root().join("docs"))? {
        let is_setting = name.ends_with(".toml") || name.ends_with(".css");
        let directory = if is_setting { &site } else { &sources };
        copy(&format!("docs/{name}"), &directory.join(name))?;
    }
    run(Command::new(mdbook()?).arg("build").arg(&site))?;

    let book = site.join("book");
    let built = files(&book)?;
    let pages = files(&sources)?
        .into_iter()
        .filter(|name| name != "SUMMARY.md")
        .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()));
    let unlisted = pages.filter(|page| !built.contains(&format!("{page}.html")));
    let unlisted = unlisted.map(|page| format!("docs/SUMMARY.md does not list {page}.md")).collect();
    let wrong = [unlisted, broken_links(&book)?].concat();
    if !wrong.is_empty() {
        bail!("the site is not right:\n{}", wrong.join("\n"));
    }
    look_at(&book)?;
    println!("{}", book.join("index.html").display());
    Ok(())
}

/// Opens each page of the site in a browser, if there is one. A page must have its heading and fit into a narrow window, and the browser
/// must have nothing to say about it.
///
/// # Panics
/// A page is not right.
fn look_at(book: &Path) -> Result<()> {
    let Some(browser) = Browser::start("the site") else { return Ok(()) };
    browser.narrow();
    let pages: Vec<_> =
        files(book)?.into_iter().filter(|name| name.ends_with(".html") && !NOT_PAGES.contains(&&**name)).collect();
    for page in &pages {
        browser.open(&format!("file://{}", book.join(page).display()));
        browser.until("document.querySelectorAll('main h1').length", 1);
        browser.until("[...document.images].every(image => image.complete && image.naturalWidth > 0)", true);
        browser.until("document.documentElement.scrollWidth <= innerWidth", true);
        let complaints = browser.complaints();
        assert_eq!(complaints, serde_json::json!([]), "{page}");
    }
    println!("{} pages were looked at in a browser", pages.len());
    Ok(())
}

/// Returns mdBook's program. Installing it takes some minutes.
fn mdbook() -> Result<PathBuf> {
    let tool = control_plane::cache()?.join(format!("tools/mdbook-{MDBOOK}"));
    let program = tool.join("bin/mdbook");
    if !program.exists() {
        let install = ["install", "--locked", "mdbook", "--version", MDBOOK, "--no-default-features", "--features=search"];
        run(repository::cargo().args(install).arg("--root").arg(tool))?;
    }
    Ok(program)
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    if !command.status().with_context(|| format!("cannot run {name}"))?.success() {
        bail!("{name} failed: see above");
    }
    Ok(())
}

/// Returns the names of the files of a directory, without those of directories in it.
fn files(directory: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let entries = entries.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|entry| entry.path().is_file());
    Ok(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Copies a file of the repository. In a Markdown file, the links are adapted.
fn copy(path: &str, to: &Path) -> Result<()> {
    let mut content = fs::read(repository::root().join(path)).with_context(|| path.to_owned())?;
    if path.ends_with(".md") {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        content = adapt_links(&String::from_utf8(content).with_context(|| path.to_owned())?, directory).into_bytes();
    }
    fs::write(to, content).with_context(|| to.display().to_string())
}

/// Adapts the relative links of a Markdown text: those to README.md and to files of `docs/` stay within the site, all others lead to
/// the repository on GitHub.
fn adapt_links(markdown: &str, directory: &str) -> String {
    let links = Regex::new(r"\]\(([^)\s#]+)").expect("a valid expression");
    let adapted = links.replace_all(markdown, |link: &Captures<'_>| {
        if link[1].contains("://") {
            return link[0].to_owned();
        }
        let path = resolve(directory, &link[1]);
        match path.strip_prefix("docs/").or((path == "README.md").then_some(INTRODUCTION)) {
            Some(page) => format!("]({page}"),
            None => format!("]({}/blob/main/{path}", env!("CARGO_PKG_REPOSITORY")),
        }
    });
    adapted.into_owned()
}

/// Returns a path from the repository's root for one that is relative to a directory.
fn resolve(directory: &str, path: &str) -> String {
    let mut parts = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the links of a site's pages that lead nowhere within it.
fn broken_links(book: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for name in files(book)?.into_iter().filter(|name| name.ends_with(".html")) {
        let html = fs::read_to_string(book.join(&name))?;
        pages.insert(name, html);
    }
    let anchors = Regex::new(r#"\sid="([^"]+)""#).expect("a valid expression");
    let anchors = |html| anchors.captures_iter(html).map(|anchor| anchor[1].to_owned()).collect::<BTreeSet<_>>();
    let anchors: BTreeMap<_, _> = pages.iter().map(|(name, html)| (name.as_str(), anchors(html))).collect();

    let links = Regex::new(r#"\s(?:href|src)="([^"]+)""#).expect("a valid expression");
    let leads_somewhere = |page: &str, link: &str| {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { page } else { path };
        let has_anchor = || anchor.is_empty() || anchors.get(target).is_some_and(|anchors| anchors.contains(anchor));
        link.contains("://") || (book.join(target).exists() && has_anchor())
    };
    let mut broken = Vec::new();
    for (page, html) in &pages {
        let links = links.captures_iter(html).map(|link| link[1].to_owned()).collect::<BTreeSet<_>>();
        broken
            .extend(links.iter().filter(|link| !leads_somewhere(page, link)).map(|link| format!("{page}: {link} leads nowhere")));
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB: &str = "https://github.com/connect-operator/connect-operator/blob/main";

    #[test]
    fn links_to_pages_stay_and_others_lead_to_the_repository() {
        let adapted = |link: &str, directory| adapt_links(&format!("See [this]({link})."), directory);
        for (link, directory, expected) in [
            ("users.md#policies", "docs", "users.md#policies"),
            ("../README.md#a-user", "docs", "index.md#a-user"),
            ("docs/users.md", "", "users.md"),
            ("#policies", "docs", "#policies"),
            ("https://example.com/a.md", "docs", "https://example.com/a.md"),
            ("../deploy/iam/README.md#x", "docs", &format!("{GITHUB}/deploy/iam/README.md#x")),
            ("SECURITY.md", "", &format!("{GITHUB}/SECURITY.md")),
        ] {
            assert_eq!(adapted(link, directory), format!("See [this]({expected})."));
        }
    }

    #[test]
    fn links_to_missing_pages_and_anchors_are_found() {
        let book = tempfile::tempdir().unwrap();
        let page = r##"<h1 id="top"><a href="#top">a</a> <a href="b.html#low">b</a> <img src="c.png"> <a href="https://d.example">d</a>"##;
        fs::write(book.path().join("a.html"), page).unwrap();
        assert_eq!(broken_links(book.path()).unwrap(), ["a.html: b.html#low leads nowhere", "a.html: c.png leads nowhere"]);

        fs::write(book.path().join("b.html"), r#"<h1 id="high">"#).unwrap();
        fs::write(book.path().join("c.png"), "").unwrap();
        assert_eq!(broken_links(book.path()).unwrap(), ["a.html: b.html#low leads nowhere"]);
    }
}
