//! Renewal: a new pair is begun beside the active one, which goes on working.

use domain::{
    audit::AuditEvent,
    id::{AccountId, PairId},
    service::ports::{NewPending, RenewalOutcome},
};
use sqlx::PgConnection;

use super::{PostgresStore, audit, pairs, steps};
use crate::store::Fault;

pub(super) async fn begin_renewal(
    store: &PostgresStore,
    account: AccountId,
    pair: PairId,
    step: u64,
    pending: &NewPending,
    event: &AuditEvent,
) -> Result<RenewalOutcome, Fault> {
    let mut tx = store.begin().await?;
    if !steps::consume(&mut tx, account, step, None).await?
        || !pairs::is_active(&mut tx, account, pair).await?
    {
        return Ok(RenewalOutcome::StepUsed);
    }
    delete_pending(&mut tx, account).await?;
    pairs::insert_pending(&mut tx, account, pending, event.at).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(RenewalOutcome::Begun)
}

async fn delete_pending(db: &mut PgConnection, account: AccountId) -> Result<(), Fault> {
    sqlx::query("DELETE FROM credential_pairs WHERE account_id = $1 AND role = 'pending'")
        .bind(account.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}
