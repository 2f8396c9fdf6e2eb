//! A child process that ends with its parent, even if the parent is killed.
//!
//! A shell between the two holds the reading end of a pipe; the parent holds its only writing end. When the parent dies, even by
//! SIGKILL, the kernel closes that end. The shell reads the end of file and kills the program. This needs neither unsafe code, which
//! `PR_SET_PDEATHSIG` would (and only Linux has it), nor a helper program.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// The shell waits for the program before it exits, so that a caller that waits for the shell knows that ports and files are released.
/// A background job's standard input is /dev/null, so the pipe gets a second file descriptor. Standard error is the log; standard
/// output is a pipe that carries the program's process id.
const SUPERVISE: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- >&2 &
program=$!
echo "$program"
exec >&2
{ read -r _ <&3; kill -KILL "$program"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watcher"
exit "$status"
"#;

/// The number of log lines that an error shows.
const TAIL: usize = 15;

/// A running program; dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Child,
    id: u32,
    log: PathBuf,
    /// The offset in the log at which this run begins. Earlier runs may have written to it too.
    log_start: u64,
}

impl Supervised {
    /// Starts `program` and appends its output to `log`. `configure` may set environment and directory.
    ///
    /// # Errors
    /// The log cannot be opened, or `/bin/sh` cannot be started. A program that cannot be run is not an error here: it counts as one that
    /// [has ended](Self::exited), with status 127 (not found) or 126.
    pub fn spawn(program: &Path, arguments: &[String], log: &Path, configure: impl FnOnce(&mut Command)) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log).context("cannot open a log")?;
        let log_start = output.metadata()?.len();
        let mut command = shell(SUPERVISE);
        command.arg(program).args(arguments).stdout(Stdio::piped()).stderr(output);
        configure(&mut command);
        let mut supervisor = command.spawn().context("cannot start /bin/sh")?;
        let mut id = String::new();
        BufReader::new(supervisor.stdout.take().context("no pipe from /bin/sh")?).read_line(&mut id)?;
        let id = id.trim().parse().context("/bin/sh has not printed a process id")?;
        Ok(Self { supervisor, id, log: log.to_owned(), log_start })
    }

    /// Returns the program's process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the program's status if it has ended. After a signal, it is 128 plus the signal's number, as in a shell.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.supervisor.try_wait()
    }

    /// Fails with the last lines of the log if the program has ended.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.exited()? {
            Some(status) => bail!("{} ended ({status})\n{}", self.name(), self.log_tail()),
            None => Ok(()),
        }
    }

    /// Returns the name of the log without its extension.
    pub(crate) fn name(&self) -> String {
        self.log.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Returns the path of the log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the output of this run so far.
    pub fn output(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.log_start))?;
            file.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("({}: {error})", self.log.display()),
        }
    }

    /// Returns the last lines of this run's output.
    pub fn log_tail(&self) -> String {
        let output = self.output();
        let lines: Vec<_> = output.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        end(&mut self.supervisor);
    }
}

/// Returns a shell that runs `script`. Its standard input stays open as long as its parent lives. It has its own process group, so that
/// Ctrl-C reaches only the parent.
pub(crate) fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "control-plane"]).stdin(Stdio::piped()).process_group(0);
    command
}

/// Closes the standard input of a [`shell`], and waits for its end.
pub(crate) fn end(shell: &mut Child) {
    drop(shell.stdin.take());
    // This fails only if the shell was reaped before, and then there is nothing to wait for.
    let _ = shell.wait();
}
