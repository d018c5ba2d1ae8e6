//! The note by which a device is known again.

use chrono::{DateTime, Duration, Utc};
use domain::{
    device::{self, DeviceId, KnownDevice, LIFETIME},
    id::{AccountId, PairId},
    secret::Secret,
    service::ports::{Cell, PairOwner, Row, Seal, Sealed, Vault, VaultError},
    username::Username,
};

/// A vault that seals by writing down what and for which cell.
struct Glass;

fn label(cell: Cell<'_>) -> Vec<u8> {
    format!("{cell:?} ").into_bytes()
}

impl Vault for Glass {
    fn seal(&self, plaintext: &Secret, cell: Cell<'_>) -> Result<Sealed, VaultError> {
        Ok(Sealed([label(cell), plaintext.expose().to_vec()].concat()))
    }

    fn open(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError> {
        let plaintext = sealed.0.strip_prefix(label(cell).as_slice()).ok_or(VaultError)?;
        Ok(Secret::new(plaintext.to_vec()))
    }

    fn attest(&self, _: Row<'_>) -> Result<Seal, VaultError> {
        Err(VaultError)
    }

    fn attests(&self, _: &Seal, _: Row<'_>) -> bool {
        false
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn device() -> DeviceId {
    struct Sevens;
    impl domain::service::ports::Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }
    DeviceId::random(&Sevens)
}

#[test]
fn a_note_is_good_for_its_name_and_its_time() {
    let note = device::note(&Glass, device(), &name("alice"), now()).unwrap();
    let read = |username, at| device::read(&Glass, note.expose(), &name(username), at);
    let known = Some(KnownDevice { id: device(), signed_in_at: now() });
    assert_eq!(read("alice", now()), known);
    assert_eq!(read("alice", now() + LIFETIME - Duration::seconds(1)), known);
    assert_eq!(read("alice", now() + LIFETIME), None, "too old");
    assert_eq!(read("alice2", now()), None, "another name");
}

#[test]
fn what_is_no_note_is_nobodys() {
    let note = device::note(&Glass, device(), &name("alice"), now()).unwrap();
    let text = note.expose();
    for foreign in ["", "x", "\u{e9}", &text[1..], &text[..text.len() - 4], &"A".repeat(1 << 20)] {
        assert_eq!(device::read(&Glass, foreign, &name("alice"), now()), None);
    }
    // Sealed by us, for something else.
    let (pair, account, alice) = (PairId::from_bytes([0; 16]), AccountId::from_bytes([0; 16]), name("alice"));
    let cell = Cell::Totp(PairOwner { pair, account, username: &alice });
    let other = Glass.seal(&Secret::new(vec![7; 24]), cell).unwrap();
    let other = data_encoding::BASE64URL_NOPAD.encode(&other.0);
    assert_eq!(device::read(&Glass, &other, &name("alice"), now()), None);
}
