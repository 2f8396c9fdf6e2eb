//! The commands of the documentation, run as a reader runs them: each page in a shell of its own, in a directory
//! with links to the repository's, against the cluster and the simulated Connect.

mod page;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use connect_api::DeleteUser;
use testbed::installation::credentials;

use self::page::Page;
use super::cluster::Cluster;
use super::steps::Steps;
use crate::screen::{heading, say};
use crate::{programs, repository};

const PRELUDE: &str = include_str!("prelude.sh");

/// The id of the instance in all examples.
const INSTANCE: &str = "285c1043-4c81-4ffa-b5e6-e11154c24c73";

/// Returns the pages whose commands are run, as paths in the repository. The chart's page comes last, since it uninstalls the operator.
fn pages() -> Result<Vec<String>> {
    let docs = fs::read_dir(repository::root().join("docs"))?;
    let mut names: Vec<_> = docs.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    let docs = names.into_iter().map(|name| format!("docs/{name}"));
    Ok(["README.md".to_owned()].into_iter().chain(docs).chain(["deploy/helm/connect-operator/README.md".to_owned()]).collect())
}

/// Runs the commands of these pages, or of all if there are none.
pub(super) fn play(cluster: &Cluster, only: &[String], steps: &mut Steps) -> Result<()> {
    heading("The commands of the documentation");
    let programs = Programs::link(cluster)?;
    let mut left_out = Vec::new();
    for name in pages()?.into_iter().filter(|name| only.is_empty() || only.contains(name)) {
        let page = Page::parse(&fs::read_to_string(repository::root().join(&name))?).with_context(|| name.clone())?;
        left_out.extend(page.left_out.iter().map(|(line, reason)| format!("  LEFT OUT: {name}:{line}, because {reason}")));
        if page.blocks > 0 {
            steps.step(&name, || programs.run(cluster, &page));
        }
    }
    left_out.iter().for_each(|line| say(line));
    Ok(())
}

/// The programs that readers have, and their settings.
struct Programs {
    directory: PathBuf,
    kubeconfig: PathBuf,
}

impl Programs {
    fn link(cluster: &Cluster) -> Result<Self> {
        let directory = cluster.directory.path().join("bin");
        fs::create_dir(&directory)?;
        let kubectl = PathBuf::from(cluster.kubectl.command().get_program());
        for (name, program) in
            [("kubectl", kubectl), ("helm", control_plane::tool("helm")?), ("connect-operator", programs::build_operator()?)]
        {
            symlink(&program, directory.join(name)).with_context(|| format!("cannot link {}", program.display()))?;
        }
        let kubeconfig = cluster.directory.path().join("docs.kubeconfig");
        fs::copy(&cluster.kubeconfig, &kubeconfig)?;
        Ok(Self { directory, kubeconfig })
    }

    /// Runs the commands of a page, and compares what they print with what it shows.
    fn run(&self, cluster: &Cluster, page: &Page) -> Result<String> {
        let arn = format!("arn:aws:connect:us-west-2:123456789012:instance/{INSTANCE}");
        let environment = || {
            let settings = [("AWS_REGION", "us-west-2"), ("AWS_ENDPOINT_URL_CONNECT", &cluster.connect_url)];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
            credentials().into_iter().chain(settings)
        };
        let mut script = format!("set -euo pipefail\nexec 2>&1\ninstance={arn}\noperator_environment=(");
        for (name, value) in environment() {
            write!(script, " {name}={value}")?;
        }
        writeln!(script, ")\n{PRELUDE}\nkubectl config set-context --current --namespace=contact-center\nreset")?;
        for command in &page.commands {
            let text = command.text.replace("<arn>", &arn).replace("<id>", INSTANCE).replace(" NAME ", " jane-doe ");
            writeln!(script, "at {}", command.line)?;
            match command.exit {
                0 => writeln!(script, "{text}")?,
                code => writeln!(script, "code=0\n{text} || code=$?\n[[ $code == {code} ]]")?,
            }
        }
        cluster.sim.clear_faults();
        for view in cluster.sim.users(&INSTANCE.into()) {
            cluster.sim.client().call_now(DeleteUser { instance: INSTANCE.into(), user: view.user.id }.into())?;
        }
        let scene = tempfile::tempdir_in(cluster.directory.path())?;
        for shared in ["deploy", "dev", "tests"] {
            symlink(repository::root().join(shared), scene.path().join(shared))?;
        }
        for (name, content) in &page.files {
            fs::write(scene.path().join(name), content.replace("<arn>", &arn))?;
        }
        let printed = self.shell(scene.path(), &script, environment()).with_context(|| {
            let described = cluster.kubectl(&["describe", "connectusers", "--all-namespaces"]);
            described.unwrap_or_else(|error| error.to_string())
        })?;
        let count = compare(page, &printed)?;
        Ok(format!("{} blocks, {count} lines of output", page.blocks))
    }

    fn shell(&self, directory: &Path, script: &str, environment: impl Iterator<Item = (String, String)>) -> Result<String> {
        let mut paths = vec![self.directory.clone()];
        paths.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        let home = directory.join("home");
        fs::create_dir(&home)?;
        let mut command = Command::new("timeout");
        command.args(["180", "bash", "-c", script]).current_dir(directory).envs(environment);
        command.env("PATH", std::env::join_paths(paths)?).env("KUBECONFIG", &self.kubeconfig).env("HOME", home);
        let output = command.output().context("cannot run bash")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let last: Vec<_> = printed.lines().rev().take(25).collect();
            bail!("{}, after\n{}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        Ok(printed)
    }
}

/// Checks that each line that a page shows begins with a word with which a line of the real output begins. Returns the number of lines.
fn compare(page: &Page, printed: &str) -> Result<usize> {
    let mut count = 0;
    for command in page.commands.iter().filter(|command| !command.output.is_empty()) {
        let marker = format!("@@ {}", command.line);
        let begins: Vec<_> = printed
            .lines()
            .skip_while(|line| *line != marker)
            .skip(1)
            .take_while(|line| !line.starts_with("@@ "))
            .filter_map(first_word)
            .collect();
        for line in &command.output {
            let Some(word) = first_word(line).filter(|word| *word != "…") else { continue };
            ensure!(
                begins.contains(&word),
                "line {}: no line of the output begins with {word:?}:\n{}",
                command.line,
                begins.join("\n")
            );
            count += 1;
        }
    }
    Ok(count)
}

/// Returns the first word of a line that is not an age, such as the 2s of an Event.
fn first_word(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_all_pages_can_be_read() {
        for name in pages().unwrap() {
            Page::parse(&fs::read_to_string(repository::root().join(&name)).unwrap()).unwrap();
        }
    }
}
