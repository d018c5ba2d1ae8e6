//! Envelopes: `version (1) | key number (4, big endian) | nonce (12) | ciphertext and tag`, sealed
//! with AES-256-GCM-SIV (RFC 8452). Associated data are the version, the key number, the table, the
//! column, the pair, the account and its name, so that a value does not open that was moved to another
//! cell, with its pair to another account, or whose account goes by another name.
//!
//! Seals of rows: `key number (4, big endian) | HMAC-SHA-256 (32)` over all that a row says of whose
//! right it is and for how long, under a key derived for that kind of row.
//!
//! Version 1 of the envelope was bound to column and pair only. No sign-in opens it, or whoever writes to
//! the database could put an old one of theirs wherever they like; only [`EnvelopeVault::open_unbound`]
//! does, for the one command that binds what stands in a database of that time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aes_gcm_siv::{
    Nonce,
    aead::{Aead as _, Payload},
};
use domain::{
    secret::Secret,
    service::ports::{Cell, Entropy, PairOwner, Row, Seal, Sealed, Vault, VaultError},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{Key, KeyRing};

const VERSION: u8 = 2;
/// The version that says nothing of the account.
const UNBOUND_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const NUMBER_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + NUMBER_BYTES;

/// Seals under one key of the ring, opens under any.
pub struct EnvelopeVault {
    ring: Arc<KeyRing>,
    /// The number of the key that seals.
    sealing: AtomicU32,
    entropy: Arc<dyn Entropy>,
}

impl EnvelopeVault {
    /// How envelopes begin that say nothing of the account they belong to.
    pub const UNBOUND: [u8; 1] = [UNBOUND_VERSION];

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
        header(VERSION, id)
    }

    /// How envelopes of version 1 under a key begin.
    #[must_use]
    pub fn unbound_header(id: u32) -> [u8; HEADER_BYTES] {
        header(UNBOUND_VERSION, id)
    }

    /// Opens an envelope of version 1. Whoever calls this takes the database's word for whose it is.
    pub fn open_unbound(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError> {
        let (column, pair) = match cell {
            Cell::Password(owner) => (PASSWORD, owner.pair),
            Cell::Totp(owner) => (TOTP, owner.pair),
            Cell::Device(_) => return Err(VaultError),
        };
        self.open_as(UNBOUND_VERSION, sealed, |header| [header, column, &[0], pair.as_bytes()].concat())
    }

    fn sealing(&self) -> Result<(u32, &Key), VaultError> {
        let id = self.sealing.load(Ordering::Acquire);
        Ok((id, self.ring.get(id).ok_or(VaultError)?))
    }

    /// Opens an envelope of `version`; `associated` makes the associated data of the header.
    fn open_as(
        &self,
        version: u8,
        sealed: &Sealed,
        associated: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Secret, VaultError> {
        let (header, rest) = sealed.0.split_first_chunk::<HEADER_BYTES>().ok_or(VaultError)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError)?;
        let [found, id @ ..] = *header;
        if found != version {
            return Err(VaultError);
        }
        let key = self.ring.get(u32::from_be_bytes(id)).ok_or(VaultError)?;
        let payload = Payload { msg: ciphertext, aad: &associated(header) };
        key.cipher().decrypt(&Nonce::from(*nonce), payload).map(Secret::new).map_err(|_| VaultError)
    }
}

impl Vault for EnvelopeVault {
    fn seal(&self, plaintext: &Secret, cell: Cell<'_>) -> Result<Sealed, VaultError> {
        let (id, key) = self.sealing()?;
        let mut nonce = [0u8; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let header = Self::header(id);
        let payload = Payload { msg: plaintext.expose(), aad: &associated_data(&header, cell) };
        let ciphertext = key.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError)?;
        let mut envelope = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + ciphertext.len());
        envelope.extend_from_slice(&header);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&ciphertext);
        Ok(Sealed(envelope))
    }

    fn open(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError> {
        self.open_as(VERSION, sealed, |header| associated_data(header, cell))
    }

    fn attest(&self, row: Row<'_>) -> Result<Seal, VaultError> {
        let (id, key) = self.sealing()?;
        let mut seal = [0; Seal::BYTES];
        let written = id.to_be_bytes().into_iter().chain(mac(key, row).finalize().into_bytes());
        seal.iter_mut().zip(written).for_each(|(to, from)| *to = from);
        Ok(Seal(seal))
    }

    fn attests(&self, seal: &Seal, row: Row<'_>) -> bool {
        let Some((id, tag)) = seal.0.split_first_chunk::<NUMBER_BYTES>() else { return false };
        let key = self.ring.get(u32::from_be_bytes(*id));
        // The library compares in constant time.
        key.is_some_and(|key| mac(key, row).verify_slice(tag).is_ok())
    }
}

