//! The store in a `PostgreSQL` database (15 or newer) that several replicas share.
//!
//! `READ COMMITTED` is enough, because no decision rests on a row that was merely read:
//!
//! - What guards single use is the `WHERE` of one `UPDATE`. When two meet, the second waits for the
//!   first and then has its condition checked again on the row as the first left it.
//! - That second look covers only the row that is updated, **not** the sub-queries beside it.
//!   A decision about several rows therefore locks them first and looks afterwards, by a statement
//!   of its own, which sees everything committed until then.
//!
//! **Lock order**: a transaction that takes more than one row lock takes the account's first, then
//! the account's pairs, then its sessions, and the end of the audit trail last; every other transaction
//! takes one row lock, or does not wait for those that are taken. So nobody waits in a circle, and nobody
//! keeps all who write events waiting while they wait themselves. What has no row to wait on yet, a free name or a fresh throttle lane, queues at
//! an advisory lock before all this.
//!
//! `synchronous_commit` is left as the server has it: only its owner knows whether to wait for a
//! standby. With `off`, an acknowledged step may be lost when the server crashes.

mod account_store;
mod accounts;
mod activation;
mod audit;
mod census;
mod clock;
mod desk;
mod enrolment;
mod health;
mod keys;
mod pairs;
mod purge;
mod registration;
mod renewal;
mod schema;
mod sessions;
mod steps;
mod survey;
mod throttle;

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(super) use self::{schema::migrate, survey::survey};
use super::{Fault, OpenError, SchemaState, StoreOptions};

/// A store in one database.
#[derive(Debug)]
pub(super) struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects, and refuses a schema that is not current.
    pub(super) async fn open(to: &PgConnectOptions, options: StoreOptions) -> Result<Self, OpenError> {
        let to = with_timeouts(to, options.statement_timeout);
        // By hand first: a pool would try again and again, and tell nothing but that it gave up.
        let mut conn = connect(&to, options.acquire_timeout).await?;
        let state = schema::state(&mut conn).await?;
        conn.close().await.map_err(Fault::from)?;
        if state != SchemaState::Current {
            return Err(OpenError::Schema(state));
        }
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // A server that went away without a word never answers. Whoever waited has given up, and the
            // connection must not keep its place in the pool for as long as TCP keeps hoping.
            .after_release(move |connection, _| {
                Box::pin(async move {
                    tokio::time::timeout(options.acquire_timeout, connection.ping())
                        .await
                        .unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
                    Ok(true)
                })
            })
            .connect_lazy_with(to);
        Ok(Self { pool })
    }

    /// Begins a transaction. Dropped without `commit`, it rolls back.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, Fault> {
        Ok(self.pool.begin().await?)
    }
}

/// One connection, or an answer in time.
async fn connect(to: &PgConnectOptions, patience: Duration) -> Result<PgConnection, Fault> {
    match tokio::time::timeout(patience, PgConnection::connect_with(to)).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

/// `to` with a limit on every wait, and the isolation that this module reasons with.
fn with_timeouts(to: &PgConnectOptions, limit: Duration) -> PgConnectOptions {
    let limit = format!("{}ms", limit.as_millis());
    to.clone().application_name("sesame").options([
        ("statement_timeout", limit.as_str()),
        ("lock_timeout", limit.as_str()),
        ("idle_in_transaction_session_timeout", limit.as_str()),
        ("default_transaction_isolation", "read committed"),
    ])
}
