//! Logs, as text for people or JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt};

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
    let lines = lines.with_filter(filter).with_filter(ours);
    // Each with a filter of its own: what is logged does not depend on what is traced.
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init()?;
    Ok(())
}
