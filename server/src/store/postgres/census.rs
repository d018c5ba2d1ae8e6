//! Counts for the metrics.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::{Clock, StoreError};

use super::PostgresStore;
use crate::store::{Census, Connections, Counts, Fault, census::CountsRow, stamp::Stamp};

/// `$1` is now, `$2` the last use before which a session is over. A secret counts as sealed if
/// it starts like an envelope (`crypto/envelope.rs`) under a key that the database knows, and is
/// long enough to be one.
const COUNT: &str = "
    WITH lives AS (
        SELECT (SELECT valid_until FROM credential_pairs p WHERE p.account_id = a.id AND p.role = 'active')
                   AS valid_until,
               EXISTS (SELECT 1 FROM credential_pairs p WHERE p.account_id = a.id AND p.role = 'pending')
                   AS pending,
               a.lapses_at
        FROM accounts a
    ),
    live AS (
        SELECT p.valid_until FROM sessions s
        JOIN credential_pairs p ON p.account_id = s.account_id AND p.role = 'active'
        WHERE s.expires_at > $1 AND s.last_seen_at > $2
    ),
    secrets AS (
        SELECT password AS secret FROM credential_pairs WHERE password IS NOT NULL
        UNION ALL
        SELECT totp FROM credential_pairs WHERE totp IS NOT NULL
    ),
    envelopes AS (
        SELECT octet_length(secret) >= 33 AND get_byte(secret, 0) IN (1, 2)
               AND encode(substring(secret FROM 2 FOR 4), 'hex')
                   IN (SELECT lpad(to_hex(key_id), 8, '0') FROM key_fingerprints) AS sealed FROM secrets
    )
    SELECT (SELECT count(*) FROM lives WHERE valid_until IS NULL AND lapses_at > $1) AS registered,
           (SELECT count(*) FROM lives WHERE valid_until > $1 AND NOT pending) AS active,
           (SELECT count(*) FROM lives WHERE valid_until <= $1 AND NOT pending) AS expired,
           (SELECT count(*) FROM lives WHERE valid_until IS NOT NULL AND pending) AS renewing,
           (SELECT count(*) FROM live WHERE valid_until > $1) AS sessions_valid,
           (SELECT count(*) FROM live WHERE valid_until <= $1) AS sessions_expired,
           (SELECT count(*) FROM envelopes WHERE sealed) AS sealed,
           (SELECT count(*) FROM envelopes WHERE NOT sealed) AS unsealed";

#[async_trait]
impl Census for PostgresStore {
    async fn count(&self, now: DateTime<Utc>, idle_since: DateTime<Utc>) -> Result<Counts, StoreError> {
        let row: CountsRow = sqlx::query_as(COUNT)
            .bind(Stamp::from(now))
            .bind(Stamp::from(idle_since))
            .fetch_one(&self.pool)
            .await
            .map_err(Fault::from)?;
        Ok(row.into())
    }

    async fn clock_ahead(&self, clock: &dyn Clock) -> Result<Option<TimeDelta>, StoreError> {
        let mut db = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(Some(super::clock::ahead(&mut db, clock).await?))
    }

    fn connections(&self) -> Connections {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        Connections { used: self.pool.size().saturating_sub(idle), idle }
    }
}
