//! Somebody who writes to the database and does not have the key ring is nobody but themselves.
//!
//! Mallory has an account, her own secrets, tickets and tokens, and every row of the database to change.
//! Each test is one way to become Alice, or to stay longer than she may.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::token::{digest_of_text, forward_token};
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp},
    database::Database,
    person::Person,
};

contract! {
    req_sec_1_a_session_that_was_written_into_the_database_is_none,
    req_sec_1_a_session_that_is_pointed_at_another_account_is_none,
    req_sec_1_a_session_that_is_made_to_last_is_over,
    req_sec_1_a_pair_that_is_moved_to_another_account_opens_nothing,
    req_sec_1_an_account_that_takes_anothers_name_opens_nothing,
    req_sec_1_a_column_of_another_account_opens_nothing,
    req_sec_1_a_ticket_that_was_written_into_the_database_is_none,
    req_sec_1_an_enrolment_that_is_pointed_at_another_account_is_over,
}

/// Alice and Mallory, with an open session each.
struct Scene {
    app: TestApp,
    db: Database,
    alice: Person,
    alices: String,
    mallory: Person,
    mallorys: String,
}

impl Scene {
    async fn new(db: Database) -> Self {
        let app = TestApp::on(&db).await;
        let (alice, alices) = Person::enrol(&app, "alice").await;
        let (mallory, mallorys) = Person::enrol(&app, "mallory").await;
        Self { app, db, alice, alices, mallory, mallorys }
    }

    /// What Mallory does to the database. `ALICE` and `MALLORY` stand for the accounts' identities.
    async fn write(&self, sql: &str) {
        let id = |name: &str| format!("(SELECT id FROM accounts WHERE username = '{name}')");
        self.db.execute(&sql.replace("ALICE", &id("alice")).replace("MALLORY", &id("mallory"))).await;
    }

    /// Bytes as the database writes them.
    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = HEXLOWER.encode(bytes);
        if self.db.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
    }

    /// Nothing that a session is good for is done for this token.
    async fn is_no_session(&self, token: &str, code: &str) {
        let asked = self.app.post_as(token, "/api/session", &json!({})).await;
        assert_eq!(asked.code(), "unauthenticated");
        let renewed = self.app.post_as(token, "/api/renew", &json!({ "code": code })).await;
        assert_eq!(renewed.code(), "unauthenticated");
        let forward = forward_token(token).unwrap();
        let verified = self.app.dependencies.sesame.verify(Some(forward.text.expose())).await;
        assert_eq!(verified.unwrap_err().to_api_error().code.word(), "unauthenticated");
        let events = self.db.events("signed_out").await;
        assert_eq!(self.app.post_as(token, "/api/sign-out", &json!({})).await.status, 204);
        assert_eq!(self.db.events("signed_out").await, events, "nobody was signed out");
    }

    async fn is_session_of(&self, token: &str, username: &str) {
        let asked = self.app.post_as(token, "/api/session", &json!({})).await;
        assert_eq!((asked.status.as_u16(), &asked.json()["username"]), (200, &json!(username)));
    }

    /// Mallory signs in under Alice's name with the secrets that she knows.
    async fn sign_in_as_alice(&self, password: &str, totp: &[u8]) -> Answer {
        let username = "alice".to_owned();
        let (password, totp) = (password.to_owned(), totp.to_vec());
        Person { username, password, totp }.sign_in(&self.app).await
    }
}

/// A refusal that says nothing of what does not open: for us it is a fault of ours, since a damaged row
/// looks the same.
#[track_caller]
fn opened_nothing(answer: &Answer) {
    assert_eq!(answer.code(), "internal");
    let keys: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["code", "message", "request_id"]);
    assert_eq!(answer.session(), None);
}

