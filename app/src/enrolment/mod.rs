//! The enrolment's path, as a pure state machine: no browser, no server, no secrets but the
//! ticket that the address carries.
//!
//! ```text
//!  #t ─────────▶ Claim ──password──▶ PasswordShown ──totp──▶ AuthenticatorShown ──activated──▶ (left)
//!  #t.mot-de-passe ─▶ PasswordGone ──────┘ totp                  ▲   ▲
//!  #t.authentificateur ─▶ AuthenticatorGone ──totp───────────────┘   │
//!  #t.reprise ──▶ Resume ──totp──────────────────────────────────────┘
//!
//!  password: from anywhere above, "start again"     spent: from anywhere above ──▶ Spent
//!  no ticket, or a torn one ──▶ Incomplete
//! ```

#[cfg(feature = "ssr")]
use chrono::{DateTime, Utc};

mod fragment;
mod step;

pub(crate) use self::{
    fragment::{Fragment, Mark},
    step::{Event, Offer, Step},
};

/// Where the holder of an invitation's `ticket`, which lapses at `until`, draws the secrets: path and
/// fragment. The fragment is what no server, proxy or log ever sees.
#[cfg(feature = "ssr")]
#[must_use]
pub fn invitation_address(ticket: &str, until: DateTime<Utc>) -> String {
    Fragment::new(ticket, Mark::Fresh).until(until).address()
}
