//! Housekeeping. Rows go in batches, each in a transaction of its own, so that nobody waits behind
//! a long one; a purge that is cut short is finished by the next. A row that somebody else holds is
//! left to the next purge: purges of several replicas share the work and never wait.
//!
//! `ARRAY` makes the planner run the inner query once: inside `IN` it might run it again, and lock
//! more rows than the batch.

use chrono::{DateTime, Utc};

use super::PostgresStore;
use crate::store::{Fault, PURGE_BATCH, stamp::Stamp};

const LAPSED_REGISTRATIONS: &str = "DELETE FROM accounts WHERE id = ANY (ARRAY
     (SELECT id FROM accounts WHERE lapses_at <= $2 LIMIT $1 FOR UPDATE SKIP LOCKED))";
const FINISHED_SESSIONS: &str = "DELETE FROM sessions WHERE token_digest = ANY (ARRAY
     (SELECT token_digest FROM sessions WHERE expires_at <= $2 OR last_seen_at < $3 LIMIT $1
      FOR UPDATE SKIP LOCKED))";
const FORGOTTEN_LANES: &str = "DELETE FROM throttle_lanes WHERE lane = ANY (ARRAY
     (SELECT lane FROM throttle_lanes WHERE until < $2 LIMIT $1 FOR UPDATE SKIP LOCKED))";

pub(super) async fn purge(
    store: &PostgresStore,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
    lanes_before: DateTime<Utc>,
) -> Result<u64, Fault> {
    Ok(delete(store, LAPSED_REGISTRATIONS, &[now]).await?
        + delete(store, FINISHED_SESSIONS, &[now, idle_since]).await?
        + delete(store, FORGOTTEN_LANES, &[lanes_before]).await?)
}

async fn delete(store: &PostgresStore, sql: &'static str, instants: &[DateTime<Utc>]) -> Result<u64, Fault> {
    let mut total = 0;
    loop {
        let query = sqlx::query(sql).bind(i64::from(PURGE_BATCH));
        let query = instants.iter().fold(query, |query, instant| query.bind(Stamp::from(*instant)));
        let deleted = query.execute(&store.pool).await?.rows_affected();
        total += deleted;
        if deleted < u64::from(PURGE_BATCH) {
            return Ok(total);
        }
    }
}
