//! Time-based one-time passwords: RFC 6238 with SHA-1, 6 digits and 30 s, what every
//! authenticator imports. Single use of a time step is the store's compare-and-set, not ours.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use totp_rs::{Algorithm, Builder};

use crate::{
    code::{Code, DIGITS},
    secret::{Secret, WireSecret},
    service::ports::Entropy,
    username::Username,
};

/// Seconds in a time step.
pub const STEP_SECONDS: u64 = 30;
/// Time steps admitted on either side of the server's own.
pub const SKEW_STEPS: u64 = 1;
/// Bytes of a shared secret: 160 bits (RFC 4226 section 4, R6).
pub const SECRET_BYTES: usize = 20;

/// Left as they are in a Key URI label or parameter.
const URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-').remove(b'~');

/// Draws a shared secret.
#[must_use]
pub fn generate_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = vec![0u8; SECRET_BYTES];
    entropy.fill(&mut bytes);
    Secret::new(bytes)
}

/// The time step of `now`.
#[must_use]
pub fn step_at(now: DateTime<Utc>) -> u64 {
    u64::try_from(now.timestamp()).unwrap_or(0) / STEP_SECONDS
}

/// The code of one time step, as ASCII digits.
#[must_use]
pub fn code_of_step(secret: &Secret, step: u64) -> [u8; DIGITS] {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret.expose())
        .build_noncompliant();
    let token = totp.generate(step.saturating_mul(STEP_SECONDS)).to_string();
    let mut digits = [b'0'; DIGITS];
    for (slot, byte) in digits.iter_mut().zip(token.bytes()) {
        *slot = byte;
    }
    digits
}

/// The admitted time step whose code `code` is. All candidates are computed and compared in
/// constant time; on the rare chance that two match, the later one counts.
#[must_use]
pub fn matching_step(secret: &Secret, code: &Code, now: DateTime<Utc>) -> Option<u64> {
    let current = step_at(now);
    let first = current.saturating_sub(SKEW_STEPS);
    // Time steps start long before step 1 of 1970, so 0 can stand for "none".
    let matched = (first..=current + SKEW_STEPS).fold(0u64, |found, step| {
        u64::conditional_select(&found, &step, is_code(&code_of_step(secret, step), code))
    });
    (matched != 0).then_some(matched)
}

/// Whether `code` is the one that is expected. How long it takes tells neither that nor where they
/// differ.
#[must_use]
pub fn is_code(expected: &[u8; DIGITS], code: &Code) -> Choice {
    expected.ct_eq(code.as_bytes())
}

/// The secret as text: Base32 without padding, 32 characters.
#[must_use]
pub fn secret_text(secret: &Secret) -> WireSecret {
    WireSecret::new(BASE32_NOPAD.encode(secret.expose()))
}

/// What an authenticator imports. Defaults (SHA-1, 6 digits, 30 s) are left out: the QR code
/// stays small, and importers that reject redundant parameters are spared.
#[must_use]
pub fn otpauth_uri(issuer: &str, username: &Username, secret: &Secret) -> WireSecret {
    let issuer = utf8_percent_encode(issuer, URI);
    let label = utf8_percent_encode(username.as_str(), URI);
    WireSecret::new(format!(
        "otpauth://totp/{issuer}:{label}?secret={}&issuer={issuer}",
        secret_text(secret).expose(),
    ))
}
