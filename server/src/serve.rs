//! Putting the service together and keeping it running until it is asked to stop.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::Months;
use domain::service::{Ports, Sesame, ports::Clock as _};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};

use crate::{
    clock::SystemClock,
    config::Config,
    crypto::{
        Argon2Pool, EnvelopeVault, KeyRing, KeyedLanes, LogNames, SystemEntropy, guard,
        key_file::{self, KeyFileError},
    },
    housekeeping,
    http::{self, Dependencies, Draining, Function, TrustedProxies, listener::Limits},
    metrics::{self, HashMeter, Metrics},
    site,
    store::{self, Store},
};

/// How often a process looks which key seals.
pub(crate) const KEY_INTERVAL: Duration = Duration::from_secs(2);

/// Which part of the service a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Pages and API.
    Everything,
    /// One OpenFaaS function.
    Function(Function),
}

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config, shape: Shape) -> anyhow::Result<()> {
    let site_dir = match shape {
        Shape::Everything => Some(site::find(config.site_dir.as_deref())?),
        Shape::Function(_) => None,
    };
    let opened = open(&config).await?;
    guard::refuse_unbound(&*opened.store).await?;
    let store = opened.store.clone();
    let vault = opened.vault();
    let draining = Draining::default();
    let dependencies = assemble(&config, opened, vault.clone(), draining.clone()).await?;
    let router = match (shape, site_dir) {
        (Shape::Function(function), _) => http::build_function(&dependencies, function),
        (Shape::Everything, site_dir) => http::build(&dependencies, &site_dir.unwrap_or_default()),
    };

    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        anyhow::anyhow!(
            "Cannot listen on {}: {error}. Is another Sésame running? (SESAME_LISTEN)",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;
    let mut beside = start_beside(&config, &dependencies, shape).await?;
    beside.push(tokio::spawn(follow_the_sealing_key(store.clone(), dependencies.ring.clone(), vault)));
    // Before anybody is told that it runs: a signal that nobody listens for kills, and the first
    // process of a container does not even notice it.
    let mut stop = StopSignal::listen()?;
    let lock = LockFile::of(shape);
    lock.make();
    announce(&config, address);

    // A second signal, or the end of the drain interval, closes the door.
    let (close, closed) = tokio::sync::watch::channel(false);
    let drain = async {
        stop.received().await;
        draining.begin();
        lock.remove();
        tracing::info!(seconds = config.drain_interval.as_secs(), "stopping: still serving for a while");
        tokio::select! {
            () = tokio::time::sleep(config.drain_interval) => {}
            () = stop.received() => {}
        }
        tracing::info!("stopping: finishing requests in flight");
        // The receivers wait below for as long as the server runs.
        let _ = close.send(true);
        tokio::time::sleep(config.shutdown_timeout).await;
    };
    let until_closed = {
        let mut closed = closed.clone();
        async move {
            // An error means that the sender is gone, which is an end as well.
            let _ = closed.wait_for(|closed| *closed).await;
        }
    };
    tokio::select! {
        () = http::listener::run(listener, router, Limits::with_head(config.read_timeout), until_closed) => {}
        () = drain => tracing::warn!("some requests did not finish in time and were dropped"),
    }
    for task in beside {
        task.abort();
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What runs beside the requests: deleting what is over, counting, and the metrics' own listener.
async fn start_beside(
    config: &Config,
    dependencies: &Dependencies,
    shape: Shape,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let (sesame, store) = (dependencies.sesame.clone(), dependencies.store.clone());
    let kept = Months::new(config.audit_months);
    let mut tasks = vec![tokio::spawn(housekeeping::keep_house(sesame, store, kept))];
    if let Some(address) = config.metrics_listen
        && let Some(listener) = metrics::bind(address, config.metrics_listen_given).await?
    {
        let router = metrics::router(dependencies.metrics.clone());
        let limits = Limits::with_head(config.read_timeout);
        tasks.push(tokio::spawn(async move {
            http::listener::run(listener, router, limits, std::future::pending()).await;
        }));
        // Counting reads whole tables: one workload's metrics are enough.
        let counts = shape == Shape::Everything;
        tasks.push(tokio::spawn(metrics::keep_counting(
            dependencies.metrics.clone(),
            dependencies.store.clone(),
            counts.then_some(config.policy.session_idle),
        )));
    }
    Ok(tasks)
}

/// `$TMPDIR/.lock`, which OpenFaaS' probes look for while a function is healthy. Best effort: the
/// health route says the same.
struct LockFile(Option<PathBuf>);

impl LockFile {
    fn of(shape: Shape) -> Self {
        Self(matches!(shape, Shape::Function(_)).then(|| std::env::temp_dir().join(".lock")))
    }

    fn make(&self) {
        if let Some(Err(error)) = self.0.as_ref().map(|path| fs::write(path, b"")) {
            tracing::warn!(%error, "no lock file; the health route serves as well");
        }
    }

    fn remove(&self) {
        if let Some(Err(error)) = self.0.as_ref().map(fs::remove_file) {
            tracing::warn!(%error, "the lock file cannot be removed; the health route says 503");
        }
    }
}

/// A database and its key ring.
pub struct Opened {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The ring.
    pub ring: Arc<KeyRing>,
    /// The number of the key that seals.
    pub sealing: u32,
}

impl Opened {
    fn vault(&self) -> Arc<EnvelopeVault> {
        Arc::new(EnvelopeVault::new(self.ring.clone(), self.sealing, Arc::new(SystemEntropy)))
    }
}

/// The use cases on an opened database, for a command that needs one of them.
pub async fn use_cases(config: &Config, opened: &Opened) -> anyhow::Result<Sesame> {
    guard::refuse_unbound(&*opened.store).await?;
    let hasher = hasher(config, HashMeter::default())?;
    put_together(config, &opened.store, &opened.ring, opened.vault(), hasher).await
}

fn hasher(config: &Config, meter: HashMeter) -> anyhow::Result<Arc<Argon2Pool>> {
    let (permits, queue) = (config.hash_permits, config.hash_queue);
    Ok(Arc::new(Argon2Pool::new(config.argon2, permits, queue, Arc::new(SystemEntropy), meter)?))
}

async fn put_together(
    config: &Config,
    store: &Arc<dyn Store>,
    ring: &KeyRing,
    vault: Arc<EnvelopeVault>,
    hasher: Arc<Argon2Pool>,
) -> anyhow::Result<Sesame> {
    let ports = Ports {
        accounts: store.clone(),
        throttle: Arc::new(KeyedLanes::new(store.clone(), ring)?),
        vault,
        hasher,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    Ok(Sesame::new(ports, config.policy.clone()).await?)
}

/// Opens the database and the key ring, and makes sure that they belong together.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    if config.database_url.sqlite_path().is_some() || !config.keys_file_given {
        create_data_dir(&config.data_dir)?;
    }
    let store = store::open(&config.database_url, config.store).await?;
    let ring = key_ring(config, &*store).await?;
    let sealing = guard::admit(&*store, &ring, SystemClock.now()).await?;
    Ok(Opened { store, ring: Arc::new(ring), sealing })
}

/// The key ring of the configuration. The embedded default makes one beside a database that has
/// never sealed anything; nothing else ever does: a key invented beside old data locks people out.
async fn key_ring(config: &Config, store: &dyn Store) -> anyhow::Result<KeyRing> {
    match key_file::read(&config.keys_file) {
        Err(KeyFileError::Missing(_))
            if !config.keys_file_given
                && config.database_url.sqlite_path().is_some()
                && !guard::is_sealed(store).await? =>
        {
            let ring = KeyRing::generate(&SystemEntropy, SystemClock.now());
            key_file::write_new(&config.keys_file, &ring)?;
            tracing::info!(file = %config.keys_file.display(), "made a new key ring: back it up with the database");
            Ok(ring)
        }
        read => Ok(read?),
    }
}

/// The data folder, for its owner only.
fn create_data_dir(path: &Path) -> anyhow::Result<()> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(anyhow::anyhow!(
            "The data folder {} cannot be created: {error}. Name another with SESAME_DATA_DIR.",
            path.display()
        )),
        _ => Ok(()),
    }
}

