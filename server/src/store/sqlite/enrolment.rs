//! The ticket and what is issued for it. A live ticket has not expired, and neither has the
//! registration it belongs to.

use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    id::PairId,
    service::ports::{Enrolment, NewTicket, Seal, Sealed, Stage},
    token::TokenDigest,
};
use sqlx::SqliteConnection;

use super::{SqliteStore, audit};
use crate::store::{Fault, bind, rows::EnrolmentRow, stamp::Stamp};

pub(super) async fn advance_ticket(
    store: &SqliteStore,
    ticket: &TokenDigest,
    least: Stage,
    next: &NewTicket,
    now: DateTime<Utc>,
) -> Result<Option<Enrolment>, Fault> {
    let mut tx = store.begin().await?;
    // Read before the write: the answer tells of the ticket that was used, so that it can be restored.
    let Some(enrolment) = find(&mut tx, ticket).await? else { return Ok(None) };
    let done = sqlx::query(
        "UPDATE credential_pairs SET ticket_digest = ?2, ticket_expires_at = ?3, ticket_tries = ?4,
                ticket_seal = ?7
         WHERE ticket_digest = ?1 AND ticket_tries > 0 AND ticket_expires_at > ?5
           AND (password IS NOT NULL) + (totp IS NOT NULL) >= ?6
           AND EXISTS (SELECT 1 FROM accounts a
                       WHERE a.id = account_id AND (a.lapses_at IS NULL OR a.lapses_at > ?5))",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(next.digest.as_bytes().as_slice())
    .bind(Stamp::from(next.expires_at))
    .bind(i64::from(next.tries))
    .bind(Stamp::from(now))
    .bind(bind::issued(least))
    .bind(bind::seal(next.seal.as_ref()))
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(enrolment))
}

pub(super) async fn restore_ticket(
    store: &SqliteStore,
    current: &TokenDigest,
    previous: &NewTicket,
    held: &Enrolment,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE credential_pairs
         SET ticket_digest = ?2, ticket_expires_at = ?3, ticket_tries = ?4,
             password = ?5, totp = ?6, ticket_seal = ?7
         WHERE ticket_digest = ?1",
    )
    .bind(current.as_bytes().as_slice())
    .bind(previous.digest.as_bytes().as_slice())
    .bind(Stamp::from(previous.expires_at))
    .bind(i64::from(previous.tries))
    .bind(held.password.as_ref().map(|sealed| sealed.0.as_slice()))
    .bind(held.totp.as_ref().map(|sealed| sealed.0.as_slice()))
    .bind(bind::seal(previous.seal.as_ref()))
    .execute(&store.writer)
    .await?;
    Ok(())
}

pub(super) async fn set_password(
    store: &SqliteStore,
    ticket: &TokenDigest,
    seal: &Seal,
    password: &Sealed,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET password = ?2, totp = NULL, ticket_seal = ?3 WHERE ticket_digest = ?1",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(password.0.as_slice())
    .bind(bind::seal(Some(seal)))
    .execute(&mut *tx)
    .await?;
    audit::commit_if_changed(tx, &done, event).await
}

pub(super) async fn set_totp(
    store: &SqliteStore,
    ticket: &TokenDigest,
    seal: &Seal,
    totp: &Sealed,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET totp = ?2, ticket_seal = ?3 WHERE ticket_digest = ?1 AND password IS NOT NULL",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(totp.0.as_slice())
    .bind(bind::seal(Some(seal)))
    .execute(&mut *tx)
    .await?;
    audit::commit_if_changed(tx, &done, event).await
}

pub(super) async fn take_ticket_try(
    store: &SqliteStore,
    ticket: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<Option<Enrolment>, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET ticket_tries = ticket_tries - 1
         WHERE ticket_digest = ?1 AND ticket_tries > 0 AND ticket_expires_at > ?2 AND totp IS NOT NULL
           AND EXISTS (SELECT 1 FROM accounts a
                       WHERE a.id = account_id AND (a.lapses_at IS NULL OR a.lapses_at > ?2))",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(Stamp::from(now))
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    let enrolment = find(&mut tx, ticket).await?;
    tx.commit().await?;
    Ok(enrolment)
}

pub(super) async fn give_back_ticket_try(store: &SqliteStore, ticket: &TokenDigest) -> Result<(), Fault> {
    sqlx::query("UPDATE credential_pairs SET ticket_tries = ticket_tries + 1 WHERE ticket_digest = ?1")
        .bind(ticket.as_bytes().as_slice())
        .execute(&store.writer)
        .await?;
    Ok(())
}

pub(super) async fn reissue_ticket(
    store: &SqliteStore,
    pair: PairId,
    password: &Sealed,
    ticket: &NewTicket,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET ticket_digest = ?2, ticket_expires_at = ?3, ticket_tries = ?4,
                ticket_seal = ?6
         WHERE id = ?1 AND role = 'pending' AND password = ?5",
    )
    .bind(pair.as_bytes().as_slice())
    .bind(ticket.digest.as_bytes().as_slice())
    .bind(Stamp::from(ticket.expires_at))
    .bind(i64::from(ticket.tries))
    .bind(password.0.as_slice())
    .bind(bind::seal(ticket.seal.as_ref()))
    .execute(&mut *tx)
    .await?;
    audit::commit_if_changed(tx, &done, event).await
}

/// The enrolment on which `ticket` stands, live or not.
async fn find(db: &mut SqliteConnection, ticket: &TokenDigest) -> Result<Option<Enrolment>, Fault> {
    let row: Option<EnrolmentRow> = sqlx::query_as(
        "SELECT a.id AS account_id, a.username, p.id AS pair_id, p.password, p.totp, p.ticket_tries, p.ticket_expires_at,
                p.ticket_seal, a.lapses_at, p.created_at AS begun_at,
                EXISTS (SELECT 1 FROM credential_pairs act
                        WHERE act.account_id = a.id AND act.role = 'active') AS renewal
         FROM credential_pairs p JOIN accounts a ON a.id = p.account_id
         WHERE p.ticket_digest = ?1",
    )
    .bind(ticket.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    row.map(Enrolment::try_from).transpose()
}
