//! The store in one `SQLite` file, for a service that is a single process.
//!
//! Every write goes through **one connection** and begins with `BEGIN IMMEDIATE`: writers follow
//! one another in a queue of ours, each sees all that was committed before it, and `SQLITE_BUSY` is
//! left to other processes (a backup, the CLI), for which `busy_timeout` waits. Reads have their own
//! connections: in WAL mode they neither wait for the writer nor stop it, and may not write.
//! `synchronous = FULL`: what was acknowledged survives `kill -9` and a power cut.
//!
//! A statement that returns rows is always run inside a transaction. Left to itself it would commit
//! when it is reset, which is after its rows were handed over and where no error is seen any more.

mod account_store;
mod accounts;
mod activation;
mod audit;
pub(super) mod backup;
mod census;
mod desk;
mod enrolment;
mod file;
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

use std::path::Path;

use sqlx::{
    Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(super) use self::{schema::migrate, survey::survey};
use super::{Fault, OpenError, StoreOptions};

/// A store in one file.
#[derive(Debug)]
pub(super) struct SqliteStore {
    /// The one connection that writes.
    writer: SqlitePool,
    /// Connections that read.
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, creating and migrating it as needed.
    pub(super) async fn open(path: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        migrate(path).await?;
        let connect = connect_options(path).busy_timeout(options.statement_timeout);
        Ok(Self::connect(connect, options).await?)
    }

    /// Connects to a file whose schema is current.
    async fn connect(connect: SqliteConnectOptions, options: StoreOptions) -> Result<Self, Fault> {
        // A connection to a file does not grow stale: it is replaced only when it lost count of
        // its transactions, as it does when the disk is full and SQLite rolls back by itself.
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .before_acquire(|connection, _| {
                Box::pin(async move {
                    // Behind the rollback that a dropped transaction may have queued.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            });
        let writer = pool
            .clone()
            .max_connections(1)
            // A file that cannot be written to is opened for reading alone, for as long as the connection
            // lasts, which is for ever. One that cannot write is none.
            .after_connect(|connection, _| Box::pin(try_to_write(connection)))
            .connect_with(connect.clone())
            .await?;
        let readers = pool
            .max_connections(options.max_connections)
            .connect_with(connect.pragma("query_only", "ON"))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction that may write; nobody else writes until it ends. Dropped without
    /// `commit`, it rolls back.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Begins to write and leaves it at that.
async fn try_to_write(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    schema::prove_writable(&mut tx).await?;
    tx.rollback().await
}

/// How every connection to the file is set up.
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What was deleted is overwritten, not only forgotten.
        .pragma("secure_delete", "ON")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::service::ports::StoreError;

    use super::*;

    #[tokio::test]
    async fn req_err_1_a_writer_that_was_opened_for_reading_alone_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sesame.db");
        migrate(&file).await.unwrap();
        // What SQLite falls back to, without a word, where the file cannot be written just then.
        let connect = connect_options(&file).read_only(true);
        let mut connection = SqliteConnection::connect_with(&connect).await.unwrap();
        connection.begin_with("BEGIN IMMEDIATE").await.unwrap().rollback().await.unwrap();

        let options = StoreOptions { acquire_timeout: Duration::from_millis(100), ..StoreOptions::default() };
        let refused = SqliteStore::connect(connect, options).await.unwrap_err();
        assert!(matches!(StoreError::from(refused), StoreError::Unavailable(_)));
    }
}
