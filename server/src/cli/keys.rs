//! `sesame keys generate|list`.

use chrono::SecondsFormat;
use data_encoding::HEXLOWER;
use domain::service::ports::Clock as _;

use super::{quiet_logs, runtime, say};
use crate::{
    clock::SystemClock,
    config::Config,
    crypto::{KeyRing, SystemEntropy, guard, key_file},
    store,
};

/// Makes the key ring of a new database. Refused beside a database that was sealed with another
/// one, as far as that database can be reached.
pub(super) fn generate(config: &Config) -> anyhow::Result<()> {
    quiet_logs();
    if config.keys_file.exists() {
        return Err(key_file::KeyFileError::Exists(config.keys_file.clone()).into());
    }
    if runtime()?.block_on(database_is_sealed(config))? {
        anyhow::bail!(
            "This database was sealed with a key ring already: restore that file. A new key would open nothing in it."
        );
    }
    let ring = KeyRing::generate(&SystemEntropy, SystemClock.now());
    key_file::write_new(&config.keys_file, &ring)?;
    say(&format!(
        "Made {} with key {}. Keep a copy away from the database: without it nobody can sign in.",
        config.keys_file.display(),
        ring.newest()
    ));
    Ok(())
}

/// A database that does not exist or cannot be reached yet was not sealed: the guard at the start
/// of the server has the last word.
async fn database_is_sealed(config: &Config) -> anyhow::Result<bool> {
    if config.database_url.sqlite_path().is_some_and(|path| !path.exists()) {
        return Ok(false);
    }
    let Ok(store) = store::open(&config.database_url, config.store).await else { return Ok(false) };
    let sealed = guard::is_sealed(&*store).await;
    store.close().await;
    Ok(sealed?)
}

/// Lists number, date and fingerprint of each key.
pub(super) fn list(config: &Config, json: bool) -> anyhow::Result<()> {
    let ring = key_file::read(&config.keys_file)?;
    let rows: Vec<serde_json::Value> = ring
        .iter()
        .map(|(id, key)| {
            serde_json::json!({
                "number": id,
                "created_at": key.created_at().to_rfc3339_opts(SecondsFormat::Secs, true),
                "fingerprint": HEXLOWER.encode(&key.fingerprint()),
                "seals": id == ring.newest(),
            })
        })
        .collect();
    if json {
        say(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (id, key) in ring.iter() {
        let seals = if id == ring.newest() { "  seals" } else { "" };
        let fingerprint = HEXLOWER.encode(&key.fingerprint());
        let short = fingerprint.get(..16).unwrap_or(&fingerprint);
        let date = key.created_at().to_rfc3339_opts(SecondsFormat::Secs, true);
        say(&format!("{id:>4}  {date}  {short}{seals}"));
    }
    Ok(())
}
