//! Nobody waits in a circle on PostgreSQL. (SQLite has one writer.)

use std::{sync::Arc, time::Duration};

use domain::audit::AuditKind;
use server::store::{Act, SealedPair, Store, StoreOptions, check};
use sqlx::{Connection as _, PgConnection};

use crate::{
    database::{Database, on_postgres},
    fixtures::*,
};

/// A store that waits for a lock as long as a deadlock takes to be noticed, and longer.
async fn store(db: &Database) -> Arc<dyn Store> {
    db.store().await;
    let patience = Duration::from_secs(20);
    let options = StoreOptions {
        acquire_timeout: Duration::from_mins(1),
        statement_timeout: patience,
        ..StoreOptions::default()
    };
    db.open_with(options).await.unwrap()
}

/// Returns when somebody waits for a lock.
async fn somebody_waits(db: &Database) {
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while db.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_deletes_an_account_waits_for_a_claim_without_stopping_whoever_writes_events() {
    let name = "locks::who_deletes_an_account_waits_for_a_claim_without_stopping_whoever_writes_events";
    on_postgres(name, |db| async move {
        let store = store(&db).await;
        let ada = with_password(&*store, "ada").await;
        // A claim on its way: it holds the pair, and has yet to write its event.
        let mut conn = PgConnection::connect(&db.postgres_url()).await.unwrap();
        let mut claim = conn.begin().await.unwrap();
        sqlx::query("UPDATE credential_pairs SET ticket_tries = ticket_tries WHERE id = $1")
            .bind(ada.pair.as_bytes().as_slice())
            .execute(&mut *claim)
            .await
            .unwrap();
        let deleting = {
            let store = store.clone();
            tokio::spawn(
                async move { store.perform(&crate::fixtures::name("ada"), Act::Delete, now()).await },
            )
        };
        somebody_waits(&db).await;
        sqlx::query("SELECT 1 FROM audit_trail_ends FOR UPDATE NOWAIT").execute(&mut *claim).await.unwrap();
        claim.commit().await.unwrap();
        assert!(deleting.await.unwrap().unwrap());
        assert_eq!(db.count("accounts").await + db.count("credential_pairs").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletions_and_claims_at_the_same_time_all_come_to_their_end() {
    const PEOPLE: usize = 40;
    on_postgres("locks::deletions_and_claims_at_the_same_time_all_come_to_their_end", |db| async move {
        let store = store(&db).await;
        for round in 0..PEOPLE {
            let username = format!("user{round}");
            let half = with_password(&*store, &username).await;
            let (one, other) = (store.clone(), store.clone());
            let barrier = Arc::new(tokio::sync::Barrier::new(2));
            let also = barrier.clone();
            let deleting = tokio::spawn(async move {
                barrier.wait().await;
                one.perform(&name(&username), Act::Delete, now()).await
            });
            let claiming = tokio::spawn(async move {
                also.wait().await;
                other
                    .set_totp(&half.ticket, &seal(), &sealed("totp"), &half.event(AuditKind::TotpIssued))
                    .await
            });
            assert!(deleting.await.unwrap().unwrap());
            // A deadlock would be an error of one of the two.
            claiming.await.unwrap().unwrap();
        }
        check(&*store, None).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pair_that_somebody_holds_is_sealed_again_another_time() {
    on_postgres("locks::a_pair_that_somebody_holds_is_sealed_again_another_time", |db| async move {
        let store = store(&db).await;
        let ada = active(&*store, "ada").await;
        let next = renewing(&*store, ada, FIRST_STEP + 1).await;
        let pair = |id, password: &str| SealedPair {
            id,
            account: ada.account,
            username: name("ada"),
            password: sealed(password),
            totp: Some(sealed("totp")),
        };
        let both = [ada.pair, next.pair].map(|id| (pair(id, "password"), pair(id, "again")));
        // An activation on its way: it has dropped the active pair and is about to take the other.
        let mut conn = PgConnection::connect(&db.postgres_url()).await.unwrap();
        let mut activation = conn.begin().await.unwrap();
        let drop_active = sqlx::query("DELETE FROM credential_pairs WHERE role = 'active'");
        drop_active.execute(&mut *activation).await.unwrap();
        assert_eq!(store.replace_sealed(&both).await.unwrap(), 1, "the other one");
        activation.rollback().await.unwrap();
        assert_eq!(store.replace_sealed(&both).await.unwrap(), 1, "this one, too");
        assert_eq!(store.sealed_otherwise(b"again", None, 10).await.unwrap().len(), 2, "by its TOTP secret");
    })
    .await;
}
