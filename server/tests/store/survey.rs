//! A look at a database tells what there is, and changes nothing.

use std::time::Duration;

use chrono::{TimeDelta, Timelike as _};
use domain::service::ports::{Clock as _, StoreError};
use server::{
    clock::SystemClock,
    store::{self, SchemaState, Survey},
};

use crate::database::Database;

contract! {
    an_empty_database_is_left_empty,
    what_stands_in_a_database_is_told,
}

async fn look(db: &Database) -> Option<Survey> {
    store::survey(&db.url(), &SystemClock, Duration::from_mins(1)).await.unwrap()
}

async fn an_empty_database_is_left_empty(db: Database) {
    if db.is_sqlite() {
        assert!(look(&db).await.is_none());
        assert!(!db.file().exists());
        std::fs::write(db.file(), "").unwrap();
    }
    let seen = look(&db).await.unwrap();
    assert!(matches!(seen.schema, SchemaState::Behind { .. }));
    assert!(seen.keys.is_empty() && !seen.holds_secrets && seen.newest_event.is_none());
    assert_eq!(look(&db).await.unwrap().schema, seen.schema, "nothing was applied");
}

async fn what_stands_in_a_database_is_told(db: Database) {
    let store = db.store().await;
    let now = SystemClock.now().with_nanosecond(0).unwrap();
    store.insert_if_absent(7, &[7; 32], now).await.unwrap();
    for days in [0, 3, 1] {
        let at = now - TimeDelta::days(days);
        let account = domain::id::AccountId::from_bytes([1; 16]);
        let event = domain::audit::AuditEvent { at, account, kind: domain::audit::AuditKind::SignedOut };
        store.record(&event).await.unwrap();
    }
    // While the store is open, and what it wrote is in no file of its own yet.
    let seen = look(&db).await.unwrap();
    assert_eq!(seen.schema, SchemaState::Current);
    assert_eq!((seen.keys[0].key_id, seen.keys[0].fingerprint), (7, [7; 32]));
    assert_eq!(seen.newest_event, Some(now));
    assert!(!seen.holds_secrets);
    assert_eq!(seen.server.is_none(), db.is_sqlite());
    if let Some(server) = seen.server {
        assert!(server.version >= 150_000 && server.ahead.abs() < TimeDelta::seconds(5), "{server:?}");
    }
    store.close().await;
    assert_eq!(look(&db).await.unwrap().newest_event, Some(now));
}

#[tokio::test]
async fn a_log_that_nobody_has_open_is_left_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let url = store::DatabaseUrl::sqlite(folder.path().join("sesame.db"));
    store::migrate(&url).await.unwrap();
    std::fs::write(folder.path().join("sesame.db-wal"), "left by a copy").unwrap();
    let refused = store::survey(&url, &SystemClock, Duration::from_mins(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(why) if why.contains("write-ahead log")));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
