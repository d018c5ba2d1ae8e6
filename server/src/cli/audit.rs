//! `sesame audit list|verify`: the trail of what happened.

use std::{process::ExitCode, str::FromStr};

use clap::{Arg, ArgMatches, Command, value_parser};
use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{
    trail::{Entry, Head, Link},
    username::Username,
};
use serde_json::{Value, json};

use super::{configure, json, quiet_logs, runtime, say, shown};
use crate::store::{self, CheckError, Checked, Store};

/// How many events are shown unless more are asked for.
pub(super) const SHOWN: u32 = 50;

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
                .about("Check that no event was changed, taken out or put in; exit code 1 if one was")
                .long_about(
                    "Follows the chain of hashes from the oldest event to the newest. Whoever may write to the \
                     database can make the chain anew; so pass a head that was told before, by this command or in \
                     the log, with --head.",
                )
                .arg(
                    Arg::new("head")
                        .long("head")
                        .value_name("NUMBER:HASH")
                        .value_parser(ToldHead::from_str)
                        .help("A head that was told before, through which the chain has to pass"),
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
            _ => verify(&*store, matches).await,
        };
        store.close().await;
        done
    })
}

/// A head as it is told: `NUMBER:HASH`.
#[derive(Clone, Copy, Debug)]
struct ToldHead(Head);

impl FromStr for ToldHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "has to be a number, a colon and 64 hexadecimal digits";
        let (number, hash) = text.split_once(':').ok_or(FORM)?;
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| FORM)?;
        let link = Link::from_bytes(hash.try_into().map_err(|_| FORM)?);
        Ok(Self(Head { number: number.parse().map_err(|_| FORM)?, link }))
    }
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

async fn verify(store: &dyn Store, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let told = matches.get_one::<ToldHead>("head").map(|told| told.0);
    let (whole, checked, why) = match store::check(store, told).await {
        Ok(checked) => (checked.passes != Some(false), Some(checked), None),
        Err(CheckError::Broken(broken)) => (false, None, Some(broken.to_string())),
        Err(CheckError::Store(error)) => return Err(error.into()),
    };
    if matches.get_flag("json") {
        let answer = json!({
            "whole": whole,
            "broken": why,
            "events": checked.map(|checked| count(&checked)),
            "since": checked.and_then(|checked| checked.since),
            "head": checked.map(|checked| head_text(checked.ends.head)),
            "passes_through_head": checked.and_then(|checked| checked.passes),
        });
        say(&serde_json::to_string_pretty(&answer)?);
    } else {
        match (checked, why) {
            (Some(checked), _) => say(&sentence(&checked, told)),
            (None, why) => say(&format!("The trail is broken: {}.", why.unwrap_or_default())),
        }
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(checked: &Checked, told: Option<Head>) -> String {
    let since = checked.since.map_or_else(String::new, |since| format!(" since {}", shown(since)));
    let found = format!("{} events{since}, head {}", count(checked), head_text(checked.ends.head));
    match (told, checked.passes) {
        (Some(told), Some(false)) => format!(
            "The trail was made anew: its chain of {found} does not pass through {}, which was told before.",
            head_text(told)
        ),
        (Some(told), None) => format!(
            "The trail is whole: {found}. Event {} was deleted since, because it was old enough: whether the \
             chain passed through it cannot be told.",
            told.number
        ),
        (Some(_), Some(true)) => {
            format!("The trail is whole, and passes through the head that was told: {found}.")
        }
        (None, _) => format!("The trail is whole: {found}."),
    }
}

/// How many events are kept.
const fn count(checked: &Checked) -> u64 {
    checked.ends.head.number - checked.ends.base.number
}

/// A head as it is told.
fn head_text(head: Head) -> String {
    format!("{}:{}", head.number, head.link)
}
