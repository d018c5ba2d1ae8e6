//! `sesame audit list|verify`: the trail of what happened.

use std::{process::ExitCode, str::FromStr as _};

use chrono::{DateTime, Months, Utc};
use clap::{Arg, ArgMatches, Command, value_parser};
use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{service::ports::Clock as _, trail::Entry, username::Username};
use serde_json::{Value, json};

use super::{configure, json, quiet_logs, runtime, say, shown};
use crate::{
    clock::SystemClock,
    store::{self, CheckError, Checked, Fate, Store, Told},
};

/// How many events are shown unless more are asked for.
pub(super) const SHOWN: u32 = 50;

/// The exit code where it cannot be told whether events are missing.
const UNDATED: u8 = 3;

pub(super) fn command(configured: impl Fn(Command) -> Command) -> Command {
    Command::new("audit")
        .about("The trail of what happened to accounts")
        .subcommand_required(true)
        .subcommand(configured(
            Command::new("list")
                .about("List the latest events, of everybody (by pseudonym) or of one account")
                .arg(Arg::new("account").long("account").value_name("USERNAME").help("Only this account's"))
                .arg(
                    Arg::new("last")
                        .long("last")
                        .value_name("NUMBER")
                        .value_parser(value_parser!(u32).range(1..))
                        .help(format!("How many [default: {SHOWN}]")),
                )
                .arg(json()),
        ))
        .subcommand(configured(
            Command::new("verify")
                .about(
                    "Check that no event was changed, taken out or put in; exit code 1 if one was, 3 if it cannot \
                     be told",
                )
                .long_about(
                    "Follows the chain of hashes from the oldest event to the newest. Whoever may write to the \
                     database can make the chain anew; so pass a head that was told before, by this command or in \
                     the log, with --head. Events are deleted when they are older than SESAME_AUDIT_MONTHS, and \
                     only then: with the time of a head that is gone, it is told whether it might be. The newest \
                     head that was told shows that nothing was made anew; the oldest one that is not older than \
                     SESAME_AUDIT_MONTHS shows that nothing was cut off at the beginning.\n\n\
                     Exit code 0: the trail is whole. 1: it is not, or a head is gone that should have been kept. \
                     3: the head is gone, and was passed without its time, so that nobody can say whether it was \
                     old enough.",
                )
                .arg(
                    Arg::new("head")
                        .long("head")
                        .value_name("NUMBER:HASH@TIME")
                        .value_parser(Told::from_str)
                        .help("A head that was told before, through which the chain has to pass; @TIME may be missing"),
                )
                .arg(json()),
        ))
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    quiet_logs();
    let Some((command, matches)) = matches.subcommand() else { return Ok(ExitCode::SUCCESS) };
    let config = configure(matches)?;
    runtime()?.block_on(async {
        let store = store::open(&config.database_url, config.store).await?;
        let done = match command {
            "list" => list(&*store, matches).await.map(|()| ExitCode::SUCCESS),
            _ => verify(&*store, config.audit_months, matches).await,
        };
        store.close().await;
        done
    })
}

/// An event as scripts read it.
pub(super) fn value(entry: &Entry) -> Value {
    json!({
        "number": entry.number,
        "at": entry.at,
        "subject": HEXLOWER_PERMISSIVE.encode(entry.subject.as_bytes()),
        "event": entry.kind,
    })
}

async fn list(store: &dyn Store, matches: &ArgMatches) -> anyhow::Result<()> {
    let last = matches.get_one::<u32>("last").copied().unwrap_or(SHOWN);
    let events = if let Some(name) = matches.get_one::<String>("account") {
        let username =
            Username::parse(name).map_err(|error| anyhow::anyhow!("{name:?} is no username: {error}."))?;
        let person = store.person(&username).await?;
        let person = person.ok_or_else(|| anyhow::anyhow!("Nobody has the name {username}."))?;
        latest(&store.entries_about(person.account).await?, last).to_vec()
    } else {
        let head = store.ends().await?.head;
        let entries = store.entries(head.number.saturating_sub(last.into()), last).await?;
        entries.into_iter().map(|(entry, _)| entry).collect()
    };
    if matches.get_flag("json") {
        let events: Vec<Value> = events.iter().map(value).collect();
        say(&serde_json::to_string_pretty(&events)?);
        return Ok(());
    }
    for entry in &events {
        let subject = HEXLOWER_PERMISSIVE.encode(entry.subject.as_bytes());
        say(&format!("{:>8}  {}  {subject}  {}", entry.number, shown(entry.at), entry.kind));
    }
    Ok(())
}

