//! Copies of a database file: made while it is in use, checked before they are believed.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt as _, path::Path};

use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::connect_options;
use crate::store::{Fault, OpenError};

/// Writes the database at `path`, as it stands at one moment, into the new file `to`, for its owner
/// only. Nobody is kept from reading or writing meanwhile.
pub(in crate::store) async fn copy(path: &Path, to: &Path) -> Result<(), OpenError> {
    copy_as(&connect_options(path), to).await
}

/// The same of a backup, with what stands in a log beside it. The backup stays as it is, and may be
/// where nothing can be written.
pub(in crate::store) async fn copy_backup(path: &Path, to: &Path) -> Result<(), OpenError> {
    copy_as(&for_reading(path), to).await
}

async fn copy_as(from: &SqliteConnectOptions, to: &Path) -> Result<(), OpenError> {
    let file = |source| OpenError::File { path: to.to_owned(), source };
    // SQLite writes into an empty file, and would make one by the umask.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(file)?;
    let target = to.to_str().ok_or_else(|| file(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    let mut conn = SqliteConnection::connect_with(from).await.map_err(Fault::from)?;
    sqlx::query("VACUUM INTO ?1").bind(target).execute(&mut conn).await.map_err(Fault::from)?;
    conn.close().await.map_err(Fault::from)?;
    OpenOptions::new().read(true).open(to).and_then(|copy| copy.sync_all()).map_err(file)
}

fn for_reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false)
}

/// Whether every page and every reference of the file is as it should be. Changes nothing.
pub(in crate::store) async fn is_sound(path: &Path) -> Result<bool, OpenError> {
    let mut conn = SqliteConnection::connect_with(&for_reading(path)).await.map_err(Fault::from)?;
    let checked: Result<String, _> =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut conn).await;
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut conn).await;
    conn.close().await.map_err(Fault::from)?;
    // A file that is no database at all fails in the asking.
    Ok(checked.is_ok_and(|answer| answer == "ok") && dangling.is_ok_and(|rows| rows.is_empty()))
}

/// Whether another process has the file open.
pub(in crate::store) async fn is_in_use(path: &Path) -> Result<bool, OpenError> {
    // Leaving WAL mode takes the whole file, which is refused while anybody else has it open.
    let options = connect_options(path).busy_timeout(std::time::Duration::ZERO);
    let mut conn = SqliteConnection::connect_with(&options).await.map_err(Fault::from)?;
    let left = sqlx::query_scalar::<_, String>("PRAGMA journal_mode = DELETE").fetch_one(&mut conn).await;
    conn.close().await.map_err(Fault::from)?;
    if left.is_ok_and(|mode| mode == "delete") {
        let back = connect_options(path).journal_mode(SqliteJournalMode::Wal);
        let conn = SqliteConnection::connect_with(&back).await.map_err(Fault::from)?;
        conn.close().await.map_err(Fault::from)?;
        return Ok(false);
    }
    Ok(true)
}
