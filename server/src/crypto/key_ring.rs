//! The key ring: numbered AES-256 keys. All of them open; of those that the database knows, the newest
//! seals (`super::guard`).
//!
//! As text, one key a line: `number created-at base64url(32 bytes)`. Comments start with `#`.

use std::{collections::BTreeMap, fmt};

use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _};
use chrono::{DateTime, Months, SecondsFormat, Utc};
use data_encoding::BASE64URL_NOPAD;
use domain::service::ports::Entropy;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// How long a key seals before `sesame doctor` asks for a rotation. It opens for ever.
const SERVES: Months = Months::new(12);
const HEADER: &str = "# Key ring of Sésame. Without it no secret in the database opens; with it, all do.\n\
                      # number, created at, key\n";

/// One key.
pub struct Key {
    created_at: DateTime<Utc>,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    fn generate(entropy: &dyn Entropy, now: DateTime<Utc>) -> Self {
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        entropy.fill(bytes.as_mut());
        Self { created_at: now, bytes }
    }

    /// When it was made.
    #[must_use]
    pub const fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// Whether it has served for longer than a key should by `now`: a year.
    #[must_use]
    pub fn is_old(&self, now: DateTime<Utc>) -> bool {
        self.created_at.checked_add_months(SERVES).is_some_and(|end| end <= now)
    }

    /// What the database knows of the key: a SHA-256 under a label of its own. A key is 256 random
    /// bits, so its fingerprint gives nothing away.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"sesame key fingerprint 1\0")
            .chain_update(self.bytes.as_ref())
            .finalize()
            .into()
    }

    /// HMAC-SHA-256 under a key of its own for `label`, which follows from this one (RFC 5869, one block
    /// of HKDF-Expand). No two uses share a key, and none of them has the one that seals.
    pub(super) fn mac(&self, label: &[u8]) -> Hmac<Sha256> {
        let mut derived: [u8; KEY_BYTES] =
            keyed(&self.bytes).chain_update(label).chain_update([1]).finalize().into_bytes().into();
        let mac = keyed(&derived);
        derived.zeroize();
        mac
    }

    pub(super) fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.bytes).into())
    }
}

/// HMAC fills a shorter key up with zeros to a block (RFC 2104 section 2). Done here, it cannot fail.
fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mac = Hmac::new(&block);
    block.as_mut_slice().zeroize();
    mac
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

/// Why a text is no key ring. Never repeats any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key at all.
    #[error("it holds no key")]
    Empty,
    /// A line that is not `number created-at key`.
    #[error("line {0} is not «number created-at key»; was the file cut short?")]
    Line(usize),
    /// A number that comes twice.
    #[error("line {0} repeats the number of an earlier key")]
    Repeated(usize),
}

/// Numbered keys; never empty.
#[derive(Debug)]
pub struct KeyRing {
    keys: BTreeMap<u32, Key>,
    newest: u32,
}

impl KeyRing {
    /// A ring with one fresh key, number 1.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy, now: DateTime<Utc>) -> Self {
        Self { keys: BTreeMap::from([(1, Key::generate(entropy, now))]), newest: 1 }
    }

    /// The same ring with one more key, a fresh one with the next number. `None` once numbers run out.
    #[must_use]
    pub fn with_new_key(mut self, entropy: &dyn Entropy, now: DateTime<Utc>) -> Option<Self> {
        self.newest = self.newest.checked_add(1)?;
        self.keys.insert(self.newest, Key::generate(entropy, now));
        Some(self)
    }

    /// The same ring without an old key. `None` if it has no such key, or if that is the newest.
    #[must_use]
    pub fn without(mut self, id: u32) -> Option<Self> {
        (id != self.newest && self.keys.remove(&id).is_some()).then_some(self)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys = BTreeMap::new();
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let (id, key) = parse_line(line).ok_or(KeyRingError::Line(number))?;
            if keys.insert(id, key).is_some() {
                return Err(KeyRingError::Repeated(number));
            }
        }
        let newest = *keys.keys().next_back().ok_or(KeyRingError::Empty)?;
        Ok(Self { keys, newest })
    }

    /// The text form, for the key file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + 96 * self.keys.len()));
        text.push_str(HEADER);
        for (id, key) in &self.keys {
            let encoded = Zeroizing::new(BASE64URL_NOPAD.encode(key.bytes.as_ref()));
            text.push_str(&id.to_string());
            text.push(' ');
            text.push_str(&key.created_at.to_rfc3339_opts(SecondsFormat::Secs, true));
            text.push(' ');
            text.push_str(&encoded);
            text.push('\n');
        }
        text
    }

    /// The key of a number.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&Key> {
        self.keys.get(&id)
    }

    /// The number of the newest key.
    #[must_use]
    pub const fn newest(&self) -> u32 {
        self.newest
    }

    /// The oldest key. It stays the same while keys are added, for every process at every moment.
    pub fn oldest(&self) -> Result<&Key, KeyRingError> {
        self.keys.values().next().ok_or(KeyRingError::Empty)
    }

    /// All keys, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Key)> {
        self.keys.iter().map(|(id, key)| (*id, key))
    }
}

