//! The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not healthy.

mod account;
mod audit;
mod backup;
mod doctor;
mod fprocess;
mod health;
mod invite;
mod keys;
mod memory;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::{
    config::{
        Config, LogFormat, Problems, Sources,
        settings::{SETTINGS, Setting},
    },
    http::Function,
    serve::{self, Shape},
    store, telemetry,
};

/// Exit code of wrong usage or configuration; clap uses the same.
const USAGE: u8 = 2;

/// The whole command line, as `--help` shows it.
#[must_use]
pub fn command() -> Command {
    let configured = |command: Command| {
        command.args(SETTINGS.iter().map(argument)).arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("TOML file with settings [SESAME_CONFIG]"),
        )
    };
    Command::new("sesame")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Accounts whose secrets nobody chooses: generated passwords, TOTP, renewed every six months")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(110)
        .subcommand(configured(Command::new("serve").about("Serve the pages and the API")))
        .subcommand(configured(
            Command::new("function").about("Serve one part of the API as an OpenFaaS function").arg(
                Arg::new("name")
                    .required(true)
                    .value_name("NAME")
                    .value_parser(Function::ALL.map(Function::name))
                    .help("Which part"),
            ),
        ))
        .subcommand(configured(
            Command::new("migrate").about("Bring the database schema up to this program's version").arg(
                Arg::new("wait")
                    .long("wait")
                    .value_name("SECONDS")
                    .value_parser(value_parser!(u32))
                    .default_value("0")
                    .help("How long to wait for the database to answer"),
            ),
        ))
        .subcommand(
            Command::new("config").about("Look at the configuration").subcommand_required(true).subcommand(
                configured(Command::new("check").about("Report every mistake in the configuration")),
            ),
        )
        .subcommand(account::command(configured))
        .subcommand(audit::command(configured))
        .subcommands(backup::commands(configured))
        .subcommand(configured(doctor::command()))
        .subcommand(health::command())
        .subcommand(keys::command(configured))
}

/// The flag of a setting. A secret may come from a file, too.
fn argument(setting: &Setting) -> Arg {
    let default = setting.default.map_or_else(String::new, |text| format!(" [default: {text}]"));
    let file = if setting.secret { format!(", {}_FILE", setting.env) } else { String::new() };
    Arg::new(setting.key)
        .long(setting.flag())
        .value_name("VALUE")
        .help(format!("{}{default} [{}{file}]", setting.help, setting.env))
        .help_heading("Settings")
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(error) = memory::keep_to_itself() {
        // It serves all the same, and `sesame doctor` says so, too.
        complain(&format!("Core dumps cannot be switched off: {error}."));
    }
    let variable = std::env::var(fprocess::VARIABLE).ok();
    let arguments = match fprocess::arguments(std::env::args_os().collect(), variable.as_deref()) {
        Ok(arguments) => arguments,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(USAGE);
        }
    };
    let matches = command().get_matches_from(arguments);
    match dispatch(&matches) {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            if error.is::<Problems>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn dispatch(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    match matches.subcommand() {
        Some(("serve", matches)) => {
            let config = configure(matches)?;
            telemetry::start(config.log_format, &config.log);
            runtime()?.block_on(serve::serve(config, Shape::Everything))?;
        }
        Some(("function", matches)) => {
            let name = matches.get_one::<String>("name").map(String::as_str).unwrap_or_default();
            let function =
                Function::named(name).ok_or_else(|| anyhow::anyhow!("There is no function {name}."))?;
            let config = Config::load(&Sources { function: true, ..sources(matches) })?;
            telemetry::start(config.log_format, &config.log);
            runtime()?.block_on(serve::serve(config, Shape::Function(function)))?;
        }
        Some(("migrate", matches)) => {
            let config = configure(matches)?;
            telemetry::start(config.log_format, &config.log);
            let wait = Duration::from_secs(matches.get_one::<u32>("wait").copied().unwrap_or(0).into());
            let applied = runtime()?.block_on(store::migrate_within(&config.database_url, wait))?;
            say(&format!("Migrations applied: {applied}."));
        }
        Some(("config", matches)) => {
            if let Some(("check", matches)) = matches.subcommand() {
                configure(matches)?;
                say("The configuration is fine.");
            }
        }
        Some(("account", matches)) => account::run(matches)?,
        Some(("audit", matches)) => return audit::run(matches),
        Some(("backup", matches)) => backup::backup(matches)?,
        Some(("restore", matches)) => backup::restore(matches)?,
        Some(("doctor", matches)) => return doctor::run(matches),
        Some(("health", matches)) => return health::run(matches),
        Some(("keys", matches)) => keys::run(matches)?,
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn configure(matches: &ArgMatches) -> Result<Config, Problems> {
    Config::load(&sources(matches))
}

fn sources(matches: &ArgMatches) -> Sources {
    let flags = SETTINGS
        .iter()
        .filter_map(|setting| Some((setting.key, matches.get_one::<String>(setting.key)?.clone())))
        .collect();
    Sources::of_process(matches.get_one::<PathBuf>("config").cloned(), flags)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command's complaint")]
fn complain(text: &str) {
    eprintln!("{}", text.trim_end());
}

/// `--json`, where a script would read the answer.
fn json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON")
}

/// An instant as tables show it.
fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Commands that answer in a moment log only what goes wrong.
pub(super) fn quiet_logs() {
    telemetry::start(LogFormat::Human, "warn");
}
