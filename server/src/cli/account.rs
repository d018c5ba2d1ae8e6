//! `sesame account list|show|invite|sign-out|expire|revoke|delete|export`: what an operator does for people.
//! Nothing that is stored can be shown as a secret: it is sealed. An invitation's link is new (`invite.rs`).

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use domain::{
    audit::{AuditEvent, AuditKind},
    lifecycle::State,
    service::ports::Clock as _,
    username::Username,
};
use serde_json::{Value, json};

use super::{audit, configure, invite, json, quiet_logs, runtime, say, shown};
use crate::{
    clock::SystemClock,
    config::Config,
    crypto::{LogNames, key_file},
    dossier,
    store::{self, Act, Person, Store},
};

/// Accounts that are read at a time.
const PAGE: u32 = 500;

pub(super) fn command(configured: impl Fn(Command) -> Command) -> Command {
    let name = || Arg::new("username").value_name("USERNAME").help("The name of the account");
    let one = |command: &'static str, about: &'static str| {
        configured(Command::new(command).about(about).arg(name().required(true)))
    };
    let one_or_all = |command: &'static str, about: &'static str| {
        configured(
            Command::new(command).about(about).arg(name().required_unless_present("everybody")).arg(
                Arg::new("everybody")
                    .long("everybody")
                    .action(ArgAction::SetTrue)
                    .conflicts_with("username")
                    .help("All accounts"),
            ),
        )
    };
    Command::new("account")
        .about("Look up accounts, invite people, close sessions, revoke, export or delete accounts")
        .subcommand_required(true)
        .subcommand(configured(
            Command::new("list")
                .about("List the accounts: name, state, end of the secrets, last sign-in, sessions")
                .arg(
                    Arg::new("state")
                        .long("state")
                        .value_name("STATE")
                        .value_parser(State::ALL.map(State::as_str))
                        .help("Only accounts in this state"),
                )
                .arg(json()),
        ))
        .subcommand(one("show", "Show an account and its latest events").arg(json()))
        .subcommand(configured(invite::command().arg(name().required(true))))
        .subcommand(one_or_all("sign-out", "Close all sessions of an account; its secrets stay good"))
        .subcommand(one_or_all(
            "expire",
            "Have the secrets expire now: they only serve to renew, as after six months",
        ))
        .subcommand(one(
            "revoke",
            "Take all secrets and sessions of an account away; nothing opens it, and the name stays held",
        ))
        .subcommand(one(
            "delete",
            "Delete an account with all that is about the person; the name is free at once",
        ))
        .subcommand(
            one("export", "Print everything that is kept about a person, as JSON").arg(
                Arg::new("to")
                    .long("to")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help("New file to write, readable by its owner only"),
            ),
        )
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    quiet_logs();
    let Some((command, matches)) = matches.subcommand() else { return Ok(()) };
    let config = configure(matches)?;
    if command == "invite" {
        return runtime()?.block_on(invite::run(&config, &username(matches)?, matches));
    }
    runtime()?.block_on(async {
        let store = store::open(&config.database_url, config.store).await?;
        let done = dispatch(&store, &config, command, matches).await;
        store.close().await;
        done
    })
}

async fn dispatch(
    store: &Arc<dyn Store>,
    config: &Config,
    command: &str,
    matches: &ArgMatches,
) -> anyhow::Result<()> {
    let store = &**store;
    let now = SystemClock.now();
    match command {
        "list" => {
            let state = matches.get_one::<String>("state").map(String::as_str);
            list(store, state, matches.get_flag("json"), now).await
        }
        "show" => {
            // Who may read the database and not the ring is told all but that.
            let names = key_file::read(&config.keys_file).ok().and_then(|ring| LogNames::new(&ring).ok());
            show(store, names.as_ref(), &username(matches)?, matches.get_flag("json"), now).await
        }
        "export" => {
            export(store, &username(matches)?, matches.get_one::<PathBuf>("to").map(PathBuf::as_path), now)
                .await
        }
        "sign-out" => act(store, matches, Act::SignOut, now).await,
        "expire" => act(store, matches, Act::Expire, now).await,
        "revoke" => act(store, matches, Act::Revoke, now).await,
        _ => act(store, matches, Act::Delete, now).await,
    }
}

fn username(matches: &ArgMatches) -> anyhow::Result<Username> {
    let text = matches.get_one::<String>("username").map(String::as_str).unwrap_or_default();
    Username::parse(text).map_err(|error| anyhow::anyhow!("{text:?} is no username: {error}."))
}

/// Everybody, by name.
async fn everybody(store: &dyn Store) -> anyhow::Result<Vec<Person>> {
    let mut people: Vec<Person> = Vec::new();
    loop {
        let after = people.last().map(|person| person.username.clone());
        let page = store.people(after.as_ref(), PAGE).await?;
        if page.is_empty() {
            return Ok(people);
        }
        people.extend(page);
    }
}

