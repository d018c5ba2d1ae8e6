//! Sealing everything again ends when everything is.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    id::PairId,
    secret::Secret,
    service::ports::{Cell, PairOwner, Stage, Vault as _},
};
use server::{
    crypto::{EnvelopeVault, KeyRing, SystemEntropy, guard},
    rekey::{Rotated, Unbound, rotate},
    store::Store,
};

use crate::{database::Database, fixtures::*};

contract! {
    a_rotation_goes_on_where_a_value_changed_under_its_hands,
    a_rotation_ends_when_nobody_can_hold_what_was_sealed_before,
}

/// People whose passwords the first key of a ring sealed, and that ring with a second key.
async fn sealed_people(store: &dyn Store, names: &[&str]) -> Arc<KeyRing> {
    let ring = KeyRing::generate(&SystemEntropy, now());
    let key = guard::introduce(store, &ring, now()).await.unwrap();
    let ring = Arc::new(ring.with_new_key(&SystemEntropy, now()).unwrap());
    let vault = EnvelopeVault::new(ring.clone(), key, Arc::new(SystemEntropy));
    for username in names {
        let begun = registered(store, username).await;
        let begun = advance(store, begun, Stage::Registered).await;
        let username = name(username);
        let owner = PairOwner { pair: begun.pair, account: begun.account, username: &username };
        let password = vault.seal(&Secret::new(b"hash".to_vec()), Cell::Password(owner)).unwrap();
        let event = begun.event(domain::audit::AuditKind::PasswordIssued);
        assert!(store.set_password(&begun.ticket, &seal(), &password, &event).await.unwrap());
    }
    ring
}

async fn sealed_otherwise(store: &dyn Store, key: u32) -> Vec<PairId> {
    let found = store.sealed_otherwise(&EnvelopeVault::header(key), None, 10).await.unwrap();
    found.into_iter().map(|pair| pair.id).collect()
}

/// The first replacement changes nothing, as one does where somebody was faster.
async fn a_rotation_goes_on_where_a_value_changed_under_its_hands(db: Database) {
    let store = db.store().await;
    let ring = sealed_people(&*store, &["ada"]).await;
    db.execute("CREATE TABLE faster (pair INTEGER); INSERT INTO faster VALUES (1)").await;
    db.execute(if db.is_sqlite() {
        "CREATE TRIGGER faster BEFORE UPDATE OF password ON credential_pairs
         WHEN EXISTS (SELECT 1 FROM faster)
         BEGIN DELETE FROM faster; SELECT RAISE(IGNORE); END"
    } else {
        "CREATE FUNCTION faster() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF EXISTS (SELECT 1 FROM faster) THEN DELETE FROM faster; RETURN NULL; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER faster BEFORE UPDATE ON credential_pairs FOR EACH ROW EXECUTE FUNCTION faster()"
    })
    .await;
    let rotated = rotate(&*store, ring, 10, Unbound::Leave, Duration::ZERO, &|_| {}).await.unwrap();
    assert_eq!(db.count("faster").await, 0, "somebody was faster");
    assert_eq!(rotated, Rotated { key: 2, pairs: 1 });
    assert_eq!(sealed_otherwise(&*store, 2).await, []);
}

async fn a_rotation_ends_when_nobody_can_hold_what_was_sealed_before(db: Database) {
    const SETTLE: Duration = Duration::from_millis(300);
    let store = db.store().await;
    let ring = sealed_people(&*store, &["ada", "bob"]).await;
    let begun = Instant::now();
    let last = Mutex::new(begun);
    rotate(&*store, ring, 1, Unbound::Leave, SETTLE, &|_| {
        // The first batch takes until nobody seals with the old key any more.
        while begun.elapsed() < SETTLE * 2 {
            std::thread::yield_now();
        }
        *last.lock().unwrap() = Instant::now();
    })
    .await
    .unwrap();
    assert!(last.into_inner().unwrap().elapsed() >= SETTLE);
    assert_eq!(sealed_otherwise(&*store, 2).await, []);
}
