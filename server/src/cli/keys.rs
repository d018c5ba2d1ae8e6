//! `sesame keys generate|add|rotate|remove|list`.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use data_encoding::HEXLOWER;
use domain::service::ports::Clock as _;

use super::{configure, json, quiet_logs, runtime, say, shown};
use crate::{
    clock::SystemClock,
    config::Config,
    crypto::{KeyRing, SystemEntropy, guard, key_file},
    rekey::{self, Unbound},
    serve, store,
};

/// Pairs sealed again in one transaction.
const DEFAULT_BATCH: &str = "100";

pub(super) fn command(configured: impl Fn(Command) -> Command) -> Command {
    let to = || {
        Arg::new("to")
            .long("to")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("New file for the ring; without it, the ring's own file is replaced")
    };
    Command::new("keys")
        .about("The key ring that seals secrets")
        .subcommand_required(true)
        .subcommand(configured(
            Command::new("generate").about("Make the key ring of a new database, where there is none"),
        ))
        .subcommand(configured(
            Command::new("add")
                .about("Add a fresh key to the ring; it seals nothing before `keys rotate`")
                .arg(to()),
        ))
        .subcommand(configured(
            Command::new("rotate")
                .about(
                    "Seal with the ring's newest key, and everything stored once more, while people sign in",
                )
                .arg(
                    Arg::new("batch")
                        .long("batch")
                        .value_name("NUMBER")
                        .value_parser(value_parser!(u32).range(1..=10_000))
                        .default_value(DEFAULT_BATCH)
                        .help("How many accounts' secrets are sealed in one transaction"),
                )
                .arg(Arg::new("bind").long("bind").action(ArgAction::SetTrue).help(
                    "After an upgrade, once: bind secrets that an earlier version sealed to the accounts they stand with",
                )),
        ))
        .subcommand(configured(
            Command::new("remove")
                .about("Take an old key out of the ring, once nothing is sealed with it")
                .arg(
                    Arg::new("number")
                        .required(true)
                        .value_name("NUMBER")
                        .value_parser(value_parser!(u32))
                        .help("Its number"),
                )
                .arg(to()),
        ))
        .subcommand(configured(
            Command::new("list")
                .about("List the keys: number, date, age, fingerprint and use, never the key")
                .arg(json()),
        ))
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    quiet_logs();
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    let config = configure(matches)?;
    match name {
        "generate" => generate(&config),
        "add" => add(&config, matches.get_one::<PathBuf>("to").map(PathBuf::as_path)),
        "rotate" => {
            let unbound = if matches.get_flag("bind") { Unbound::Bind } else { Unbound::Leave };
            rotate(&config, matches.get_one("batch").copied().unwrap_or(1), unbound)
        }
        "remove" => {
            let number = matches.get_one("number").copied().unwrap_or_default();
            remove(&config, number, matches.get_one::<PathBuf>("to").map(PathBuf::as_path))
        }
        _ => list(&config, matches.get_flag("json")),
    }
}

/// Makes the key ring of a new database. Refused beside a database that was sealed with another
/// one, as far as that database can be reached.
fn generate(config: &Config) -> anyhow::Result<()> {
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

fn add(config: &Config, to: Option<&Path>) -> anyhow::Result<()> {
    let ring = key_file::read(&config.keys_file)?
        .with_new_key(&SystemEntropy, SystemClock.now())
        .ok_or_else(|| anyhow::anyhow!("There is no number left for another key."))?;
    let file = write(config, to, &ring)?;
    say(&format!(
        "Wrote {} with key {}. Keep a copy away from the database, give it to every process and restart them; \
         then run `sesame keys rotate`.",
        file.display(),
        ring.newest()
    ));
    Ok(())
}

fn rotate(config: &Config, batch: u32, unbound: Unbound) -> anyhow::Result<()> {
    let settle = serve::KEY_INTERVAL * 2 + config.request_timeout;
    runtime()?.block_on(async {
        let opened = serve::open(config).await?;
        let store = &*opened.store;
        let rotated = rekey::rotate(store, opened.ring.clone(), batch, unbound, settle, &|sealed| {
            say(&format!("Sealed again: {sealed}."));
        })
        .await;
        opened.store.close().await;
        let rotated = rotated?;
        say(&format!(
            "Key {} seals everything. Sealed again: {} in all. Once no backup needs them, the old keys can go: \
             `sesame keys remove NUMBER`.",
            rotated.key, rotated.pairs
        ));
        Ok(())
    })
}

fn remove(config: &Config, number: u32, to: Option<&Path>) -> anyhow::Result<()> {
    let ring = key_file::read(&config.keys_file)?;
    anyhow::ensure!(ring.get(number).is_some(), "The ring has no key {number}.");
    let smaller = ring
        .without(number)
        .ok_or_else(|| anyhow::anyhow!("Key {number} is the newest of the ring: it cannot be removed."))?;
    runtime()?.block_on(async {
        let opened = serve::open(config).await?;
        let forgotten = rekey::forget(&*opened.store, opened.sealing, number).await;
        opened.store.close().await;
        forgotten
    })?;
    let file = write(config, to, &smaller)?;
    say(&format!("Wrote {} without key {number}. Restart every process with it.", file.display()));
    Ok(())
}

/// Into the ring's own file, or into a new one.
fn write(config: &Config, to: Option<&Path>, ring: &KeyRing) -> anyhow::Result<PathBuf> {
    if let Some(to) = to {
        key_file::write_new(to, ring)?;
        return Ok(to.to_owned());
    }
    key_file::replace(&config.keys_file, ring)?;
    Ok(config.keys_file.clone())
}

/// Lists number, date, fingerprint and use of each key.
fn list(config: &Config, json: bool) -> anyhow::Result<()> {
    let ring = key_file::read(&config.keys_file)?;
    let patience = config.store.acquire_timeout;
    let seen = runtime()?.block_on(store::survey(&config.database_url, &SystemClock, patience));
    // A database that does not answer leaves the last column empty: the ring is there all the same.
    let sealing =
        seen.ok().map(|seen| guard::sealing(&seen.map(|seen| seen.keys).unwrap_or_default(), &ring));
    let role = |id: u32| match sealing {
        Some(sealing) if id == sealing => "seals",
        Some(sealing) if id > sealing => "waits for `keys rotate`",
        Some(_) => "opens",
        None => "",
    };
    let told = |key: &crate::crypto::Key| (shown(key.created_at()), HEXLOWER.encode(&key.fingerprint()));
    let now = SystemClock.now();
    let days = |key: &crate::crypto::Key| (now - key.created_at()).num_days();
    if json {
        let rows: Vec<serde_json::Value> = ring
            .iter()
            .map(|(id, key)| {
                let (created_at, fingerprint) = told(key);
                let seals = sealing.map(|sealing| sealing == id);
                serde_json::json!({
                    "number": id, "created_at": created_at, "age_days": days(key), "fingerprint": fingerprint,
                    "seals": seals,
                })
            })
            .collect();
        say(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (id, key) in ring.iter() {
        let (created_at, fingerprint) = told(key);
        let short = fingerprint.get(..16).unwrap_or(&fingerprint);
        say(format!("{id:>4}  {created_at}  {:>5} days  {short}  {}", days(key), role(id)).trim_end());
    }
    Ok(())
}
