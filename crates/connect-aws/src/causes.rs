//! The chain of causes of an error, searched and printed.

use std::error::Error as StdError;

use aws_sdk_connect::error::ConnectorError;

/// Returns the first error of this type in the chain: the error itself or one of its causes.
pub(crate) fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |e| (*e).source()).find_map(|e| e.downcast_ref())
}

/// Returns the texts of an error's causes. The error's own text is left out, since it only names a phase of the SDK.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for cause in std::iter::successors(error.source(), |e| (*e).source()) {
        // Its text is only "io error" or "other".
        if cause.is::<ConnectorError>() {
            continue;
        }
        let cause = cause.to_string();
        let cause = without_request(&cause);
        if !text.ends_with(cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(cause);
        }
    }
    if text.is_empty() { error.to_string() } else { text }
}

/// Cuts the request from the SDK's error about an invalid endpoint URL: it may contain a password.
fn without_request(text: &str) -> &str {
    text.split_once(" to request `").map_or(text, |(before, _)| before)
}
