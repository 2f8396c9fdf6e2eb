//! Logs, as text for people or JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::Traces;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Checks a filter for the log.
///
/// # Errors
/// What is wrong with it. A bare word that is no level would be a filter too: one that lets nothing through.
pub fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |part: &str| part.trim().is_empty() || part.trim().parse::<LevelFilter>().is_ok();
    let bare = text.split(',').find(|part| !part.contains(['=', '[', '{', ']', '}']) && !is_level(part));
    match (bare, EnvFilter::try_new(text)) {
        (None, Ok(_)) => Ok(text.to_owned()),
        (Some(part), _) => Err(format!("{part:?} is no level: error, warn, info, debug, trace, or connect_operator=debug")),
        (None, Err(error)) => Err(format!("{error}; write it like info,connect_operator=debug")),
    }
}

/// Starts logging to standard error, and making traces where they are wanted.
///
/// # Errors
/// A filter that cannot be read, or a second call.
pub fn init(level: &str, format: LogFormat, traces: Option<&Traces>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level)?;
    let lines = match format {
        LogFormat::Text => fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
    };
    // The span that kube puts around each pass names the object too; one name a line is enough.
    let ours = filter_fn(|metadata| !(metadata.is_span() && metadata.target().starts_with("kube_runtime::controller")));
    // As one filter: what one of two lets pass is made, although the other drops it.
    let lines = lines.with_filter(filter.and(ours.with_max_level_hint(LevelFilter::TRACE)));
    // Each with a filter of its own: what is logged does not depend on what is traced.
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_show_nothing_is_refused() {
        for good in ["info", "INFO", "off", "connect_operator=debug", "info,connect_operator=debug", "warn,[reconcile]=trace"] {
            assert_eq!(log_filter(good).as_deref(), Ok(good));
        }
        for (bad, why) in [("warning", "is no level"), ("info,verbose", "\"verbose\" is no level"), ("a=b=c", "write it like")] {
            assert!(log_filter(bad).unwrap_err().contains(why), "{bad}: {:?}", log_filter(bad));
        }
    }
}
