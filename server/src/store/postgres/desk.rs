//! What an operator looks up and does.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{audit::AuditEvent, id::AccountId, service::ports::StoreError, username::Username};
use sqlx::PgConnection;

use super::{PostgresStore, audit, sessions};
use crate::store::{
    Act, Desk, Fault, Person,
    rows::{self, PersonRow},
    stamp::Stamp,
};

/// Selects what [`PersonRow`] needs, where `$condition` holds.
macro_rules! select_person {
    ($condition:literal) => {
        concat!(
            "SELECT a.id AS account_id, a.username, a.origin, a.registered_at, a.lapses_at, a.last_sign_in_at,
               a.last_totp_step, act.created_at AS active_since, act.valid_until AS active_until,
               pen.created_at AS pending_since,
               (SELECT count(*) FROM sessions s WHERE s.account_id = a.id) AS sessions
        FROM accounts a
        LEFT JOIN credential_pairs act ON act.account_id = a.id AND act.role = 'active'
        LEFT JOIN credential_pairs pen ON pen.account_id = a.id AND pen.role = 'pending' ",
            $condition
        )
    };
}

async fn people(store: &PostgresStore, after: Option<&Username>, limit: u32) -> Result<Vec<Person>, Fault> {
    let rows: Vec<PersonRow> =
        sqlx::query_as(select_person!("WHERE a.username > $1 ORDER BY a.username LIMIT $2"))
            .bind(after.map_or("", |name| name.as_str()))
            .bind(i64::from(limit))
            .fetch_all(&store.pool)
            .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

async fn person(store: &PostgresStore, username: &Username) -> Result<Option<Person>, Fault> {
    let row: Option<PersonRow> = sqlx::query_as(select_person!("WHERE a.username = $1"))
        .bind(username.as_str())
        .fetch_optional(&store.pool)
        .await?;
    row.map(TryInto::try_into).transpose()
}

async fn perform(
    store: &PostgresStore,
    username: &Username,
    act: Act,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let mut tx = store.begin().await?;
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT id FROM accounts WHERE username = $1 FOR UPDATE")
        .bind(username.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(account) = id.map(rows::account_id).transpose()? else { return Ok(false) };
    sessions::delete_all(&mut tx, account).await?;
    match act {
        Act::SignOut => drop_renewal(&mut tx, account).await?,
        // The row goes below, after the event that needs its pseudonym. The pairs would go with it, but who
        // claims one holds it and waits for the end of the trail, which the event takes.
        Act::Delete => delete_pairs(&mut tx, account).await?,
        Act::Expire => expire(&mut tx, account, now).await?,
        Act::Revoke => revoke(&mut tx, account).await?,
    }
    audit::insert(&mut tx, &AuditEvent { at: now, account, kind: act.kind() }).await?;
    if act == Act::Delete {
        sqlx::query("DELETE FROM accounts WHERE id = $1")
            .bind(account.as_bytes().as_slice())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Drops a renewal that was begun: whoever is shown the door must not come back with new secrets.
async fn drop_renewal(db: &mut PgConnection, account: AccountId) -> Result<(), Fault> {
    sqlx::query(
        "DELETE FROM credential_pairs WHERE account_id = $1 AND role = 'pending'
           AND EXISTS (SELECT 1 FROM credential_pairs act WHERE act.account_id = $1 AND act.role = 'active')",
    )
    .bind(account.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the active pair. Secrets that were never proved are taken away, and their ticket with them: they
/// would be good for all of their time. The name then waits to be registered anew, or lapses.
async fn expire(db: &mut PgConnection, account: AccountId, now: DateTime<Utc>) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE credential_pairs SET valid_until = $2
         WHERE account_id = $1 AND role = 'active' AND valid_until > $2",
    )
    .bind(account.as_bytes().as_slice())
    .bind(Stamp::from(now))
    .execute(&mut *db)
    .await?;
    drop_renewal(&mut *db, account).await?;
    sqlx::query(
        "UPDATE credential_pairs SET password = NULL, totp = NULL, ticket_digest = NULL, ticket_expires_at = NULL,
                ticket_tries = NULL, ticket_seal = NULL
         WHERE account_id = $1 AND role = 'pending'",
    )
    .bind(account.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

async fn delete_pairs(db: &mut PgConnection, account: AccountId) -> Result<(), Fault> {
    sqlx::query("DELETE FROM credential_pairs WHERE account_id = $1")
        .bind(account.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

async fn revoke(db: &mut PgConnection, account: AccountId) -> Result<(), Fault> {
    delete_pairs(&mut *db, account).await?;
    sqlx::query("UPDATE accounts SET lapses_at = NULL WHERE id = $1")
        .bind(account.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

#[async_trait]
impl Desk for PostgresStore {
    async fn people(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Person>, StoreError> {
        Ok(people(self, after, limit).await?)
    }

    async fn person(&self, username: &Username) -> Result<Option<Person>, StoreError> {
        Ok(person(self, username).await?)
    }

    async fn perform(&self, username: &Username, act: Act, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(perform(self, username, act, now).await?)
    }
}
