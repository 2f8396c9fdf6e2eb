//! Logs, as text for people or JSON for machines.

use std::io::{self, IsTerminal, Write};

use tracing::Metadata;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{personal, traces::Traces};

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Checks a filter for the log and returns it.
///
/// # Errors
/// A message that says what is wrong with the filter. A bare word that is not a level is rejected: as a filter it would be valid,
/// but would match nothing.
pub fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |part: &str| part.trim().is_empty() || part.trim().parse::<LevelFilter>().is_ok();
    let bare = text.split(',').find(|part| !part.contains(['=', '[', '{', ']', '}']) && !is_level(part));
    match (bare, EnvFilter::try_new(text)) {
        (None, Ok(_)) => Ok(text.to_owned()),
        (Some(part), _) => Err(format!(
            "{part:?} is not a log level; expected error, warn, info, debug, trace, or a filter like connect_operator=debug"
        )),
        (None, Err(error)) => Err(format!("{error}; write it like info,connect_operator=debug")),
    }
}

/// Starts logging to standard error, and tracing if `traces` is given. The log has no personal data unless `personal_data`. Fails if
/// called twice.
pub fn init(level: &str, format: LogFormat, personal_data: bool, traces: Option<&Traces>) -> anyhow::Result<()> {
    if !personal_data {
        personal::hide();
    }
    let filter = EnvFilter::try_new(level)?;
    let lines = match format {
        LogFormat::Text => fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(|| OneLine(io::stderr())).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
    };
    // One combined filter: with two separate ones, a span that only one of them accepts would still be created.
    let lines = lines.with_filter(filter.and(filter_fn(may_log).with_max_level_hint(LevelFilter::TRACE)));
    // Each layer has its own filter: the log level does not affect traces.
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init()?;
    Ok(())
}

/// Returns whether lines and spans from here may be in the log, whatever level is set.
fn may_log(metadata: &Metadata<'_>) -> bool {
    // kube's span around each pass names the object too; once a line is enough.
    let repeats = metadata.is_span() && metadata.target().starts_with("kube_runtime::controller");
    !repeats && *metadata.level() <= highest_level(metadata.target())
}

/// Returns the highest level of a crate or module. The lines of other crates may contain secrets:
/// at `debug` and `trace`, the AWS SDK prints requests and replies.
fn highest_level(target: &str) -> LevelFilter {
    match target.split("::").next() {
        Some("connect_operator" | "connect_aws" | "connect_api") => LevelFilter::TRACE,
        // Its warnings quote credentials in replies that cannot be read. The operator reports such failures without them.
        Some(krate) if krate.starts_with("aws_") => LevelFilter::ERROR,
        // Its warnings quote whole objects that cannot be read, such as Secrets. They are returned as errors too.
        _ if target == "kube_client::client" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    }
}

/// Writes each event as one line: a value that contains a line break must not look like an event. The formatter itself escapes what
/// a terminal would execute.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// Takes an event, which ends with a line break.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        let mut escaped = String::with_capacity(text.len());
        for c in line.chars() {
            // The formatter's own colours begin with an escape.
            if c.is_control() && c != '\x1b' { escaped.extend(c.escape_default()) } else { escaped.push(c) }
        }
        escaped.push_str(end);
        self.0.write_all(escaped.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn event_is_one_line_whatever_its_values_contain() {
        let written = Written::default();
        let writer = written.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || OneLine(writer.clone()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let username = "jane\r\n2026-01-01T00:00:00Z ERROR forged\x07\x1b[2J\u{85}ü";
            let span = tracing::info_span!("reconcile", resource = username);
            span.in_scope(|| tracing::info!(username, "seen {username}"));
        });
        let text = String::from_utf8(written.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end_matches('\n').contains(char::is_control), "{text:?}");
        assert!(text.contains(r"seen jane\r\n2026-01-01T00:00:00Z ERROR forged") && text.contains('ü'), "{text:?}");
    }

    #[test]
    fn other_crates_log_neither_requests_nor_replies() {
        for (target, highest) in [
            ("connect_operator::reconcile::pass", LevelFilter::TRACE),
            ("connect_aws::request_log", LevelFilter::TRACE),
            ("aws_smithy_runtime::client::orchestrator", LevelFilter::ERROR),
            ("aws_config::web_identity_token", LevelFilter::ERROR),
            ("kube_client::client", LevelFilter::OFF),
            ("kube_client::client::tls", LevelFilter::INFO),
            ("hyper_util::client", LevelFilter::INFO),
            ("connect_operators_neighbour", LevelFilter::INFO),
        ] {
            assert_eq!(highest_level(target), highest, "{target}");
        }
    }

    #[test]
    fn filter_that_matches_nothing_is_rejected() {
        for good in ["info", "INFO", "off", "connect_operator=debug", "info,connect_operator=debug", "warn,[reconcile]=trace"] {
            assert_eq!(log_filter(good).as_deref(), Ok(good));
        }
        for (bad, why) in
            [("warning", "is not a log level"), ("info,verbose", "\"verbose\" is not a log level"), ("a=b=c", "write it like")]
        {
            assert!(log_filter(bad).unwrap_err().contains(why), "{bad}: {:?}", log_filter(bad));
        }
    }
}
