//! A look that changes nothing.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{keys, schema};
use crate::crypto::EnvelopeVault;
use crate::store::{Fault, Survey, stamp::Stamp, survey::LATEST_EVENTS};

pub(in crate::store) async fn survey(path: &Path, patience: Duration) -> Result<Survey, Fault> {
    let options = SqliteConnectOptions::new()
        .filename(address(path)?)
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(patience / 2);
    let mut db = SqliteConnection::connect_with(&options).await?;
    let mut seen = Survey {
        schema: schema::state(&mut db).await?,
        keys: Vec::new(),
        holds_secrets: false,
        holds_unbound: false,
        newest_event: None,
        server: None,
    };
    // The first migration makes both tables.
    if schema::has_table(&mut db, "key_fingerprints").await? {
        seen.keys = keys::list(&mut db).await?;
        seen.holds_secrets = keys::holds_secrets(&mut db).await?;
        seen.holds_unbound = keys::holds_sealed(&mut db, &EnvelopeVault::UNBOUND).await?;
    }
    if schema::has_table(&mut db, "audit_trail").await? {
        let newest: Option<Stamp> = sqlx::query_scalar(
            "SELECT max(at) FROM (SELECT at FROM audit_trail ORDER BY number DESC LIMIT ?1)",
        )
        .bind(LATEST_EVENTS)
        .fetch_one(&mut db)
        .await?;
        seen.newest_event = newest.map(Into::into);
    }
    db.close().await?;
    Ok(seen)
}

/// The file as a URI that has `SQLite` make nothing beside it. A reader would make the files of the
/// WAL and leave them: where nobody writes there is no WAL, and the file is taken as it stands;
/// where somebody does, the shared memory they made is read, not written.
fn address(path: &Path) -> Result<String, Fault> {
    let has_wal = beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0);
    if has_wal && !beside(path, "-shm").exists() {
        let why = "a write-ahead log stands beside it that only the next start folds in";
        return Err(sqlx::Error::Io(std::io::Error::other(why)).into());
    }
    let how = if has_wal { "readonly_shm=1" } else { "immutable=1" };
    Ok(format!("file:{}?{how}", percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC)))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
