//! Key fingerprints.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::service::ports::StoreError;

use super::PostgresStore;
use crate::store::{Fault, KeyFingerprint, KeyFingerprints, rows::KeyRow, stamp::Stamp};

#[async_trait]
impl KeyFingerprints for PostgresStore {
    async fn list(&self) -> Result<Vec<KeyFingerprint>, StoreError> {
        let rows: Vec<KeyRow> =
            sqlx::query_as("SELECT key_id, fingerprint FROM key_fingerprints ORDER BY key_id")
                .fetch_all(&self.pool)
                .await
                .map_err(Fault::from)?;
        Ok(rows.into_iter().map(KeyFingerprint::try_from).collect::<Result<_, _>>()?)
    }

    async fn insert_if_absent(
        &self,
        key_id: u32,
        fingerprint: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO key_fingerprints (key_id, fingerprint, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (key_id) DO NOTHING",
        )
        .bind(i64::from(key_id))
        .bind(fingerprint.as_slice())
        .bind(Stamp::from(now))
        .execute(&self.pool)
        .await
        .map_err(Fault::from)?;
        Ok(())
    }

    async fn holds_secrets(&self) -> Result<bool, StoreError> {
        let holds =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM credential_pairs WHERE password IS NOT NULL)")
                .fetch_one(&self.pool)
                .await
                .map_err(Fault::from)?;
        Ok(holds)
    }
}
