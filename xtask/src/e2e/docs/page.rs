//! The command blocks of a page, and the comments in it that say how to run them.
//!
//! Readers do not see the comments:
//! - `<!-- run: COMMANDS -->` runs commands that a reader has done without, such as the set-up of a scene.
//! - `<!-- not run: REASON -->` leaves the next block out.
//! - `<!-- exit: CODE -->` says how the last command of the next block ends, if not successfully.
//! - `<!-- file: NAME -->` writes the next block, of any language, into a file before anything is run.

use anyhow::{Result, bail};

/// A page of the documentation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The files that it shows, by name.
    pub files: Vec<(String, String)>,
    /// What is run, in order.
    pub commands: Vec<Command>,
    /// The number of command blocks that are run.
    pub blocks: usize,
    /// The blocks that are not run: the line of each, and why.
    pub left_out: Vec<(usize, String)>,
}

/// A command with the lines that continue it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// The number of its line.
    pub line: usize,
    pub text: String,
    /// What the page shows as its output.
    pub output: Vec<String>,
    /// The code with which it ends.
    pub exit: i32,
}

/// What a comment says about the next block.
#[derive(Default)]
struct Remark {
    not_run: Option<String>,
    exit: i32,
    file: Option<String>,
}

impl Page {
    /// Reads a page of Markdown.
    ///
    /// # Errors
    /// A comment does not belong to a block, or is not closed.
    pub(super) fn parse(markdown: &str) -> Result<Self> {
        let (mut page, mut remark) = (Self::default(), None::<Remark>);
        let mut lines = markdown.lines().enumerate().map(|(number, line)| (number + 1, line));
        while let Some((number, line)) = lines.next() {
            // A block may belong to an item of a list.
            let indent = line.len() - line.trim_start().len();
            let line = &line[indent..];
            if let Some(comment) = line.strip_prefix("<!-- ") {
                let mut comment = comment.to_owned();
                while !comment.ends_with("-->") {
                    let Some((_, more)) = lines.next() else { bail!("line {number}: the comment has no end") };
                    comment.extend(["\n", more]);
                }
                let comment = comment.trim_end_matches("-->").trim();
                let Some((kind, text)) = comment.split_once(':') else { continue };
                let text = text.trim().to_owned();
                match kind {
                    "run" => page.commands.push(Command { line: number, text, ..Command::default() }),
                    "not run" => remark.get_or_insert_default().not_run = Some(text),
                    "exit" => remark.get_or_insert_default().exit = text.parse()?,
                    "file" => remark.get_or_insert_default().file = Some(text),
                    _ => {}
                }
            } else if let Some(language) = line.strip_prefix("```") {
                let block = lines.by_ref().map(|(number, line)| (number, line.get(indent..).unwrap_or_default()));
                let block: Vec<_> = block.take_while(|(_, line)| !line.starts_with("```")).collect();
                page.add(number, language, &block, remark.take().unwrap_or_default());
            } else if !line.is_empty() && remark.is_some() {
                bail!("line {number}: the comment above belongs to a block, and this is none");
            }
        }
        Ok(page)
    }

    fn add(&mut self, number: usize, language: &str, block: &[(usize, &str)], remark: Remark) {
        if let Some(name) = remark.file {
            self.files.push((name, block.iter().map(|(_, line)| format!("{line}\n")).collect()));
        }
        if !["console", "sh"].contains(&language) {
            return;
        }
        if let Some(reason) = remark.not_run {
            return self.left_out.push((number, reason));
        }
        let before = self.commands.len();
        for (line, text) in block {
            let is_continued = self.commands[before..].last().is_some_and(|last| {
                language == "sh" && last.text.ends_with('\\') || text.starts_with("    ") && last.output.is_empty()
            });
            match (text.strip_prefix("$ "), language) {
                (None, _) if is_continued => self.commands.last_mut().into_iter().for_each(|last| {
                    last.text.extend(["\n", *text]);
                }),
                (Some(command), _) => self.commands.push(Command { line: *line, text: command.into(), ..Command::default() }),
                (None, "sh") => self.commands.push(Command { line: *line, text: (*text).into(), ..Command::default() }),
                (None, _) => self.commands.last_mut().into_iter().for_each(|last| last.output.push((*text).to_owned())),
            }
        }
        if let Some(last) = self.commands.last_mut() {
            last.exit = remark.exit;
        }
        self.blocks += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_with_the_comments_about_them() {
        let page = Page::parse(
            "# Title\n<!-- run: one\ntwo -->\n```console\n$ three \\\n    --four\nshown\n$ five\n```\n\n<!-- not run: no cloud -->\n\
             ```sh\nsix\n```\n<!-- file: a.yaml -->\n```yaml\nkind: A\n```\n<!-- exit: 2 -->\n  ```sh\n  seven \\\n    eight\n  ```\n",
        )
        .unwrap();
        let command = |line, text: &str, output: &[&str], exit| Command {
            line,
            text: text.into(),
            output: output.iter().map(|line| (*line).to_owned()).collect(),
            exit,
        };
        let commands = vec![
            command(2, "one\ntwo", &[], 0),
            command(5, "three \\\n    --four", &["shown"], 0),
            command(8, "five", &[], 0),
            command(21, "seven \\\n  eight", &[], 2),
        ];
        let files = vec![("a.yaml".to_owned(), "kind: A\n".to_owned())];
        let expected = Page { files, commands, blocks: 2, left_out: vec![(12, "no cloud".into())] };
        assert_eq!(page, expected);
    }

    #[test]
    fn comment_without_a_block_is_an_error() {
        assert!(Page::parse("<!-- not run: no cloud -->\n\nText.\n").is_err());
        assert!(Page::parse("<!-- run: one\n").is_err());
    }
}
