//! `sesame doctor`: finds what is wrong with an installation.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{json, runtime, say, sources};
use crate::{config::Sources, doctor};

pub(super) fn command() -> Command {
    Command::new("doctor")
        .about("Look at configuration, machine and database, and say what is wrong; exit code 1 at an error")
        .long_about(
            "Looks at the configuration, the machine and the database as the program would run on them, and says \
             what is wrong and what to do. Changes nothing. Run it as the user and in the container that the \
             program runs in. Exit code 1 when there is an error, 0 otherwise: warnings alone do not count.",
        )
        .arg(json())
        .arg(
            Arg::new("as_function")
                .long("as-function")
                .action(ArgAction::SetTrue)
                .help("Look as `sesame function` would, with its defaults and the variables of OpenFaaS"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let sources = Sources { function: matches.get_flag("as_function"), ..sources(matches) };
    let runtime = runtime()?;
    let report = runtime.block_on(doctor::examine(&sources));
    // A name server or a hash that takes its time is not waited for.
    runtime.shutdown_background();
    if matches.get_flag("json") {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&report.to_text());
    }
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
