//! Audit events, written in the transaction of the change they tell, and the trail they make.
//!
//! Whoever writes one holds the row of the trail's ends from then to its commit, and nothing is
//! locked after it: an event is the last thing that a transaction does.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    id::AccountId,
    service::ports::StoreError,
    trail::{Entry, Link, PseudonymKey, Subject},
};
use sqlx::{PgConnection, PgExecutor, Postgres, Transaction, postgres::PgQueryResult};

use super::PostgresStore;
use crate::store::{
    Ends, Fault, Trail,
    rows::{self, EndsRow, EntryRow, OldEventRow},
    stamp::Stamp,
    trail::{self, PAGE},
};

pub(super) async fn record(store: &PostgresStore, event: &AuditEvent) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes `event` at the end of the trail, in the transaction of the change it tells.
pub(super) async fn insert(db: &mut PgConnection, event: &AuditEvent) -> Result<(), Fault> {
    append(db, event.account, event.at, event.kind.as_str()).await
}

/// Ends `tx`, whose one change is `done`: writes the event that tells it and commits, or, when no
/// row was changed, leaves everything as it was. Whether there was a change.
pub(super) async fn commit_if_changed(
    mut tx: Transaction<'static, Postgres>,
    done: &PgQueryResult,
    event: &AuditEvent,
) -> Result<bool, Fault> {
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

async fn append(
    db: &mut PgConnection,
    account: AccountId,
    at: DateTime<Utc>,
    kind: &str,
) -> Result<(), Fault> {
    let key = match pseudonym_key(&mut *db, account).await? {
        Some(key) => key,
        None => new_pseudonym_key(&mut *db, account).await?,
    };
    append_about(db, Subject::of(account, &key), at, kind).await
}

async fn append_about(
    db: &mut PgConnection,
    subject: Subject,
    at: DateTime<Utc>,
    kind: &str,
) -> Result<(), Fault> {
    let head = locked_ends(&mut *db).await?.head;
    let (entry, next) = trail::next(head, at, subject, kind);
    sqlx::query(
        "WITH moved AS (UPDATE audit_trail_ends SET head_number = $1, head_hash = $5)
         INSERT INTO audit_trail (number, at, subject, kind, hash) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(rows::entry_number(entry.number)?)
    .bind(Stamp::from(entry.at))
    .bind(subject.as_bytes().as_slice())
    .bind(kind)
    .bind(next.link.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

async fn pseudonym_key(db: impl PgExecutor<'_>, account: AccountId) -> Result<Option<PseudonymKey>, Fault> {
    let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM pseudonyms WHERE account_id = $1")
        .bind(account.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    key.map(rows::pseudonym_key).transpose()
}

/// Draws the key of an account's pseudonym and keeps it, unless somebody else did meanwhile. Where
/// the account is gone there is nothing to keep it with: the event is then about nobody.
async fn new_pseudonym_key(db: &mut PgConnection, account: AccountId) -> Result<PseudonymKey, Fault> {
    let drawn: Vec<u8> =
        sqlx::query_scalar("SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())")
            .fetch_one(&mut *db)
            .await?;
    sqlx::query(
        "INSERT INTO pseudonyms (account_id, key) SELECT id, $2 FROM accounts WHERE id = $1
         ON CONFLICT DO NOTHING",
    )
    .bind(account.as_bytes().as_slice())
    .bind(drawn.as_slice())
    .execute(&mut *db)
    .await?;
    match pseudonym_key(db, account).await? {
        Some(kept) => Ok(kept),
        None => rows::pseudonym_key(drawn),
    }
}

async fn ends_of(db: impl PgExecutor<'_>) -> Result<Ends, Fault> {
    let row: EndsRow =
        sqlx::query_as("SELECT base_number, base_hash, head_number, head_hash FROM audit_trail_ends")
            .fetch_one(db)
            .await?;
    row.try_into()
}

/// The ends, which nobody else moves until the transaction ends.
async fn locked_ends(db: &mut PgConnection) -> Result<Ends, Fault> {
    let row: EndsRow = sqlx::query_as(
        "SELECT base_number, base_hash, head_number, head_hash FROM audit_trail_ends FOR UPDATE",
    )
    .fetch_one(db)
    .await?;
    row.try_into()
}

async fn entries(db: impl PgExecutor<'_>, after: u64, limit: u32) -> Result<Vec<(Entry, Link)>, Fault> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT number, at, subject, kind, hash FROM audit_trail WHERE number > $1 ORDER BY number LIMIT $2",
    )
    .bind(rows::entry_number(after)?)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

async fn entries_about(store: &PostgresStore, account: AccountId) -> Result<Vec<Entry>, Fault> {
    let Some(key) = pseudonym_key(&store.pool, account).await? else { return Ok(Vec::new()) };
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT number, at, subject, kind, hash FROM audit_trail WHERE subject = $1 ORDER BY number",
    )
    .bind(Subject::of(account, &key).as_bytes().as_slice())
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(|row| Ok(<(Entry, Link)>::try_from(row)?.0)).collect()
}

/// One batch of [`Trail::trim_batch`].
async fn trim(store: &PostgresStore, before: DateTime<Utc>) -> Result<u64, Fault> {
    let mut tx = store.begin().await?;
    let base = locked_ends(&mut tx).await?.base;
    let oldest = entries(&mut *tx, base.number, PAGE).await?;
    let Some(last) = trail::old_enough(&oldest, before) else { return Ok(0) };
    sqlx::query("UPDATE audit_trail_ends SET base_number = $1, base_hash = $2")
        .bind(rows::entry_number(last.number)?)
        .bind(last.link.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    let done = sqlx::query("DELETE FROM audit_trail WHERE number <= $1")
        .bind(rows::entry_number(last.number)?)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// One batch of [`Trail::adopt_batch`]. Events that somebody else is moving are left to them.
async fn adopt(store: &PostgresStore) -> Result<u64, Fault> {
    let mut tx = store.begin().await?;
    let old: Vec<OldEventRow> = sqlx::query_as(
        "SELECT id, at, account_id, kind FROM audit_events ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(i64::from(PAGE))
    .fetch_all(&mut *tx)
    .await?;
    let mut entries = Vec::with_capacity(old.len());
    let mut ids = Vec::with_capacity(old.len());
    // Before the ends are locked: to keep a pseudonym waits for who deletes the account.
    for event in old {
        let account = rows::account_id(event.account_id)?;
        let key = match pseudonym_key(&mut *tx, account).await? {
            Some(key) => key,
            None => new_pseudonym_key(&mut tx, account).await?,
        };
        entries.push((Subject::of(account, &key), event.at.into(), event.kind));
        ids.push(event.id);
    }
    for (subject, at, kind) in &entries {
        append_about(&mut tx, *subject, *at, kind).await?;
    }
    let done =
        sqlx::query("DELETE FROM audit_events WHERE id = ANY ($1)").bind(&ids).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

#[async_trait]
impl Trail for PostgresStore {
    async fn ends(&self) -> Result<Ends, StoreError> {
        Ok(ends_of(&self.pool).await?)
    }

    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<(Entry, Link)>, StoreError> {
        Ok(entries(&self.pool, after, limit).await?)
    }

    async fn entries_about(&self, account: AccountId) -> Result<Vec<Entry>, StoreError> {
        Ok(entries_about(self, account).await?)
    }

    async fn trim_batch(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(trim(self, before).await?)
    }

    async fn adopt_batch(&self) -> Result<u64, StoreError> {
        Ok(adopt(self).await?)
    }
}
