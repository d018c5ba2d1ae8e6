//! Renewal: a new pair is begun beside the active one, which goes on working.

use domain::{
    audit::AuditEvent,
    id::{AccountId, PairId},
    service::ports::{NewPending, RenewalOutcome},
    token::TokenDigest,
};

use super::{SqliteStore, audit, pairs, sessions, steps};
use crate::store::Fault;

pub(super) async fn begin_renewal(
    store: &SqliteStore,
    account: AccountId,
    pair: PairId,
    step: u64,
    pending: &NewPending,
    by: Option<&TokenDigest>,
    event: &AuditEvent,
) -> Result<RenewalOutcome, Fault> {
    let mut tx = store.begin().await?;
    if !steps::consume(&mut tx, account, step, None).await?
        || !pairs::is_active(&mut tx, account, pair).await?
    {
        return Ok(RenewalOutcome::StepUsed);
    }
    // Whoever closes sessions drops a renewal, too: before this, or after the commit.
    if let Some(by) = by
        && sessions::account_of(&mut tx, by).await? != Some(account)
    {
        return Ok(RenewalOutcome::SessionOver);
    }
    pairs::delete_pending(&mut tx, account).await?;
    pairs::insert_pending(&mut tx, account, pending, event.at).await?;
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(RenewalOutcome::Begun)
}
