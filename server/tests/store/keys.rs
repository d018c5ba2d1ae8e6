//! Key fingerprints.

use server::store::KeyFingerprint;

use crate::{database::Database, fixtures::*};

contract! {
    fingerprints_are_listed_by_key_number,
    a_known_key_keeps_its_first_fingerprint,
    an_issued_password_is_a_secret_that_needs_its_key,
}

async fn fingerprints_are_listed_by_key_number(db: Database) {
    let store = db.store().await;
    assert_eq!(store.list().await.unwrap(), []);
    store.insert_if_absent(u32::MAX, &[2; 32], now()).await.unwrap();
    store.insert_if_absent(1, &[1; 32], now()).await.unwrap();
    let expected = [
        KeyFingerprint { key_id: 1, fingerprint: [1; 32] },
        KeyFingerprint { key_id: u32::MAX, fingerprint: [2; 32] },
    ];
    assert_eq!(store.list().await.unwrap(), expected);
}

async fn a_known_key_keeps_its_first_fingerprint(db: Database) {
    let store = db.store().await;
    store.insert_if_absent(1, &[1; 32], now()).await.unwrap();
    store.insert_if_absent(1, &[9; 32], now()).await.unwrap();
    assert_eq!(store.list().await.unwrap(), [KeyFingerprint { key_id: 1, fingerprint: [1; 32] }]);
}

async fn an_issued_password_is_a_secret_that_needs_its_key(db: Database) {
    let store = db.store().await;
    let begun = registered(&*store, "ada").await;
    assert!(!store.holds_secrets().await.unwrap());
    issue_password(&*store, begun).await;
    assert!(store.holds_secrets().await.unwrap());
}
