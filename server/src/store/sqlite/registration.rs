//! Registration: who holds a name, and since when.

use domain::{
    audit::AuditEvent,
    service::ports::{AskedBy, NewRegistration, Registration},
};
use sqlx::SqliteConnection;

use super::{SqliteStore, audit, pairs};
use crate::store::{Fault, stamp::Stamp};

pub(super) async fn register(
    store: &SqliteStore,
    new: &NewRegistration,
    event: &AuditEvent,
) -> Result<Registration, Fault> {
    let mut tx = store.begin().await?;
    free_the_name(&mut tx, new).await?;
    if !insert_account(&mut tx, new).await? {
        return Ok(Registration::Taken);
    }
    pairs::insert_pending(&mut tx, new.account, &new.pending, new.now).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(Registration::Stored)
}

/// Deletes the registration that has the name but does not hold it against this one: lapsed, or no
/// password claimed yet, and begun by its owner or in the way of an invitation.
async fn free_the_name(db: &mut SqliteConnection, new: &NewRegistration) -> Result<(), Fault> {
    sqlx::query(
        "DELETE FROM accounts
         WHERE username = ?1 AND lapses_at IS NOT NULL
           AND (lapses_at <= ?2
                OR ((origin = ?3 OR ?4)
                    AND NOT EXISTS (SELECT 1 FROM credential_pairs p
                                    WHERE p.account_id = accounts.id AND p.password IS NOT NULL)))",
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
async fn insert_account(db: &mut SqliteConnection, new: &NewRegistration) -> Result<bool, Fault> {
    let done = sqlx::query(
        "INSERT INTO accounts (id, username, origin, registered_at, lapses_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
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
