//! What is counted for the metrics.

use chrono::{DateTime, Duration, Utc};
use data_encoding::HEXLOWER;
use domain::{audit::AuditKind, service::ports::Clock};
use server::{clock::SystemClock, crypto::EnvelopeVault, store::Counts};

use crate::{database::Database, fixtures::*};

contract! {
    an_empty_database_counts_nothing,
    accounts_and_sessions_are_counted_by_their_state,
    a_secret_that_is_no_envelope_is_found,
    req_otp_3_the_database_server_s_clock_is_compared_with_ours,
}

/// A clock that is wrong by so much.
struct Wrong(Duration);

impl Clock for Wrong {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

async fn req_otp_3_the_database_server_s_clock_is_compared_with_ours(db: Database) {
    let store = db.store().await;
    if db.is_sqlite() {
        assert_eq!(store.clock_ahead(&SystemClock).await.unwrap(), None, "a file has no clock");
        return;
    }
    // On one machine both are the same clock, so that half of what the question took is all that differs.
    for hours in [0, 1, -1] {
        let ahead = store.clock_ahead(&Wrong(Duration::hours(hours))).await.unwrap().unwrap();
        let off = ahead + Duration::hours(hours);
        assert!(off.abs() < Duration::minutes(1), "{off}");
    }
}

async fn an_empty_database_counts_nothing(db: Database) {
    let store = db.store().await;
    assert_eq!(store.count(now(), now() - Duration::minutes(30)).await.unwrap(), Counts::default());
    let connections = store.connections();
    assert!(connections.used + connections.idle >= 1, "{connections:?}");
}

async fn accounts_and_sessions_are_counted_by_their_state(db: Database) {
    let store = db.store().await;
    registered(&*store, "reg").await;
    active(&*store, "ada").await;
    let eve = active(&*store, "eve").await;
    renewing(&*store, eve, FIRST_STEP + 1).await;
    let new = session();
    let zoe = active(&*store, "zoe").await;
    let event = zoe.event(AuditKind::SignedIn);
    assert!(store.open_session(zoe.account, zoe.pair, FIRST_STEP + 1, &new, &event).await.unwrap());

    let counted = store.count(now(), now() - Duration::minutes(30)).await.unwrap();
    assert_eq!((counted.registered, counted.active, counted.expired, counted.renewing), (1, 2, 0, 1));
    assert_eq!((counted.sessions_valid, counted.sessions_expired), (4, 0));

    // An end is exclusive, and a session that is over is no session on expired secrets.
    let late = now() + Duration::days(180);
    let counted = store.count(late, late - Duration::minutes(30)).await.unwrap();
    assert_eq!((counted.registered, counted.active, counted.expired, counted.renewing), (0, 0, 2, 1));
    assert_eq!((counted.sessions_valid, counted.sessions_expired), (0, 0));

    db.execute("UPDATE credential_pairs SET valid_until = (SELECT max(created_at) FROM credential_pairs) WHERE role = 'active'").await;
    let counted = store.count(now(), now() - Duration::minutes(30)).await.unwrap();
    assert_eq!((counted.sessions_valid, counted.sessions_expired), (0, 4), "the witness would see it");
}

async fn a_secret_that_is_no_envelope_is_found(db: Database) {
    let store = db.store().await;
    active(&*store, "ada").await;
    let seal = |key: u32| {
        let envelope = format!("{}{}", HEXLOWER.encode(&EnvelopeVault::header(key)), "ab".repeat(40));
        if db.is_sqlite() { format!("x'{envelope}'") } else { format!(r"'\x{envelope}'") }
    };
    store.insert_if_absent(7, &[1; 32], now()).await.unwrap();
    for (password, totp, expected) in [
        (seal(7), seal(7), (2, 0)),
        (seal(7), seal(8), (1, 1)),
        ("'plain text, as nobody should keep it'".to_owned(), seal(7), (1, 1)),
    ] {
        let cast = if db.is_sqlite() { "CAST({} AS BLOB)" } else { "CAST({} AS BYTEA)" };
        let cell = |text: &str| cast.replace("{}", text);
        db.execute(&format!(
            "UPDATE credential_pairs SET password = {}, totp = {}",
            cell(&password),
            cell(&totp)
        ))
        .await;
        let counted = store.count(now(), now()).await.unwrap();
        assert_eq!((counted.sealed, counted.unsealed), expected);
    }
}
