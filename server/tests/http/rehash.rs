//! A hash that was made with less than the configuration asks for is made anew at the next sign-in.

use std::sync::Arc;

use domain::{
    service::ports::{Cell, PairOwner, Sealed, Vault as _},
    username::Username,
};
use server::crypto::{Argon2Cost, EnvelopeVault, KeyRing, SystemEntropy};

use crate::{
    app::{Parts, TestApp},
    database::Database,
    person::{Person, next_code},
};

/// What is stored of the password of `username`: sealed, and what is in it.
async fn stored(app: &TestApp, username: &str) -> (Sealed, String) {
    let username = Username::parse(username).unwrap();
    let account = app.store.find_account(&username).await.unwrap().unwrap();
    let (pair, _) = account.active.unwrap();
    let sealed = pair.password.unwrap();
    let vault = EnvelopeVault::new(app.dependencies.ring.clone(), 1, Arc::new(SystemEntropy));
    let owner = PairOwner { pair: pair.id, account: account.id, username: &username };
    let phc = vault.open(&sealed, Cell::Password(owner)).unwrap();
    (sealed, String::from_utf8(phc.expose().to_vec()).unwrap())
}

/// A service on the database that asks for so much of a hash.
async fn app(database: &Database, ring: &Arc<KeyRing>, cost: Argon2Cost) -> TestApp {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    TestApp::made_of(&database.url(), folder, Parts { ring: ring.clone(), cost, ..Parts::default() }).await
}

const WEAK: &str = "$argon2id$v=19$m=8,t=1,p=1$";
const STRONG: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

async fn req_pw_2_signing_in_makes_a_weaker_hash_anew_once_and_a_refused_sign_in_does_not(
    database: Database,
) {
    database.store().await;
    let ring = TestApp::ring();
    let yesterday = app(&database, &ring, Argon2Cost::danger_cheap_for_tests()).await;
    let today = app(&database, &ring, Argon2Cost::OWASP).await;
    let (alice, _) = Person::enrol(&yesterday, "alice").await;
    let (first, phc) = stored(&today, "alice").await;
    assert!(phc.starts_with(WEAK), "{phc}");

    next_code(&today);
    let stranger = Person { password: "wrong".to_owned(), ..alice.clone() };
    assert_eq!(stranger.sign_in_with(&today, Some(&alice.code(&today))).await.status, 401);
    assert_eq!(alice.sign_in_with(&today, Some(&alice.wrong_code(&today))).await.status, 401);
    assert_eq!(stored(&today, "alice").await.0, first, "nobody proved anything");

    assert_eq!(alice.sign_in(&today).await.status, 200);
    let (second, phc) = stored(&today, "alice").await;
    assert!(phc.starts_with(STRONG), "{phc}");
    assert_eq!(alice.sign_in(&today).await.status, 200, "it is of the same password");
    assert_eq!(stranger.sign_in(&today).await.status, 401, "and of no other");
    assert_eq!(stored(&today, "alice").await.0, second, "once is enough");

    // A replica that still asks for less leaves it as it is.
    yesterday.clock.turn(chrono::TimeDelta::minutes(5));
    assert_eq!(alice.sign_in(&yesterday).await.status, 200);
    assert_eq!(stored(&today, "alice").await.0, second);
}

contract! {
    req_pw_2_signing_in_makes_a_weaker_hash_anew_once_and_a_refused_sign_in_does_not,
}
