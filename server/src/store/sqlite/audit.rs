//! Audit events, written in the transaction of the change they tell, and the trail they make.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    id::AccountId,
    service::ports::StoreError,
    trail::{Entry, Link, PseudonymKey, Subject},
};
use sqlx::{Sqlite, SqliteConnection, SqliteExecutor, Transaction, sqlite::SqliteQueryResult};

use super::SqliteStore;
use crate::store::{
    Ends, Fault, Trail,
    rows::{self, EndsRow, EntryRow, OldEventRow},
    stamp::Stamp,
    trail::{self, PAGE},
};

pub(super) async fn record(store: &SqliteStore, event: &AuditEvent) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes `event` at the end of the trail, in the transaction of the change it tells.
pub(super) async fn insert(db: &mut SqliteConnection, event: &AuditEvent) -> Result<(), Fault> {
    append(db, event.account, event.at, event.kind.as_str()).await
}

/// Ends `tx`, whose one change is `done`: writes the event that tells it and commits, or, when no
/// row was changed, leaves everything as it was. Whether there was a change.
pub(super) async fn commit_if_changed(
    mut tx: Transaction<'static, Sqlite>,
    done: &SqliteQueryResult,
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
    db: &mut SqliteConnection,
    account: AccountId,
    at: DateTime<Utc>,
    kind: &str,
) -> Result<(), Fault> {
    let key = match pseudonym_key(&mut *db, account).await? {
        Some(key) => key,
        None => new_pseudonym_key(db, account).await?,
    };
    let subject = Subject::of(account, &key);
    let head = ends_of(&mut *db).await?.head;
    let (entry, next) = trail::next(head, at, subject, kind);
    sqlx::query("INSERT INTO audit_trail (number, at, subject, kind, hash) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(rows::entry_number(entry.number)?)
        .bind(Stamp::from(entry.at))
        .bind(subject.as_bytes().as_slice())
        .bind(kind)
        .bind(next.link.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE audit_trail_ends SET head_number = ?1, head_hash = ?2")
        .bind(rows::entry_number(next.number)?)
        .bind(next.link.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

async fn pseudonym_key(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<PseudonymKey>, Fault> {
    let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM pseudonyms WHERE account_id = ?1")
        .bind(account.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    key.map(rows::pseudonym_key).transpose()
}

/// Draws the key of an account's pseudonym and keeps it. Where the account is gone there is nothing
/// to keep it with: the event is then about nobody.
async fn new_pseudonym_key(db: &mut SqliteConnection, account: AccountId) -> Result<PseudonymKey, Fault> {
    let key: Vec<u8> = sqlx::query_scalar("SELECT randomblob(32)").fetch_one(&mut *db).await?;
    sqlx::query("INSERT INTO pseudonyms (account_id, key) SELECT id, ?2 FROM accounts WHERE id = ?1")
        .bind(account.as_bytes().as_slice())
        .bind(key.as_slice())
        .execute(db)
        .await?;
    rows::pseudonym_key(key)
}

async fn ends_of(db: impl SqliteExecutor<'_>) -> Result<Ends, Fault> {
    let row: EndsRow =
        sqlx::query_as("SELECT base_number, base_hash, head_number, head_hash FROM audit_trail_ends")
            .fetch_one(db)
            .await?;
    row.try_into()
}

async fn entries(db: impl SqliteExecutor<'_>, after: u64, limit: u32) -> Result<Vec<(Entry, Link)>, Fault> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT number, at, subject, kind, hash FROM audit_trail WHERE number > ?1 ORDER BY number LIMIT ?2",
    )
    .bind(rows::entry_number(after)?)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

async fn entries_about(store: &SqliteStore, account: AccountId) -> Result<Vec<Entry>, Fault> {
    let Some(key) = pseudonym_key(&store.readers, account).await? else { return Ok(Vec::new()) };
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT number, at, subject, kind, hash FROM audit_trail WHERE subject = ?1 ORDER BY number",
    )
    .bind(Subject::of(account, &key).as_bytes().as_slice())
    .fetch_all(&store.readers)
    .await?;
    rows.into_iter().map(|row| Ok(<(Entry, Link)>::try_from(row)?.0)).collect()
}

/// One batch of [`Trail::trim_batch`].
async fn trim(store: &SqliteStore, before: DateTime<Utc>) -> Result<u64, Fault> {
    let mut tx = store.begin().await?;
    let base = ends_of(&mut *tx).await?.base;
    let oldest = entries(&mut *tx, base.number, PAGE).await?;
    let Some(last) = trail::old_enough(&oldest, before) else { return Ok(0) };
    sqlx::query("UPDATE audit_trail_ends SET base_number = ?1, base_hash = ?2")
        .bind(rows::entry_number(last.number)?)
        .bind(last.link.as_bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    let done = sqlx::query("DELETE FROM audit_trail WHERE number <= ?1")
        .bind(rows::entry_number(last.number)?)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// One batch of [`Trail::adopt_batch`].
async fn adopt(store: &SqliteStore) -> Result<u64, Fault> {
    let mut tx = store.begin().await?;
    let old: Vec<OldEventRow> =
        sqlx::query_as("SELECT id, at, account_id, kind FROM audit_events ORDER BY id LIMIT ?1")
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
    let mut moved = 0;
    for event in old {
        append(&mut tx, rows::account_id(event.account_id)?, event.at.into(), &event.kind).await?;
        sqlx::query("DELETE FROM audit_events WHERE id = ?1").bind(event.id).execute(&mut *tx).await?;
        moved += 1;
    }
    tx.commit().await?;
    Ok(moved)
}

#[async_trait]
impl Trail for SqliteStore {
    async fn ends(&self) -> Result<Ends, StoreError> {
        Ok(ends_of(&self.readers).await?)
    }

    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<(Entry, Link)>, StoreError> {
        Ok(entries(&self.readers, after, limit).await?)
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
