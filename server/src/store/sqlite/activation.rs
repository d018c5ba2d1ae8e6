//! Activation: the proved pair takes the place of the old one, all or nothing.

use domain::{
    audit::AuditEvent,
    service::ports::{Activation, ActivationOutcome},
};
use sqlx::SqliteConnection;

use super::{SqliteStore, audit, sessions, steps};
use crate::store::{Fault, stamp::Stamp};

pub(super) async fn activate(
    store: &SqliteStore,
    activation: &Activation,
    event: &AuditEvent,
) -> Result<ActivationOutcome, Fault> {
    let now = activation.session.now;
    let mut tx = store.begin().await?;
    // What is undone when a guard fails is undone by leaving without a commit.
    if !end_registration(&mut tx, activation).await? || !swap_pairs(&mut tx, activation).await? {
        return Ok(ActivationOutcome::TicketSpent);
    }
    if !steps::consume(&mut tx, activation.account, activation.step, Some(now)).await? {
        return Ok(ActivationOutcome::StepUsed);
    }
    sessions::delete_all(&mut tx, activation.account).await?;
    sessions::insert(&mut tx, activation.account, &activation.session).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(ActivationOutcome::Done)
}

/// From now on the account does not lapse. `false` when it has, or is gone.
async fn end_registration(db: &mut SqliteConnection, activation: &Activation) -> Result<bool, Fault> {
    let done = sqlx::query(
        "UPDATE accounts SET lapses_at = NULL WHERE id = ?1 AND (lapses_at IS NULL OR lapses_at > ?2)",
    )
    .bind(activation.account.as_bytes().as_slice())
    .bind(Stamp::from(activation.session.now))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Drops the active pair and puts the pending one in its place, consuming its ticket. `false` when
/// the ticket does not stand there any more, or has expired.
async fn swap_pairs(db: &mut SqliteConnection, activation: &Activation) -> Result<bool, Fault> {
    sqlx::query("DELETE FROM credential_pairs WHERE account_id = ?1 AND role = 'active'")
        .bind(activation.account.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    let done = sqlx::query(
        "UPDATE credential_pairs
         SET role = 'active', valid_until = ?5, jitter_seconds = ?6,
             ticket_digest = NULL, ticket_expires_at = NULL, ticket_tries = NULL, ticket_seal = NULL
         WHERE id = ?1 AND account_id = ?2 AND role = 'pending' AND totp IS NOT NULL
           AND ticket_digest = ?3 AND ticket_expires_at > ?4",
    )
    .bind(activation.pair.as_bytes().as_slice())
    .bind(activation.account.as_bytes().as_slice())
    .bind(activation.ticket.as_bytes().as_slice())
    .bind(Stamp::from(activation.session.now))
    .bind(Stamp::from(activation.valid_until))
    .bind(activation.jitter.num_seconds())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
