//! The confirmation of a deletion that the guard against mass deletion holds: an annotation with a time. It confirms deletions that
//! were requested by then. So it says nothing about a deletion of the same resource, or of its survivors, next month.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{CONFIRM_DELETION, ConnectUser};

/// How far the clocks of people, the API server and the operator may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(60);

/// The number of characters of the annotation's value that a message shows.
const SHOWN: usize = 60;

/// What the annotation says about the deletion of its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// There is no annotation.
    Absent,
    /// It confirms the deletion.
    Valid,
    /// It is not a time.
    NoTime,
    /// It confirms deletions that were requested earlier.
    Earlier,
    /// It was in the future when the operator first saw it with this deletion.
    Future,
}

/// Returns the value of the annotation.
pub(super) fn confirmation_value(metadata: &ObjectMeta) -> Option<&str> {
    metadata.annotations.as_ref()?.get(CONFIRM_DELETION).map(String::as_str)
}

/// Returns whether the value of the annotation was refused before.
pub(crate) fn is_refused_confirmation(resource: &ConnectUser) -> bool {
    let refused = resource.status.as_ref().and_then(|status| status.refused_confirmation.as_deref());
    refused.is_some() && refused == confirmation_value(&resource.metadata)
}

impl Confirmation {
    /// Reads the annotation. `refused`: its value was in the future before.
    fn of_metadata(metadata: &ObjectMeta, refused: bool, now: Timestamp) -> Self {
        let Some(value) = confirmation_value(metadata) else { return Self::Absent };
        let Ok(until) = value.trim().parse::<Timestamp>() else { return Self::NoTime };
        // The times are at most hours apart from now, so no sum overflows; if one did, nothing would be confirmed.
        let apart = |earlier: Timestamp, later: Timestamp| later.duration_since(earlier) > CLOCKS_APART;
        let requested = metadata.deletion_timestamp.as_ref().map_or(now, |time| time.0);
        if apart(until, requested) {
            Self::Earlier
        } else if refused || apart(now, until) {
            Self::Future
        } else {
            Self::Valid
        }
    }

    /// Reads the annotation of a resource that is being deleted.
    pub(super) fn of(resource: &ConnectUser, now: Timestamp) -> Self {
        Self::of_metadata(&resource.metadata, is_refused_confirmation(resource), now)
    }

    /// Describes why an annotation does not confirm the deletion. The text begins with [`remark`].
    pub(super) fn problem(&self, metadata: &ObjectMeta, now: Timestamp) -> Option<String> {
        let value = confirmation_value(metadata)?;
        let requested = metadata.deletion_timestamp.as_ref().map_or(now, |time| time.0);
        let says = match self {
            Self::Absent | Self::Valid => return None,
            Self::NoTime => format!("which confirms nothing: it is not a time with a zone, such as {now:.0}"),
            Self::Earlier => {
                format!("which confirms only deletions that were requested by then: this one was requested at {requested:.0}")
            }
            Self::Future => {
                format!("which confirms nothing: by the operator's clock, which showed {now:.0}, it was in the future")
            }
        };
        Some(format!("{}, {says}", remark(value)))
    }
}

/// Returns whether a person has confirmed the deletion of the resource with this metadata.
pub(crate) fn is_confirmed(metadata: &ObjectMeta, refused: bool, now: Timestamp) -> bool {
    Confirmation::of_metadata(metadata, refused, now) == Confirmation::Valid
}

/// Returns the beginning of a remark about the annotation with this value.
pub(super) fn remark(value: &str) -> String {
    let shown: String = value.chars().take(SHOWN).collect();
    format!("{REMARK}{shown:?}")
}

/// The beginning of each remark about the annotation.
pub(super) const REMARK: &str = ". The annotation connect-operator.dev/confirm-deletion is ";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads an annotation on a resource that was deleted at noon.
    fn read(value: &str, now: &str) -> Confirmation {
        let metadata = json!({ "annotations": { CONFIRM_DELETION: value }, "deletionTimestamp": "2026-03-01T12:00:00Z" });
        Confirmation::of_metadata(&serde_json::from_value(metadata).unwrap(), false, now.parse().unwrap())
    }

    #[test]
    fn confirmation_belongs_to_deletions_requested_by_then() {
        let table = [
            ("2026-03-01T12:00:00Z", Confirmation::Valid),
            ("2026-03-01T13:59:59Z", Confirmation::Valid),
            ("2026-03-01T15:30:00.25+02:00", Confirmation::Valid),
            (" 2026-03-01T07:30:00-05:00\n", Confirmation::Valid),
            // Clocks are not exact.
            ("2026-03-01T11:59:00Z", Confirmation::Valid),
            ("2026-03-01T14:01:00Z", Confirmation::Valid),
            ("2026-03-01T11:58:59Z", Confirmation::Earlier),
            // 11:00 UTC.
            ("2026-03-01T13:00:00+02:00", Confirmation::Earlier),
            ("2026-03-01T14:01:01Z", Confirmation::Future),
            ("9999-12-30T00:00:00Z", Confirmation::Future),
            ("true", Confirmation::NoTime),
            ("", Confirmation::NoTime),
            ("2026-03-01", Confirmation::NoTime),
            // Without a zone, it may be hours apart.
            ("2026-03-01T13:00:00", Confirmation::NoTime),
            ("1772366400", Confirmation::NoTime),
        ];
        for (value, expected) in table {
            assert_eq!(read(value, "2026-03-01T14:00:00Z"), expected, "{value:?}");
        }
    }

    #[test]
    fn refused_confirmation_stays_refused_when_its_time_comes() {
        let metadata = json!({
            "annotations": { CONFIRM_DELETION: "2026-03-01T15:00:00Z" }, "deletionTimestamp": "2026-03-01T12:00:00Z",
        });
        let metadata = serde_json::from_value(metadata).unwrap();
        let later = "2026-03-01T16:00:00Z".parse().unwrap();
        assert_eq!(Confirmation::of_metadata(&metadata, true, later), Confirmation::Future);
        assert_eq!(Confirmation::of_metadata(&metadata, false, later), Confirmation::Valid);
    }

    #[test]
    fn problem_names_the_value_and_what_is_wrong() {
        let metadata = json!({ "annotations": { CONFIRM_DELETION: "true" }, "deletionTimestamp": "2026-03-01T12:00:00Z" });
        let metadata = serde_json::from_value(metadata).unwrap();
        let problem = Confirmation::NoTime.problem(&metadata, "2026-03-01T14:00:00.5Z".parse().unwrap()).unwrap();
        assert_eq!(
            problem,
            ". The annotation connect-operator.dev/confirm-deletion is \"true\", which confirms nothing: it is not a time with a \
             zone, such as 2026-03-01T14:00:00Z"
        );
    }
}
