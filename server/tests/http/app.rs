//! `TestApp`: a service of its own for every test. The clock stands still until it is turned, and
//! Argon2 is cheap in a way that no configuration can express.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::connect_info::MockConnectInfo,
    http::{HeaderValue, Request, header},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::service::{
    Ports, Sesame,
    policy::Policy,
    ports::{Clock, Entropy},
};
use serde_json::Value;
use server::{
    Dependencies,
    config::PublicUrl,
    crypto::{Argon2Cost, Argon2Pool, EnvelopeVault, KeyRing, KeyedLanes, LogNames, SystemEntropy},
    http::{Draining, Function, TrustedProxies},
    metrics::{HashMeter, Metrics},
    store::{self, DatabaseUrl, Store, StoreOptions},
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::answer::page_request;
pub(crate) use crate::answer::{Answer, json_request};
use crate::database::Database;

/// Noon of the day the project began.
const START: &str = "2026-11-23T12:00:00Z";

/// A clock that the test turns.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl TestClock {
    pub(crate) fn turn(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

/// What a service is made of.
pub(crate) struct Parts<'a> {
    pub(crate) policy: Policy,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) public_url: &'a str,
    pub(crate) cost: Argon2Cost,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            ring: TestApp::ring(),
            public_url: "http://127.0.0.1:3000",
            cost: Argon2Cost::danger_cheap_for_tests(),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// A service and its world.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) dependencies: Dependencies,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) draining: Draining,
    /// What the database and the site are kept in; gone with the test.
    pub(crate) folder: Arc<TempDir>,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with_policy(Policy::default()).await
    }

    pub(crate) async fn with_policy(policy: Policy) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let url = DatabaseUrl::sqlite(folder.path().join("sesame.db"));
        Self::over(&url, folder, policy, Self::ring(), "http://127.0.0.1:3000").await
    }

    /// A service over a database of a test of both.
    pub(crate) async fn on(database: &Database) -> Self {
        store::migrate(&database.url()).await.unwrap();
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::over(&database.url(), folder, Policy::default(), Self::ring(), "http://127.0.0.1:3000").await
    }

    pub(crate) fn ring() -> Arc<KeyRing> {
        Arc::new(KeyRing::generate(&SystemEntropy, START.parse().unwrap()))
    }

    /// A service over a database of the caller's.
    pub(crate) async fn over(
        url: &DatabaseUrl,
        folder: Arc<TempDir>,
        policy: Policy,
        ring: Arc<KeyRing>,
        public_url: &str,
    ) -> Self {
        Self::made_of(url, folder, Parts { policy, ring, public_url, ..Parts::default() }).await
    }

    /// The same of other parts than most tests need.
    pub(crate) async fn made_of(url: &DatabaseUrl, folder: Arc<TempDir>, made_of: Parts<'_>) -> Self {
        let Parts { policy, ring, public_url, cost, entropy } = made_of;
        let store = store::open(url, StoreOptions::default()).await.unwrap();
        let clock = Arc::new(TestClock(Mutex::new(START.parse().unwrap())));
        let meter = HashMeter::default();
        let hasher = Arc::new(Argon2Pool::new(cost, 2, 2000, entropy.clone(), meter.clone()).unwrap());
        let metrics = Arc::new(Metrics::new(store.clone(), hasher.clone(), &meter));
        let ports = Ports {
            accounts: store.clone(),
            throttle: Arc::new(KeyedLanes::new(store.clone(), &ring).unwrap()),
            vault: Arc::new(EnvelopeVault::new(ring.clone(), 1, entropy.clone())),
            hasher,
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let draining = Draining::default();
        let dependencies = Dependencies {
            sesame: Arc::new(Sesame::new(ports, policy).await.unwrap()),
            store: store.clone(),
            log_names: LogNames::new(&ring).unwrap(),
            ring,
            clock: clock.clone(),
            entropy,
            public_url: PublicUrl::parse(public_url).unwrap(),
            trusted_proxies: TrustedProxies::default(),
            forward_auth: None,
            metrics,
            max_inflight: 0,
            request_timeout: Duration::from_secs(30),
            draining: draining.clone(),
        };
        let router = from_loopback(server::build(&dependencies, &site(&folder)));
        Self { router, dependencies, clock, store, draining, folder }
    }

    /// The same service, put together in another way.
    pub(crate) fn rebuilt(mut self, change: impl FnOnce(&mut Dependencies)) -> Self {
        change(&mut self.dependencies);
        self.router = from_loopback(server::build(&self.dependencies, &site(&self.folder)));
        self
    }

    /// One function of this service.
    pub(crate) fn function(&self, function: Function) -> Router {
        from_loopback(server::http::build_function(&self.dependencies, function))
    }

    /// What Prometheus would read.
    pub(crate) async fn metrics(&self) -> String {
        let router = server::metrics::router(self.dependencies.metrics.clone());
        send(&router, Request::get("/metrics").body(Body::empty()).unwrap()).await.text()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A call of a program: JSON, no cookie.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(json_request(path, body)).await
    }

    /// A call of a page: JSON, a session cookie and what a browser says of itself.
    pub(crate) async fn post_as(&self, session: &str, path: &str, body: &Value) -> Answer {
        self.send(page_request(session, path, body)).await
    }
}

/// Requests come from this machine, as far as the connection tells.
fn from_loopback(router: Router) -> Router {
    let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
    router.layer(MockConnectInfo(peer))
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A site folder with one script, so that file serving can be seen.
fn site(folder: &TempDir) -> PathBuf {
    let site = folder.path().join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    std::fs::write(site.join("pkg/sesame.js"), "export default 1;").unwrap();
    for name in ["pkg/sesame.css", "pkg/sesame.wasm", "favicon.svg", "robots.txt"] {
        std::fs::write(site.join(name), "").unwrap();
    }
    site
}

/// With the note of a device, as the sign-in page sends it.
pub(crate) fn with_note(note: Option<&str>, mut request: Request<Body>) -> Request<Body> {
    if let Some(note) = note {
        let cookie = HeaderValue::from_str(&format!("sesame-device={note}")).unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    }
    request
}
