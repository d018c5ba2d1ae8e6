//! A look at a database that changes nothing: no file is made, no migration applied, no row written.
//! For `sesame doctor`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::{Clock, StoreError};

use super::{
    DatabaseUrl, KeyFingerprint, SchemaState, database_url::Location, fault::Fault, postgres, sqlite,
};

/// How many of the latest audit events are asked for the newest instant.
pub(super) const LATEST_EVENTS: u32 = 1_000;

/// What was seen.
#[derive(Debug)]
pub struct Survey {
    /// How the schema stands to the one in the program.
    pub schema: SchemaState,
    /// The fingerprints of the keys that sealed in it.
    pub keys: Vec<KeyFingerprint>,
    /// Whether a sealed value stands in it.
    pub holds_secrets: bool,
    /// Whether one does that says nothing of the account it belongs to.
    pub holds_unbound: bool,
    /// The newest instant in the audit events.
    pub newest_event: Option<DateTime<Utc>>,
    /// The server, where there is one.
    pub server: Option<Server>,
}

/// A `PostgreSQL` server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// As it counts: 160002 is 16.2.
    pub version: u32,
    /// By how much its clock is ahead of ours.
    pub ahead: TimeDelta,
}

/// Looks at the database at `url`, for `patience` at most. `None`: a `SQLite` file that is not there
/// yet.
pub async fn survey(
    url: &DatabaseUrl,
    clock: &dyn Clock,
    patience: Duration,
) -> Result<Option<Survey>, StoreError> {
    let looking = async {
        match url.location() {
            Location::Sqlite(path) if !path.exists() => Ok::<_, Fault>(None),
            Location::Sqlite(path) => sqlite::survey(path, patience).await.map(Some),
            Location::Postgres(to) => postgres::survey(to, clock, patience).await.map(Some),
        }
    };
    match tokio::time::timeout(patience, looking).await {
        Ok(seen) => seen.map_err(StoreError::from),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {} s", patience.as_secs()))),
    }
}
