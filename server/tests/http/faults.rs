//! Faults of ours fail closed, say nothing and count against nobody.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{app::TestApp, person::Person};

async fn database(app: &TestApp) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(app.folder.path().join("sesame.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn req_sec_1_swapped_rows_open_nobody_and_tell_nothing() {
    let app = TestApp::new().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let (mallory, _) = Person::enrol(&app, "mallory").await;
    let swap = "UPDATE credential_pairs SET password = (SELECT password FROM credential_pairs p JOIN accounts a \
                ON a.id = p.account_id WHERE a.username = 'mallory') WHERE account_id = \
                (SELECT id FROM accounts WHERE username = 'alice')";
    sqlx::query(swap).execute(&mut database(&app).await).await.unwrap();
    let intruder = Person { username: "alice".to_owned(), totp: alice.totp.clone(), ..mallory.clone() };
    let answer = intruder.sign_in(&app).await;
    assert_eq!(answer.code(), "internal");
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.json()["request_id"], id);
    let keys: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["code", "message", "request_id"]);
    assert_eq!(mallory.sign_in(&app).await.status, 200);
}

#[tokio::test]
async fn req_err_1_a_fault_of_ours_is_never_counted_as_a_wrong_code() {
    let app = TestApp::new().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let break_it = "UPDATE credential_pairs SET totp = zeroblob(length(totp))";
    let mut connection = database(&app).await;
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT totp FROM credential_pairs").fetch_one(&mut connection).await.unwrap();
    sqlx::query(break_it).execute(&mut connection).await.unwrap();
    for _ in 0..20 {
        assert_eq!(alice.sign_in_with(&app, Some("123456")).await.code(), "internal", "never throttled");
    }
    sqlx::query("UPDATE credential_pairs SET totp = ?").bind(kept).execute(&mut connection).await.unwrap();
    assert_eq!(alice.sign_in(&app).await.status, 200);
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable_everywhere_and_the_process_stays_healthy() {
    let app = TestApp::new().await;
    let (alice, session) = Person::enrol(&app, "alice").await;
    assert_eq!(app.get("/_/ready").await.status, 200);
    app.store.close().await;
    assert_eq!(alice.sign_in(&app).await.code(), "unavailable");
    assert_eq!(app.post("/api/register", &json!({ "username": "bob" })).await.code(), "unavailable");
    assert_eq!(
        app.post("/api/generate-password", &json!({ "ticket": "A".repeat(43) })).await.code(),
        "unavailable"
    );
    assert_eq!(app.post_as(&session, "/api/session", &json!({})).await.code(), "unavailable");
    assert_eq!(app.get("/_/ready").await.status, 503);
    assert_eq!(app.get("/_/health").await.status, 200);
    assert_eq!(app.get("/").await.status, 200, "pages can still be read");
}

#[tokio::test]
async fn a_schema_or_key_ring_that_no_longer_fits_is_not_ready() {
    let app = TestApp::new().await;
    let mut connection = database(&app).await;
    let foreign =
        "INSERT INTO key_fingerprints (key_id, fingerprint, created_at) VALUES (1, zeroblob(32), 0)";
    sqlx::query(foreign).execute(&mut connection).await.unwrap();
    let answer = app.get("/_/ready").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (503, "the key ring does not match the database")
    );
    sqlx::query("UPDATE _sqlx_migrations SET checksum = zeroblob(48)")
        .execute(&mut connection)
        .await
        .unwrap();
    let answer = app.get("/_/ready").await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (503, "the database schema does not match"));
}

#[tokio::test]
async fn while_draining_both_probes_say_so() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/_/health").await.text(), "OK");
    assert_eq!(app.get("/_/ready").await.text(), "OK");
    app.draining.begin();
    assert_eq!(app.get("/_/health").await.status, 503);
    assert_eq!(app.get("/_/ready").await.status, 503);
    let post =
        Request::post("/_/health").header(header::CONTENT_TYPE, "text/plain").body(Body::empty()).unwrap();
    assert_eq!(app.send(post).await.code(), "method_not_allowed");
}

#[tokio::test]
async fn a_full_hash_queue_refuses_quickly_and_gives_the_ticket_back() {
    use std::sync::Arc;

    use domain::secret::Secret;
    use domain::service::{
        Ports, Sesame,
        policy::Policy,
        ports::{Clock as _, HashError, PasswordHasher},
    };
    use server::crypto::{EnvelopeVault, SystemEntropy};

    /// Has room for the decoy and for nobody else until told otherwise.
    struct Full(std::sync::atomic::AtomicU32);
    #[async_trait::async_trait]
    impl PasswordHasher for Full {
        async fn hash(&self, _: Secret) -> Result<Secret, HashError> {
            match self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                1 => Err(HashError::Busy { retry_after: 2 }),
                _ => Ok(Secret::new(b"$argon2id$".to_vec())),
            }
        }
        async fn verify(&self, _: Secret, _: Secret) -> Result<bool, HashError> {
            Err(HashError::Busy { retry_after: 2 })
        }
        fn needs_rehash(&self, _: &Secret) -> bool {
            false
        }
    }

    let app = TestApp::new().await;
    let entropy = Arc::new(SystemEntropy);
    let ports = Ports {
        accounts: app.store.clone(),
        throttle: app.store.clone(),
        vault: Arc::new(EnvelopeVault::new(TestApp::ring(), 1, entropy.clone())),
        hasher: Arc::new(Full(0.into())),
        clock: app.clock.clone(),
        entropy,
    };
    let sesame = Sesame::new(ports, Policy::default()).await.unwrap();
    let network = domain::network::Network::of("127.0.0.1".parse().unwrap());
    let registered = sesame.register(network, "alice").await.unwrap();
    let refused =
        sesame.generate_password(network, registered.ticket.expose()).await.unwrap_err().to_api_error();
    assert_eq!((refused.code.status(), refused.retry_after), (503, Some(2)));
    let claimed = sesame.generate_password(network, registered.ticket.expose()).await.unwrap();
    assert_eq!(claimed.username, "alice");
    assert_eq!(claimed.expires_at, app.clock.now() + Policy::default().ticket_lifetime);

    let password = domain::secret::WireSecret::new("x".to_owned());
    for _ in 0..20 {
        let refused = sesame.authenticate(network, "alice", &password, None).await.unwrap_err();
        assert_eq!(refused.to_api_error().code.status(), 503, "never throttled: nothing was judged");
    }
}
