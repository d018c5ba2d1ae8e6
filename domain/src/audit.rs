//! What happened to an account: a closed list, written in the transaction of the change it tells.

use chrono::{DateTime, Utc};

use crate::id::AccountId;

/// Something that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// A name was registered.
    Registered,
    /// A password was handed over.
    PasswordIssued,
    /// A TOTP secret was handed over.
    TotpIssued,
    /// A first pair was proved.
    Activated,
    /// A session was opened by password and code.
    SignedIn,
    /// The password was right, the enrolment goes on.
    EnrolmentResumed,
    /// Both factors were right and a new pair was begun.
    RenewalStarted,
    /// A new pair was proved and replaced the old one.
    Renewed,
    /// A session was closed by its owner.
    SignedOut,
    /// The last try on a ticket was a wrong code.
    TicketExhausted,
    /// A session was closed because of wrong codes.
    SessionRevoked,
    /// An operator closed all sessions.
    SessionsClosed,
    /// An operator had the secrets expire before their time.
    SecretsExpired,
    /// An operator took all secrets and sessions away; the name stays held.
    Revoked,
    /// An operator handed out everything that is kept about the person.
    Exported,
    /// An operator deleted the account, and with it the way from its events to the person.
    Deleted,
    /// A session was closed by its owner from another one.
    SessionClosed,
    /// All sessions but one were closed by their owner from that one.
    OtherSessionsClosed,
    /// A session was closed because its account opened one more than it may have.
    SessionDisplaced,
    /// An operator registered a name for somebody, who claims its secrets alone.
    Invited,
}

impl AuditKind {
    /// Every kind, for documents and tests.
    pub const ALL: [Self; 20] = [
        Self::Registered,
        Self::PasswordIssued,
        Self::TotpIssued,
        Self::Activated,
        Self::SignedIn,
        Self::EnrolmentResumed,
        Self::RenewalStarted,
        Self::Renewed,
        Self::SignedOut,
        Self::TicketExhausted,
        Self::SessionRevoked,
        Self::SessionsClosed,
        Self::SecretsExpired,
        Self::Revoked,
        Self::Exported,
        Self::Deleted,
        Self::SessionClosed,
        Self::OtherSessionsClosed,
        Self::SessionDisplaced,
        Self::Invited,
    ];

    /// The stable name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::PasswordIssued => "password_issued",
            Self::TotpIssued => "totp_issued",
            Self::Activated => "activated",
            Self::SignedIn => "signed_in",
            Self::EnrolmentResumed => "enrolment_resumed",
            Self::RenewalStarted => "renewal_started",
            Self::Renewed => "renewed",
            Self::SignedOut => "signed_out",
            Self::TicketExhausted => "ticket_exhausted",
            Self::SessionRevoked => "session_revoked",
            Self::SessionsClosed => "sessions_closed",
            Self::SecretsExpired => "secrets_expired",
            Self::Revoked => "revoked",
            Self::Exported => "exported",
            Self::Deleted => "deleted",
            Self::SessionClosed => "session_closed",
            Self::OtherSessionsClosed => "other_sessions_closed",
            Self::SessionDisplaced => "session_displaced",
            Self::Invited => "invited",
        }
    }
}

/// An audit event: who (by identity, never by name), what, when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whose account.
    pub account: AccountId,
    /// What happened.
    pub kind: AuditKind,
}
