//! Clocks that disagree. Replicas are a little apart, and a clock that was set right goes back: what it
//! dated meanwhile lies in the future, by an hour or a year. Nobody is kept out until then, and nothing
//! is let in on the word of such a date.

use chrono::{DateTime, Duration, Utc};

/// How far apart the clocks of replicas may be; `sesame doctor` complains of a twelfth of it.
pub const APART: Duration = Duration::minutes(1);

/// Whether a clock that may be trusted can have written `instant`, which is `latest` at the latest by
/// the own one.
#[must_use]
pub fn may_have_said(instant: DateTime<Utc>, latest: DateTime<Utc>) -> bool {
    instant - latest <= APART
}
