//! Sessions.

use chrono::{DateTime, Utc};
use domain::{
    audit::{AuditEvent, AuditKind},
    id::{AccountId, PairId},
    service::ports::{ListedSession, NewSession, Session},
    token::{SessionHandle, TokenDigest},
};
use sqlx::PgConnection;

use super::{PostgresStore, audit, pairs, steps};
use crate::store::{
    Fault,
    rows::{self, ListedRow, SessionRow},
    stamp::Stamp,
};

pub(super) async fn open_session(
    store: &PostgresStore,
    account: AccountId,
    pair: PairId,
    step: u64,
    session: &NewSession,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    if !steps::consume(&mut tx, account, step, Some(session.now)).await?
        || !pairs::is_active(&mut tx, account, pair).await?
    {
        return Ok(false);
    }
    make_room(&mut tx, account, session).await?;
    insert(&mut tx, account, session).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Finds a session, with its account and active pair, by one of its two tokens.
macro_rules! find {
    ($store:expr, $column:literal, $token:expr) => {{
        let row: Option<SessionRow> = sqlx::query_as(concat!(
            "SELECT s.token_digest, s.forward_digest, s.seal, a.id AS account_id, a.username, s.created_at, s.last_seen_at,
                    s.expires_at, p.valid_until, p.id AS pair_id, p.totp, a.last_totp_step,
                    (SELECT count(*) FROM sessions o WHERE o.account_id = a.id) AS sessions
             FROM sessions s
             JOIN accounts a ON a.id = s.account_id
             JOIN credential_pairs p ON p.account_id = a.id AND p.role = 'active'
             WHERE s.",
            $column,
            " = $1"
        ))
        .bind($token.as_bytes().as_slice())
        .fetch_optional(&$store.pool)
        .await?;
        row.map(Session::try_from).transpose()
    }};
}

pub(super) async fn find_session(
    store: &PostgresStore,
    token: &TokenDigest,
) -> Result<Option<Session>, Fault> {
    find!(store, "token_digest", token)
}

pub(super) async fn find_session_by_forward(
    store: &PostgresStore,
    forward: &TokenDigest,
) -> Result<Option<Session>, Fault> {
    find!(store, "forward_digest", forward)
}

pub(super) async fn touch_session(
    store: &PostgresStore,
    token: &TokenDigest,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    // Requests of one session may arrive out of order: its last use never moves back.
    sqlx::query("UPDATE sessions SET last_seen_at = $2 WHERE token_digest = $1 AND last_seen_at < $2")
        .bind(token.as_bytes().as_slice())
        .bind(Stamp::from(now))
        .execute(&store.pool)
        .await?;
    Ok(())
}

pub(super) async fn take_session_try(
    store: &PostgresStore,
    token: &TokenDigest,
) -> Result<Option<u8>, Fault> {
    let left: Option<i64> = sqlx::query_scalar(
        "UPDATE sessions SET tries_left = tries_left - 1 WHERE token_digest = $1 AND tries_left > 0
         RETURNING tries_left",
    )
    .bind(token.as_bytes().as_slice())
    .fetch_optional(&store.pool)
    .await?;
    left.map(rows::tries).transpose()
}

pub(super) async fn give_back_session_try(store: &PostgresStore, token: &TokenDigest) -> Result<(), Fault> {
    sqlx::query("UPDATE sessions SET tries_left = tries_left + 1 WHERE token_digest = $1")
        .bind(token.as_bytes().as_slice())
        .execute(&store.pool)
        .await?;
    Ok(())
}

pub(super) async fn close_session(
    store: &PostgresStore,
    token: &TokenDigest,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let done = sqlx::query("DELETE FROM sessions WHERE token_digest = $1")
        .bind(token.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    audit::commit_if_changed(tx, &done, event).await
}

pub(super) async fn list_sessions(
    store: &PostgresStore,
    account: AccountId,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> Result<Vec<ListedSession>, Fault> {
    let rows: Vec<ListedRow> = sqlx::query_as(
        "SELECT token_digest, created_at, last_seen_at, expires_at, agent FROM sessions
         WHERE account_id = $1 AND expires_at > $2 AND last_seen_at > $3
         ORDER BY last_seen_at DESC, created_at DESC, token_digest",
    )
    .bind(account.as_bytes().as_slice())
    .bind(Stamp::from(now))
    .bind(Stamp::from(idle_since))
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(ListedSession::try_from).collect()
}

/// The account whose session has the token `token`.
pub(super) async fn account_of(
    db: &mut PgConnection,
    token: &TokenDigest,
) -> Result<Option<AccountId>, Fault> {
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT account_id FROM sessions WHERE token_digest = $1")
        .bind(token.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    id.map(rows::account_id).transpose()
}

/// Locks the account whose session has the token `by`: of two sessions that close each other one is
/// first, and the other one is none any more.
async fn lock_account_of(db: &mut PgConnection, by: &TokenDigest) -> Result<Option<AccountId>, Fault> {
    let Some(account) = account_of(&mut *db, by).await? else { return Ok(None) };
    sqlx::query("SELECT id FROM accounts WHERE id = $1 FOR UPDATE")
        .bind(account.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    account_of(db, by).await
}

pub(super) async fn close_session_called(
    store: &PostgresStore,
    by: &TokenDigest,
    handle: &SessionHandle,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let Some(account) = lock_account_of(&mut tx, by).await? else { return Ok(false) };
    let closed = sqlx::query(
        "DELETE FROM sessions
         WHERE account_id = $1 AND substring(token_digest FROM 1 FOR 16) = $2",
    )
    .bind(account.as_bytes().as_slice())
    .bind(handle.as_bytes().as_slice())
    .execute(&mut *tx)
    .await?;
    if closed.rows_affected() == 0 {
        return Ok(false);
    }
    pairs::delete_pending(&mut tx, account).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

pub(super) async fn close_other_sessions(
    store: &PostgresStore,
    by: &TokenDigest,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let Some(account) = lock_account_of(&mut tx, by).await? else { return Ok(false) };
    let dropped = pairs::delete_pending(&mut tx, account).await?;
    let closed = sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND token_digest <> $2")
        .bind(account.as_bytes().as_slice())
        .bind(by.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    if !dropped && closed.rows_affected() == 0 {
        return Ok(false);
    }
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Closes the sessions that were unused for longest where one more would be too many. Nobody else
/// opens one meanwhile: the account's time step was written in this transaction.
async fn make_room(db: &mut PgConnection, account: AccountId, session: &NewSession) -> Result<(), Fault> {
    let done = sqlx::query(
        "DELETE FROM sessions WHERE token_digest IN
             (SELECT token_digest FROM sessions WHERE account_id = $1
              ORDER BY last_seen_at DESC, created_at DESC, token_digest DESC
              LIMIT ALL OFFSET $2)",
    )
    .bind(account.as_bytes().as_slice())
    .bind(i64::from(session.at_most.saturating_sub(1)))
    .execute(&mut *db)
    .await?;
    if done.rows_affected() > 0 {
        let event = AuditEvent { at: session.now, account, kind: AuditKind::SessionDisplaced };
        audit::insert(&mut *db, &event).await?;
    }
    Ok(())
}

/// Opens a session of an account whose pair was proved in this transaction.
pub(super) async fn insert(
    db: &mut PgConnection,
    account: AccountId,
    session: &NewSession,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO sessions (token_digest, forward_digest, account_id, created_at, last_seen_at, expires_at,
                               tries_left, agent, seal)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
    )
    .bind(session.digest.as_bytes().as_slice())
    .bind(session.forward.as_bytes().as_slice())
    .bind(account.as_bytes().as_slice())
    .bind(Stamp::from(session.now))
    .bind(Stamp::from(session.expires_at))
    .bind(i64::from(session.tries))
    .bind(session.agent.to_words())
    .bind(session.seal.0.as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Closes every session of an account.
pub(super) async fn delete_all(db: &mut PgConnection, account: AccountId) -> Result<(), Fault> {
    sqlx::query("DELETE FROM sessions WHERE account_id = $1")
        .bind(account.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}