async fn list(store: &dyn Store, state: Option<&str>, json: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut people = everybody(store).await?;
    people.retain(|person| state.is_none_or(|state| person.state(now).as_str() == state));
    if json {
        let people: Vec<Value> = people.iter().map(|person| value(person, now)).collect();
        say(&serde_json::to_string_pretty(&people)?);
        return Ok(());
    }
    let width = people.iter().map(|person| person.username.as_str().len()).max().unwrap_or(0).max(8);
    say(&format!(
        "{:width$}  {:10}  {:20}  {:20}  SESSIONS",
        "USERNAME", "STATE", "VALID UNTIL", "LAST SIGN-IN"
    ));
    for person in &people {
        say(&format!(
            "{:width$}  {:10}  {:20}  {:20}  {}",
            person.username.as_str(),
            person.state(now).as_str(),
            person.active.map_or_else(String::new, |(_, until)| shown(until)),
            person.last_sign_in_at.map_or_else(String::new, shown),
            person.sessions,
        ));
    }
    Ok(())
}

/// An account as scripts read it.
fn value(person: &Person, now: DateTime<Utc>) -> Value {
    json!({
        "username": person.username.as_str(),
        "id": person.account.to_string(),
        "state": person.state(now).as_str(),
        "renewing": person.active.is_some() && person.pending.is_some(),
        "asked_for_by": person.origin,
        "registered_at": person.registered_at,
        "lapses_at": person.lapses_at,
        "valid_until": person.active.map(|(_, until)| until),
        "last_sign_in_at": person.last_sign_in_at,
        "sessions": person.sessions,
    })
}

async fn show(
    store: &dyn Store,
    names: Option<&LogNames>,
    username: &Username,
    json: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let person = store.person(username).await?.ok_or_else(|| nobody(username))?;
    let events = store.entries_about(person.account).await?;
    let in_the_log = names.map(|names| names.of(username));
    if json {
        let events: Vec<Value> = events.iter().map(audit::value).collect();
        let account = value(&person, now);
        let told = json!({ "account": account, "in_the_log": in_the_log, "events": events });
        say(&serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    let state = person.state(now).as_str();
    let renewing = if person.active.is_some() && person.pending.is_some() { ", renewing" } else { "" };
    let lines = [
        ("state", format!("{state}{renewing}")),
        ("registered", shown(person.registered_at)),
        ("lapses", person.lapses_at.map_or_else(String::new, shown)),
        ("valid until", person.active.map_or_else(String::new, |(_, until)| shown(until))),
        ("last sign-in", person.last_sign_in_at.map_or_else(String::new, shown)),
        ("sessions", person.sessions.to_string()),
        ("id", person.account.to_string()),
        ("in the log", in_the_log.unwrap_or_default()),
    ];
    say(username.as_str());
    for (name, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        say(&format!("  {name:13} {text}"));
    }
    say("  events, the latest last");
    for entry in audit::latest(&events, audit::SHOWN) {
        say(&format!("    {}  {}", shown(entry.at), entry.kind));
    }
    Ok(())
}

async fn act(store: &dyn Store, matches: &ArgMatches, act: Act, now: DateTime<Utc>) -> anyhow::Result<()> {
    if matches.try_get_one::<bool>("everybody").ok().flatten().copied().unwrap_or(false) {
        let mut done = 0;
        for person in everybody(store).await? {
            // Who was deleted meanwhile needs nothing any more.
            done += u64::from(store.perform(&person.username, act, now).await?);
        }
        say(&format!("{}: {done} accounts.", told(act)));
        return Ok(());
    }
    let username = username(matches)?;
    anyhow::ensure!(store.perform(&username, act, now).await?, nobody(&username));
    say(&format!("{}: {username}.", told(act)));
    if act == Act::Delete {
        say("The name is free again. Backups made before keep the account until they are deleted.");
    }
    Ok(())
}

const fn told(act: Act) -> &'static str {
    match act {
        Act::SignOut => "Signed out",
        Act::Expire => "Has to renew",
        Act::Revoke => "Revoked",
        Act::Delete => "Deleted",
    }
}

async fn export(
    store: &dyn Store,
    username: &Username,
    to: Option<&Path>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let person = store.person(username).await?.ok_or_else(|| nobody(username))?;
    let event = AuditEvent { at: now, account: person.account, kind: AuditKind::Exported };
    store.record(&event).await?;
    let dossier = dossier::gather(store, username, now).await?.ok_or_else(|| nobody(username))?;
    let text = serde_json::to_string_pretty(&dossier)?;
    let Some(to) = to else {
        say(&text);
        return Ok(());
    };
    write_new(to, &text).with_context(|| format!("{} cannot be written", to.display()))?;
    say(&format!("Wrote {}.", to.display()));
    Ok(())
}

/// Writes a file that was not there before, for its owner only.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn nobody(username: &Username) -> anyhow::Error {
    anyhow::anyhow!("Nobody has the name {username}.")
}
