//! What a purge deletes, and what it must not.

use chrono::Duration;
use domain::{
    audit::{AuditEvent, AuditKind},
    throttle::{LaneKey, LaneState, Verdict},
};

use crate::{database::Database, fixtures::*};

contract! {
    a_purge_deletes_what_is_over_and_nothing_else,
    a_purge_deletes_more_than_one_batch,
    parallel_purges_share_the_work,
    events_outlive_the_account_they_tell_of,
    every_kind_of_event_is_recorded,
}

async fn a_purge_deletes_what_is_over_and_nothing_else(db: Database) {
    let store = db.store().await;
    registered(&*store, "lapsed").await;
    let mut later = registration("later");
    later.lapses_at = lapse() + instant();
    register(&*store, &later).await;
    let used = active(&*store, "used").await;
    let idle = active(&*store, "idle").await;
    let over = active(&*store, "over").await;
    let idle_since = lapse() - Duration::minutes(30);
    store.touch_session(&used.session, idle_since).await.unwrap();
    store.touch_session(&idle.session, idle_since - instant()).await.unwrap();
    store.touch_session(&over.session, lapse()).await.unwrap();
    // The fixtures' sessions end before the registrations lapse: let two of them live on.
    db.execute(if db.is_sqlite() {
        "UPDATE sessions SET expires_at = expires_at + 86400000000"
    } else {
        "UPDATE sessions SET expires_at = expires_at + interval '1 day'"
    })
    .await;
    let (old, fresh) = (LaneKey::sign_in(&name("old")), LaneKey::sign_in(&name("fresh")));
    let admit = |until| move |_: Option<LaneState>| Verdict::Admit(LaneState { failures: 1, until });
    store.apply(&old, &admit(idle_since - instant())).await.unwrap();
    store.apply(&fresh, &admit(idle_since)).await.unwrap();

    // lapsed, idle's session, old
    assert_eq!(store.purge(lapse(), idle_since, idle_since).await.unwrap(), 3);
    assert_eq!(store.find_account(&name("lapsed")).await.unwrap(), None);
    assert!(store.find_account(&name("later")).await.unwrap().is_some());
    assert_eq!(store.find_session(&idle.session).await.unwrap(), None);
    assert!(store.find_session(&used.session).await.unwrap().is_some());
    assert!(store.find_session(&over.session).await.unwrap().is_some());
    assert_eq!(db.count("throttle_lanes").await, 1);
    assert_eq!(db.count("accounts").await, 4);

    // At its end, a session is over however recently it was used.
    let end = now() + Duration::hours(36);
    assert_eq!(store.purge(end, idle_since, idle_since).await.unwrap(), 3);
    assert_eq!(db.count("sessions").await, 0);
    assert_eq!(db.count("accounts").await, 3);
}

/// Lapsed registrations, more than two batches of them.
const MANY: i64 = 2_300;

async fn fill(db: &Database) {
    let insert = "INSERT INTO accounts (id, username, origin, registered_at, lapses_at)";
    db.execute(&if db.is_sqlite() {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
             {insert} SELECT randomblob(16), 'user' || i, 'self', 0, 1 FROM n"
        )
    } else {
        format!(
            "{insert} SELECT decode(md5(i::text), 'hex'), 'user' || i, 'self', 'epoch',
                             timestamptz 'epoch' + interval '1 second'
             FROM generate_series(1, {MANY}) i"
        )
    })
    .await;
}

async fn a_purge_deletes_more_than_one_batch(db: Database) {
    let store = db.store().await;
    fill(&db).await;
    let deleted = store.purge(now(), now(), now()).await.unwrap();
    assert_eq!(i64::try_from(deleted).unwrap(), MANY);
    assert_eq!(db.count("accounts").await, 0);
}

async fn parallel_purges_share_the_work(db: Database) {
    let store = db.store().await;
    fill(&db).await;
    let stores = [store.clone(), db.store().await];
    let deleted = at_once(&stores, 4, |store| async move { store.purge(now(), now(), now()).await.unwrap() });
    let deleted: u64 = deleted.await.into_iter().sum();
    let rest = store.purge(now(), now(), now()).await.unwrap();
    assert_eq!(i64::try_from(deleted + rest).unwrap(), MANY);
    assert_eq!(db.count("accounts").await, 0);
}

async fn events_outlive_the_account_they_tell_of(db: Database) {
    let store = db.store().await;
    registered(&*store, "ada").await;
    store.purge(lapse(), now(), now()).await.unwrap();
    assert_eq!(db.count("accounts").await, 0);
    assert_eq!(db.events("registered").await, 1);
}

async fn every_kind_of_event_is_recorded(db: Database) {
    let store = db.store().await;
    for kind in AuditKind::ALL {
        store.record(&AuditEvent { at: now(), account: account_id(), kind }).await.unwrap();
        assert_eq!(db.events(kind.as_str()).await, 1);
    }
}
