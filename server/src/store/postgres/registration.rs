//! Registration: who holds a name, and since when.

use domain::{
    audit::AuditEvent,
    service::ports::{AskedBy, NewRegistration, Registration},
};
use sqlx::PgConnection;

use super::{PostgresStore, audit, pairs};
use crate::store::{Fault, stamp::Stamp};

pub(super) async fn register(
    store: &PostgresStore,
    new: &NewRegistration,
    event: &AuditEvent,
) -> Result<Registration, Fault> {
    let mut tx = store.begin().await?;
    queue_for_the_name(&mut tx, new).await?;
    lock_the_holder(&mut tx, new).await?;
    free_the_name(&mut tx, new).await?;
    if !insert_account(&mut tx, new).await? {
        return Ok(Registration::Taken);
    }
    pairs::insert_pending(&mut tx, new.account, &new.pending, new.now).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(Registration::Stored)
}

/// Waits until no other registration of the name is under way. Rows cannot serve as this queue:
/// each registration deletes the row on which the next ones wait.
async fn queue_for_the_name(db: &mut PgConnection, new: &NewRegistration) -> Result<(), Fault> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(new.username.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Locks the account that has the name and then its pairs, so that the next statement sees whether
/// a password was claimed and nobody claims one after it.
async fn lock_the_holder(db: &mut PgConnection, new: &NewRegistration) -> Result<(), Fault> {
    let holder: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT id FROM accounts WHERE username = $1 FOR UPDATE")
            .bind(new.username.as_str())
            .fetch_optional(&mut *db)
            .await?;
    if let Some(holder) = holder {
        sqlx::query("SELECT id FROM credential_pairs WHERE account_id = $1 FOR UPDATE")
            .bind(holder)
            .execute(db)
            .await?;
    }
    Ok(())
}

/// Deletes the registration that has the name but does not hold it against this one: lapsed, or no
/// password claimed yet, and begun by its owner or in the way of an invitation.
async fn free_the_name(db: &mut PgConnection, new: &NewRegistration) -> Result<(), Fault> {
    sqlx::query(
        "DELETE FROM accounts a
         WHERE a.username = $1 AND a.lapses_at IS NOT NULL
           AND (a.lapses_at <= $2
                OR ((a.origin = $3 OR $4)
                    AND NOT EXISTS (SELECT 1 FROM credential_pairs p
                                    WHERE p.account_id = a.id AND p.password IS NOT NULL)))",
    )
    .bind(new.username.as_str())
    .bind(Stamp::from(new.now))
    .bind(AskedBy::Owner.as_str())
    .bind(new.asked_by == AskedBy::Invitation)
    .execute(db)
    .await?;
    Ok(())
}

/// `false` when the name is held.
async fn insert_account(db: &mut PgConnection, new: &NewRegistration) -> Result<bool, Fault> {
    let done = sqlx::query(
        "INSERT INTO accounts (id, username, origin, registered_at, lapses_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (username) DO NOTHING",
    )
    .bind(new.account.as_bytes().as_slice())
    .bind(new.username.as_str())
    .bind(new.asked_by.as_str())
    .bind(Stamp::from(new.now))
    .bind(Stamp::from(new.lapses_at))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
