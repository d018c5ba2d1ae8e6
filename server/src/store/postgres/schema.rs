//! The schema of a `PostgreSQL` database: embedded, and applied by `sesame migrate` only.

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection,
    migrate::{Migrate as _, Migrator},
    postgres::PgConnectOptions,
};

use super::connect;
use crate::store::{
    Fault, OpenError, SchemaState,
    schema::{self, MigrationRow},
};

static EMBEDDED: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long a migration waits to be connected.
const PATIENCE: Duration = Duration::from_secs(10);

/// Applies what the database lacks. An advisory lock keeps others out, who wait and then find
/// nothing left to do; it goes with the connection, however this ends. There is no time limit: a
/// migration may have much to rewrite.
pub(in crate::store) async fn migrate(to: &PgConnectOptions) -> Result<u32, OpenError> {
    let mut conn = connect(&to.clone().application_name("sesame migrate"), PATIENCE).await?;
    conn.lock().await.map_err(Fault::from)?;
    let state = state(&mut conn).await?;
    let applied = schema::apply_pending(&mut conn, state, &EMBEDDED).await?;
    conn.close().await.map_err(Fault::from)?;
    Ok(applied)
}

/// How the database's schema stands to the embedded one.
pub(super) async fn state(db: &mut PgConnection) -> Result<SchemaState, Fault> {
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *db).await?;
    let applied: Vec<MigrationRow> = if exists {
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut *db)
            .await?
    } else {
        Vec::new()
    };
    let applied: Vec<_> = applied.into_iter().map(Into::into).collect();
    Ok(schema::compare(&applied, floor(db).await?, &EMBEDDED))
}

/// The oldest version whose programs still work on this database, if it says so.
async fn floor(db: &mut PgConnection) -> Result<Option<i64>, Fault> {
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('schema_floor') IS NOT NULL").fetch_one(&mut *db).await?;
    if !exists {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT oldest_version FROM schema_floor").fetch_optional(db).await?)
}
