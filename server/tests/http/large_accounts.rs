//! Somebody with ten thousand events and a thousand sessions gets what is kept about them in seconds, and
//! is gone within a minute. The seconds are the requirement's; here it takes a small part of them.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{service::ports::Clock as _, username::Username};
use server::store::{Act, check};

use crate::{app::TestApp, database::Database, person::Person};

const EVENTS: usize = 10_000;
const SESSIONS: usize = 1_000;

/// An account that has been busy for years, with a session that works.
async fn busy(app: &TestApp, database: &Database) -> String {
    let (_, session) = Person::enrol(app, "alice").await;
    Person::enrol(app, "bob").await;
    let (now, token) = if database.is_sqlite() {
        ("unixepoch() * 1000000", "randomblob(32)")
    } else {
        ("now()", "sha256(n::text::bytea)")
    };
    let later = if database.is_sqlite() { "+ 1000000" } else { "+ interval '1 second'" };
    let alice = "(SELECT id FROM accounts WHERE username = 'alice')";
    let numbers = |to: usize| {
        format!("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {to})")
    };
    // As a program of before the trail wrote them; the store moves them there, each chained to the last.
    let events = numbers(EVENTS);
    database
        .execute(&format!(
            "{events} INSERT INTO audit_events (at, account_id, kind) SELECT {now}, {alice}, 'signed_in' FROM numbers"
        ))
        .await;
    while app.store.adopt_batch().await.unwrap() > 0 {}
    let sessions = numbers(SESSIONS);
    database
        .execute(&format!(
            "{sessions} INSERT INTO sessions (token_digest, account_id, created_at, last_seen_at, expires_at, tries_left)
             SELECT {token}, {alice}, {now}, {now}, {now} {later}, 5 FROM numbers"
        ))
        .await;
    session
}

async fn req_gdpr_15_20_ten_thousand_events_are_handed_out_within_five_seconds(database: Database) {
    let app = TestApp::on(&database).await;
    let session = busy(&app, &database).await;
    let begun = Instant::now();
    let request = Request::get("/compte/donnees").header(header::COOKIE, format!("sesame={session}"));
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    let took = begun.elapsed();
    let dossier = answer.json();
    let (events, sessions) = (dossier["events"].as_array().unwrap(), dossier["sessions"].as_array().unwrap());
    println!("{} events and {} sessions handed out in {took:?}", events.len(), sessions.len());
    assert_eq!((events.len(), sessions.len()), (EVENTS + 4, SESSIONS + 1));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

async fn req_gdpr_17_somebody_with_ten_thousand_events_is_deleted_within_a_minute(database: Database) {
    let app = TestApp::on(&database).await;
    busy(&app, &database).await;
    let alice = Username::parse("alice").unwrap();
    let begun = Instant::now();
    assert!(app.store.perform(&alice, Act::Delete, app.clock.now()).await.unwrap());
    let took = begun.elapsed();
    println!("{EVENTS} events and {SESSIONS} sessions parted from their person in {took:?}");
    assert!(took < Duration::from_mins(1), "{took:?}");
    assert_eq!(app.store.person(&alice).await.unwrap(), None);
    for (table, of_bob) in [("accounts", 1), ("credential_pairs", 1), ("sessions", 1), ("pseudonyms", 1)] {
        assert_eq!(database.count(table).await, of_bob, "{table}");
    }
    let checked = check(&*app.store, None).await.unwrap();
    assert_eq!(checked.ends.head.number, EVENTS as u64 + 9, "the trail is whole");
}

contract!(
    req_gdpr_15_20_ten_thousand_events_are_handed_out_within_five_seconds,
    req_gdpr_17_somebody_with_ten_thousand_events_is_deleted_within_a_minute,
);
