//! A place in the audit trail as it is told where whoever writes to the database cannot take it back:
//! the log, and what `sesame audit verify` prints. `NUMBER:HASH@TIME`; of old, `NUMBER:HASH`.
//!
//! The hash shows that the chain was not made anew. The time shows whether an event that is gone could
//! be: without it, who deletes all of them and puts the trail's beginning behind them looks like who
//! keeps events for no longer than is wanted.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{
    service::ports::StoreError,
    trail::{Head, Link},
};

use super::{Checked, Trail};

/// A place in the trail, told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The place.
    pub head: Head,
    /// When the event there happened. Programs before this one did not tell it, and of an event that
    /// is not kept any more it is not known.
    pub at: Option<DateTime<Utc>>,
}

/// What became of a place that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The trail passes through it.
    Passed,
    /// The trail does not: it was made anew.
    Missed,
    /// Its event was deleted because it was old enough.
    OldEnough,
    /// Its event was deleted, and should have been kept.
    TooYoung,
    /// Its event was deleted, and whether it was old enough was not told.
    Undated,
}

impl Told {
    /// What became of it in a trail of which events are kept that happened at `kept_since` or later.
    #[must_use]
    pub fn fate(&self, checked: &Checked, kept_since: DateTime<Utc>) -> Fate {
        match (checked.passes, self.at) {
            (Some(true), _) => Fate::Passed,
            (Some(false), _) => Fate::Missed,
            (None, None) => Fate::Undated,
            (None, Some(at)) if at < kept_since => Fate::OldEnough,
            (None, Some(_)) => Fate::TooYoung,
        }
    }
}

/// Where the trail ends, to be told.
pub async fn latest(trail: &dyn Trail) -> Result<Told, StoreError> {
    let head = trail.ends().await?.head;
    let newest = trail.entries(head.number.saturating_sub(1), 1).await?;
    // An event that came meanwhile is not this one.
    let newest = newest.first().filter(|(entry, _)| entry.number == head.number);
    Ok(Told { head, at: newest.map(|(entry, _)| entry.at) })
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.head.number, self.head.link)?;
        // Cut to seconds it is earlier by less than one, which makes nothing too young.
        self.at.map_or(Ok(()), |at| write!(f, "@{}", at.to_rfc3339_opts(SecondsFormat::Secs, true)))
    }
}

impl FromStr for Told {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "has to be a number, a colon and 64 hexadecimal digits; then @ and a time such as \
                            2026-01-15T12:00:00Z, where it was told";
        let (place, at) = text.split_once('@').map_or((text, None), |(place, at)| (place, Some(at)));
        let (number, hash) = place.split_once(':').ok_or(FORM)?;
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| FORM)?;
        let link = Link::from_bytes(hash.try_into().map_err(|_| FORM)?);
        let at = at.map(DateTime::parse_from_rfc3339).transpose().map_err(|_| FORM)?;
        Ok(Self {
            head: Head { number: number.parse().map_err(|_| FORM)?, link },
            at: at.map(|at| at.to_utc()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_told_with_its_time_or_without() {
        let hash = "ab".repeat(32);
        for text in [format!("7:{hash}"), format!("7:{hash}@2026-01-15T12:00:00Z")] {
            let told: Told = text.parse().unwrap();
            assert_eq!(told.head.number, 7);
            assert_eq!(told.to_string(), text);
        }
        let wrong = ["", "7", "7:ab", &format!("x:{hash}"), &format!("7:{hash}@"), &format!("7:{hash}@noon")];
        for text in wrong {
            assert!(text.parse::<Told>().is_err(), "{text}");
        }
    }
}
