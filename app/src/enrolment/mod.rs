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

mod fragment;
mod step;

pub(crate) use self::{
    fragment::{Fragment, Mark},
    step::{Event, Offer, Step},
};
