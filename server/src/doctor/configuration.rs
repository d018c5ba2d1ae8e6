//! The settings: what the program refuses, and what it accepts but nobody should want.

use chrono::{DateTime, TimeDelta, Utc};
use domain::rotation::Period;
use tracing::Level;
use tracing_subscriber::filter::Targets;

use super::Report;
use crate::{
    config::{Config, Partial, Problem, settings::SETTINGS},
    crypto::WeakCost,
};

/// The seconds after which Kubernetes kills what does not stop.
const GRACE_SECONDS: u64 = 30;

pub(super) fn examine(known: &Partial, report: &mut Report) {
    mistakes(known.problems.iter(), report);
    let config = &known.config;
    let (settings, listen, public_url) = (SETTINGS.len(), config.listen, config.public_url.origin());
    report.saw(
        "configuration",
        if known.problems.is_empty() {
            format!("{settings} settings, listening on {listen} for {public_url}")
        } else {
            format!("{settings} settings; what depends on a mistaken one is left out below")
        },
    );
    rotation(config.policy.period, report);
    log(&config.log, report);
    stop(config, report);
}

/// Every mistake is a finding of its own.
pub(super) fn mistakes<'a>(problems: impl Iterator<Item = &'a Problem>, report: &mut Report) {
    for Problem { setting, sentence } in problems {
        let (code, remedy) = match setting {
            Some("argon2_memory_kib") if sentence.contains(&WeakCost.to_string()) => (
                "argon2-weak",
                "Leave the three SESAME_ARGON2_… settings out: their defaults are strong enough.",
            ),
            Some("public_url") => (
                "public-url",
                "Set SESAME_PUBLIC_URL to the https address that people type, and let a proxy with a \
                 certificate stand in front.",
            ),
            Some("forward_auth_domain" | "forward_auth_hosts") => (
                "forward-auth",
                "Set SESAME_FORWARD_AUTH_DOMAIN to the parent domain of Sésame and its applications and \
                 SESAME_FORWARD_AUTH_HOSTS to their hosts, or neither.",
            ),
            Some(_) => (
                "configuration",
                "Correct the value, or remove it: `sesame serve --help` says what each setting takes.",
            ),
            None => ("configuration", "Correct it, or remove it: `sesame serve --help` lists every setting."),
        };
        report.error(code, sentence, remedy);
    }
}

fn rotation(period: Period, report: &mut Report) {
    let end = |period: Period| period.valid_until(DateTime::<Utc>::UNIX_EPOCH, TimeDelta::zero());
    if end(period) > end(Period::SIX_MONTHS) {
        report.warning(
            "rotation-long",
            "Secrets live longer than six months (SESAME_ROTATION_MONTHS): a stolen one opens sessions as long.",
            "Set SESAME_ROTATION_MONTHS to 6 or less. Secrets issued so far keep their date.",
        );
    }
}

fn log(filter: &str, report: &mut Report) {
    // A filter with spans is none of these: it is about our own lines.
    let Ok(filter) = filter.parse::<Targets>() else { return };
    let talkative = |library: &&&str| filter.would_enable(library, &Level::DEBUG);
    if let Some(library) = ["sqlx", "hyper", "hyper_util", "rustls"].iter().find(talkative) {
        report.warning(
            "log-too-much",
            format!("SESAME_LOG lets {library} write its inner workings: nobody promises that no secret is in them."),
            "Set SESAME_LOG=info, or name our own part: info,server=debug.",
        );
    }
}

fn stop(config: &Config, report: &mut Report) {
    let seconds = (config.drain_interval + config.shutdown_timeout).as_secs();
    if seconds >= GRACE_SECONDS {
        report.warning(
            "stop-too-slow",
            format!(
                "A stop may take {seconds} s (SESAME_DRAIN_INTERVAL and SESAME_SHUTDOWN_TIMEOUT): Kubernetes kills \
                 after {GRACE_SECONDS} s, and systemd after 90 s, whatever is under way."
            ),
            "Lower the two to less than 30 s together, or raise terminationGracePeriodSeconds beyond their sum.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(env: &[(&str, &str)]) -> Vec<&'static str> {
        Report::codes_of(env, examine)
    }

    #[test]
    fn the_default_has_no_mistake() {
        assert!(codes(&[]).is_empty());
    }

    #[test]
    fn each_mistake_is_found_by_its_code() {
        for (env, code) in [
            (&[("SESAME_ARGON2_ITERATIONS", "1")][..], "argon2-weak"),
            (&[("SESAME_ARGON2_MEMORY_KIB", "lots")], "configuration"),
            (&[("SESAME_PUBLIC_URL", "http://sesame.example")], "public-url"),
            (&[("SESAME_LISTEN", "0.0.0.0:80")], "public-url"),
            (&[("SESAME_FORWARD_AUTH_HOSTS", "wiki.example.com")], "forward-auth"),
            (&[("SESAME_FORWARD_AUTH_DOMAIN", "com")], "forward-auth"),
            (&[("SESAME_NONSENSE", "1")], "configuration"),
            (&[("SESAME_ROTATION_MONTHS", "7")], "rotation-long"),
            (&[("SESAME_DRAIN_INTERVAL", "20")], "stop-too-slow"),
            (&[("SESAME_LOG", "debug")], "log-too-much"),
            (&[("SESAME_LOG", "warn,sqlx=trace")], "log-too-much"),
        ] {
            assert_eq!(codes(env), [code], "{env:?}");
        }
    }

    #[test]
    fn our_own_lines_may_be_as_many_as_one_likes() {
        for filter in ["info,server=debug", "debug,sqlx=info,hyper=info,hyper_util=warn,rustls=info", "warn"]
        {
            assert!(codes(&[("SESAME_LOG", filter)]).is_empty(), "{filter}");
        }
    }
}
