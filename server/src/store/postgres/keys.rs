//! Key fingerprints.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{id::PairId, service::ports::StoreError};
use sqlx::PgExecutor;

use super::PostgresStore;
use crate::store::{
    Fault, KeyFingerprint, KeyFingerprints, SealedPair,
    rows::{KeyRow, SealedRow},
    stamp::Stamp,
};

/// The fingerprints of the keys that may have sealed in this database, by rising number.
pub(super) async fn list(db: impl PgExecutor<'_>) -> Result<Vec<KeyFingerprint>, Fault> {
    let rows: Vec<KeyRow> =
        sqlx::query_as("SELECT key_id, fingerprint FROM key_fingerprints ORDER BY key_id")
            .fetch_all(db)
            .await?;
    rows.into_iter().map(KeyFingerprint::try_from).collect()
}

/// Whether a sealed value stands in it.
pub(super) async fn holds_secrets(db: impl PgExecutor<'_>) -> Result<bool, Fault> {
    let holds = "SELECT EXISTS (SELECT 1 FROM credential_pairs WHERE password IS NOT NULL)";
    Ok(sqlx::query_scalar(holds).fetch_one(db).await?)
}

/// Whether a sealed value begins so.
pub(super) async fn holds_sealed(db: impl PgExecutor<'_>, header: &[u8]) -> Result<bool, Fault> {
    let holds =
        "SELECT EXISTS (SELECT 1 FROM credential_pairs WHERE substring(password FOR octet_length($1)) = $1
                                                  OR substring(totp FOR octet_length($1)) = $1)";
    Ok(sqlx::query_scalar(holds).bind(header).fetch_one(db).await?)
}

#[async_trait]
impl KeyFingerprints for PostgresStore {
    async fn list(&self) -> Result<Vec<KeyFingerprint>, StoreError> {
        Ok(list(&self.pool).await?)
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
        Ok(holds_secrets(&self.pool).await?)
    }

    async fn holds_sealed(&self, header: &[u8]) -> Result<bool, StoreError> {
        Ok(holds_sealed(&self.pool, header).await?)
    }

    async fn sealed_otherwise(
        &self,
        header: &[u8],
        after: Option<PairId>,
        limit: u32,
    ) -> Result<Vec<SealedPair>, StoreError> {
        let after = after.map_or_else(Vec::new, |pair| pair.as_bytes().to_vec());
        let rows: Vec<SealedRow> = sqlx::query_as(
            "SELECT p.id, p.password, p.totp, a.id AS account_id, a.username
             FROM credential_pairs p JOIN accounts a ON a.id = p.account_id
             WHERE p.id > $2 AND (substring(password FOR octet_length($1)) <> $1
                             OR substring(totp FOR octet_length($1)) <> $1)
             ORDER BY p.id LIMIT $3",
        )
        .bind(header)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(Fault::from)?;
        Ok(rows.into_iter().map(SealedPair::try_from).collect::<Result<_, _>>()?)
    }

    async fn replace_sealed(&self, pairs: &[(SealedPair, SealedPair)]) -> Result<u64, StoreError> {
        let mut tx = self.pool.begin().await.map_err(Fault::from)?;
        let mut replaced = 0;
        for (old, new) in pairs {
            // One that somebody holds is left as it is, like one that has changed: this transaction takes
            // both pairs of an account, in no order that others keep to, so it must not wait for any.
            replaced += sqlx::query(
                "WITH free AS (
                     SELECT id FROM credential_pairs
                     WHERE id = $3 AND password = $4 AND totp IS NOT DISTINCT FROM $5
                     FOR UPDATE SKIP LOCKED)
                 UPDATE credential_pairs p SET password = $1, totp = $2 FROM free WHERE p.id = free.id",
            )
            .bind(&new.password.0)
            .bind(new.totp.as_ref().map(|sealed| &sealed.0))
            .bind(old.id.as_bytes().as_slice())
            .bind(&old.password.0)
            .bind(old.totp.as_ref().map(|sealed| &sealed.0))
            .execute(&mut *tx)
            .await
            .map_err(Fault::from)?
            .rows_affected();
        }
        tx.commit().await.map_err(Fault::from)?;
        Ok(replaced)
    }

    async fn forget_key(&self, key_id: u32, header: &[u8]) -> Result<bool, StoreError> {
        let forgotten = sqlx::query(
            "DELETE FROM key_fingerprints WHERE key_id = $1 AND NOT EXISTS (
                 SELECT 1 FROM credential_pairs WHERE substring(password FOR octet_length($2)) = $2
                                                   OR substring(totp FOR octet_length($2)) = $2)",
        )
        .bind(i64::from(key_id))
        .bind(header)
        .execute(&self.pool)
        .await
        .map_err(Fault::from)?;
        Ok(forgotten.rows_affected() > 0)
    }
}