async fn req_sec_1_a_session_that_was_written_into_the_database_is_none(db: Database) {
    let scene = Scene::new(db).await;
    for (n, seal) in [
        "NULL".to_owned(),
        scene.bytes(&[0; 36]),
        // As it stands on a session of her own, and on one of Alice's.
        "(SELECT seal FROM sessions WHERE account_id = MALLORY LIMIT 1)".to_owned(),
        "(SELECT seal FROM sessions WHERE account_id = ALICE LIMIT 1)".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let token = BASE64URL_NOPAD.encode(&[u8::try_from(n).unwrap(); 32]);
        let digest = scene.bytes(digest_of_text(&token).unwrap().as_bytes());
        let forward = scene.bytes(forward_token(&token).unwrap().digest.as_bytes());
        scene
            .write(&format!(
                "INSERT INTO sessions (token_digest, forward_digest, account_id, created_at, last_seen_at, expires_at, \
                 tries_left, seal) SELECT {digest}, {forward}, account_id, created_at, last_seen_at, expires_at, 5, \
                 {seal} FROM sessions WHERE account_id = ALICE LIMIT 1"
            ))
            .await;
        scene.is_no_session(&token, &scene.alice.code(&scene.app)).await;
    }
    scene.is_session_of(&scene.alices, "alice").await;
    scene.is_session_of(&scene.mallorys, "mallory").await;
}

async fn req_sec_1_a_session_that_is_pointed_at_another_account_is_none(db: Database) {
    let scene = Scene::new(db).await;
    scene.write("UPDATE sessions SET account_id = ALICE WHERE account_id = MALLORY").await;
    scene.is_no_session(&scene.mallorys, &scene.alice.code(&scene.app)).await;
    // Nor by Alice's row with Mallory's tokens in it.
    let digest = |token: &str| scene.bytes(digest_of_text(token).unwrap().as_bytes());
    let forward = scene.bytes(forward_token(&scene.mallorys).unwrap().digest.as_bytes());
    let (theirs, hers) = (digest(&scene.alices), digest(&scene.mallorys));
    scene.write(&format!("DELETE FROM sessions WHERE token_digest = {hers}")).await;
    for set in [format!("forward_digest = {forward}"), format!("token_digest = {hers}")] {
        scene.write(&format!("UPDATE sessions SET {set} WHERE token_digest = {theirs}")).await;
        for token in [&scene.mallorys, &scene.alices] {
            scene.is_no_session(token, &scene.alice.code(&scene.app)).await;
        }
    }
}

async fn req_sec_1_a_session_that_is_made_to_last_is_over(db: Database) {
    let scene = Scene::new(db).await;
    let longer = if scene.db.is_sqlite() { "1000000" } else { "interval '1 second'" };
    for column in ["expires_at", "created_at"] {
        scene.write(&format!("UPDATE sessions SET {column} = {column} + {longer}")).await;
        scene.is_no_session(&scene.mallorys, &scene.mallory.code(&scene.app)).await;
        scene.write(&format!("UPDATE sessions SET {column} = {column} - {longer}")).await;
        scene.is_session_of(&scene.mallorys, "mallory").await;
    }
}

async fn req_sec_1_a_pair_that_is_moved_to_another_account_opens_nothing(db: Database) {
    let scene = Scene::new(db).await;
    scene.write("DELETE FROM credential_pairs WHERE account_id = ALICE").await;
    scene.write("UPDATE credential_pairs SET account_id = ALICE WHERE account_id = MALLORY").await;
    let Scene { mallory, alices, .. } = &scene;
    opened_nothing(&scene.sign_in_as_alice(&mallory.password, &mallory.totp).await);
    // A session of Alice's that Mallory stole does not renew with Mallory's authenticator, either.
    let stolen = json!({ "code": mallory.code(&scene.app) });
    opened_nothing(&scene.app.post_as(alices, "/api/renew", &stolen).await);
}

async fn req_sec_1_an_account_that_takes_anothers_name_opens_nothing(db: Database) {
    let scene = Scene::new(db).await;
    scene.write("DELETE FROM accounts WHERE id = ALICE").await;
    scene.write("UPDATE accounts SET username = 'alice' WHERE id = MALLORY").await;
    let Scene { mallory, mallorys, .. } = &scene;
    opened_nothing(&scene.sign_in_as_alice(&mallory.password, &mallory.totp).await);
    scene.is_no_session(mallorys, &mallory.code(&scene.app)).await;
    scene.write("UPDATE accounts SET username = 'mallory' WHERE username = 'alice'").await;
    assert_eq!(mallory.sign_in(&scene.app).await.status, 200, "nothing else was wrong");
}

