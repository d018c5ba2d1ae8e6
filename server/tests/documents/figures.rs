//! The figures that every account lives by, from the code.

use chrono::Duration;
use domain::{
    rotation::MAX_JITTER,
    service::policy::Policy,
    throttle::{CODES_AT_MOST, FORGET, REMEMBER_CODES},
};
use server::config::settings;

use crate::{HANDOVER, block, markdown::table};

#[test]
fn the_guide_tells_the_figures_of_the_policy() {
    // All of them by name, so that a new one is not forgotten here. Those left out are settings.
    let Policy {
        issuer: _,
        period: _,
        ticket_lifetime,
        registration_lifetime,
        invitation_ticket_lifetime,
        invitation_lifetime,
        renewal_lifetime,
        code_tries,
        session_idle,
        session_lifetime,
        sessions_at_most,
        sign_in_network: _,
        register_network: _,
        ticket_network: _,
    } = Policy::default();
    let months = settings::find("rotation_months").and_then(|setting| setting.default).unwrap();
    let rows = [
        ("a pair of secrets opens sessions", format!("{months} calendar months (`rotation_months`)")),
        ("of which a draw takes away up to", words(MAX_JITTER)),
        ("a registration holds its name", words(registration_lifetime)),
        ("a ticket works", words(ticket_lifetime)),
        ("an invitation's first ticket works", words(invitation_ticket_lifetime)),
        ("an invitation holds its name", words(invitation_lifetime)),
        ("a renewal takes at most", words(renewal_lifetime)),
        ("wrong codes after which a ticket or a session is over", code_tries.to_string()),
        ("a session lasts unused", words(session_idle)),
        ("a session lasts at most", words(session_lifetime)),
        ("sessions of an account", sessions_at_most.to_string()),
        ("failed sign-ins to a name are remembered", words(FORGET)),
        ("wrong codes with a right password are remembered", words(REMEMBER_CODES)),
        ("of which none is looked at any more after", CODES_AT_MOST.to_string()),
    ];
    let rows = rows.map(|(what, figure)| [what.to_owned(), figure]);
    block::hold(HANDOVER, "figures", &table(["what", "how long, how many"], rows));
}

/// A time in the largest unit that tells it whole.
fn words(duration: Duration) -> String {
    let minutes = duration.num_minutes();
    assert_eq!(Duration::minutes(minutes), duration);
    match minutes {
        days if days % (24 * 60) == 0 && days > 24 * 60 => format!("{} days", days / (24 * 60)),
        hours if hours % 60 == 0 => format!("{} hours", hours / 60),
        _ => format!("{minutes} minutes"),
    }
}
