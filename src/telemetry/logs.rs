//! Logs, as text for people or JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::traces::Traces;

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

/// Starts logging to standard error, and tracing if `traces` is given. Fails if called twice.
pub fn init(level: &str, format: LogFormat, traces: Option<&Traces>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level)?;
    let lines = match format {
        LogFormat::Text => fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
    };
    // kube's span around each pass names the object too; once a line is enough.
    let ours = filter_fn(|metadata| !(metadata.is_span() && metadata.target().starts_with("kube_runtime::controller")));
    // One combined filter: with two separate ones, a span that only one of them accepts would still be created.
    let lines = lines.with_filter(filter.and(ours.with_max_level_hint(LevelFilter::TRACE)));
    // Each layer has its own filter: the log level does not affect traces.
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
