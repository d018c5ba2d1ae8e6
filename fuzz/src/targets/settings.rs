//! Configuration: a TOML file, and an environment.

use std::fs;

use server::config::{Config, Sources};

use crate::{input, world};

/// A file is a configuration, or its mistakes are told.
pub(super) fn config_file(data: &[u8]) {
    let file = world::folder().join("config.toml");
    fs::write(&file, data).unwrap();
    judge(&Sources { file: Some(file), ..Sources::default() }, None);
}

/// An environment, `NAME=value` on each line, of the service or of a function.
pub(super) fn config_environment(data: &[u8]) {
    let Some((choice, rest)) = input::choice(data) else { return };
    let Some(text) = input::text(rest) else { return };
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    // A file that a variable names is read: not one of this machine's.
    let no_file = world::folder().join("no such file").to_string_lossy().into_owned();
    let value = |name: &str, value: &str| {
        if name.ends_with("_FILE") { no_file.clone() } else { value.to_owned() }
    };
    let env: Vec<_> = pairs.map(|(name, text)| (name.to_owned(), value(name, text))).collect();
    let secret = env.iter().rev().find(|(name, _)| name == "DATABASE_URL").map(|(_, value)| value.clone());
    let sources = Sources { env, function: choice % 2 == 1, ..Sources::default() };
    judge(&sources, secret.as_deref());
}

fn judge(sources: &Sources, secret: Option<&str>) {
    match Config::load(sources) {
        Ok(config) => {
            assert!(config.public_url.is_secure() || config.listen.ip().is_loopback());
            assert!(config.hash_permits > 0);
        }
        Err(problems) => {
            assert!(problems.iter().next().is_some(), "refused without a reason");
            let told = problems.to_string();
            // Our own sentences show what a URL looks like; what was given is never repeated.
            if let Some(secret) = secret.filter(|secret| secret.len() > 8 && secret.contains("s3cr3t")) {
                assert!(!told.contains(secret), "{told}");
            }
        }
    }
}
