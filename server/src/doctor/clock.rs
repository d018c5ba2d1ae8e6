//! The clock. One-time codes live thirty seconds, secrets six months: both are measured by it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Report;
use crate::store::Survey;

/// Beyond it, codes are refused and no good one may be left.
const FAR: TimeDelta = TimeDelta::seconds(5);
/// Beyond it, something is wrong with the keeping of time.
const NEAR: TimeDelta = TimeDelta::seconds(1);

const REMEDY: &str = "Have the machine keep time: `timedatectl set-ntp true`, or chrony. In a container the clock is \
                      that of the machine around it.";

pub(super) fn examine(
    now: DateTime<Utc>,
    time_service: Option<bool>,
    seen: Option<&Survey>,
    report: &mut Report,
) {
    let ahead = seen.and_then(|seen| seen.server).map(|server| server.ahead);
    let service = match time_service {
        Some(true) => "a time service keeps it",
        Some(false) => "the time service has not reached a server",
        None => "no time service tells of itself here",
    };
    let compared = ahead.map_or_else(
        || "not compared with another clock".to_owned(),
        |ahead| format!("the database's is {} from it", signed_seconds(ahead)),
    );
    report.saw("clock", format!("{}; {service}; {compared}", now.to_rfc3339_opts(SecondsFormat::Secs, true)));

    if let Some(ahead) = ahead.filter(|ahead| ahead.abs() > NEAR) {
        let what = format!(
            "The clocks of this machine and of the database server are {} apart: one-time codes are refused, or \
             valid for too long, by the one that is wrong.",
            signed_seconds(ahead.abs())
        );
        if ahead.abs() > FAR {
            report.error("clock-off", what, REMEDY);
        } else {
            report.warning("clock-drifting", what, REMEDY);
        }
    }
    if let Some(newest) = seen.and_then(|seen| seen.newest_event).filter(|newest| *newest - now > FAR) {
        report.error(
            "clock-behind-data",
            format!(
                "The database has events of {}, which this clock has yet to reach: it is behind, or it was ahead \
                 when they were written. Secrets and sessions end at the wrong time.",
                newest.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
            REMEDY,
        );
    }
    if time_service == Some(false) {
        report.warning(
            "clock-unsynchronised",
            "systemd-timesyncd runs but has not reached a time server: the clock goes astray, and one-time codes \
             with it.",
            "Let the machine reach a time server (UDP port 123): `timedatectl timesync-status` tells which.",
        );
    }
}

fn signed_seconds(time: TimeDelta) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for eyes")]
    let seconds = time.num_milliseconds() as f64 / 1000.0;
    format!("{seconds:.1} s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SchemaState, Server};

    fn codes(time_service: Option<bool>, seen: Option<&Survey>) -> Vec<&'static str> {
        let mut report = Report::default();
        examine(DateTime::UNIX_EPOCH, time_service, seen, &mut report);
        report.codes()
    }

    fn seen(ahead_millis: i64, newest_seconds: i64) -> Survey {
        Survey {
            schema: SchemaState::Current,
            keys: Vec::new(),
            holds_secrets: false,
            holds_unbound: false,
            newest_event: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(newest_seconds)),
            server: Some(Server { version: 160_002, ahead: TimeDelta::milliseconds(ahead_millis) }),
        }
    }

    #[test]
    fn a_clock_that_agrees_or_cannot_be_compared_is_fine() {
        assert!(codes(None, None).is_empty());
        assert!(codes(Some(true), Some(&seen(900, -3))).is_empty());
        assert!(codes(Some(true), Some(&seen(-900, 5))).is_empty(), "another replica may be a little ahead");
    }

    #[test]
    fn req_otp_3_a_clock_that_is_off_is_found_whichever_way() {
        for (millis, code) in [
            (1_001, "clock-drifting"),
            (-5_000, "clock-drifting"),
            (5_001, "clock-off"),
            (-9_000, "clock-off"),
        ] {
            assert_eq!(codes(None, Some(&seen(millis, 0))), [code], "{millis}");
        }
        assert_eq!(codes(None, Some(&seen(0, 6))), ["clock-behind-data"]);
        assert_eq!(codes(Some(false), None), ["clock-unsynchronised"]);
    }
}
