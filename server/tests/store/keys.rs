//! Key fingerprints.

use domain::id::{AccountId, PairId};
use server::store::{KeyFingerprint, SealedPair};

use crate::{database::Database, fixtures::*};

contract! {
    fingerprints_are_listed_by_key_number,
    a_known_key_keeps_its_first_fingerprint,
    an_issued_password_is_a_secret_that_needs_its_key,
    sealed_values_are_found_by_how_they_begin,
    that_a_value_begins_so_is_told_of_either_column,
    a_sealed_value_is_replaced_where_it_still_stands,
    a_key_is_forgotten_unless_something_is_sealed_with_it,
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

async fn sealed_values_are_found_by_how_they_begin(db: Database) {
    let store = db.store().await;
    registered(&*store, "nothing-sealed").await;
    let mut pairs = [
        with_password(&*store, "a-password").await.pair,
        with_totp(&*store, "both").await.pair,
        active(&*store, "active").await.pair,
    ];
    pairs.sort();
    let find = async |header: &str, after, limit| {
        let found = store.sealed_otherwise(header.as_bytes(), after, limit).await.unwrap();
        found.into_iter().map(|pair| pair.id).collect::<Vec<_>>()
    };
    assert_eq!(find("other", None, 10).await, pairs);
    assert_eq!(find("other", None, 2).await, pairs[..2]);
    assert_eq!(find("other", Some(pairs[1]), 10).await, pairs[2..]);
    // Every password begins so, and no TOTP secret.
    assert_eq!(find("passw", None, 10).await.len(), 2);
    assert_eq!(find("totp", None, 10).await.len(), 3);
}

async fn that_a_value_begins_so_is_told_of_either_column(db: Database) {
    let store = db.store().await;
    assert!(!store.holds_sealed(b"p").await.unwrap());
    with_totp(&*store, "ada").await;
    for (header, holds) in
        [("password", true), ("totp", true), ("p", true), ("assword", false), ("totp2", false)]
    {
        assert_eq!(store.holds_sealed(header.as_bytes()).await.unwrap(), holds, "{header}");
    }
}

/// Whose a pair is.
type Whose = (PairId, AccountId, &'static str);

fn sealed_pair((id, account, username): Whose, password: &str, totp: Option<&str>) -> SealedPair {
    SealedPair { id, account, username: name(username), password: sealed(password), totp: totp.map(sealed) }
}

type Values = (&'static str, Option<&'static str>);

fn change(id: Whose, from: Values, to: Values) -> (SealedPair, SealedPair) {
    (sealed_pair(id, from.0, from.1), sealed_pair(id, to.0, to.1))
}

async fn a_sealed_value_is_replaced_where_it_still_stands(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let bob = with_password(&*store, "bob").await;
    let (pair, half) = ((ada.pair, ada.account, "ada"), (bob.pair, bob.account, "bob"));
    let both = [
        change(pair, ("password", Some("totp")), ("new password", Some("new totp"))),
        change(half, ("password", None), ("new password", None)),
    ];
    assert_eq!(store.replace_sealed(&both).await.unwrap(), 2);
    assert_eq!(store.replace_sealed(&both).await.unwrap(), 0, "the old ones are gone");
    let stale = [
        change(pair, ("password", Some("new totp")), ("x", Some("x"))),
        change(pair, ("new password", Some("totp")), ("x", Some("x"))),
        change(pair, ("new password", None), ("x", None)),
        change(half, ("new password", Some("totp")), ("x", Some("x"))),
    ];
    assert_eq!(store.replace_sealed(&stale).await.unwrap(), 0);
    let mut left = store.sealed_otherwise(b"x", None, 10).await.unwrap();
    left.sort_by_key(|pair| pair.totp.is_none());
    let expected =
        [sealed_pair(pair, "new password", Some("new totp")), sealed_pair(half, "new password", None)];
    assert_eq!(left, expected);
}

async fn a_key_is_forgotten_unless_something_is_sealed_with_it(db: Database) {
    let store = db.store().await;
    for key_id in [1, 2, 3] {
        store.insert_if_absent(key_id, &[7; 32], now()).await.unwrap();
    }
    with_totp(&*store, "ada").await;
    assert!(!store.forget_key(1, b"pass").await.unwrap(), "a password is sealed with it");
    assert!(!store.forget_key(2, b"totp").await.unwrap(), "a TOTP secret is");
    assert!(store.forget_key(3, b"else").await.unwrap());
    assert!(!store.forget_key(3, b"else").await.unwrap(), "it is gone");
    let left: Vec<_> = store.list().await.unwrap().iter().map(|key| key.key_id).collect();
    assert_eq!(left, [1, 2]);
}
