//! What happens when the database is away, locked or read-only, and when a caller goes away.

use std::time::{Duration, Instant};

use domain::service::ports::{Registration, StoreError};
use server::store::{self, DatabaseUrl, OpenError, StoreOptions};
use sqlx::Connection as _;

use crate::{database::Database, fixtures::*};

contract! {
    a_closed_store_is_unavailable,
    a_lock_that_is_not_released_makes_a_write_unavailable_in_time,
    a_caller_that_goes_away_leaves_no_transaction_open,
}

/// Limits that a test can wait for.
fn impatient() -> StoreOptions {
    StoreOptions {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(2),
        statement_timeout: Duration::from_millis(200),
    }
}

async fn a_closed_store_is_unavailable(db: Database) {
    let store = db.store().await;
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.find_account(&name("ada")).await, Err(StoreError::Unavailable(_))));
}

async fn a_lock_that_is_not_released_makes_a_write_unavailable_in_time(db: Database) {
    db.store().await;
    let store = db.open_with(impatient()).await.unwrap();
    let started = Instant::now();
    let refused = if db.is_sqlite() {
        let mut other = db.sqlite().await;
        let _held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        store.register(&registration("ada"), &event_of_nobody()).await
    } else {
        let mut other = sqlx::PgConnection::connect(&db.postgres_url()).await.unwrap();
        let mut held = other.begin().await.unwrap();
        sqlx::raw_sql("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
        store.register(&registration("ada"), &event_of_nobody()).await
    };
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    // The lock is gone with its connection.
    assert_eq!(register(&*db.open().await.unwrap(), &registration("ada")).await, Registration::Stored);
}

fn event_of_nobody() -> domain::audit::AuditEvent {
    event(domain::audit::AuditKind::Registered, account_id())
}

async fn a_caller_that_goes_away_leaves_no_transaction_open(db: Database) {
    let store = db.store().await;
    for round in 0..60 {
        let calling = store.clone();
        let call = tokio::spawn(async move {
            let new = registration("ada");
            calling.register(&new, &event(domain::audit::AuditKind::Registered, new.account)).await
        });
        // Polled a few times, then dropped: at another point in each round.
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        call.abort();
    }
    assert_eq!(register(&*store, &registration("ada")).await, Registration::Stored);
    assert_eq!(db.count("accounts").await, 1);
    assert_eq!(db.count("credential_pairs").await, 1);
    // Each event stands with its registration or not at all; the last account is the last event's.
    let account = find(&*store, "ada").await.id;
    let head = store.ends().await.unwrap().head;
    let (last, _) = store.entries(head.number - 1, 1).await.unwrap().remove(0);
    assert_eq!(store.entries_about(account).await.unwrap(), [last]);
}

#[tokio::test]
async fn a_postgres_that_is_down_is_unavailable_quickly() {
    // A port that was free a moment ago, and that nobody else is given while we hold no socket.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url: DatabaseUrl = format!("postgres://app:s3cret@127.0.0.1:{port}/sesame").parse().unwrap();
    let started = Instant::now();
    let refused = store::open(&url, StoreOptions::default()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("s3cret"));
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_read_only_sqlite_file_is_unavailable() {
    use std::os::unix::fs::FileExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sesame.db");
    let url = DatabaseUrl::sqlite(&file);
    store::open(&url, StoreOptions::default()).await.unwrap().close().await;
    // Root writes where the mode forbids it. A write version from the future (byte 18 of the
    // header) makes SQLite open a file read-only, whoever asks.
    let header = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    header.write_all_at(&[3], 18).unwrap();
    let refused = store::open(&url, impatient()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Store(StoreError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_sqlite_file_whose_wal_cannot_be_written_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(folder.path().join("sesame.db"));
    store::open(&url, StoreOptions::default()).await.unwrap().close().await;
    std::fs::create_dir(folder.path().join("sesame.db-wal")).unwrap();
    let refused = store::open(&url, impatient()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Store(StoreError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sesame.db");
    std::fs::write(&file, "this is a text, and a long one, but no database".repeat(40)).unwrap();
    let refused = store::open(&DatabaseUrl::sqlite(&file), impatient()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Store(StoreError::Broken(_))), "{refused:?}");
}
