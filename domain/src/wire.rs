//! What travels between browser and server, used as it is on both sides. Times are RFC 3339 UTC.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    agent::{Browser, System},
    secret::WireSecret,
};

/// A ticket for the next step of an enrolment.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketIssued {
    /// 256 random bits, base64url without padding: 43 characters. Works once.
    pub ticket: WireSecret,
    /// When the ticket lapses.
    pub expires_at: DateTime<Utc>,
}

/// A generated password, shown this once.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordIssued {
    /// Whose password it is.
    pub username: String,
    /// 24 characters.
    pub password: WireSecret,
    /// The ticket for the next step.
    pub ticket: WireSecret,
    /// When the ticket lapses.
    pub expires_at: DateTime<Utc>,
}

/// A generated TOTP secret, shown this once.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpIssued {
    /// Whose secret it is.
    pub username: String,
    /// 160 bits in Base32 without padding: 32 characters.
    pub secret: WireSecret,
    /// What an authenticator imports (Key URI format).
    pub otpauth_uri: WireSecret,
    /// The ticket for the next step.
    pub ticket: WireSecret,
    /// When the ticket lapses.
    pub expires_at: DateTime<Utc>,
}

/// The account is active and a session is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activated {
    /// Who is signed in.
    pub username: String,
    /// When both secrets expire.
    pub valid_until: DateTime<Utc>,
}

/// What a sign-in with correct secrets leads to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Authentication {
    /// A session is open.
    Authenticated {
        /// Who is signed in.
        username: String,
        /// When both secrets expire.
        valid_until: DateTime<Utc>,
    },
    /// Both secrets were right and are too old: renewal starts at `generate-password`.
    Expired {
        /// The ticket for `generate-password`.
        ticket: WireSecret,
        /// When the ticket lapses.
        expires_at: DateTime<Utc>,
    },
    /// The password is right but no authenticator was ever proved: go on at `generate-2fa`.
    ActivationRequired {
        /// The ticket for `generate-2fa`.
        ticket: WireSecret,
        /// When the ticket lapses.
        expires_at: DateTime<Utc>,
    },
}

/// A session unused for this long is over. The page says so before, and so has to know.
pub const SESSION_IDLE: Duration = Duration::minutes(30);

/// The signed-in account, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Who is signed in.
    pub username: String,
    /// When both secrets expire.
    pub valid_until: DateTime<Utc>,
    /// When this session was opened.
    pub signed_in_at: DateTime<Utc>,
    /// When this session ends at the latest.
    pub session_expires_at: DateTime<Utc>,
    /// How many sessions the account has, this one included.
    pub sessions: u32,
    /// How many sign-ins with the right password and a wrong code were refused on devices that had not
    /// signed in before, since the last one that was right there: more than mistyping explains means
    /// that somebody else has the password.
    #[serde(default)]
    pub wrong_codes: u32,
}

/// The open sessions of an account: the one that asks first, then by their last use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// At least the one that asks.
    pub sessions: Vec<SessionEntry>,
}

/// An open session, as the owner of its account sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEntry {
    /// Names the session when it is to be closed, and opens nothing: 32 hexadecimal digits.
    pub session: String,
    /// When it was opened.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub session_expires_at: DateTime<Utc>,
    /// The browser that it was opened from, by its own account.
    pub browser: Browser,
    /// The system that it was opened from, likewise.
    pub system: System,
    /// Whether it is the one that asks.
    pub current: bool,
}
