//! Holds keys and database together: the database keeps a fingerprint of every key that may have
//! sealed in it, and a start with another ring, or without it, is refused before it can do harm.
//!
//! The newest of those keys seals. So a key can be given to every process first, and all of them seal
//! with it as soon as the database knows it (`sealing`).

use chrono::{DateTime, Utc};
use domain::service::ports::StoreError;

use super::{EnvelopeVault, KeyRing};
use crate::store::{KeyFingerprint, Store};

/// Why this ring and this database do not belong together, as a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The database knows a key that the ring lacks.
    #[error(
        "The database was sealed with key {0}, which is missing from the key file. Restore the key \
         file of this database (was its volume mounted?)."
    )]
    Missing(u32),
    /// The ring has another key under the same number.
    #[error(
        "Key {0} of the key file is not the key {0} that this database was sealed with. Restore the \
         key file of this database, or point to the database of this key file."
    )]
    Different(u32),
    /// There are sealed values but no fingerprint to check.
    #[error(
        "The database holds sealed secrets but knows no key. It was damaged or copied in part: \
         restore it from a backup."
    )]
    NoFingerprint,
    /// There are sealed values of a version that does not say whose they are.
    #[error(
        "The database holds secrets that an earlier version sealed, and these do not say whose they are. After an          upgrade from such a version, with every process stopped, run `sesame keys rotate --bind` once. At any          other time somebody has put them there: restore a backup."
    )]
    Unbound,
    /// The database did not answer.
    #[error("The database does not answer: {0}")]
    Store(#[from] StoreError),
}

/// Whether anything was ever sealed in this database, so that no key may be invented beside it.
pub async fn is_sealed(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(!store.list().await?.is_empty() || store.holds_secrets().await?)
}

/// Refuses a ring that is not this database's; a database that knows no key yet learns the newest of
/// the ring. Gives the number of the key that seals.
pub async fn admit(store: &dyn Store, ring: &KeyRing, now: DateTime<Utc>) -> Result<u32, GuardError> {
    let known = store.list().await?;
    if known.is_empty() {
        if store.holds_secrets().await? {
            return Err(GuardError::NoFingerprint);
        }
        return introduce(store, ring, now).await;
    }
    check(store, ring).await
}

/// Has the newest key of the ring seal from now on, and gives its number. Refuses a ring that is not
/// this database's.
pub async fn introduce(store: &dyn Store, ring: &KeyRing, now: DateTime<Utc>) -> Result<u32, GuardError> {
    let id = ring.newest();
    let fingerprint = ring.get(id).ok_or(GuardError::Missing(id))?.fingerprint();
    store.insert_if_absent(id, &fingerprint, now).await?;
    // Of two rings at once only one finds its own fingerprint.
    check(store, ring).await
}

/// Refuses a ring that is not this database's; gives the number of the key that seals.
pub async fn check(store: &dyn Store, ring: &KeyRing) -> Result<u32, GuardError> {
    let known = store.list().await?;
    compare(&known, ring)?;
    Ok(sealing(&known, ring))
}

/// Refuses a database with sealed values that do not say whose they are: nobody could sign in with them,
/// and only a person knows whether they may be there.
pub async fn refuse_unbound(store: &dyn Store) -> Result<(), GuardError> {
    if store.holds_sealed(&EnvelopeVault::UNBOUND).await? { Err(GuardError::Unbound) } else { Ok(()) }
}

/// The number of the key that seals: the newest that the database knows, or, as long as it knows none,
/// the newest of the ring.
#[must_use]
pub fn sealing(known: &[KeyFingerprint], ring: &KeyRing) -> u32 {
    known.iter().map(|known| known.key_id).max().unwrap_or_else(|| ring.newest())
}

/// Refuses a ring that lacks one of the keys `known` to a database, or has another in its place.
pub fn compare(known: &[KeyFingerprint], ring: &KeyRing) -> Result<(), GuardError> {
    for known in known {
        match ring.get(known.key_id) {
            None => return Err(GuardError::Missing(known.key_id)),
            Some(key) if key.fingerprint() != known.fingerprint => {
                return Err(GuardError::Different(known.key_id));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
