//! What the targets need around them: randomness and a clock that repeat themselves, a key ring, and
//! a whole service over a database of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::connect_info::MockConnectInfo,
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Utc};
use domain::{
    service::{
        Ports, Sesame,
        policy::Policy,
        ports::{Clock, Entropy},
    },
    throttle::Bucket,
};
use server::{
    Dependencies,
    config::PublicUrl,
    crypto::{Argon2Cost, Argon2Pool, EnvelopeVault, KeyRing, LogNames},
    http::{Draining, TrustedProxies},
    metrics::{HashMeter, Metrics},
    store::{self, DatabaseUrl, StoreOptions},
};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// More than any answer has.
const LONGEST_ANSWER: usize = 1 << 20;

/// The hour at which all of it happens.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_521_600, 0).unwrap()
}

/// A clock that stands still.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

/// Bytes that repeat themselves from run to run, and never within one.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = Noise::new(self.0.fetch_add(1, Ordering::Relaxed)).next();
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Pseudo-random numbers (`SplitMix64`).
pub struct Noise(u64);

impl Noise {
    /// The numbers of one seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    ///
    /// # Panics
    ///
    /// Where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A key ring of one key.
pub(crate) fn ring() -> Arc<KeyRing> {
    static RING: LazyLock<Arc<KeyRing>> =
        LazyLock::new(|| Arc::new(KeyRing::generate(&Counted::default(), now())));
    RING.clone()
}

/// A vault over it.
pub(crate) fn vault() -> &'static EnvelopeVault {
    static VAULT: LazyLock<EnvelopeVault> =
        LazyLock::new(|| EnvelopeVault::new(ring(), 1, Arc::new(Counted::default())));
    &VAULT
}

/// Hashes that cost next to nothing.
pub(crate) fn hasher() -> Arc<Argon2Pool> {
    static HASHER: LazyLock<Arc<Argon2Pool>> = LazyLock::new(|| {
        let cost = Argon2Cost::danger_cheap_for_tests();
        let meter = HashMeter::default();
        Arc::new(Argon2Pool::new(cost, 1, 16, Arc::new(Counted::default()), meter).unwrap())
    });
    HASHER.clone()
}

/// Waits for `future`.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// A folder of this process, made on first use.
pub(crate) fn folder() -> &'static Path {
    FOLDER.get_or_init(|| tempfile::Builder::new().prefix("sesame-fuzz-").tempdir().unwrap().keep())
}

/// Takes the folder away. The targets cannot be run any more after it.
///
/// # Panics
///
/// Where it cannot be taken away.
pub fn clean_up() {
    if let Some(folder) = FOLDER.get() {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends a request to the service.
pub(crate) fn send(request: Request<Body>) -> Answer {
    static ROUTER: LazyLock<Router> = LazyLock::new(|| block_on(build()));
    let router = ROUTER.clone();
    block_on(async {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, LONGEST_ANSWER).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    })
}

/// The service, which admits as many tries as anybody makes: throttling would hide the rest.
async fn build() -> Router {
    let url = DatabaseUrl::sqlite(folder().join("sesame.db"));
    let store = store::open(&url, StoreOptions::default()).await.unwrap();
    let (hasher, entropy) = (hasher(), Arc::new(Counted::default()));
    let metrics = Arc::new(Metrics::new(store.clone(), hasher.clone(), &HashMeter::default()));
    let ports = Ports {
        accounts: store.clone(),
        throttle: store.clone(),
        vault: Arc::new(EnvelopeVault::new(ring(), 1, entropy.clone())),
        hasher,
        clock: Arc::new(Standing),
        entropy: entropy.clone(),
    };
    let everybody = Bucket { burst: 1_000_000, per_minute: 60_000 };
    let policy = Policy {
        sign_in_network: everybody,
        register_network: everybody,
        ticket_network: everybody,
        ..Policy::default()
    };
    let dependencies = Dependencies {
        sesame: Arc::new(Sesame::new(ports, policy).await.unwrap()),
        store,
        log_names: LogNames::new(&ring()).unwrap(),
        ring: ring(),
        clock: Arc::new(Standing),
        entropy,
        public_url: PublicUrl::parse("http://127.0.0.1:3000").unwrap(),
        trusted_proxies: TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]),
        forward_auth: None,
        metrics,
        max_inflight: 0,
        request_timeout: Duration::from_secs(30),
        draining: Draining::default(),
    };
    let site = folder().join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    std::fs::write(site.join("pkg/sesame.js"), "export default 1;").unwrap();
    std::fs::write(folder().join("outside"), "not for the web").unwrap();
    let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
    server::build(&dependencies, &site).layer(MockConnectInfo(peer))
}
