//! The JSON shapes of design.md section 2, to the letter.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use domain::{
    secret::WireSecret,
    wire::{Activated, Authentication, PasswordIssued, SessionView, TicketIssued, TotpIssued},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const AT: &str = "2027-01-15T08:00:00Z";

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn secret(text: &str) -> WireSecret {
    WireSecret::new(text.to_owned())
}

#[track_caller]
fn assert_shape<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T, shape: &Value) {
    assert_eq!(serde_json::to_value(value).unwrap(), *shape);
    assert_eq!(serde_json::from_value::<T>(shape.clone()).unwrap(), *value, "and back");
}

#[test]
fn every_answer_has_the_shape_of_the_design() {
    let username = || "amelie".to_owned();
    assert_shape(
        &TicketIssued { ticket: secret("t"), expires_at: at() },
        &json!({ "ticket": "t", "expires_at": AT }),
    );
    assert_shape(
        &PasswordIssued {
            username: username(),
            password: secret("p"),
            ticket: secret("t"),
            expires_at: at(),
        },
        &json!({ "username": "amelie", "password": "p", "ticket": "t", "expires_at": AT }),
    );
    assert_shape(
        &TotpIssued {
            username: username(),
            secret: secret("s"),
            otpauth_uri: secret("u"),
            ticket: secret("t"),
            expires_at: at(),
        },
        &json!({ "username": "amelie", "secret": "s", "otpauth_uri": "u", "ticket": "t", "expires_at": AT }),
    );
    assert_shape(
        &Activated { username: username(), valid_until: at() },
        &json!({ "username": "amelie", "valid_until": AT }),
    );
    assert_shape(
        &Authentication::Authenticated { username: username(), valid_until: at() },
        &json!({ "status": "authenticated", "username": "amelie", "valid_until": AT }),
    );
    assert_shape(
        &Authentication::Expired { ticket: secret("t"), expires_at: at() },
        &json!({ "status": "expired", "ticket": "t", "expires_at": AT }),
    );
    assert_shape(
        &Authentication::ActivationRequired { ticket: secret("t"), expires_at: at() },
        &json!({ "status": "activation_required", "ticket": "t", "expires_at": AT }),
    );
    let view = SessionView {
        username: username(),
        valid_until: at(),
        signed_in_at: at(),
        session_expires_at: at(),
        sessions: 2,
        wrong_codes: 0,
    };
    assert_shape(
        &view,
        &json!({
            "username": "amelie", "valid_until": AT, "signed_in_at": AT, "session_expires_at": AT,
            "sessions": 2, "wrong_codes": 0,
        }),
    );
}
