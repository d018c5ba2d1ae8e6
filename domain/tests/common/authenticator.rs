//! An authenticator that shares no code with what is tested.

use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder};

/// A code as an authenticator computes it, without the code under test.
pub(crate) fn code_at(secret: &[u8], step: u64) -> String {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30);
    builder.with_secret(secret).build_noncompliant().generate(step * 30).to_string()
}

pub(crate) fn step_of(now: DateTime<Utc>) -> u64 {
    u64::try_from(now.timestamp()).unwrap() / 30
}
