//! Pairs of secrets: how one begins, and which one opens sessions.

use chrono::{DateTime, Utc};
use domain::{
    id::{AccountId, PairId},
    service::ports::NewPending,
};
use sqlx::SqliteConnection;

use crate::store::{Fault, bind, stamp::Stamp};

/// Begins a pair without secrets, with the only ticket that works on it.
pub(super) async fn insert_pending(
    db: &mut SqliteConnection,
    account: AccountId,
    pending: &NewPending,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO credential_pairs
             (id, account_id, role, created_at, ticket_digest, ticket_expires_at, ticket_tries,
              ticket_seal)
         VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(pending.pair.as_bytes().as_slice())
    .bind(account.as_bytes().as_slice())
    .bind(Stamp::from(now))
    .bind(pending.ticket.digest.as_bytes().as_slice())
    .bind(Stamp::from(pending.ticket.expires_at))
    .bind(i64::from(pending.ticket.tries))
    .bind(bind::seal(pending.ticket.seal.as_ref()))
    .execute(db)
    .await?;
    Ok(())
}

/// Drops the pair that is being enrolled, and the only ticket that works on it.
/// `false` if there was none.
pub(super) async fn delete_pending(db: &mut SqliteConnection, account: AccountId) -> Result<bool, Fault> {
    let done = sqlx::query("DELETE FROM credential_pairs WHERE account_id = ?1 AND role = 'pending'")
        .bind(account.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether `pair` is the account's active one. It stays so until the transaction ends: nobody else
/// writes.
pub(super) async fn is_active(
    db: &mut SqliteConnection,
    account: AccountId,
    pair: PairId,
) -> Result<bool, Fault> {
    let active = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM credential_pairs WHERE id = ?1 AND account_id = ?2 AND role = 'active')",
    )
    .bind(pair.as_bytes().as_slice())
    .bind(account.as_bytes().as_slice())
    .fetch_one(db)
    .await?;
    Ok(active)
}
