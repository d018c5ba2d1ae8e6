//! Accounts with their pairs, as sign-in sees them.

use domain::{
    id::PairId,
    service::ports::{Account, Sealed},
    username::Username,
};

use super::SqliteStore;
use crate::store::{
    Fault,
    rows::{AccountRow, NOBODY},
};

/// One row, whether there is such an account or not, and the same look-ups: finding nobody must not take
/// less time than finding somebody (REQ-RL-2).
pub(super) async fn find_account(store: &SqliteStore, username: &Username) -> Result<Option<Account>, Fault> {
    let row: AccountRow = sqlx::query_as(
        "SELECT a.id AS account_id, wanted.username, a.lapses_at, a.last_totp_step,
                act.id AS active_id, act.created_at AS active_since, act.password AS active_password, act.totp AS active_totp,
                act.valid_until AS active_until,
                pen.id AS pending_id, pen.created_at AS pending_since, pen.password AS pending_password,
                pen.totp AS pending_totp
         FROM (SELECT ?1 AS username, ?2 AS nobody) wanted
         LEFT JOIN accounts a ON a.username = wanted.username
         LEFT JOIN credential_pairs act
             ON act.account_id = COALESCE(a.id, wanted.nobody) AND act.role = 'active'
         LEFT JOIN credential_pairs pen
             ON pen.account_id = COALESCE(a.id, wanted.nobody) AND pen.role = 'pending'",
    )
    .bind(username.as_str())
    .bind(NOBODY.as_slice())
    .fetch_one(&store.readers)
    .await?;
    row.account()
}

pub(super) async fn replace_password(
    store: &SqliteStore,
    pair: PairId,
    old: &Sealed,
    new: &Sealed,
) -> Result<bool, Fault> {
    let done = sqlx::query("UPDATE credential_pairs SET password = ?3 WHERE id = ?1 AND password = ?2")
        .bind(pair.as_bytes().as_slice())
        .bind(old.0.as_slice())
        .bind(new.0.as_slice())
        .execute(&store.writer)
        .await?;
    Ok(done.rows_affected() == 1)
}
