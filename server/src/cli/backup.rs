//! `sesame backup` and `sesame restore`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use domain::service::ports::Clock as _;

use super::{configure, quiet_logs, runtime, say};
use crate::{backup, clock::SystemClock};

pub(super) fn commands(configured: impl Fn(Command) -> Command) -> [Command; 2] {
    let file = |name: &'static str, help| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .required(true)
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    [
        configured(
            Command::new("backup")
                .about("Copy the embedded database, in use or not, into a file; never its key ring")
                .arg(file("to", "New file to write")),
        ),
        configured(
            Command::new("restore")
                .about("Put a backup in the place of the embedded database")
                .arg(file("from", "Backup to restore"))
                .arg(
                    Arg::new("replace")
                        .long("replace")
                        .action(ArgAction::SetTrue)
                        .help("Also where there is a database, which is kept beside it"),
                ),
        ),
    ]
}

pub(super) fn backup(matches: &ArgMatches) -> anyhow::Result<()> {
    quiet_logs();
    let config = configure(matches)?;
    let to = path(matches, "to")?;
    let bytes = runtime()?.block_on(backup::backup(&config, &to))?;
    say(&format!(
        "Wrote {} ({bytes} bytes). The key ring is not in it: keep a copy of {} somewhere else.",
        to.display(),
        config.keys_file.display()
    ));
    Ok(())
}

pub(super) fn restore(matches: &ArgMatches) -> anyhow::Result<()> {
    quiet_logs();
    let config = configure(matches)?;
    let from = path(matches, "from")?;
    let replace = matches.get_flag("replace");
    let restored = runtime()?.block_on(backup::restore(&config, &from, replace, SystemClock.now()))?;
    say(&format!("Restored {} from {}.", restored.database.display(), from.display()));
    if let Some(kept) = restored.kept {
        say(&format!("What was there before is now {}.", kept.display()));
    }
    if restored.newest != restored.sealing {
        say(&format!(
            "Key {old} seals in it, as it did when the backup was made, and not the ring's newest, key {new}. Start, then \
             run `sesame keys rotate`: if key {old} has leaked, whatever is written before that is sealed with a leaked key.",
            old = restored.sealing,
            new = restored.newest
        ));
    }
    Ok(())
}

fn path(matches: &ArgMatches, name: &str) -> anyhow::Result<PathBuf> {
    matches.get_one::<PathBuf>(name).cloned().ok_or_else(|| anyhow::anyhow!("--{name} is missing."))
}
