//! Housekeeping. Rows go in batches, each in a transaction of its own, so that nobody waits behind
//! a long one; a purge that is cut short is finished by the next.

use chrono::{DateTime, Utc};

use super::SqliteStore;
use crate::store::{Fault, PURGE_BATCH, stamp::Stamp};

const LAPSED_REGISTRATIONS: &str = "DELETE FROM accounts WHERE rowid IN
     (SELECT rowid FROM accounts WHERE lapses_at <= ?2 LIMIT ?1)";
const FINISHED_SESSIONS: &str = "DELETE FROM sessions WHERE rowid IN
     (SELECT rowid FROM sessions WHERE expires_at <= ?2 OR last_seen_at < ?3 LIMIT ?1)";
const FORGOTTEN_LANES: &str = "DELETE FROM throttle_lanes WHERE rowid IN
     (SELECT rowid FROM throttle_lanes WHERE until < ?2 LIMIT ?1)";

pub(super) async fn purge(
    store: &SqliteStore,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
    lanes_before: DateTime<Utc>,
) -> Result<u64, Fault> {
    Ok(delete(store, LAPSED_REGISTRATIONS, &[now]).await?
        + delete(store, FINISHED_SESSIONS, &[now, idle_since]).await?
        + delete(store, FORGOTTEN_LANES, &[lanes_before]).await?)
}

async fn delete(store: &SqliteStore, sql: &'static str, instants: &[DateTime<Utc>]) -> Result<u64, Fault> {
    let mut total = 0;
    loop {
        let query = sqlx::query(sql).bind(i64::from(PURGE_BATCH));
        let query = instants.iter().fold(query, |query, instant| query.bind(Stamp::from(*instant)));
        let deleted = query.execute(&store.writer).await?.rows_affected();
        total += deleted;
        if deleted < u64::from(PURGE_BATCH) {
            return Ok(total);
        }
    }
}
