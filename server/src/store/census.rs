//! What the metrics tell of the database: how many, never who.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::{Clock, StoreError};

/// Numbers of rows at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that were never activated and whose registration holds.
    pub registered: u64,
    /// Accounts whose secrets open sessions, with no renewal under way.
    pub active: u64,
    /// Accounts whose secrets are too old, with no renewal under way.
    pub expired: u64,
    /// Accounts with a new pair of secrets beside the old one.
    pub renewing: u64,
    /// Live sessions on secrets that open sessions.
    pub sessions_valid: u64,
    /// Live sessions on secrets that are too old: there should be none.
    pub sessions_expired: u64,
    /// Stored secrets in the form of an envelope under a known key.
    pub sealed: u64,
    /// Stored secrets in any other form: there should be none.
    pub unsealed: u64,
}

/// The row that a backend selects; the column names are the fields'.
#[derive(sqlx::FromRow)]
pub(super) struct CountsRow {
    registered: i64,
    active: i64,
    expired: i64,
    renewing: i64,
    sessions_valid: i64,
    sessions_expired: i64,
    sealed: i64,
    unsealed: i64,
}

impl From<CountsRow> for Counts {
    fn from(row: CountsRow) -> Self {
        Self {
            registered: row.registered.unsigned_abs(),
            active: row.active.unsigned_abs(),
            expired: row.expired.unsigned_abs(),
            renewing: row.renewing.unsigned_abs(),
            sessions_valid: row.sessions_valid.unsigned_abs(),
            sessions_expired: row.sessions_expired.unsigned_abs(),
            sealed: row.sealed.unsigned_abs(),
            unsealed: row.unsealed.unsigned_abs(),
        }
    }
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// At work.
    pub used: u32,
    /// Open and waiting for work.
    pub idle: u32,
}

/// Counts for the metrics.
#[async_trait]
pub trait Census: Send + Sync {
    /// Counts, at `now`, with sessions unused since `idle_since` taken for over. Reads whole tables:
    /// for once a minute, not for every scrape.
    async fn count(&self, now: DateTime<Utc>, idle_since: DateTime<Utc>) -> Result<Counts, StoreError>;
    /// By how much the database server's clock is ahead of `clock`; `None` where there is no server.
    async fn clock_ahead(&self, clock: &dyn Clock) -> Result<Option<TimeDelta>, StoreError>;
    /// The connections of this process.
    fn connections(&self) -> Connections;
}
