//! Reads the configuration file at the start, and again whenever it has changed.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::settings::Config;
use crate::telemetry::Metrics;

/// How often the file is read. Polling, because the volume of a ConfigMap changes by a link to another directory, which a watch
/// of the file would not notice. The kubelet takes up to a minute for the change anyway.
const INTERVAL: Duration = Duration::from_secs(2);

/// An invalid configuration. Its message is one line with the file, the key and what is allowed.
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

#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    /// The result of the last read: the text, or why it could not be read.
    last: Result<String, String>,
}

impl ConfigFile {
    pub fn read(path: &Path) -> Result<(Self, Config), ConfigError> {
        let text = text_of(path);
        let config = load(path, &text)?;
        Ok((Self { path: path.to_owned(), last: text }, config))
    }

    /// Reads the file again whenever it changes, until this is dropped. An invalid configuration is logged and reported in the
    /// metrics; the previous one stays in effect.
    pub async fn follow(mut self, config: watch::Sender<Arc<Config>>, metrics: Arc<Metrics>) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            // A local file of a few kilobytes: reading it blocks only briefly.
            let text = text_of(&self.path);
            if text == self.last {
                continue;
            }
            let loaded = load(&self.path, &text);
            metrics.set_config_valid(loaded.is_ok());
            match loaded {
                Ok(new) => {
                    tracing::info!(
                        file = %self.path.display(),
                        accounts = new.accounts.len(),
                        instances = new.instances.len(),
                        "the configuration has changed and is in effect"
                    );
                    config.send_if_modified(|old| {
                        let differs = **old != new;
                        *old = Arc::new(new);
                        differs
                    });
                }
                Err(error) => tracing::error!("{error} (the previous configuration stays in effect)"),
            }
            self.last = text;
        }
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

fn load(path: &Path, text: &Result<String, String>) -> Result<Config, ConfigError> {
    let error = |(key, why)| ConfigError { file: path.to_owned(), key, why };
    let text = text.as_ref().map_err(|why| error((String::new(), why.clone())))?;
    parse(text).map_err(error)
}

/// Parses and checks the text of a configuration. An error is a key with a message.
pub(crate) fn parse(text: &str) -> Result<Config, (String, String)> {
    // A file with comments alone is valid; the parser would reject it.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Config::default());
    }
    let mut key = String::new();
    let read = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            // If the text cannot be parsed, the path ends with a question mark.
            let path = error.path().to_string();
            key = path.trim_end_matches(['.', '?']).to_owned();
            error.into_inner()
        })
    });
    let config: Config = read.map_err(|error| (key, one_line(&error)))?;
    config.check()?;
    Ok(config)
}

/// Returns the parser's message on one line, without the excerpt of the file and without advice for programmers.
fn one_line(error: &serde_saphyr::Error) -> String {
    let said = error.without_snippet().to_string().replace(", set DuplicateKeyPolicy in Options if acceptable", "");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}
