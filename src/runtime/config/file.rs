//! The configuration file itself: read at the start, and again whenever it has changed.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::Config;
use crate::telemetry::Metrics;

/// How often the file is looked at. The volume of a ConfigMap changes by a link to another directory, of which a watch of the
/// file itself hears nothing; and the kubelet takes up to a minute for it anyway.
const INTERVAL: Duration = Duration::from_secs(2);

/// A configuration that cannot be used: one line, with the file, the key and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    file: PathBuf,
    key: String,
    why: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.why)
    }
}

/// The file that a configuration was read from.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    /// What was found there the last time: its text, or why there was none.
    found: Result<String, String>,
}

impl ConfigFile {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path) -> Result<(Self, Config), ConfigError> {
        let found = text_of(path);
        let config = understand(path, &found)?;
        Ok((Self { path: path.to_owned(), found }, config))
    }

    /// Reads it again whenever it changes, until this is dropped. One that cannot be used changes nothing: it is logged and
    /// counted, and the configuration from before stays in force.
    pub async fn follow(mut self, config: watch::Sender<Arc<Config>>, metrics: Arc<Metrics>) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            // A local file of a few kilobytes: no task is held up by it.
            let found = text_of(&self.path);
            if found == self.found {
                continue;
            }
            let understood = understand(&self.path, &found);
            metrics.config_valid(understood.is_ok());
            match understood {
                Ok(new) => {
                    tracing::info!(
                        file = %self.path.display(),
                        accounts = new.accounts.len(),
                        instances = new.instances.len(),
                        "the configuration has changed, and is in force"
                    );
                    config.send_if_modified(|old| {
                        let differs = **old != new;
                        *old = Arc::new(new);
                        differs
                    });
                }
                Err(error) => tracing::error!("{error} (the configuration from before stays in force)"),
            }
            self.found = found;
        }
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

fn understand(path: &Path, found: &Result<String, String>) -> Result<Config, ConfigError> {
    let wrong = |(key, why)| ConfigError { file: path.to_owned(), key, why };
    let text = found.as_ref().map_err(|why| wrong((String::new(), why.clone())))?;
    parse(text).map_err(wrong)
}

/// Reads the text of a configuration. What is wrong is given with its key.
pub(super) fn parse(text: &str) -> Result<Config, (String, String)> {
    // Nothing but comments is a file too.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Config::default());
    }
    let mut key = String::new();
    let read = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            // Where the text itself cannot be parsed, the end of the path is a question mark.
            let path = error.path().to_string();
            key = path.trim_end_matches(['.', '?']).to_owned();
            error.into_inner()
        })
    });
    let config: Config = read.map_err(|error| (key, one_line(&error)))?;
    config.check()?;
    Ok(config)
}

/// What the parser says, without the lines of the file that it shows, and without its advice to programmers.
fn one_line(error: &serde_saphyr::Error) -> String {
    let said = error.without_snippet().to_string().replace(", set DuplicateKeyPolicy in Options if acceptable", "");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}
