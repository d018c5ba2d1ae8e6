//! A look that changes nothing.

use std::time::Duration;

use domain::service::ports::Clock;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{connect, keys, schema, with_timeouts};
use crate::crypto::EnvelopeVault;
use crate::store::{
    Fault, Survey,
    stamp::Stamp,
    survey::{LATEST_EVENTS, Server},
};

pub(in crate::store) async fn survey(
    to: &PgConnectOptions,
    clock: &dyn Clock,
    patience: Duration,
) -> Result<Survey, Fault> {
    let to = with_timeouts(to, patience).options([("default_transaction_read_only", "on")]);
    let mut db = connect(&to, patience).await?;
    let mut seen = Survey {
        schema: schema::state(&mut db).await?,
        keys: Vec::new(),
        holds_secrets: false,
        holds_unbound: false,
        newest_event: None,
        server: Some(server(&mut db, clock).await?),
    };
    // The first migration makes both tables.
    let has_tables = "SELECT to_regclass('key_fingerprints') IS NOT NULL";
    if sqlx::query_scalar(has_tables).fetch_one(&mut db).await? {
        seen.keys = keys::list(&mut db).await?;
        seen.holds_secrets = keys::holds_secrets(&mut db).await?;
        seen.holds_unbound = keys::holds_sealed(&mut db, &EnvelopeVault::UNBOUND).await?;
    }
    let has_trail = "SELECT to_regclass('audit_trail') IS NOT NULL";
    if sqlx::query_scalar(has_trail).fetch_one(&mut db).await? {
        let newest: Option<Stamp> = sqlx::query_scalar(
            "SELECT max(at) FROM (SELECT at FROM audit_trail ORDER BY number DESC LIMIT $1) latest",
        )
        .bind(i64::from(LATEST_EVENTS))
        .fetch_one(&mut db)
        .await?;
        seen.newest_event = newest.map(Into::into);
    }
    db.close().await?;
    Ok(seen)
}

async fn server(db: &mut PgConnection, clock: &dyn Clock) -> Result<Server, Fault> {
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut *db).await?;
    Ok(Server { version: version.unsigned_abs(), ahead: super::clock::ahead(db, clock).await? })
}
