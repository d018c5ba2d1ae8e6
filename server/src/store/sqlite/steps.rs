//! TOTP time steps: each is accepted once for an account, and none before one that was accepted.

use chrono::{DateTime, Utc};
use domain::id::AccountId;
use sqlx::SqliteConnection;

use crate::store::{Fault, bind, stamp::Stamp};

/// Consumes `step`, and notes the sign-in when it opens a session. `false` when the step, or a
/// later one, was accepted before.
pub(super) async fn consume(
    db: &mut SqliteConnection,
    account: AccountId,
    step: u64,
    signed_in_at: Option<DateTime<Utc>>,
) -> Result<bool, Fault> {
    let done = sqlx::query(
        "UPDATE accounts SET last_totp_step = ?2, last_sign_in_at = coalesce(?3, last_sign_in_at)
         WHERE id = ?1 AND (last_totp_step IS NULL OR last_totp_step < ?2)",
    )
    .bind(account.as_bytes().as_slice())
    .bind(bind::step(step)?)
    .bind(signed_in_at.map(Stamp::from))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
