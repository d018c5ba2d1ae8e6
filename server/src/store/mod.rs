//! Where accounts, sessions, throttle lanes and key fingerprints are kept: one `SQLite` file, or
//! one `PostgreSQL` database that several replicas share.
//!
//! Both backends implement the ports of `domain::service::ports` and hold the same promises; one
//! contract suite (`tests/store_contract.rs`) runs on both:
//!
//! - **A method is one transaction.** It commits before it answers, and a future that is dropped
//!   half-way rolls back. The one exception is `purge`, which deletes in batches.
//! - **Single use is one guarded write.** A ticket, a TOTP step or a throttle lane changes hands by
//!   `UPDATE … WHERE it is still what I saw`; who changes no row has lost. When a later guard of the
//!   same transaction fails, the earlier ones are rolled back with it.
//! - **The database being away is not an error of ours.** What another try may mend answers
//!   [`StoreError::Unavailable`], quickly; everything else is [`StoreError::Broken`] (`fault.rs`).
//! - **Instants keep their microseconds**, on both backends alike (`stamp.rs`).
//!
//! The SQL stands in `sqlite/` and `postgres/`; what is the same in both stands here.

#[macro_use]
mod account_store;
mod bind;
mod census;
mod database_url;
mod desk;
mod fault;
mod health;
mod keys;
mod postgres;
mod rows;
mod schema;
mod sqlite;
mod stamp;
mod survey;
mod told;
mod trail;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::service::ports::{AccountStore, StoreError, ThrottleStore};

pub use self::{
    census::{Census, Connections, Counts},
    database_url::{DatabaseUrl, DatabaseUrlError, Wire},
    desk::{Act, Desk, Person},
    health::Health,
    keys::{KeyFingerprint, KeyFingerprints, SealedPair},
    schema::SchemaState,
    survey::{Server, Survey, survey},
    told::{Fate, Told, latest},
    trail::{CheckError, Checked, Ends, Trail, check},
};
use self::{database_url::Location, fault::Fault};

/// How many rows a purge deletes in one transaction.
const PURGE_BATCH: u32 = 1_000;

/// How often a database that does not answer yet is asked again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Copies the `SQLite` file `path`, in use or not, into the new file `to`.
pub async fn copy_sqlite(path: &Path, to: &Path) -> Result<(), OpenError> {
    sqlite::backup::copy(path, to).await
}

/// Copies the backup `path` of a `SQLite` file into the new file `to`, and leaves it as it is.
pub async fn copy_sqlite_backup(path: &Path, to: &Path) -> Result<(), OpenError> {
    sqlite::backup::copy_backup(path, to).await
}

/// Whether the `SQLite` file is undamaged. Changes nothing.
pub async fn is_sound_sqlite(path: &Path) -> Result<bool, OpenError> {
    sqlite::backup::is_sound(path).await
}

/// Whether another process has the `SQLite` file open.
pub async fn is_in_use_sqlite(path: &Path) -> Result<bool, OpenError> {
    sqlite::backup::is_in_use(path).await
}

/// Everything the service keeps, behind one handle.
pub trait Store: AccountStore + ThrottleStore + KeyFingerprints + Health + Census + Trail + Desk {}

impl<T: AccountStore + ThrottleStore + KeyFingerprints + Health + Census + Trail + Desk> Store for T {}

/// How many connections a store may use, and how long it waits before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Connections to `PostgreSQL`; on `SQLite`, connections that read.
    pub max_connections: u32,
    /// How long a call waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run, and how long it waits for somebody else's lock.
    pub statement_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
        }
    }
}

/// Why a store was not opened, as a sentence for the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not answer, or answers nonsense.
    #[error("The database cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The schema is not the one this program was built for.
    #[error("{0}")]
    Schema(SchemaState),
    /// The folder that should hold the `SQLite` file is missing.
    #[error("The folder {} does not exist. Create it, or name another place for the database.", .0.display())]
    NoFolder(PathBuf),
    /// The `SQLite` file cannot be created.
    #[error("The database file {} cannot be created: {source}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault.into())
    }
}

/// Opens the store at `url`.
///
/// A `SQLite` file is created when it is missing, readable by its owner only, and migrated. A
/// `PostgreSQL` schema is left as it is and refused unless it is current: replicas that start
/// together must not decide among themselves when it changes.
pub async fn open(url: &DatabaseUrl, options: StoreOptions) -> Result<Arc<dyn Store>, OpenError> {
    match url.location() {
        Location::Sqlite(path) => Ok(Arc::new(sqlite::SqliteStore::open(path, options).await?)),
        Location::Postgres(to) => Ok(Arc::new(postgres::PostgresStore::open(to, options).await?)),
    }
}

/// [`migrate`], trying again for as long as `patience` while the database does not answer: beside a
/// database that starts at the same time, as in a fresh cluster.
pub async fn migrate_within(url: &DatabaseUrl, patience: Duration) -> Result<u32, OpenError> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        match migrate(url).await {
            Err(OpenError::Store(StoreError::Unavailable(why))) if tokio::time::Instant::now() < deadline => {
                tracing::info!(why, "waiting for the database");
                tokio::time::sleep(RETRY_INTERVAL).await;
            }
            result => return result,
        }
    }
}

/// Applies the migrations that `url` lacks, and answers how many there were. Calls that run at the
/// same time wait for one another; all but the first find nothing left to do.
pub async fn migrate(url: &DatabaseUrl) -> Result<u32, OpenError> {
    match url.location() {
        Location::Sqlite(path) => sqlite::migrate(path).await,
        Location::Postgres(to) => postgres::migrate(to).await,
    }
}
