//! Durations in flags.

use std::time::Duration;

/// The longest duration, in seconds: a year. Times are added to it, and none of these sums overflows.
const LONGEST: u64 = 8784 * 60 * 60;

/// Parses a duration such as 10m or 1h30m, which must be greater than zero.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    at_most::<LONGEST>(text)
}

/// Parses a duration of at most this number of seconds, which must be greater than zero.
pub(super) fn at_most<const SECONDS: u64>(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; write it like 10m or 1h30m"))?;
    let duration = Duration::try_from(span).map_err(|_| "must not be negative".to_owned())?;
    let longest = Duration::from_secs(SECONDS);
    if duration.is_zero() {
        Err("must be greater than zero".to_owned())
    } else if duration > longest {
        Err(format!("must be at most {:#}", jiff::SignedDuration::try_from(longest).unwrap_or_default()))
    } else {
        Ok(duration)
    }
}

/// An interval, or None for never. An alias, because clap treats an Option as an optional flag.
pub(super) type Interval = Option<Duration>;

/// Parses a duration, or 0 for never.
pub(super) fn duration_or_never(text: &str) -> Result<Interval, String> {
    if text == "0" { Ok(None) } else { duration(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_has_bounds() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("8784h"), Ok(Duration::from_secs(LONGEST)));
        assert_eq!(duration_or_never("0"), Ok(None));
        for (text, why) in [
            ("0s", "must be greater than zero"),
            ("-5m", "must not be negative"),
            ("8785h", "must be at most 8784h"),
            ("2562047788015215h", "must be at most 8784h"),
            ("5", "write it like 10m or 1h30m"),
        ] {
            for refusal in [duration(text).unwrap_err(), duration_or_never(text).unwrap_err()] {
                assert!(refusal.contains(why), "{text}: {refusal}");
            }
        }
        assert_eq!(at_most::<120>("2m1s").unwrap_err(), "must be at most 2m");
    }
}
