//! What went wrong, before it is told to the rest of the program, and the one table that decides
//! whether another try may help.
//!
//! The text that ends up in a [`StoreError`] is for the log only. It is the database's primary
//! message, which names tables and constraints but holds no bound value and no password.

use domain::service::ports::StoreError;
use sqlx::{error::DatabaseError, migrate::MigrateError, postgres::PgDatabaseError, sqlite::SqliteError};

/// A failed call, inside this module.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver or the database refused.
    Sql(sqlx::Error),
    /// A row does not make sense.
    Row(&'static str),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<MigrateError> for Fault {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::Sql(error),
            other => Self::Sql(other.into()),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Row(what) => Self::Broken(what.to_owned()),
            Fault::Sql(error) if may_pass(&error) => Self::Unavailable(error.to_string()),
            Fault::Sql(error) => Self::Broken(error.to_string()),
        }
    }
}

/// Whether another try may succeed without anybody changing the program or the data.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        // A connection that ended in the middle of a word, as one does behind a proxy.
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => database_may_pass(error.as_ref()),
        _ => false,
    }
}

fn database_may_pass(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return postgres_may_pass(error.code());
    }
    error.try_downcast_ref::<SqliteError>().and_then(DatabaseError::code).is_some_and(|code| {
        let code = code.parse().unwrap_or(0);
        sqlite_may_pass(code)
    })
}

/// `PostgreSQL` error codes, appendix A of its manual: whole classes by their first two characters.
fn postgres_may_pass(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    // 08 connection, 28 authorisation, 3D no such database, 40 deadlock and serialisation,
    // 53 resources (disk full, too many connections), 57 operator (shutdown, timeout), 58 system.
    matches!(class, "08" | "28" | "3D" | "40" | "53" | "57" | "58")
        // read-only transaction (a standby, or a full disk's fence), idle too long, lock timeout
        || matches!(code, "25006" | "25P03" | "55P03")
}

/// `SQLite` result codes, <https://www.sqlite.org/rescode.html>: the primary one is the low byte.
const fn sqlite_may_pass(extended: i32) -> bool {
    matches!(
        extended & 0xff,
        3 // PERM
        | 5 // BUSY
        | 6 // LOCKED
        | 7 // NOMEM
        | 8 // READONLY
        | 9 // INTERRUPT
        | 10 // IOERR
        | 13 // FULL
        | 14 // CANTOPEN
        | 15 // PROTOCOL: too many processes race for the WAL lock
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_away_full_busy_or_read_only_may_come_back() {
        for code in ["08006", "25006", "28P01", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01"]
        {
            assert!(postgres_may_pass(code), "{code}");
        }
        // Extended codes count as their primary one: BUSY_SNAPSHOT, READONLY_DBMOVED, IOERR_FSYNC.
        for code in [5, 13, 14, 517, 1032, 1034] {
            assert!(sqlite_may_pass(code), "{code}");
        }
    }

    #[test]
    fn a_statement_that_can_never_succeed_is_broken() {
        for code in ["23505", "23514", "42P01", "42703", "22P02", "XX001", ""] {
            assert!(!postgres_may_pass(code), "{code}");
        }
        // ERROR, CORRUPT, CONSTRAINT_UNIQUE, NOTADB.
        for code in [1, 11, 2067, 26] {
            assert!(!sqlite_may_pass(code), "{code}");
        }
    }
}