const PASSWORD: &[u8] = b"credential_pairs.password";
const TOTP: &[u8] = b"credential_pairs.totp";

fn header(version: u8, id: u32) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = id.to_be_bytes();
    [version, a, b, c, d]
}

/// A label ends with its zero, identities have a fixed length, and the name is the rest: no two cells
/// read alike.
fn associated_data(header: &[u8], cell: Cell<'_>) -> Vec<u8> {
    match cell {
        Cell::Password(owner) => [header, PASSWORD, &[0], &whose(owner)].concat(),
        Cell::Totp(owner) => [header, TOTP, &[0], &whose(owner)].concat(),
        Cell::Device(username) => [header, b"device", &[0], username.as_str().as_bytes()].concat(),
    }
}

fn whose(PairOwner { pair, account, username }: PairOwner<'_>) -> Vec<u8> {
    [pair.as_bytes(), account.as_bytes(), username.as_str().as_bytes()].concat()
}

/// Digests, instants and identities have a fixed length, and the name is the rest.
fn mac(key: &Key, row: Row<'_>) -> Hmac<Sha256> {
    match row {
        Row::Ticket { digest, expires_at, owner } => key
            .mac(b"sesame ticket 1")
            .chain_update(digest.as_bytes())
            .chain_update(expires_at.timestamp_micros().to_be_bytes())
            .chain_update(whose(owner)),
        Row::Session { digest, forward, account, username, created_at, expires_at } => key
            .mac(b"sesame session 1")
            .chain_update(digest.as_bytes())
            .chain_update(forward.as_bytes())
            .chain_update(created_at.timestamp_micros().to_be_bytes())
            .chain_update(expires_at.timestamp_micros().to_be_bytes())
            .chain_update(account.as_bytes())
            .chain_update(username.as_str().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use domain::{
        id::{AccountId, PairId},
        token::TokenDigest,
        username::Username,
    };

    use super::*;
    use crate::crypto::SystemEntropy;

    const PAIR: PairId = PairId::from_bytes([7; 16]);
    const ACCOUNT: AccountId = AccountId::from_bytes([9; 16]);

    fn vault() -> EnvelopeVault {
        let ring = KeyRing::generate(&SystemEntropy, DateTime::UNIX_EPOCH);
        EnvelopeVault::new(Arc::new(ring), 1, Arc::new(SystemEntropy))
    }

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn alices(alice: &Username) -> PairOwner<'_> {
        PairOwner { pair: PAIR, account: ACCOUNT, username: alice }
    }

    fn sealed(vault: &EnvelopeVault) -> Sealed {
        let secret = Secret::new(b"plaintext".to_vec());
        vault.seal(&secret, Cell::Password(alices(&name("alice")))).unwrap()
    }

    fn open(vault: &EnvelopeVault, sealed: &Sealed) -> Result<Secret, VaultError> {
        vault.open(sealed, Cell::Password(alices(&name("alice"))))
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_cell_only() {
        let (vault, alice) = (vault(), name("alice"));
        let sealed = sealed(&vault);
        assert_eq!(open(&vault, &sealed).unwrap().expose(), b"plaintext");
        let owner = alices(&alice);
        assert!(vault.open(&sealed, Cell::Totp(owner)).is_err(), "another column");
        assert!(vault.open(&sealed, Cell::Device(&alice)).is_err(), "no column");
    }

    #[test]
    fn req_sec_1_neither_another_pair_nor_account_nor_name_opens_it() {
        let (vault, alice) = (vault(), name("alice"));
        let sealed = sealed(&vault);
        let owner = alices(&alice);
        let pair = PairId::from_bytes([8; 16]);
        assert!(vault.open(&sealed, Cell::Password(PairOwner { pair, ..owner })).is_err(), "another pair");
        let account = AccountId::from_bytes([8; 16]);
        assert!(vault.open(&sealed, Cell::Password(PairOwner { account, ..owner })).is_err(), "account");
        for other in ["alic", "alice2", "alicf", "0alice"] {
            let other = name(other);
            let owner = PairOwner { username: &other, ..owner };
            assert!(vault.open(&sealed, Cell::Password(owner)).is_err(), "{other}");
        }
    }

    /// An envelope as this program wrote it before the account was part of it.
    fn unbound(vault: &EnvelopeVault, column: &[u8]) -> Sealed {
        let header = EnvelopeVault::unbound_header(1);
        let aad = [&header[..], column, &[0], PAIR.as_bytes()].concat();
        let nonce = [3; NONCE_BYTES];
        let payload = Payload { msg: b"plaintext", aad: &aad };
        let ciphertext = vault.ring.get(1).unwrap().cipher().encrypt(&Nonce::from(nonce), payload).unwrap();
        Sealed([&header[..], &nonce, &ciphertext].concat())
    }

    #[test]
    fn req_sec_1_what_says_nothing_of_its_account_opens_for_the_command_that_binds_it_and_nobody_else() {
        let (vault, alice) = (vault(), name("alice"));
        let owner = alices(&alice);
        let old = unbound(&vault, b"credential_pairs.totp");
        assert!(vault.open(&old, Cell::Totp(owner)).is_err());
        assert_eq!(vault.open_unbound(&old, Cell::Totp(owner)).unwrap().expose(), b"plaintext");
        assert!(vault.open_unbound(&old, Cell::Password(owner)).is_err(), "another column");
        let mut posing = old;
        posing.0[0] = VERSION;
        assert!(vault.open(&posing, Cell::Totp(owner)).is_err(), "the version is part of it");
        let new = sealed(&vault);
        assert!(vault.open_unbound(&new, Cell::Password(owner)).is_err(), "nor the other way round");
    }

    #[test]
    fn req_sec_1_every_flipped_bit_and_every_cut_fails() {
        let vault = vault();
        let sealed = sealed(&vault);
        for bit in 0..sealed.0.len() * 8 {
            let mut tampered = sealed.clone();
            tampered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&vault, &tampered).is_err(), "bit {bit}");
        }
        for len in 0..sealed.0.len() {
            let cut = Sealed(sealed.0[..len].to_vec());
            assert!(open(&vault, &cut).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_key_under_the_same_number_does_not_open() {
        let sealed = sealed(&vault());
        assert!(open(&vault(), &sealed).is_err());
    }

    #[test]
    fn a_new_key_seals_when_it_is_told_to_and_the_old_one_still_opens() {
        let ring = KeyRing::generate(&SystemEntropy, DateTime::UNIX_EPOCH);
        let ring = ring.with_new_key(&SystemEntropy, DateTime::UNIX_EPOCH).unwrap();
        let vault = EnvelopeVault::new(Arc::new(ring), 1, Arc::new(SystemEntropy));
        let alice = name("alice");
        let (old, old_seal) = (sealed(&vault), vault.attest(session(&alice)).unwrap());
        vault.seal_with(2);
        let (new, new_seal) = (sealed(&vault), vault.attest(session(&alice)).unwrap());
        assert!(old.0.starts_with(&EnvelopeVault::header(1)) && new.0.starts_with(&EnvelopeVault::header(2)));
        for sealed in [&old, &new] {
            assert!(open(&vault, sealed).is_ok());
        }
        assert_ne!(old_seal, new_seal);
        for seal in [&old_seal, &new_seal] {
            assert!(vault.attests(seal, session(&alice)));
        }
        vault.seal_with(3);
        let secret = Secret::new(vec![1]);
        assert!(vault.seal(&secret, Cell::Password(alices(&alice))).is_err(), "no such key");
        assert!(vault.attest(session(&alice)).is_err());
    }

    #[test]
    fn the_same_plaintext_never_seals_alike() {
        let vault = vault();
        assert_ne!(sealed(&vault), sealed(&vault));
    }

    #[test]
    fn req_sec_1_all_swaps_between_a_hundred_rows_fail() {
        let vault = vault();
        let people: Vec<_> = (0..100)
            .map(|n| {
                (PairId::from_bytes([n; 16]), AccountId::from_bytes([n; 16]), name(&format!("person-{n}")))
            })
            .collect();
        let owners: Vec<_> = people
            .iter()
            .map(|(pair, account, username)| PairOwner { pair: *pair, account: *account, username })
            .collect();
        let seal = |owner: &PairOwner<'_>| vault.seal(&Secret::new(vec![1]), Cell::Totp(*owner)).unwrap();
        let cells: Vec<Sealed> = owners.iter().map(seal).collect();
        for (i, cell) in cells.iter().enumerate() {
            for (j, owner) in owners.iter().enumerate() {
                assert_eq!(vault.open(cell, Cell::Totp(*owner)).is_ok(), i == j);
            }
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 123_456_000).unwrap()
    }

    const fn digest(byte: u8) -> TokenDigest {
        TokenDigest::from_bytes([byte; 32])
    }

    fn session(username: &Username) -> Row<'_> {
        Row::Session {
            digest: digest(1),
            forward: digest(2),
            account: ACCOUNT,
            username,
            created_at: at(0),
            expires_at: at(3600),
        }
    }

    /// Each row differs from the first in one thing, and no two are alike.
    #[test]
    fn req_sec_1_a_seal_is_of_one_row() {
        let (alice, bob) = (name("alice"), name("bob"));
        let other = AccountId::from_bytes([8; 16]);
        let of_session = |digest, forward, account, username, created_at, expires_at| Row::Session {
            digest,
            forward,
            account,
            username,
            created_at,
            expires_at,
        };
        let (one, two, three) = (digest(1), digest(2), digest(3));
        let of_ticket = |digest, expires_at, owner| Row::Ticket { digest, expires_at, owner };
        let owner = alices(&alice);
        let rows = [
            session(&alice),
            of_session(three, two, ACCOUNT, &alice, at(0), at(3600)),
            of_session(one, three, ACCOUNT, &alice, at(0), at(3600)),
            of_session(two, one, ACCOUNT, &alice, at(0), at(3600)),
            of_session(one, two, other, &alice, at(0), at(3600)),
            of_session(one, two, ACCOUNT, &bob, at(0), at(3600)),
            of_session(one, two, ACCOUNT, &alice, at(1), at(3600)),
            of_session(one, two, ACCOUNT, &alice, at(0), at(3600) + TimeDelta::microseconds(1)),
            of_session(one, two, ACCOUNT, &alice, at(3600), at(0)),
            of_ticket(one, at(3600), owner),
            of_ticket(two, at(3600), owner),
            of_ticket(one, at(3601), owner),
            of_ticket(one, at(3600), PairOwner { pair: PairId::from_bytes([8; 16]), ..owner }),
            of_ticket(one, at(3600), PairOwner { account: other, ..owner }),
            of_ticket(one, at(3600), PairOwner { username: &bob, ..owner }),
        ];
        let vault = vault();
        let seals: Vec<Seal> = rows.iter().map(|row| vault.attest(*row).unwrap()).collect();
        for (i, seal) in seals.iter().enumerate() {
            for (j, row) in rows.iter().enumerate() {
                assert_eq!(vault.attests(seal, *row), i == j, "{i} {j}");
            }
        }
        assert!(!super::tests::vault().attests(&seals[0], rows[0]), "another ring");
        for bit in 0..Seal::BYTES * 8 {
            let mut tampered = seals[0];
            tampered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!vault.attests(&tampered, rows[0]), "bit {bit}");
        }
    }

    #[test]
    fn a_seal_holds_for_what_a_store_keeps_of_an_instant() {
        let (vault, alice) = (vault(), name("alice"));
        let ticket = |expires_at| Row::Ticket { digest: digest(1), expires_at, owner: alices(&alice) };
        let seal = vault.attest(ticket(at(0) + TimeDelta::nanoseconds(999))).unwrap();
        assert!(vault.attests(&seal, ticket(at(0))));
    }
}