/// The last `number` of `entries`.
pub(super) fn latest(entries: &[Entry], number: u32) -> &[Entry] {
    let surplus = entries.len().saturating_sub(usize::try_from(number).unwrap_or(usize::MAX));
    entries.get(surplus..).unwrap_or_default()
}

/// What a head that was told says, and what to answer.
#[derive(Clone, Copy)]
struct Judged {
    told: Told,
    fate: Fate,
}

async fn verify(store: &dyn Store, months: u32, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let told = matches.get_one::<Told>("head").copied();
    let kept_since =
        SystemClock.now().checked_sub_months(Months::new(months)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let (checked, why) = match store::check(store, told.map(|told| told.head)).await {
        Ok(checked) => (Some(checked), None),
        Err(CheckError::Broken(broken)) => (None, Some(broken.to_string())),
        Err(CheckError::Store(error)) => return Err(error.into()),
    };
    let judged =
        told.zip(checked).map(|(told, checked)| Judged { told, fate: told.fate(&checked, kept_since) });
    // Neither where nobody can say.
    let whole = match (&checked, judged.map(|judged| judged.fate)) {
        (None, _) | (_, Some(Fate::Missed | Fate::TooYoung)) => Some(false),
        (_, Some(Fate::Undated)) => None,
        (_, Some(Fate::Passed | Fate::OldEnough) | None) => Some(true),
    };
    if matches.get_flag("json") {
        let answer = json!({
            "whole": whole,
            "broken": why,
            "events": checked.map(|checked| count(&checked)),
            "since": checked.and_then(|checked| checked.since),
            "head": checked.map(|checked| checked.head().to_string()),
            "passes_through_head": checked.and_then(|checked| checked.passes),
            "head_was": judged.and_then(|judged| fate_word(judged.fate)),
        });
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        match (checked, why) {
            (Some(checked), _) => say(&sentence(&checked, judged, months)),
            (None, why) => say(&format!("The trail is broken: {}.", why.unwrap_or_default())),
        }
    }
    Ok(match whole {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => ExitCode::from(UNDATED),
    })
}

/// What became of a head that is gone, for scripts.
const fn fate_word(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Passed | Fate::Missed => None,
        Fate::OldEnough => Some("old_enough"),
        Fate::TooYoung => Some("too_young"),
        Fate::Undated => Some("undated"),
    }
}

fn sentence(checked: &Checked, judged: Option<Judged>, months: u32) -> String {
    let since = checked.since.map_or_else(String::new, |since| format!(" since {}", shown(since)));
    let found = format!("{} events{since}, head {}", count(checked), checked.head());
    let Some(Judged { told, fate }) = judged else { return format!("The trail is whole: {found}.") };
    let number = told.head.number;
    match fate {
        Fate::Passed => format!("The trail is whole, and passes through the head that was told: {found}."),
        Fate::Missed => format!(
            "The trail was made anew: its chain of {found} does not pass through {told}, which was told before."
        ),
        Fate::OldEnough => {
            format!(
                "The trail is whole: {found}. Event {number} was deleted since, because it was old enough."
            )
        }
        Fate::TooYoung => format!(
            "The trail was cut: {told} was told before, and event {number} is gone, although events are kept for \
             {months} months (SESAME_AUDIT_MONTHS). What is left is a chain of {found}."
        ),
        Fate::Undated => format!(
            "Whether the trail is whole cannot be told: event {number} was deleted, and only the time that was told \
             with it (--head NUMBER:HASH@TIME) says whether it was old enough. What is left is a chain of {found}."
        ),
    }
}

/// How many events are kept.
const fn count(checked: &Checked) -> u64 {
    checked.ends.head.number - checked.ends.base.number
}
