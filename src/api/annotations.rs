//! The annotations that people put on a ConnectUser, as far as the operator keeps them.

use std::hash::{DefaultHasher, Hash, Hasher};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{CONFIRM_DELETION, PAUSED, RECONCILE_REQUESTED_AT};

/// The longest value that is kept as it is, in bytes. Every time, and every spelling of true, is shorter.
const LONGEST: usize = 64;

/// Removes annotations that mean nothing to the operator, and shortens the others. An annotation may have 256 KiB, and the cache, the
/// memory and the status would hold it.
pub(crate) fn keep_short(metadata: &mut ObjectMeta) {
    let Some(annotations) = &mut metadata.annotations else { return };
    annotations.retain(|name, _| [CONFIRM_DELETION, PAUSED, RECONCILE_REQUESTED_AT].contains(&name.as_str()));
    annotations.values_mut().filter(|value| value.len() > LONGEST).for_each(|value| *value = digest(value));
    metadata.annotations.take_if(|annotations| annotations.is_empty());
}

/// Returns the start of a long value and its hash, so that another value is still another request.
fn digest(value: &str) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    let start: String = value.chars().take(8).collect();
    format!("{start}… ({} bytes, {:016x})", value.len(), hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, value: &str) -> Option<String> {
        let annotations = [(name.to_owned(), value.to_owned())].into();
        let mut metadata = ObjectMeta { annotations: Some(annotations), ..ObjectMeta::default() };
        keep_short(&mut metadata);
        metadata.annotations?.remove(name)
    }

    #[test]
    fn only_annotations_with_a_meaning_are_kept() {
        assert_eq!(kept(RECONCILE_REQUESTED_AT, "2026-01-01T00:00:00Z").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(kept("connect-operator.dev/anything-else", "1"), None);
        assert_eq!(kept("argocd.argoproj.io/tracking-id", "1"), None);
    }

    #[test]
    fn long_values_become_short_and_stay_different() {
        let (one, other) = ("x".repeat(250_000), "x".repeat(249_999) + "y");
        let short = kept(RECONCILE_REQUESTED_AT, &one).unwrap();
        assert!(short.len() <= LONGEST, "{short}");
        assert_ne!(kept(RECONCILE_REQUESTED_AT, &other).unwrap(), short);
        assert_eq!(kept(RECONCILE_REQUESTED_AT, &short).unwrap(), short, "it can be shortened again");
        assert!(kept(PAUSED, &"ä".repeat(1000)).unwrap().len() <= LONGEST);
    }
}
