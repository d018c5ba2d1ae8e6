//! Whoever leaves before the answer costs nobody a ticket, a try or a place: what was begun is finished.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use domain::{
    secret::Secret,
    service::{
        Ports, Sesame,
        policy::Policy,
        ports::{HashError, PasswordHasher},
    },
};
use serde_json::{Value, json};
use server::crypto::EnvelopeVault;
use tokio::{sync::Semaphore, time::timeout};

use crate::{app::TestApp, person::Person};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A hash that takes until it is let go on, and then finds no room; and what works when it is open.
struct Gate {
    open: AtomicBool,
    panics: AtomicBool,
    begun: Semaphore,
    go_on: Semaphore,
    behind: Arc<dyn PasswordHasher>,
}

impl Gate {
    fn shut(&self) {
        self.open.store(false, Ordering::SeqCst);
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }

    async fn pass(&self) -> Result<(), HashError> {
        assert!(!self.panics.load(Ordering::SeqCst), "a fault of ours");
        if self.open.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.begun.add_permits(1);
        self.go_on.acquire().await.unwrap().forget();
        Err(HashError::Busy { retry_after: 1 })
    }
}

#[async_trait::async_trait]
impl PasswordHasher for Gate {
    async fn hash(&self, password: Secret) -> Result<Secret, HashError> {
        self.pass().await?;
        self.behind.hash(password).await
    }

    async fn verify(&self, password: Secret, phc: Secret) -> Result<bool, HashError> {
        self.pass().await?;
        self.behind.verify(password, phc).await
    }

    fn needs_rehash(&self, phc: &Secret) -> bool {
        self.behind.needs_rehash(phc)
    }
}

/// A service whose hashes pass a gate, which is open.
async fn gated() -> (TestApp, Arc<Gate>) {
    let app = TestApp::new().await;
    let gate = Arc::new(Gate {
        open: AtomicBool::new(true),
        panics: AtomicBool::new(false),
        begun: Semaphore::new(0),
        go_on: Semaphore::new(0),
        behind: app.hasher.clone(),
    });
    let (ring, entropy) = (app.dependencies.ring.clone(), app.dependencies.entropy.clone());
    let ports = Ports {
        accounts: app.store.clone(),
        throttle: app.store.clone(),
        vault: Arc::new(EnvelopeVault::new(ring, 1, entropy.clone())),
        hasher: gate.clone(),
        clock: app.clock.clone(),
        entropy,
    };
    let sesame = Arc::new(Sesame::new(ports, Policy::default()).await.unwrap());
    (app.rebuilt(|dependencies| dependencies.sesame = sesame), gate)
}

/// Asks, and leaves while the hash is under way; it then finds no room.
async fn ask_and_leave(app: &TestApp, gate: &Gate, path: &str, body: &Value) {
    gate.shut();
    {
        let request = std::pin::pin!(app.post(path, body));
        tokio::select! {
            answer = request => panic!("{answer:?}"),
            begun = gate.begun.acquire() => begun.unwrap().forget(),
        }
    }
    let counted = in_flight(app).await;
    assert_eq!(counted, "1", "whoever leaves makes no room for more while the hash is under way");
    gate.go_on.add_permits(1);
    let finished = async {
        while in_flight(app).await != "0" {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, finished).await.expect("never finished");
    gate.open();
}

async fn in_flight(app: &TestApp) -> String {
    let metrics = app.metrics().await;
    let line = metrics.lines().find_map(|line| line.strip_prefix("http_requests_in_flight "));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_that_a_fault_of_ours_used_up_is_put_back_after_its_bearer_has_left() {
    let (app, gate) = gated().await;
    let registered = app.post("/api/register", &json!({ "username": "alice" })).await.json();
    let ticket = json!({ "ticket": registered["ticket"] });
    for _ in 0..3 {
        ask_and_leave(&app, &gate, "/api/generate-password", &ticket).await;
    }
    let claimed = app.post("/api/generate-password", &ticket).await;
    assert_eq!(claimed.status, StatusCode::OK, "{}", claimed.text());
}

#[tokio::test]
async fn tries_that_were_never_judged_are_given_back_after_whoever_took_them_has_left() {
    let (app, gate) = gated().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let wrong = json!({ "username": "alice", "password": "not-the-password", "code": null });
    for _ in 0..10 {
        ask_and_leave(&app, &gate, "/api/authenticate", &wrong).await;
    }
    assert_eq!(alice.sign_in(&app).await.status, StatusCode::OK, "nothing was counted");
}

#[tokio::test]
async fn a_panic_in_what_was_begun_is_still_an_internal_fault() {
    let (app, gate) = gated().await;
    let registered = app.post("/api/register", &json!({ "username": "alice" })).await.json();
    gate.panics.store(true, Ordering::SeqCst);
    let answer = app.post("/api/generate-password", &json!({ "ticket": registered["ticket"] })).await;
    assert_eq!(answer.code(), "internal");
    assert!(answer.headers.contains_key("x-request-id"));
}
