//! The audit trail: events as they stand in the store, each chained to the one before by a hash, so
//! that one that was changed, taken out or put in between is noticed.
//!
//! ```text
//! hash(n) = SHA-256(prefix | hash(n-1) | n | instant | subject | kind)        hash(0) = 32 zero bytes
//! ```
//!
//! The chain has no key: anybody can check it, and who may write to the store can make it anew from
//! some event on. That is why its head is told elsewhere (the log, `sesame audit verify`): a chain
//! that was made anew does not pass through a head that was told before.
//!
//! An event names its account by a pseudonym that only a key kept with the account turns into it.
//! With the account that key goes, and the events tell of nobody any more; the chain, which holds
//! the pseudonyms, stays whole (RGPD article 17 and recital 26).

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize;

use crate::id::AccountId;

/// Tells the hash of an entry from every other hash.
const LINK_PREFIX: &[u8] = b"sesame audit entry 1\0";

/// Tells the derivation of a pseudonym from every other hash.
const SUBJECT_PREFIX: &[u8] = b"sesame audit subject 1\0";

/// 256 random bits that turn an account into its pseudonym.
#[derive(Zeroize)]
#[zeroize(drop)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// Reads a key back from the store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whom an entry tells of: a pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject([u8; 16]);

impl Subject {
    /// The pseudonym of `account` under `key`: half of a SHA-256 over inputs of fixed length.
    #[must_use]
    pub fn of(account: AccountId, key: &PseudonymKey) -> Self {
        let hash = Sha256::new()
            .chain_update(SUBJECT_PREFIX)
            .chain_update(key.0)
            .chain_update(account.as_bytes())
            .finalize();
        let mut half = [0u8; 16];
        half.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(half)
    }

    /// Reads a pseudonym back from the store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The hash of an entry, over it and all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link([u8; 32]);

impl Link {
    /// What the first entry is chained to.
    pub const ORIGIN: Self = Self([0; 32]);

    /// Reads a hash back from the store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// A place in the trail, and the hash of everything up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the entry; 0 before the first.
    pub number: u64,
    /// Its hash.
    pub link: Link,
}

impl Head {
    /// Before the first entry.
    pub const ORIGIN: Self = Self { number: 0, link: Link::ORIGIN };

    /// The place after `entry` was chained to this one.
    #[must_use]
    pub fn then(&self, entry: &Entry) -> Self {
        let hash = Sha256::new()
            .chain_update(LINK_PREFIX)
            .chain_update(self.link.0)
            .chain_update(entry.number.to_be_bytes())
            .chain_update(entry.at.timestamp_micros().to_be_bytes())
            .chain_update(entry.subject.0)
            .chain_update(entry.kind.as_bytes())
            .finalize();
        Self { number: entry.number, link: Link(hash.into()) }
    }

    /// Follows the chain from here over `entry`, whose hash is said to be `link`.
    pub fn follow(&self, entry: &Entry, link: Link) -> Result<Self, Broken> {
        let number = self.number + 1;
        if entry.number != number {
            return Err(Broken::Missing { number });
        }
        let next = self.then(entry);
        if next.link == link { Ok(next) } else { Err(Broken::Changed { number }) }
    }
}

/// An event as it stands in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place, counted from 1 without a gap.
    pub number: u64,
    /// When it happened; what counts is whole microseconds.
    pub at: DateTime<Utc>,
    /// Whom it tells of.
    pub subject: Subject,
    /// What happened: the stable name of an [`AuditKind`](crate::audit::AuditKind), or of one that
    /// only a newer program knows.
    pub kind: String,
}

/// Where a trail is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is gone, or its number was changed.
    #[error("entry {number} is missing")]
    Missing {
        /// Which.
        number: u64,
    },
    /// The entry or its hash was changed, or something before it that its own hash no longer tells.
    #[error("entry {number} was changed")]
    Changed {
        /// Which.
        number: u64,
    },
    /// The trail ends elsewhere than its head says.
    #[error("the trail does not end with its head, entry {number}")]
    Head {
        /// The number of the head.
        number: u64,
    },
}
