//! The audit trail: one chain, whoever writes, and what a look over it finds.

use chrono::{DateTime, Duration, Utc};
use domain::{
    audit::{AuditEvent, AuditKind},
    trail::{Broken, Head, Link},
};
use server::store::{CheckError, Checked, Fate, Store, Told, check, latest};

use crate::{database::Database, fixtures::*};

contract! {
    a_new_database_has_a_whole_trail_of_nothing,
    every_change_is_chained_to_the_one_before,
    parallel_writers_make_one_chain,
    what_was_changed_behind_the_store_is_found,
    a_head_that_was_told_is_passed_through_or_missed,
    a_head_that_is_gone_is_judged_by_when_it_happened,
    what_is_old_enough_goes_and_the_rest_still_verifies,
    a_check_holds_while_events_come_and_go,
    events_of_an_older_program_are_moved_into_the_trail,
    movers_at_the_same_time_move_each_event_once,
}

async fn whole(store: &dyn Store) -> Checked {
    check(store, None).await.unwrap()
}

async fn broken(store: &dyn Store) -> Broken {
    match check(store, None).await {
        Err(CheckError::Broken(broken)) => broken,
        other => panic!("{other:?}"),
    }
}

async fn record(store: &dyn Store, kind: AuditKind, at: DateTime<Utc>) {
    store.record(&AuditEvent { at, account: account_id(), kind }).await.unwrap();
}

async fn a_new_database_has_a_whole_trail_of_nothing(db: Database) {
    let checked = whole(&*db.store().await).await;
    assert_eq!((checked.ends.base, checked.ends.head), (Head::ORIGIN, Head::ORIGIN));
    assert_eq!(checked.since, None);
}

async fn every_change_is_chained_to_the_one_before(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let bob = registered(&*store, "bob").await;
    store.close_session(&ada.session, &ada.event(AuditKind::SignedOut)).await.unwrap();
    let checked = whole(&*store).await;
    let head = checked.ends.head;
    assert_eq!(i64::try_from(head.number).unwrap(), db.count("audit_trail").await);
    assert_eq!(checked.since, Some(now()));

    let kinds = |entries: Vec<domain::trail::Entry>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.kind).collect()
    };
    let of_ada = kinds(store.entries_about(ada.account).await.unwrap());
    assert_eq!(of_ada.first().map(String::as_str), Some("registered"));
    assert_eq!(of_ada.last().map(String::as_str), Some("signed_out"));
    assert_eq!(kinds(store.entries_about(bob.account).await.unwrap()), ["registered"]);
    assert_eq!(store.entries_about(account_id()).await.unwrap(), []);
    // Nobody's identity stands in it.
    let ids = db.count("audit_trail t JOIN accounts a ON a.id = t.subject").await;
    assert_eq!(ids, 0);
}

