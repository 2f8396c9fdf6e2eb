//! How flags write durations.

use std::time::Duration;

/// A duration such as 10m or 1h30m, longer than nothing.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; write it like 10m or 1h30m"))?;
    let duration = Duration::try_from(span).map_err(|_| "must not be negative".to_owned())?;
    if duration.is_zero() { Err("must be more than nothing".to_owned()) } else { Ok(duration) }
}

/// An interval, or None for never. By another name, since clap takes an Option for a flag that may be left out.
pub(super) type Interval = Option<Duration>;

/// The same, or 0.
pub(super) fn duration_or_never(text: &str) -> Result<Interval, String> {
    if text == "0" { Ok(None) } else { duration(text).map(Some) }
}
