//! A child process that ends with its parent, whatever ends the parent.
//!
//! A shell stands between the two and holds the reading end of a pipe whose only writing end is the parent's. The kernel
//! closes that end when the parent dies, even by SIGKILL; the shell reads the end of file and kills the program. This needs
//! neither unsafe code (`PR_SET_PDEATHSIG` would, and it is Linux's alone) nor a program of our own beside the caller's.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// `wait` comes before the exit, so that who waits for the shell knows that the program has released its ports and files.
/// A background job's standard input would be /dev/null, hence the pipe's second number.
const SUPERVISE: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ read -r _ <&3; kill -KILL "$program"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watcher"
exit "$status"
"#;

/// How many of a log's last lines an error shows.
const TAIL: usize = 15;

/// A running program; dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Supervised {
    supervisor: Child,
    log: PathBuf,
    /// Where this run begins in the log, which earlier runs may have begun.
    log_start: u64,
}

impl Supervised {
    /// Starts `program`, its output appended to `log`; `configure` may set environment and directory.
    ///
    /// # Errors
    /// The log cannot be opened or `/bin/sh` not be started. A program that cannot be run is not among them: it counts as one
    /// that [has ended](Self::exited), with status 127 (not found) or 126.
    pub fn spawn(program: &Path, arguments: &[String], log: &Path, configure: impl FnOnce(&mut Command)) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log).context("cannot open a log")?;
        let log_start = output.metadata()?.len();
        let mut command = shell(SUPERVISE);
        command.arg(program).args(arguments).stdout(output.try_clone()?).stderr(output);
        configure(&mut command);
        let supervisor = command.spawn().context("cannot start /bin/sh")?;
        Ok(Self { supervisor, log: log.to_owned(), log_start })
    }

    /// The program's status if it has ended. One that a signal ended counts as a shell counts it: 128 and the signal's number.
    ///
    /// # Errors
    /// The system does not say.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.supervisor.try_wait()
    }

    /// Where the program's output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What this run has written so far.
    #[must_use]
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

    /// The last lines that this run has written.
    #[must_use]
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

/// A shell that runs `script` and whose standard input stays open for as long as its parent lives. It is in a process group
/// of its own, so that a Ctrl-C reaches the parent alone, which decides what to do.
pub(crate) fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "control-plane"]).stdin(Stdio::piped()).process_group(0);
    command
}

/// Lets a [`shell`] read the end of file, and waits for it.
pub(crate) fn end(shell: &mut Child) {
    drop(shell.stdin.take());
    // It can only fail if the shell was reaped before: then there is nothing to wait for.
    let _ = shell.wait();
}