async fn parallel_writers_make_one_chain(db: Database) {
    let stores = [db.store().await, db.open().await.unwrap()];
    let tasks: Vec<_> = (0..100)
        .map(|i| {
            let store = stores[i % 2].clone();
            tokio::spawn(async move {
                if i % 5 == 0 {
                    register(&*store, &registration(&format!("user{i}"))).await;
                } else {
                    record(&*store, AuditKind::SignedIn, now()).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(whole(&*stores[0]).await.ends.head.number, 100);
}

/// Five events, of which something is then done to the third or the last.
async fn what_was_changed_behind_the_store_is_found(db: Database) {
    let store = db.store().await;
    for _ in 0..5 {
        record(&*store, AuditKind::SignedIn, now()).await;
    }
    let told = whole(&*store).await.ends.head;
    let instant = if db.is_sqlite() { "at + 1" } else { "at + interval '1 microsecond'" };
    let back = if db.is_sqlite() { "at - 1" } else { "at - interval '1 microsecond'" };
    let zeros = if db.is_sqlite() { "zeroblob(32)" } else { r"decode(repeat('00', 32), 'hex')" };
    let changes = [
        ("kind = 'signed_out'".to_owned(), "kind = 'signed_in'".to_owned()),
        (format!("at = {instant}"), format!("at = {back}")),
    ];
    for (there, back) in changes {
        db.execute(&format!("UPDATE audit_trail SET {there} WHERE number = 3")).await;
        assert_eq!(broken(&*store).await, Broken::Changed { number: 3 });
        db.execute(&format!("UPDATE audit_trail SET {back} WHERE number = 3")).await;
        whole(&*store).await;
    }
    db.execute("CREATE TABLE aside AS SELECT * FROM audit_trail").await;
    for gone in [3, 5] {
        db.execute(&format!("DELETE FROM audit_trail WHERE number = {gone}")).await;
        assert_eq!(broken(&*store).await, Broken::Missing { number: gone });
        db.execute(&format!("INSERT INTO audit_trail SELECT * FROM aside WHERE number = {gone}")).await;
        whole(&*store).await;
    }
    // One more, behind the newest, that the ends do not know: the next event collides with it.
    db.execute(&format!(
        "INSERT INTO audit_trail (number, at, subject, kind, hash)
         SELECT 6, at, subject, kind, {zeros} FROM aside WHERE number = 5"
    ))
    .await;
    assert!(store.record(&event(AuditKind::SignedIn, account_id())).await.is_err());
    db.execute("DELETE FROM audit_trail WHERE number = 6").await;
    // The last one gone, and the head put back as if it had never been.
    db.execute("DELETE FROM audit_trail WHERE number = 5").await;
    db.execute(
        "UPDATE audit_trail_ends SET head_number = 4, head_hash = (SELECT hash FROM aside WHERE number = 4)",
    )
    .await;
    assert_eq!(whole(&*store).await.ends.head.number, 4);
    assert_eq!(check(&*store, Some(told)).await.unwrap().passes, Some(false));
    db.execute(&format!("UPDATE audit_trail_ends SET head_hash = {zeros}")).await;
    assert_eq!(broken(&*store).await, Broken::Head { number: 4 });
}

async fn a_head_that_was_told_is_passed_through_or_missed(db: Database) {
    let store = db.store().await;
    let mut told = vec![Head::ORIGIN];
    for _ in 0..4 {
        record(&*store, AuditKind::SignedIn, now()).await;
        told.push(store.ends().await.unwrap().head);
    }
    for head in &told {
        assert_eq!(check(&*store, Some(*head)).await.unwrap().passes, Some(true), "{head:?}");
    }
    let other = Head { link: Link::from_bytes([7; 32]), ..told[2] };
    assert_eq!(check(&*store, Some(other)).await.unwrap().passes, Some(false));
    store.trim_batch(now() + instant()).await.unwrap();
    // What was deleted cannot be compared any more; of the last of it a wrong hash is noticed.
    assert_eq!(check(&*store, Some(told[2])).await.unwrap().passes, None);
    assert_eq!(check(&*store, Some(told[4])).await.unwrap().passes, None);
    let other = Head { link: Link::from_bytes([7; 32]), ..told[4] };
    assert_eq!(check(&*store, Some(other)).await.unwrap().passes, Some(false));
}

async fn a_head_that_is_gone_is_judged_by_when_it_happened(db: Database) {
    let store = db.store().await;
    let mut told = Vec::new();
    for day in 0..3 {
        record(&*store, AuditKind::SignedIn, now() + Duration::days(day)).await;
        told.push(latest(&*store).await.unwrap());
    }
    assert_eq!(told[1].at, Some(now() + Duration::days(1)));
    assert_eq!(check(&*store, None).await.unwrap().head(), told[2]);
    // Who writes to the database makes it look as if everything had been old enough.
    db.execute("DELETE FROM audit_trail").await;
    db.execute("UPDATE audit_trail_ends SET base_number = head_number, base_hash = head_hash").await;
    assert_eq!(latest(&*store).await.unwrap(), Told { at: None, ..told[2] });
    let kept_since = now() + Duration::days(1);
    for (told, fate) in [
        (told[0], Fate::OldEnough),
        (told[1], Fate::TooYoung),
        (told[2], Fate::TooYoung),
        (Told { at: None, ..told[0] }, Fate::Undated),
        (Told { at: None, ..told[2] }, Fate::Undated),
    ] {
        let checked = check(&*store, Some(told.head)).await.unwrap();
        assert_eq!(told.fate(&checked, kept_since), fate, "{told}");
    }
}

async fn what_is_old_enough_goes_and_the_rest_still_verifies(db: Database) {
    let store = db.store().await;
    let day = |days| now() + Duration::days(days);
    // A clock that was put back for the fourth: it stays until those before it go.
    for days in [0, 1, 2, 0, 3] {
        record(&*store, AuditKind::SignedIn, day(days)).await;
    }
    let before = whole(&*store).await.ends.head;
    assert_eq!(store.trim_batch(day(0)).await.unwrap(), 0);
    assert_eq!(store.trim_batch(day(2)).await.unwrap(), 2);
    assert_eq!(store.trim_batch(day(2)).await.unwrap(), 0);
    let checked = whole(&*store).await;
    assert_eq!((checked.ends.base.number, checked.ends.head), (2, before));
    assert_eq!(checked.since, Some(day(2)));
    assert_eq!(store.trim_batch(day(9)).await.unwrap(), 3);
    assert_eq!(db.count("audit_trail").await, 0);
    record(&*store, AuditKind::SignedIn, day(9)).await;
    let checked = whole(&*store).await;
    assert_eq!((checked.ends.base, checked.ends.head.number), (before, 6));
}

async fn a_check_holds_while_events_come_and_go(db: Database) {
    let stores = [db.store().await, db.open().await.unwrap()];
    let writing = {
        let store = stores[0].clone();
        tokio::spawn(async move {
            for minute in 0..200 {
                record(&*store, AuditKind::SignedIn, now() + Duration::minutes(minute)).await;
                if minute % 20 == 19 {
                    store.trim_batch(now() + Duration::minutes(minute - 10)).await.unwrap();
                }
            }
        })
    };
    while !writing.is_finished() {
        whole(&*stores[1]).await;
    }
    writing.await.unwrap();
    assert_eq!(whole(&*stores[1]).await.ends.head.number, 200);
}

/// Events as a program of before the trail writes them: two of `ada`, one of somebody who is gone.
async fn leave_old_events(db: &Database) {
    let (at, nobody) = if db.is_sqlite() {
        ("1768478400000000", "zeroblob(16)")
    } else {
        ("timestamptz '2026-01-15 12:00:00Z'", "decode(repeat('00', 16), 'hex')")
    };
    db.execute(&format!(
        "INSERT INTO audit_events (at, account_id, kind)
         SELECT {at}, id, 'signed_in' FROM accounts WHERE username = 'ada';
         INSERT INTO audit_events (at, account_id, kind) VALUES ({at}, {nobody}, 'registered');
         INSERT INTO audit_events (at, account_id, kind)
         SELECT {at}, id, 'signed_out' FROM accounts WHERE username = 'ada'"
    ))
    .await;
}

async fn events_of_an_older_program_are_moved_into_the_trail(db: Database) {
    let store = db.store().await;
    let ada = registered(&*store, "ada").await;
    // That program did not give her a pseudonym either.
    db.execute("DELETE FROM pseudonyms").await;
    leave_old_events(&db).await;
    assert_eq!(store.adopt_batch().await.unwrap(), 3);
    assert_eq!(store.adopt_batch().await.unwrap(), 0);
    assert_eq!(db.count("audit_events").await, 0);
    assert_eq!(whole(&*store).await.ends.head.number, 4);
    let entries = store.entries_about(ada.account).await.unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["signed_in", "signed_out"]);
    assert_eq!(entries[0].at, "2026-01-15T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
}

async fn movers_at_the_same_time_move_each_event_once(db: Database) {
    let stores = [db.store().await, db.open().await.unwrap()];
    registered(&*stores[0], "ada").await;
    for _ in 0..20 {
        leave_old_events(&db).await;
    }
    let tasks: Vec<_> = (0..6)
        .map(|i| {
            let store = stores[i % 2].clone();
            tokio::spawn(async move { store.adopt_batch().await.unwrap() })
        })
        .collect();
    let mut moved = 0;
    for task in tasks {
        moved += task.await.unwrap();
    }
    assert_eq!(moved + stores[0].adopt_batch().await.unwrap(), 60);
    assert_eq!(whole(&*stores[0]).await.ends.head.number, 61);
}
