//! Putting the service together and keeping it running until it is asked to stop.

use std::{fs, io, net::SocketAddr, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc, time::Duration};

use domain::service::{
    Ports, Sesame,
    ports::{Clock, Entropy},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    clock::SystemClock,
    config::Config,
    crypto::{
        Argon2Pool, EnvelopeVault, KeyRing, SystemEntropy, guard,
        key_file::{self, KeyFileError},
    },
    http::{self, Dependencies, Draining},
    site,
    store::{self, Store},
};

/// How often what is over is deleted.
const PURGE_INTERVAL: Duration = Duration::from_mins(10);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let site_dir = site::find(config.site_dir.as_deref())?;
    let (store, ring) = open(&config).await?;
    let draining = Draining::default();
    let dependencies = assemble(&config, store.clone(), ring, site_dir, draining.clone()).await?;

    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        anyhow::anyhow!(
            "Cannot listen on {}: {error}. Is another Sésame running? (SESAME_LISTEN)",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;
    let purge = tokio::spawn(purge_for_ever(dependencies.sesame.clone()));
    let service = http::build(&dependencies).into_make_service_with_connect_info::<SocketAddr>();

    // Stops taking connections at the signal, then waits for the requests in flight.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop_signal().await;
        draining.begin();
        tracing::info!("stopping: finishing requests in flight");
        // The receiver waits below for as long as the server runs.
        let _ = stop.send(());
    });
    announce(&config, address);
    let deadline = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(config.shutdown_timeout).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = server => result?,
        () = deadline => tracing::warn!("some requests did not finish in time and were dropped"),
    }
    purge.abort();
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the database and the key ring, and makes sure that they belong together.
pub async fn open(config: &Config) -> anyhow::Result<(Arc<dyn Store>, Arc<KeyRing>)> {
    if config.database_url.sqlite_path().is_some() || !config.keys_file_given {
        create_data_dir(&config.data_dir)?;
    }
    let store = store::open(&config.database_url, config.store).await?;
    let ring = key_ring(config, &*store).await?;
    guard::admit(&*store, &ring, SystemClock.now()).await?;
    Ok((store, Arc::new(ring)))
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
    store: Arc<dyn Store>,
    ring: Arc<KeyRing>,
    site_dir: std::path::PathBuf,
    draining: Draining,
) -> anyhow::Result<Dependencies> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let hasher = Argon2Pool::new(config.argon2, config.hash_permits, config.hash_queue, entropy.clone())?;
    let ports = Ports {
        accounts: store.clone(),
        throttle: store.clone(),
        vault: Arc::new(EnvelopeVault::new(ring.clone(), entropy.clone())),
        hasher: Arc::new(hasher),
        clock: Arc::new(SystemClock),
        entropy: entropy.clone(),
    };
    Ok(Dependencies {
        sesame: Arc::new(Sesame::new(ports, config.policy.clone()).await?),
        store,
        ring,
        entropy,
        public_url: config.public_url.clone(),
        site_dir,
        request_timeout: config.request_timeout,
        draining,
    })
}

async fn purge_for_ever(sesame: Arc<Sesame>) {
    let mut ticks = tokio::time::interval(PURGE_INTERVAL);
    loop {
        ticks.tick().await;
        match sesame.purge().await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "deleted what was over"),
            Err(error) => tracing::warn!(%error, "could not delete what was over; trying again later"),
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

/// Resolves at the first SIGTERM or SIGINT.
async fn stop_signal() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "cannot listen for signals");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}
