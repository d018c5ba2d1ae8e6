//! Which keys sealed what stands in the database. A start with a wrong or missing key is found out
//! here, before anything is sealed with it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::service::ports::StoreError;

/// What the database remembers of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFingerprint {
    /// The key's number in the key ring.
    pub key_id: u32,
    /// What tells the key from any other without telling the key.
    pub fingerprint: [u8; 32],
}

/// The fingerprints of the keys that were ever used on this database.
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
}
