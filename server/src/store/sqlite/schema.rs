//! The schema of a `SQLite` file: embedded, and applied whenever the file is opened, because its
//! only user is the program that opens it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

use super::{connect_options, file};
use crate::store::{
    Fault, OpenError, SchemaState,
    schema::{self, MigrationRow},
};

static EMBEDDED: Migrator = sqlx::migrate!("../migrations/sqlite");

/// How long two programs that open one file wait for one another's migration.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long before another look.
const PAUSE: Duration = Duration::from_millis(10);

/// Creates the file if it is missing and applies what it lacks, all in one transaction: whoever
/// comes at the same time waits, and a migration that fails leaves the schema as it was.
pub(in crate::store) async fn migrate(path: &Path) -> Result<u32, OpenError> {
    file::create_if_missing(path)?;
    let mut conn = connect(&connect_options(path).busy_timeout(PATIENCE)).await?;
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(Fault::from)?;
    let state = state(&mut tx).await?;
    let applied = schema::apply_pending(&mut *tx, state, &EMBEDDED).await?;
    prove_writable(&mut tx).await.map_err(Fault::from)?;
    tx.commit().await.map_err(Fault::from)?;
    conn.close().await.map_err(Fault::from)?;
    Ok(applied)
}

/// Connects, and waits while others do what one does first: turning a new file into one with a
/// write-ahead log takes a lock for which `SQLite` itself does not wait.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, Fault> {
    let end = Instant::now() + PATIENCE;
    loop {
        match SqliteConnection::connect_with(options).await {
            Err(error) if is_busy(&error) && Instant::now() < end => tokio::time::sleep(PAUSE).await,
            connected => return Ok(connected?),
        }
    }
}

/// `SQLITE_BUSY` or one of its extended codes.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// Fails on a read-only file. `BEGIN IMMEDIATE` does not: it would be found out by the first user.
pub(super) async fn prove_writable(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version < 0").execute(db).await?;
    Ok(())
}

/// How the file's schema stands to the embedded one.
pub(super) async fn state(db: &mut SqliteConnection) -> Result<SchemaState, Fault> {
    let applied: Vec<MigrationRow> = if has_table(db, "_sqlx_migrations").await? {
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *db)
            .await?
    } else {
        Vec::new()
    };
    let applied: Vec<_> = applied.into_iter().map(Into::into).collect();
    Ok(schema::compare(&applied, floor(db).await?, &EMBEDDED))
}

/// The oldest version whose programs still work on this file, if it says so.
async fn floor(db: &mut SqliteConnection) -> Result<Option<i64>, Fault> {
    if !has_table(db, "schema_floor").await? {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT oldest_version FROM schema_floor").fetch_optional(db).await?)
}

pub(super) async fn has_table(db: &mut SqliteConnection, name: &str) -> Result<bool, Fault> {
    let found =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)");
    Ok(found.bind(name).fetch_one(db).await?)
}
