//! Envelopes: `version (1) | key number (4, big endian) | nonce (12) | ciphertext and tag`, sealed
//! with AES-256-GCM-SIV (RFC 8452). Associated data are the version, the key number, the table,
//! the column and the row, so that a value moved to another cell does not open.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aes_gcm_siv::{
    Nonce,
    aead::{Aead as _, Payload},
};
use domain::{
    id::PairId,
    secret::Secret,
    service::ports::{Entropy, Sealed, SealedColumn, Vault, VaultError},
};

use super::KeyRing;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = 1 + 4;

/// Seals under one key of the ring, opens under any.
pub struct EnvelopeVault {
    ring: Arc<KeyRing>,
    /// The number of the key that seals.
    sealing: AtomicU32,
    entropy: Arc<dyn Entropy>,
}

impl EnvelopeVault {
    /// A vault over `ring` that seals with the key `sealing`.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, sealing: u32, entropy: Arc<dyn Entropy>) -> Self {
        Self { ring, sealing: AtomicU32::new(sealing), entropy }
    }

    /// Seals with another key from now on. What another process sealed with a key that is not in the
    /// ring cannot be opened either, so that such a number is taken and every seal fails.
    pub fn seal_with(&self, id: u32) {
        self.sealing.store(id, Ordering::Release);
    }

    /// How envelopes under a key begin.
    #[must_use]
    pub fn header(id: u32) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = id.to_be_bytes();
        [VERSION, a, b, c, d]
    }
}

impl Vault for EnvelopeVault {
    fn seal(&self, plaintext: &Secret, column: SealedColumn, row: PairId) -> Result<Sealed, VaultError> {
        let id = self.sealing.load(Ordering::Acquire);
        let key = self.ring.get(id).ok_or(VaultError)?;
        let mut nonce = [0u8; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let aad = associated_data(id, column, row);
        let payload = Payload { msg: plaintext.expose(), aad: &aad };
        let ciphertext = key.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError)?;
        let mut envelope = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + ciphertext.len());
        envelope.extend_from_slice(&Self::header(id));
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&ciphertext);
        Ok(Sealed(envelope))
    }

    fn open(&self, sealed: &Sealed, column: SealedColumn, row: PairId) -> Result<Secret, VaultError> {
        let (header, rest) = sealed.0.split_first_chunk::<HEADER_BYTES>().ok_or(VaultError)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError)?;
        let [version, id @ ..] = *header;
        if version != VERSION {
            return Err(VaultError);
        }
        let id = u32::from_be_bytes(id);
        let key = self.ring.get(id).ok_or(VaultError)?;
        let aad = associated_data(id, column, row);
        let payload = Payload { msg: ciphertext, aad: &aad };
        key.cipher().decrypt(&Nonce::from(*nonce), payload).map(Secret::new).map_err(|_| VaultError)
    }
}

fn associated_data(key: u32, column: SealedColumn, row: PairId) -> Vec<u8> {
    let column: &[u8] = match column {
        SealedColumn::Password => b"credential_pairs.password",
        SealedColumn::Totp => b"credential_pairs.totp",
        SealedColumn::Device => b"device",
    };
    [&[VERSION], &key.to_be_bytes()[..], column, &[0], row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use domain::id::PairId;

    use super::*;
    use crate::crypto::SystemEntropy;

    const ROW: PairId = PairId::from_bytes([7; 16]);

    fn vault() -> EnvelopeVault {
        let ring = KeyRing::generate(&SystemEntropy, chrono::DateTime::UNIX_EPOCH);
        EnvelopeVault::new(Arc::new(ring), 1, Arc::new(SystemEntropy))
    }

    fn sealed(vault: &EnvelopeVault) -> Sealed {
        vault.seal(&Secret::new(b"plaintext".to_vec()), SealedColumn::Password, ROW).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_cell_only() {
        let vault = vault();
        let sealed = sealed(&vault);
        assert_eq!(vault.open(&sealed, SealedColumn::Password, ROW).unwrap().expose(), b"plaintext");
        assert!(vault.open(&sealed, SealedColumn::Totp, ROW).is_err(), "another column");
        let other = PairId::from_bytes([8; 16]);
        assert!(vault.open(&sealed, SealedColumn::Password, other).is_err(), "another row");
    }

    #[test]
    fn req_sec_1_every_flipped_bit_and_every_cut_fails() {
        let vault = vault();
        let sealed = sealed(&vault);
        for bit in 0..sealed.0.len() * 8 {
            let mut tampered = sealed.clone();
            tampered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open(&tampered, SealedColumn::Password, ROW).is_err(), "bit {bit}");
        }
        for len in 0..sealed.0.len() {
            let cut = Sealed(sealed.0[..len].to_vec());
            assert!(vault.open(&cut, SealedColumn::Password, ROW).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_key_under_the_same_number_does_not_open() {
        let sealed = sealed(&vault());
        assert!(vault().open(&sealed, SealedColumn::Password, ROW).is_err());
    }

    #[test]
    fn a_new_key_seals_when_it_is_told_to_and_the_old_one_still_opens() {
        let ring = KeyRing::generate(&SystemEntropy, chrono::DateTime::UNIX_EPOCH);
        let ring = ring.with_new_key(&SystemEntropy, chrono::DateTime::UNIX_EPOCH).unwrap();
        let vault = EnvelopeVault::new(Arc::new(ring), 1, Arc::new(SystemEntropy));
        let old = sealed(&vault);
        vault.seal_with(2);
        let new = sealed(&vault);
        assert!(old.0.starts_with(&EnvelopeVault::header(1)) && new.0.starts_with(&EnvelopeVault::header(2)));
        for sealed in [&old, &new] {
            assert!(vault.open(sealed, SealedColumn::Password, ROW).is_ok());
        }
        vault.seal_with(3);
        assert!(vault.seal(&Secret::new(vec![1]), SealedColumn::Password, ROW).is_err(), "no such key");
    }

    #[test]
    fn the_same_plaintext_never_seals_alike() {
        let vault = vault();
        assert_ne!(sealed(&vault), sealed(&vault));
    }

    #[test]
    fn req_sec_1_all_swaps_between_a_hundred_rows_fail() {
        let vault = vault();
        let rows: Vec<PairId> = (0..100).map(|n| PairId::from_bytes([n; 16])).collect();
        let seal = |row: &PairId| vault.seal(&Secret::new(vec![1]), SealedColumn::Totp, *row).unwrap();
        let cells: Vec<Sealed> = rows.iter().map(seal).collect();
        for (i, cell) in cells.iter().enumerate() {
            for (j, row) in rows.iter().enumerate() {
                assert_eq!(vault.open(cell, SealedColumn::Totp, *row).is_ok(), i == j);
            }
        }
    }
}
