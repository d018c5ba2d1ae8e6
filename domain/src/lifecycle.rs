//! The life of an account, derived from what is stored and from the hour; never stored itself,
//! so it cannot disagree.
//!
//! ```text
//! (none) ──register──▶ registered ──password, TOTP, proof──▶ active ──six months──▶ expired
//!    ▲                     │ lapses                            ▲                      │
//!    └─────────────────────┘                                   └───new pair proved────┘
//!
//! any of them ──an operator revokes it──▶ revoked        any of them ──deletes it──▶ (none)
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
    /// An operator took the secrets away: nothing opens it, and the name stays held.
    Revoked,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Registered, Self::Lapsed, Self::Active, Self::Expired, Self::Revoked];

    /// As operators read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Lapsed => "lapsed",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The state at `now` of an account whose registration lapses at `lapses_at` (`None` once
/// activated) and whose active pair opens sessions until `valid_until` (`None` without one).
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
        (Some(_), None) => State::Lapsed,
        (None, None) => State::Revoked,
    }
}
