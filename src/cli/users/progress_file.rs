//! A file of the users that were read so far: reading thousands takes hours, and may be interrupted.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use connect_api::{Arn, User};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{
    api::{ConnectUserStatus, ObservedUser},
    plan::{Live, from_status, to_status},
};

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    user_arn: String,
    /// The time of the last change that ListUsers showed before the user was read. A user with another time is read again.
    listed_time: Option<Timestamp>,
    user: ObservedUser,
}

/// The users that were read so far.
#[derive(Debug)]
pub(super) struct ProgressFile {
    path: PathBuf,
    before: HashMap<String, Line>,
    file: Mutex<File>,
}

impl ProgressFile {
    /// Opens the file, or creates it so that only its owner can read it: it holds personal data.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("--progress-file {}", path.display());
        let file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path).with_context(failed)?;
        let mut before = HashMap::new();
        for line in BufReader::new(&file).lines() {
            // The last line may be incomplete if the process was killed.
            if let Ok(line) = serde_json::from_str::<Line>(&line.with_context(failed)?) {
                before.insert(line.user_arn.clone(), line);
            }
        }
        // It would run into the next one.
        writeln!(&file).with_context(failed)?;
        Ok(Self { path: path.to_owned(), before, file: Mutex::new(file) })
    }

    /// Returns a user that an earlier run has read, unless it was changed since.
    pub(super) fn read_before(&self, instance: &Arn, listed: &User) -> Option<Live> {
        let line = self.before.get(&listed.arn).filter(|line| line.listed_time == listed.last_modified_time)?;
        let status = ConnectUserStatus {
            user_id: Some(listed.id.to_string()),
            user_arn: Some(listed.arn.clone()),
            observed: Some(line.user.clone()),
            ..ConnectUserStatus::default()
        };
        let mut live = from_status(instance, &status)?;
        live.user.last_modified_time = listed.last_modified_time;
        Some(live)
    }

    /// Adds a user that was just read.
    pub(super) fn add(&self, instance: &Arn, listed_time: Option<Timestamp>, live: &Live) -> anyhow::Result<()> {
        // A status has whole levels only.
        if live.proficiencies.iter().flatten().any(|(_, level)| level.fract() != 0.0) {
            return Ok(());
        }
        let line = Line { user_arn: live.user.arn.clone(), listed_time, user: to_status(instance, live) };
        let text = serde_json::to_string(&line)? + "\n";
        self.file.lock().write_all(text.as_bytes()).with_context(|| format!("--progress-file {}", self.path.display()))
    }
}