async fn req_sec_1_a_column_of_another_account_opens_nothing(db: Database) {
    let scene = Scene::new(db).await;
    let Scene { app, alice, mallory, .. } = &scene;
    let copy = async |column: &str| {
        scene
            .write(&format!(
                "UPDATE credential_pairs SET {column} = (SELECT {column} FROM credential_pairs p WHERE p.account_id = \
                 MALLORY) WHERE account_id = ALICE"
            ))
            .await;
    };
    // Whoever knows Alice's password brings an authenticator of their own, and the other way round.
    copy("totp").await;
    opened_nothing(&scene.sign_in_as_alice(&alice.password, &mallory.totp).await);
    copy("password").await;
    opened_nothing(&scene.sign_in_as_alice(&mallory.password, &mallory.totp).await);
    scene.write("UPDATE credential_pairs SET totp = password WHERE account_id = MALLORY").await;
    opened_nothing(&mallory.sign_in(app).await);
}

/// Every use of a ticket, each refused like a ticket that was never issued.
async fn is_no_ticket(app: &TestApp, ticket: &str) {
    for (path, body) in [
        ("/api/activate", json!({ "ticket": ticket, "code": "123456" })),
        ("/api/generate-2fa", json!({ "ticket": ticket })),
        ("/api/generate-password", json!({ "ticket": ticket })),
    ] {
        assert_eq!(app.post(path, &body).await.code(), "ticket_spent", "{path}");
    }
}

async fn req_sec_1_a_ticket_that_was_written_into_the_database_is_none(db: Database) {
    let scene = Scene::new(db).await;
    // One of her own, which has all its tries and time.
    let (_, ticket) = Person::to_prove(&scene.app, "mallory2").await;
    let ticket = ticket.as_str().unwrap();
    let hers = scene.bytes(digest_of_text(ticket).unwrap().as_bytes());
    for (n, seal) in ["NULL".to_owned(), scene.bytes(&[1; 36]), "ticket_seal".to_owned()].iter().enumerate() {
        let token = BASE64URL_NOPAD.encode(&[u8::try_from(n).unwrap(); 32]);
        let digest = scene.bytes(digest_of_text(&token).unwrap().as_bytes());
        let pair = scene.bytes(&[u8::try_from(n).unwrap(); 16]);
        // With secrets and without: a renewal of Alice's that Alice did not begin.
        for secrets in ["password, totp", "NULL, NULL"] {
            scene.write("DELETE FROM credential_pairs WHERE account_id = ALICE AND role = 'pending'").await;
            scene
                .write(&format!(
                    "INSERT INTO credential_pairs (id, account_id, role, password, totp, created_at, ticket_digest, \
                     ticket_expires_at, ticket_tries, ticket_seal) SELECT {pair}, ALICE, 'pending', {secrets}, \
                     created_at, {digest}, ticket_expires_at, 5, {seal} FROM credential_pairs \
                     WHERE ticket_digest = {hers}"
                ))
                .await;
            is_no_ticket(&scene.app, &token).await;
        }
    }
    assert_eq!(scene.alice.sign_in(&scene.app).await.status, 200, "she notices nothing");
    let longer = if scene.db.is_sqlite() { "1000000" } else { "interval '1 second'" };
    scene
        .write(&format!("UPDATE credential_pairs SET ticket_expires_at = ticket_expires_at + {longer}"))
        .await;
    is_no_ticket(&scene.app, ticket).await;
}

async fn req_sec_1_an_enrolment_that_is_pointed_at_another_account_is_over(db: Database) {
    let scene = Scene::new(db).await;
    let begun = async |name: &str| -> Value {
        scene.app.post("/api/register", &json!({ "username": name })).await.json()["ticket"].clone()
    };
    let moved = begun("mallory2").await;
    scene
        .write(
            "UPDATE credential_pairs SET account_id = ALICE \
             WHERE account_id = (SELECT id FROM accounts WHERE username = 'mallory2')",
        )
        .await;
    is_no_ticket(&scene.app, moved.as_str().unwrap()).await;
    let renamed = begun("mallory3").await;
    scene.write("DELETE FROM accounts WHERE id = ALICE").await;
    scene.write("UPDATE accounts SET username = 'alice' WHERE username = 'mallory3'").await;
    is_no_ticket(&scene.app, renamed.as_str().unwrap()).await;
}
