//! The ticket and what is issued for it. A live ticket has not expired, and neither has the
//! registration it belongs to. Everything here takes one lock, the pair's row.

use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    id::PairId,
    service::ports::{Enrolment, NewTicket, Seal, Sealed, Stage},
    token::TokenDigest,
};

use super::{PostgresStore, audit};
use crate::store::{Fault, bind, rows::EnrolmentRow, stamp::Stamp};

pub(super) async fn advance_ticket(
    store: &PostgresStore,
    ticket: &TokenDigest,
    least: Stage,
    next: &NewTicket,
    now: DateTime<Utc>,
) -> Result<Option<Enrolment>, Fault> {
    // `used` holds the row's lock and its last committed state; the answer tells of the ticket that
    // was used, so that it can be restored, where RETURNING alone would tell of the next.
    let row: Option<EnrolmentRow> = sqlx::query_as(
        "WITH used AS (
             SELECT a.id AS account_id, a.username, p.id AS pair_id, p.password, p.totp, p.ticket_tries,
                    p.ticket_expires_at, p.ticket_seal, a.lapses_at, p.created_at AS begun_at,
                    EXISTS (SELECT 1 FROM credential_pairs act
                            WHERE act.account_id = a.id AND act.role = 'active') AS renewal
             FROM credential_pairs p JOIN accounts a ON a.id = p.account_id
             WHERE p.ticket_digest = $1 AND p.ticket_tries > 0 AND p.ticket_expires_at > $5
               AND num_nonnulls(p.password, p.totp) >= $6
               AND (a.lapses_at IS NULL OR a.lapses_at > $5)
             FOR UPDATE OF p)
         UPDATE credential_pairs p SET ticket_digest = $2, ticket_expires_at = $3, ticket_tries = $4,
                ticket_seal = $7
         FROM used WHERE p.id = used.pair_id
         RETURNING used.account_id, used.username, used.pair_id, used.password, used.totp, used.ticket_tries,
                   used.ticket_expires_at, used.ticket_seal, used.lapses_at, used.begun_at,
                   used.renewal",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(next.digest.as_bytes().as_slice())
    .bind(Stamp::from(next.expires_at))
    .bind(i64::from(next.tries))
    .bind(Stamp::from(now))
    .bind(bind::issued(least))
    .bind(bind::seal(next.seal.as_ref()))
    .fetch_optional(&store.pool)
    .await?;
    row.map(Enrolment::try_from).transpose()
}

pub(super) async fn restore_ticket(
    store: &PostgresStore,
    current: &TokenDigest,
    previous: &NewTicket,
    held: &Enrolment,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE credential_pairs
         SET ticket_digest = $2, ticket_expires_at = $3, ticket_tries = $4,
             password = $5, totp = $6, ticket_seal = $7
         WHERE ticket_digest = $1",
    )
    .bind(current.as_bytes().as_slice())
    .bind(previous.digest.as_bytes().as_slice())
    .bind(Stamp::from(previous.expires_at))
    .bind(i64::from(previous.tries))
    .bind(held.password.as_ref().map(|sealed| sealed.0.as_slice()))
    .bind(held.totp.as_ref().map(|sealed| sealed.0.as_slice()))
    .bind(bind::seal(previous.seal.as_ref()))
    .execute(&store.pool)
    .await?;
    Ok(())
}

pub(super) async fn set_password(
    store: &PostgresStore,
    ticket: &TokenDigest,
    seal: &Seal,
    password: &Sealed,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET password = $2, totp = NULL, ticket_seal = $3 WHERE ticket_digest = $1",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(password.0.as_slice())
    .bind(bind::seal(Some(seal)))
    .execute(&mut *tx)
    .await?;
    audit::commit_if_changed(tx, &done, event).await
}

pub(super) async fn set_totp(
    store: &PostgresStore,
    ticket: &TokenDigest,
    seal: &Seal,
    totp: &Sealed,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET totp = $2, ticket_seal = $3 WHERE ticket_digest = $1 AND password IS NOT NULL",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(totp.0.as_slice())
    .bind(bind::seal(Some(seal)))
    .execute(&mut *tx)
    .await?;
    audit::commit_if_changed(tx, &done, event).await
}

pub(super) async fn take_ticket_try(
    store: &PostgresStore,
    ticket: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<Option<Enrolment>, Fault> {
    let row: Option<EnrolmentRow> = sqlx::query_as(
        "UPDATE credential_pairs p SET ticket_tries = p.ticket_tries - 1
         FROM accounts a
         WHERE p.ticket_digest = $1 AND p.ticket_tries > 0 AND p.ticket_expires_at > $2
           AND p.totp IS NOT NULL
           AND a.id = p.account_id AND (a.lapses_at IS NULL OR a.lapses_at > $2)
         RETURNING a.id AS account_id, a.username, p.id AS pair_id, p.password, p.totp, p.ticket_tries,
                   p.ticket_expires_at, p.ticket_seal, a.lapses_at, p.created_at AS begun_at,
                   EXISTS (SELECT 1 FROM credential_pairs act
                           WHERE act.account_id = a.id AND act.role = 'active') AS renewal",
    )
    .bind(ticket.as_bytes().as_slice())
    .bind(Stamp::from(now))
    .fetch_optional(&store.pool)
    .await?;
    row.map(Enrolment::try_from).transpose()
}

pub(super) async fn give_back_ticket_try(store: &PostgresStore, ticket: &TokenDigest) -> Result<(), Fault> {
    sqlx::query("UPDATE credential_pairs SET ticket_tries = ticket_tries + 1 WHERE ticket_digest = $1")
        .bind(ticket.as_bytes().as_slice())
        .execute(&store.pool)
        .await?;
    Ok(())
}

pub(super) async fn reissue_ticket(
    store: &PostgresStore,
    pair: PairId,
    password: &Sealed,
    ticket: &NewTicket,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "UPDATE credential_pairs SET ticket_digest = $2, ticket_expires_at = $3, ticket_tries = $4,
                ticket_seal = $6
         WHERE id = $1 AND role = 'pending' AND password = $5",
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
