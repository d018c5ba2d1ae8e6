//! What an operator looks up and does (`sesame account`): the one place that lists people.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    audit::AuditKind,
    id::AccountId,
    lifecycle::{self, State},
    service::ports::StoreError,
    username::Username,
};

/// An account as an operator sees it: everything about it that is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Identity.
    pub account: AccountId,
    /// The name.
    pub username: Username,
    /// Who asked for the account: `self` or `invitation`.
    pub origin: String,
    /// When the name was registered.
    pub registered_at: DateTime<Utc>,
    /// The registration's end; `None` once activated.
    pub lapses_at: Option<DateTime<Utc>>,
    /// When a session was last opened.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// The last TOTP time step that was accepted.
    pub last_step: Option<u64>,
    /// When the pair that opens sessions was begun, and until when it does.
    pub active: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When the pair that is being enrolled was begun.
    pub pending: Option<DateTime<Utc>>,
    /// How many sessions are stored, of which some may be over.
    pub sessions: u32,
}

impl Person {
    /// Where the account stands at `now`.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> State {
        lifecycle::state(self.lapses_at, self.active.map(|(_, until)| until), now)
    }
}

/// What an operator does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Closes all sessions.
    SignOut,
    /// Has the secrets expire now; sessions end with them.
    Expire,
    /// Takes all secrets and sessions away; the name stays held.
    Revoke,
    /// Deletes the account and the key of its pseudonym.
    Delete,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 4] = [Self::SignOut, Self::Expire, Self::Revoke, Self::Delete];

    /// The event that tells of it.
    #[must_use]
    pub const fn kind(self) -> AuditKind {
        match self {
            Self::SignOut => AuditKind::SessionsClosed,
            Self::Expire => AuditKind::SecretsExpired,
            Self::Revoke => AuditKind::Revoked,
            Self::Delete => AuditKind::Deleted,
        }
    }
}

/// Looking up and acting.
#[async_trait]
pub trait Desk: Send + Sync {
    /// The accounts whose names come after `after`, in the order of names, `limit` at most.
    async fn people(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Person>, StoreError>;
    /// One account.
    async fn person(&self, username: &Username) -> Result<Option<Person>, StoreError>;
    /// Does `act` to the account with the name at `now`, and writes the event, all or nothing. `false`
    /// if nobody has the name.
    async fn perform(&self, username: &Username, act: Act, now: DateTime<Utc>) -> Result<bool, StoreError>;
}
