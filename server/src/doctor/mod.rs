//! `sesame doctor`: looks at the configuration, the machine and the database as the program would
//! run on them, and reports every mistake it finds, with its remedy.
//!
//! It changes nothing: no key is made, no file created, no migration applied. It goes on after every
//! finding, and it ends soon, whoever does not answer. Each area has a file whose rules are functions
//! of what was seen; looking is done in [`Machine::look`], [`Folder::look`] and [`store::survey`].

mod clock;
mod configuration;
mod database;
mod keys;
mod machine;
mod network;
mod password;
mod report;
mod storage;

use std::{sync::Arc, time::Duration};

use domain::{
    secret::Secret,
    service::ports::{Clock as _, PasswordHasher as _, StoreError},
};

pub use self::report::{Finding, Report, Severity};
use self::{machine::Machine, storage::Folder};
use crate::{
    clock::SystemClock,
    config::{Config, Partial, Sources},
    crypto::{Argon2Pool, SystemEntropy},
    metrics::HashMeter,
    site,
    store::{self, Survey},
};

/// How long the database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
/// How long one password hash is waited for.
const HASH_PATIENCE: Duration = Duration::from_secs(3);

/// What was seen of the database. `None`: its address is not known, or there is no file yet.
type Seen = Result<Option<Survey>, StoreError>;

/// Looks at everything. A configuration with mistakes hides nothing but what the mistakes are about.
pub async fn examine(sources: &Sources) -> Report {
    let mut report = Report::default();
    let known = match Partial::load(sources) {
        Ok(known) => known,
        Err(problems) => {
            configuration::mistakes(problems.iter(), &mut report);
            return report;
        }
    };
    let config = &known.config;
    configuration::examine(&known, &mut report);
    network::examine(&known, &mut report);

    let machine = Machine::look();
    let (seen, hash) = tokio::join!(survey(&known), time_of_hash(config, machine.memory));
    machine::examine(config, &machine, hash, &mut report);
    let now = SystemClock.now();
    clock::examine(now, machine.time_service, seen.as_ref().ok().and_then(Option::as_ref), &mut report);
    if known.is_sure("database_url") && known.is_sure("data_dir") {
        database::examine(&config.database_url, &seen, &mut report);
        password::examine(&known, &sources.mounts, &mut report);
        for folder in Folder::all_of(config) {
            storage::examine(&folder, &mut report);
        }
    }
    if known.is_sure("keys_file") && known.is_sure("data_dir") {
        keys::examine(now, &known, &seen, &mut report);
    }
    if !sources.function && known.is_sure("site_dir") {
        storage::examine_site(site::find(config.site_dir.as_deref()), &mut report);
    }
    report
}

async fn survey(known: &Partial) -> Seen {
    if !(known.is_sure("database_url") && known.is_sure("data_dir")) {
        return Ok(None);
    }
    store::survey(&known.config.database_url, &SystemClock, DATABASE_PATIENCE).await
}

/// How long one hash takes here, or the patience that it exhausted. `None`: it was not tried, because
/// it would fill the machine.
async fn time_of_hash(config: &Config, memory: Option<u64>) -> Option<Duration> {
    if memory.is_some_and(|limit| config.argon2.bytes() > limit / 2) {
        return None;
    }
    let pool = Argon2Pool::new(config.argon2, 1, 0, Arc::new(SystemEntropy), HashMeter::default()).ok()?;
    let begun = tokio::time::Instant::now();
    // The time counts, not the hash: whether it ended in time is seen on the clock.
    let _ = tokio::time::timeout(HASH_PATIENCE, pool.hash(Secret::new(b"doctor".to_vec()))).await;
    Some(begun.elapsed())
}
