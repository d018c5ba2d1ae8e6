//! A database from before sealed values said whose they are: nobody is locked out for good, and nobody
//! gets in with what is left of that time.

use std::{sync::Arc, time::Duration};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::service::ports::{Cell, Sealed, Vault as _};
use server::{
    crypto::{EnvelopeVault, KeyRing, SystemEntropy, guard},
    rekey::{self, Unbound},
    store::SealedPair,
};

use crate::{app::TestApp, database::Database, person::Person};

contract! {
    req_sec_1_an_old_database_is_bound_by_one_command_and_by_nothing_else,
}

/// Opens what this program sealed, and seals it as the one before did.
fn as_before(ring: &Arc<KeyRing>, pair: &SealedPair) -> [Sealed; 2] {
    let vault = EnvelopeVault::new(ring.clone(), 1, Arc::new(SystemEntropy));
    let text = ring.to_text();
    let key = BASE64URL_NOPAD.decode(text.trim_end().rsplit(' ').next().unwrap().as_bytes()).unwrap();
    let cipher = Aes256GcmSiv::new_from_slice(&key).unwrap();
    let owner = pair.owner();
    let totp = pair.totp.as_ref().unwrap();
    [
        (&pair.password, Cell::Password(owner), &b"credential_pairs.password"[..]),
        (totp, Cell::Totp(owner), b"credential_pairs.totp"),
    ]
    .map(|(sealed, cell, column)| {
        let plaintext = vault.open(sealed, cell).unwrap();
        let header = [1, 0, 0, 0, 1];
        let aad = [&header[..], column, &[0], pair.id.as_bytes()].concat();
        let nonce = Nonce::from([5; 12]);
        let payload = Payload { msg: plaintext.expose(), aad: &aad };
        Sealed([&header[..], &nonce, &cipher.encrypt(&nonce, payload).unwrap()].concat())
    })
}

fn told(result: anyhow::Result<rekey::Rotated>) -> String {
    result.unwrap_err().to_string()
}

async fn req_sec_1_an_old_database_is_bound_by_one_command_and_by_nothing_else(db: Database) {
    let app = TestApp::on(&db).await;
    let (store, ring) = (&*app.store, app.dependencies.ring.clone());
    guard::admit(store, &ring, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        people.push(Person::enrol(&app, name).await.0);
    }
    let rotate =
        async |unbound| rekey::rotate(store, ring.clone(), 1, unbound, Duration::ZERO, &|_| {}).await;
    assert_eq!(rotate(Unbound::Leave).await.unwrap().pairs, 0);
    guard::refuse_unbound(store).await.unwrap();

    let pairs = store.sealed_otherwise(b"none", None, 10).await.unwrap();
    let literal = |sealed: &Sealed| {
        let hex = HEXLOWER.encode(&sealed.0);
        if db.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") }
    };
    let mut old = Vec::new();
    for pair in &pairs {
        let [password, totp] = as_before(&ring, pair);
        let (password, totp, name) = (literal(&password), literal(&totp), &pair.username);
        let sql = format!(
            "UPDATE credential_pairs SET password = {password}, totp = {totp} \
             WHERE account_id = (SELECT id FROM accounts WHERE username = '{name}')"
        );
        db.execute(&sql).await;
        old.push(sql);
    }
    for person in &people {
        assert_eq!(person.sign_in(&app).await.code(), "internal", "nothing old opens");
    }
    let refused = guard::refuse_unbound(store).await.unwrap_err().to_string();
    assert!(refused.contains("`sesame keys rotate --bind` once"), "{refused}");
    assert_eq!(told(rotate(Unbound::Leave).await), refused, "an ordinary rotation does not take its word");
    assert!(rekey::forget(store, 2, 1).await.is_err(), "nor does its key go");

    // One at a time; a run that was killed half-way is run again.
    assert_eq!(rotate(Unbound::Bind).await.unwrap().pairs, 3);
    db.execute(&old[1]).await;
    assert_eq!(rotate(Unbound::Bind).await.unwrap().pairs, 1);
    assert_eq!(rotate(Unbound::Bind).await.unwrap().pairs, 0);
    guard::refuse_unbound(store).await.unwrap();
    for person in &people {
        assert_eq!(person.sign_in(&app).await.status, 200, "their secrets are what they were");
    }

    // Later somebody puts an old one back.
    db.execute(&old[0]).await;
    let planted = people.iter().find(|person| person.username == pairs[0].username.as_str()).unwrap();
    assert_eq!(planted.sign_in(&app).await.code(), "internal");
    assert!(guard::refuse_unbound(store).await.is_err());
    assert_eq!(told(rotate(Unbound::Leave).await), refused);
}
