//! Nothing that holds a secret prints it.

use std::{fmt::Debug, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{
    code::Code,
    password,
    secret::{Secret, WireSecret},
    service::SessionToken,
    token::Token,
    totp,
    wire::{Authentication, PasswordIssued, TicketIssued, TotpIssued},
};

use crate::common::Dice;

const CANARY: &str = "canary7391";

fn wire() -> WireSecret {
    WireSecret::new(CANARY.to_owned())
}

#[track_caller]
fn assert_redacted(value: &dyn Debug, secrets: usize) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!printed.contains(CANARY), "{printed}");
        assert_eq!(printed.matches("[redacted]").count(), secrets, "{printed}");
    }
}

#[test]
fn req_ticket_5_every_type_that_holds_a_secret_prints_redacted() {
    let at = DateTime::<Utc>::UNIX_EPOCH;
    let username = || "amelie".to_owned();
    assert_redacted(&Secret::new(CANARY.into()), 1);
    assert_redacted(&wire(), 1);
    assert_redacted(&Some(Arc::new(wire())), 1);
    assert_redacted(&TicketIssued { ticket: wire(), expires_at: at }, 1);
    assert_redacted(
        &PasswordIssued { username: username(), password: wire(), ticket: wire(), expires_at: at },
        2,
    );
    let (secret, otpauth_uri, ticket) = (wire(), wire(), wire());
    assert_redacted(&TotpIssued { username: username(), secret, otpauth_uri, ticket, expires_at: at }, 3);
    assert_redacted(&Authentication::Expired { ticket: wire(), expires_at: at }, 1);
    assert_redacted(&Authentication::ActivationRequired { ticket: wire(), expires_at: at }, 1);
    assert_redacted(&SessionToken { text: wire(), forward: wire(), device: wire(), expires_at: at }, 3);
    let dice = Dice::seeded(5);
    assert_redacted(&password::generate(&dice), 1);
    assert_redacted(&totp::generate_secret(&dice), 1);
    let token = Token::random(&dice);
    assert_redacted(&token, 1);
    assert!(!format!("{token:?}").contains(token.text.expose()));
    let code = Code::parse("739173").unwrap();
    assert_eq!(format!("{code:?}"), "[redacted]");
    assert!(!format!("{:?}", Code::parse("7391739")).contains("7391"), "not in the error either");
}
