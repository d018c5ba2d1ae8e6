//! What `sesame function NAME` takes from an OpenFaaS environment: other defaults, and the lower-case
//! variables of of-watchdog. They lie below everything that is ours.

use std::time::Duration;

/// Defaults that differ from those of `serve`: a function is a container of its own.
pub(super) const DEFAULTS: [(&str, &str); 3] =
    [("listen", "0.0.0.0:8080"), ("metrics_listen", "0.0.0.0:8081"), ("drain_interval", "5")];

/// of-watchdog's variable, and the setting that it stands for.
pub(super) const VARIABLES: [(&str, &str); 5] = [
    ("read_timeout", "read_timeout"),
    ("write_timeout", "shutdown_timeout"),
    ("exec_timeout", "request_timeout"),
    ("healthcheck_interval", "drain_interval"),
    ("max_inflight", "max_inflight"),
];

/// The text of a setting for what of-watchdog would read: a bare whole number is seconds, anything
/// else a Go duration. What is left over a second counts as one, so that no limit becomes none.
pub(super) fn setting_text(variable: &str, text: &str) -> String {
    if variable == "max_inflight" {
        return text.to_owned();
    }
    match duration(text) {
        Some(duration) => duration.as_millis().div_ceil(1000).to_string(),
        None => text.to_owned(),
    }
}

/// Reads whole seconds or a Go duration such as `1m30s` or `1.5s`; `None` if it is neither.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_go_durations_are_read_and_nothing_else_is() {
        for (text, millis) in [
            ("5", 5_000),
            ("5s", 5_000),
            ("1m30s", 90_000),
            ("1.5s", 1_500),
            ("250ms", 250),
            ("1h", 3_600_000),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "5 s", "5x", "-5s", "1.2.3s", "five", "5s3"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn times_that_add_up_to_more_than_there_is_are_none() {
        let half = "10000000000000000000s";
        assert!(duration(half).is_some());
        assert_eq!(duration(&format!("{half}{half}")), None);
    }

    #[test]
    fn a_fraction_of_a_second_never_becomes_no_time_at_all() {
        assert_eq!(setting_text("exec_timeout", "250ms"), "1");
        assert_eq!(setting_text("exec_timeout", "2m"), "120");
        assert_eq!(setting_text("exec_timeout", "nonsense"), "nonsense");
        assert_eq!(setting_text("max_inflight", "7"), "7");
    }
}
