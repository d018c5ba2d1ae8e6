//! Audit events, written in the transaction of the change they tell.

use domain::audit::AuditEvent;
use sqlx::{PgExecutor, Postgres, Transaction, postgres::PgQueryResult};

use super::PostgresStore;
use crate::store::{Fault, stamp::Stamp};

pub(super) async fn record(store: &PostgresStore, event: &AuditEvent) -> Result<(), Fault> {
    insert(&store.pool, event).await
}

/// Writes `event` by `db`, which is the transaction of the change it tells.
pub(super) async fn insert(db: impl PgExecutor<'_>, event: &AuditEvent) -> Result<(), Fault> {
    sqlx::query("INSERT INTO audit_events (at, account_id, kind) VALUES ($1, $2, $3)")
        .bind(Stamp::from(event.at))
        .bind(event.account.as_bytes().as_slice())
        .bind(event.kind.as_str())
        .execute(db)
        .await?;
    Ok(())
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
    insert(&mut *tx, event).await?;
    tx.commit().await?;
    Ok(true)
}
