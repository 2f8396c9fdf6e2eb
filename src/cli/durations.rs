//! Durations in flags.

use std::time::Duration;

/// Parses a duration such as 10m or 1h30m, which must be greater than zero.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; write it like 10m or 1h30m"))?;
    let duration = Duration::try_from(span).map_err(|_| "must not be negative".to_owned())?;
    if duration.is_zero() { Err("must be greater than zero".to_owned()) } else { Ok(duration) }
}

/// An interval, or None for never. An alias, because clap treats an Option as an optional flag.
pub(super) type Interval = Option<Duration>;

/// Parses a duration, or 0 for never.
pub(super) fn duration_or_never(text: &str) -> Result<Interval, String> {
    if text == "0" { Ok(None) } else { duration(text).map(Some) }
}
