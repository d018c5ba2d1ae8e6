//! Devices that have signed in before (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"):
//! each keeps a throttle lane of its own, so that whoever floods a name from elsewhere cannot keep its
//! owner out.
//!
//! The device holds a sealed note that says so, and the server nothing at all. The note opens nothing:
//! whoever steals it may guess at one name, as slowly as everybody else.

use chrono::{DateTime, Duration, Utc};
use data_encoding::BASE64URL_NOPAD;

use crate::{
    secret::{Secret, WireSecret},
    service::ports::{Cell, Entropy, Sealed, Vault, VaultError},
    username::Username,
};

/// How long a note is good for: longer than the six months between two renewals.
pub const LIFETIME: Duration = Duration::days(200);

const ID_BYTES: usize = 16;
/// Longer texts are no notes, and are not decoded.
const MAX_TEXT_LEN: usize = 128;

/// A browser that has signed in to a name before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId([u8; ID_BYTES]);

impl DeviceId {
    /// Draws the identity of a new device.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; ID_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

/// The note for a device that signed in to `username`: base64url of the sealed identity and instant.
pub fn note(
    vault: &dyn Vault,
    device: DeviceId,
    username: &Username,
    now: DateTime<Utc>,
) -> Result<WireSecret, VaultError> {
    let plaintext = [&device.0[..], &now.timestamp().to_be_bytes()].concat();
    let sealed = vault.seal(&Secret::new(plaintext), Cell::Device(username))?;
    Ok(WireSecret::new(BASE64URL_NOPAD.encode(&sealed.0)))
}

/// A device that shows a note for the name it signs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Which it is.
    pub id: DeviceId,
    /// When it last signed in to that name, in whole seconds.
    pub signed_in_at: DateTime<Utc>,
}

/// The device that shows a note for `username`; `None` if it is not ours, another name's or too old.
#[must_use]
pub fn read(vault: &dyn Vault, text: &str, username: &Username, now: DateTime<Utc>) -> Option<KnownDevice> {
    let sealed = (text.len() <= MAX_TEXT_LEN).then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())??;
    let opened = vault.open(&Sealed(sealed), Cell::Device(username)).ok()?;
    let (id, issued_at) = opened.expose().split_first_chunk::<ID_BYTES>()?;
    let signed_in_at = DateTime::from_timestamp(i64::from_be_bytes(issued_at.try_into().ok()?), 0)?;
    let age = now - signed_in_at;
    (age < LIFETIME).then_some(KnownDevice { id: DeviceId(*id), signed_in_at })
}
