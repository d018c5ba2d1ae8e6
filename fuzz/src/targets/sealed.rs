//! What comes back from the database and from the key ring's file.

use std::sync::LazyLock;

use argon2::{Params, password_hash::phc::PasswordHash};
use domain::{
    id::{AccountId, PairId},
    secret::Secret,
    service::ports::{Cell, PairOwner, PasswordHasher as _, Sealed, Vault as _},
    username::Username,
};
use server::crypto::KeyRing;

use crate::{
    input,
    world::{block_on, hasher, vault},
};

/// Where the seeds are sealed, and every cell that differs from it in one thing.
fn cells() -> [Cell<'static>; 6] {
    static NAMES: LazyLock<[Username; 2]> =
        LazyLock::new(|| ["alice", "alicf"].map(|name| Username::parse(name).unwrap()));
    let [username, other] = &*NAMES;
    let owner =
        PairOwner { pair: PairId::from_bytes([7; 16]), account: AccountId::from_bytes([9; 16]), username };
    [
        Cell::Password(owner),
        Cell::Totp(owner),
        Cell::Device(username),
        Cell::Password(PairOwner { pair: PairId::from_bytes([8; 16]), ..owner }),
        Cell::Password(PairOwner { account: AccountId::from_bytes([8; 16]), ..owner }),
        Cell::Password(PairOwner { username: other, ..owner }),
    ]
}

/// What was sealed opens in its own cell, unchanged; nothing else opens anywhere.
pub(super) fn envelope(data: &[u8]) {
    static SEALED: LazyLock<Sealed> = LazyLock::new(|| seal(b"JBSWY3DPEHPK3PXPJBSW"));
    let Some((choice, rest)) = input::choice(data) else { return };
    match choice % 3 {
        0 => opens_nowhere(&Sealed(rest.to_vec())),
        1 => {
            let sealed = seal(rest);
            assert_eq!(open(&sealed, 0).as_deref(), Some(rest));
            assert!((1..cells().len()).all(|cell| open(&sealed, cell).is_none()));
        }
        _ => {
            let mut changed = SEALED.clone();
            for change in rest.chunks_exact(2) {
                let at = usize::from(change[0]) % changed.0.len();
                changed.0[at] ^= change[1];
            }
            // An odd byte at the end cuts or lengthens.
            match rest.chunks_exact(2).remainder() {
                [cut] if *cut < 128 => changed.0.truncate(usize::from(*cut)),
                [more] => changed.0.push(*more),
                _ => (),
            }
            if changed != *SEALED {
                opens_nowhere(&changed);
            }
        }
    }
}

fn seal(plaintext: &[u8]) -> Sealed {
    vault().seal(&Secret::new(plaintext.to_vec()), cells()[0]).unwrap()
}

fn open(sealed: &Sealed, cell: usize) -> Option<Vec<u8>> {
    vault().open(sealed, cells()[cell]).ok().map(|secret| secret.expose().to_vec())
}

fn opens_nowhere(sealed: &Sealed) {
    assert!((0..cells().len()).all(|cell| open(sealed, cell).is_none()), "a forged envelope opened");
}

/// Hashes that cost more than this are read and not computed.
const DEAREST: (u32, u32, u32) = (64, 2, 2);

/// A hash that cannot be read is a fault, never a match.
pub(super) fn password_hash(data: &[u8]) {
    let secret = |bytes: &[u8]| Secret::new(bytes.to_vec());
    let hasher = hasher();
    let needs_rehash = hasher.needs_rehash(&secret(data));
    let read = input::text(data).and_then(|text| PasswordHash::new(text).ok());
    let params = read.as_ref().and_then(|hash| Params::try_from(hash).ok());
    let Some(params) = params else {
        assert!(!needs_rehash, "a hash that nobody can read is made anew");
        let verified = block_on(hasher.verify(secret(b"no such password"), secret(data)));
        assert!(verified.is_err(), "a hash that nobody can read says yes or no");
        return;
    };
    if (params.m_cost(), params.t_cost()) < (8, 1) {
        assert!(needs_rehash);
    }
    let cheap = params.m_cost() <= DEAREST.0 && params.t_cost() <= DEAREST.1 && params.p_cost() <= DEAREST.2;
    if cheap {
        let verified = block_on(hasher.verify(secret(b"no such password"), secret(data)));
        assert_ne!(verified, Ok(true), "a password that nobody has");
    }
}

/// A ring that is read is written as it was read, and refusals repeat nothing.
pub(super) fn key_ring(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let ring = match KeyRing::parse(text) {
        Ok(ring) => ring,
        Err(error) => {
            let told = format!("{error} {error:?}");
            let words = text.split_ascii_whitespace().filter(|word| word.len() > 20);
            assert!(words.into_iter().all(|word| !told.contains(word)), "{told}");
            return;
        }
    };
    let again = KeyRing::parse(&ring.to_text()).unwrap();
    let told = |ring: &KeyRing| -> Vec<_> { ring.iter().map(|(id, key)| (id, key.fingerprint())).collect() };
    assert_eq!((ring.newest(), told(&ring)), (again.newest(), told(&again)));
    assert!(ring.get(ring.newest()).is_some() && ring.get(0).is_none());
    assert_eq!(*ring.to_text(), *again.to_text());
}
