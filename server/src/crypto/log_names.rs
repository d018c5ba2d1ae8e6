//! What a name is called in the log.

use data_encoding::HEXLOWER;
use domain::username::Username;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{KeyRing, KeyRingError};

/// Bytes of a pseudonym: as many as tell the people of an organisation apart.
const BYTES: usize = 8;

/// Gives each name a pseudonym under the oldest key of the ring, which all replicas have
/// ([`super::KeyedLanes`] has the same reason). When that key is taken out, names get others.
#[derive(Clone)]
pub struct LogNames(Hmac<Sha256>);

impl LogNames {
    /// Pseudonyms under a key that follows from `ring`.
    pub fn new(ring: &KeyRing) -> Result<Self, KeyRingError> {
        Ok(Self(ring.oldest()?.mac(b"sesame names in the log 1")))
    }

    /// The pseudonym of a name: 16 hexadecimal digits of HMAC-SHA-256.
    #[must_use]
    pub fn of(&self, username: &Username) -> String {
        let mac = self.0.clone().chain_update(username.as_str()).finalize().into_bytes();
        HEXLOWER.encode(mac.get(..BYTES).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::crypto::SystemEntropy;

    #[test]
    fn a_name_has_one_pseudonym_for_all_rings_with_the_same_oldest_key_and_no_other() {
        let name = |text| Username::parse(text).unwrap();
        let fresh = || KeyRing::generate(&SystemEntropy, DateTime::UNIX_EPOCH);
        let of = |ring: &KeyRing, text| LogNames::new(ring).unwrap().of(&name(text));
        let ring = fresh();
        let alice = of(&ring, "alice");
        assert_eq!((alice.len(), &alice), (16, &of(&ring, "ALICE")));
        assert_ne!(alice, of(&ring, "bob"));
        assert_ne!(alice, of(&fresh(), "alice"), "another ring");
        let longer = ring.with_new_key(&SystemEntropy, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(alice, of(&longer, "alice"), "replicas get a new key one after the other");
        assert_ne!(alice, of(&longer.without(1).unwrap(), "alice"));
    }
}
