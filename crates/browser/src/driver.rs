//! Starts chromedriver.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// How often the program is started, at most, when its port is in use.
const STARTS: usize = 20;

/// Starts the program, and returns it with its output and its port.
///
/// It listens on a free port of IPv6 first, and then on the same port of IPv4, which may be in use.
///
/// # Errors
/// The program is not there.
///
/// # Panics
/// The program ends.
pub(crate) fn start(program: &Path) -> Result<(Child, BufReader<ChildStdout>, u16), String> {
    let mut printed = String::new();
    for _ in 0..STARTS {
        let driver = Command::new(program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = driver.map_err(|error| format!("{}: {error}", program.display()))?;
        let mut output = BufReader::new(driver.stdout.take().expect("it is piped"));
        printed.clear();
        while output.read_line(&mut printed).is_ok_and(|length| length > 0) {
            if let Some((_, port)) = printed.split_once("started successfully on port ") {
                let port = port.trim().trim_end_matches('.').parse().expect("a port");
                return Ok((driver, output, port));
            }
        }
        driver.wait().expect("its end");
        if !printed.contains("IPv4 port not available") {
            break;
        }
    }
    panic!("{} ended:\n{printed}", program.display())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, panic::catch_unwind};

    use super::*;

    /// One test, since a file that was written just now cannot be run while a parallel test starts a process.
    #[test]
    fn a_driver_is_started_again_if_its_port_is_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("driver");
        let script = format!(
            "#!/bin/sh\nif mkdir {}/started; then echo IPv4 port not available. Exiting...; exit 1; fi\n\
            echo ChromeDriver was started successfully on port 4321.\n",
            directory.path().display()
        );
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();

        let (mut driver, _, port) = start(&file).unwrap();
        assert_eq!(port, 4321);
        driver.wait().unwrap();

        let error = start(Path::new("/missing/chromedriver")).unwrap_err();
        assert!(error.starts_with("/missing/chromedriver: "), "{error}");
        let ended = catch_unwind(|| start(Path::new("false"))).unwrap_err();
        assert_eq!(ended.downcast_ref::<String>().unwrap(), "false ended:\n");
    }
}