async fn assemble(
    config: &Config,
    Opened { store, ring, .. }: Opened,
    vault: Arc<EnvelopeVault>,
    draining: Draining,
) -> anyhow::Result<Dependencies> {
    let meter = HashMeter::default();
    let hasher = hasher(config, meter.clone())?;
    let metrics = Arc::new(Metrics::new(store.clone(), hasher.clone(), &meter));
    Ok(Dependencies {
        sesame: Arc::new(put_together(config, &store, &ring, vault, hasher).await?),
        store,
        log_names: LogNames::new(&ring)?,
        ring,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        public_url: config.public_url.clone(),
        trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
        forward_auth: config.forward_auth.clone(),
        metrics,
        max_inflight: config.max_inflight,
        request_timeout: config.request_timeout,
        draining,
    })
}

/// Seals with the newest key that the database knows, also when it learns of one while this runs.
async fn follow_the_sealing_key(store: Arc<dyn Store>, ring: Arc<KeyRing>, vault: Arc<EnvelopeVault>) {
    let mut ticks = tokio::time::interval(KEY_INTERVAL);
    loop {
        ticks.tick().await;
        match guard::check(&*store, &ring).await {
            Ok(id) => vault.seal_with(id),
            // Readiness says so, too.
            Err(error) => tracing::warn!(%error, "cannot tell which key seals; trying again later"),
        }
    }
}

/// Says where to go, on standard output: this is what a person who typed `make run` waits for.
#[expect(clippy::print_stdout, reason = "the address is this command's output")]
fn announce(config: &Config, address: SocketAddr) {
    tracing::info!(%address, public_url = config.public_url.origin(), "ready");
    if config.listen.port() == 0 {
        println!("Sésame is ready: http://{address}");
    } else {
        println!("Sésame is ready: {}", config.public_url.origin());
    }
}

/// SIGTERM and SIGINT, from the moment it is made.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the next one.
    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
