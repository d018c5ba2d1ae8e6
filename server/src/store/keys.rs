//! Which keys sealed what stands in the database. A start with a wrong or missing key is found out
//! here, before anything is sealed with it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    id::{AccountId, PairId},
    service::ports::{PairOwner, Sealed, StoreError},
    username::Username,
};

/// The sealed values of a pair of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPair {
    /// The pair, part of the associated data of both.
    pub id: PairId,
    /// The account it belongs to, likewise.
    pub account: AccountId,
    /// The name of that account, likewise.
    pub username: Username,
    /// Its sealed password.
    pub password: Sealed,
    /// Its sealed TOTP secret, once issued.
    pub totp: Option<Sealed>,
}

impl SealedPair {
    /// Whose they are.
    #[must_use]
    pub const fn owner(&self) -> PairOwner<'_> {
        PairOwner { pair: self.id, account: self.account, username: &self.username }
    }
}

/// What the database remembers of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFingerprint {
    /// The key's number in the key ring.
    pub key_id: u32,
    /// What tells the key from any other without telling the key.
    pub fingerprint: [u8; 32],
}

/// The fingerprints of the keys that may have sealed in this database, and what is sealed by which.
#[async_trait]
pub trait KeyFingerprints: Send + Sync {
    /// All of them, by rising key number.
    async fn list(&self) -> Result<Vec<KeyFingerprint>, StoreError>;

    /// Remembers a key. A number that is known already keeps its first fingerprint.
    async fn insert_if_absent(
        &self,
        key_id: u32,
        fingerprint: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Whether a sealed value stands in the database, so that its key must not be missing.
    async fn holds_secrets(&self) -> Result<bool, StoreError>;

    /// Whether a sealed value begins with `header`.
    async fn holds_sealed(&self, header: &[u8]) -> Result<bool, StoreError>;

    /// Up to `limit` pairs of which a value does not begin with `header`, by rising number, beyond
    /// `after`.
    async fn sealed_otherwise(
        &self,
        header: &[u8],
        after: Option<PairId>,
        limit: u32,
    ) -> Result<Vec<SealedPair>, StoreError>;

    /// Puts new values in the place of old ones, where these still stand and nobody is at work on them.
    /// Gives how many pairs that were; either all of these are changed or none.
    async fn replace_sealed(&self, pairs: &[(SealedPair, SealedPair)]) -> Result<u64, StoreError>;

    /// Forgets a key unless a value begins with its `header`, in one statement. Gives whether it is
    /// forgotten now.
    async fn forget_key(&self, key_id: u32, header: &[u8]) -> Result<bool, StoreError>;
}
