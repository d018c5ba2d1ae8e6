//! The life of an account, derived from what is stored and from the hour; never stored itself,
//! so it cannot disagree.
//!
//! ```text
//! (none) ──register──▶ registered ──password, TOTP, proof──▶ active ──six months──▶ expired
//!    ▲                     │ lapses                            ▲                      │
//!    └─────────────────────┘                                   └───new pair proved────┘
//! ```

use chrono::{DateTime, Utc};

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered and never activated; the registration still holds.
    Registered,
    /// Registered, never activated, and too late: the name is free again.
    Lapsed,
    /// The pair opens sessions.
    Active,
    /// The pair only proves who asks for a new one.
    Expired,
}

/// The state at `now` of an account whose registration lapses at `lapses_at` (`None` once
/// activated) and whose active pair opens sessions until `valid_until` (`None` before activation).
/// An end is exclusive: at that very instant it is over.
#[must_use]
pub fn state(
    lapses_at: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> State {
    match (lapses_at, valid_until) {
        (_, Some(until)) if now < until => State::Active,
        (_, Some(_)) => State::Expired,
        (Some(lapses), None) if now < lapses => State::Registered,
        (_, None) => State::Lapsed,
    }
}