fn parse_line(line: &str) -> Option<(u32, Key)> {
    let mut parts = line.split_ascii_whitespace();
    let id = parts.next()?.parse().ok().filter(|id| *id > 0)?;
    let created_at = DateTime::parse_from_rfc3339(parts.next()?).ok()?.with_timezone(&Utc);
    let mut decoded = BASE64URL_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
    let bytes: Option<[u8; KEY_BYTES]> = decoded.as_slice().try_into().ok();
    decoded.zeroize();
    if parts.next().is_some() {
        return None;
    }
    Some((id, Key { created_at, bytes: Zeroizing::new(bytes?) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemEntropy;

    fn ring() -> KeyRing {
        KeyRing::generate(&SystemEntropy, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_ring_survives_its_text_form() {
        let ring = ring();
        let read = KeyRing::parse(&ring.to_text()).unwrap();
        assert_eq!(read.newest(), 1);
        let (made, read) = (ring.get(1).unwrap(), read.get(1).unwrap());
        assert_eq!(made.fingerprint(), read.fingerprint());
        assert_eq!(made.created_at(), read.created_at());
    }

    #[test]
    fn req_rot_6_a_key_is_old_after_a_year_and_not_a_second_before() {
        let ring = ring();
        let key = ring.get(1).unwrap();
        for (now, old) in [
            ("2026-11-23T10:00:00Z", false),
            ("2027-11-23T09:59:59Z", false),
            ("2027-11-23T10:00:00Z", true),
            ("2036-01-01T00:00:00Z", true),
            // By a clock that is behind it is not made yet.
            ("2020-01-01T00:00:00Z", false),
        ] {
            assert_eq!(key.is_old(now.parse().unwrap()), old, "{now}");
        }
    }

    #[test]
    fn the_highest_number_seals() {
        let text = ring().to_text().replace("\n1 ", "\n7 ");
        let both = format!("{text}{}", *ring().to_text());
        assert_eq!(KeyRing::parse(&both).unwrap().newest(), 7);
    }

    #[test]
    fn every_way_of_cutting_a_ring_short_is_refused_without_repeating_it() {
        let text = ring().to_text();
        let start = text.find("\n1 ").unwrap() + 1;
        for end in start + 1..text.len() - 1 {
            let error = KeyRing::parse(&text[..end]).unwrap_err();
            assert_eq!(error, KeyRingError::Line(3), "cut at {end}");
        }
        assert_eq!(KeyRing::parse(&text[..start]).unwrap_err(), KeyRingError::Empty);
        let twice = format!("{0}{0}", *text);
        assert_eq!(KeyRing::parse(&twice).unwrap_err(), KeyRingError::Repeated(6));
        assert!(KeyRing::parse(&text.replace("\n1 ", "\n0 ")).is_err());
    }

    /// As OpenSSL computes it: `kdf -mac HMAC -digest SHA256 HKDF EXPAND_ONLY`, then `mac HMAC`.
    #[test]
    fn a_derived_mac_is_what_the_standards_say() {
        use hmac::Mac as _;

        let text = "5 2026-11-23T10:00:00Z AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let ring = KeyRing::parse(text).unwrap();
        let mac = |label: &[u8]| ring.get(5).unwrap().mac(label).chain_update(b"message").finalize();
        let told = data_encoding::HEXLOWER.encode(&mac(b"label").into_bytes());
        assert_eq!(told, "bdfaafc4a365b0511adc59281b2e992da582df434f1dffa3c8d42b4fe201bfc5");
        assert_ne!(mac(b"label").into_bytes(), mac(b"labels").into_bytes());
    }

    #[test]
    fn a_key_is_never_printed() {
        let ring = ring();
        let encoded = ring.to_text();
        let key = encoded.split_ascii_whitespace().next_back().unwrap();
        assert!(!format!("{ring:?}").contains(key));
    }
}
