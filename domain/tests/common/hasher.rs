//! Password hashing as far as the use cases can tell.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use async_trait::async_trait;
use domain::{
    secret::Secret,
    service::ports::{HashError, PasswordHasher},
};

/// A "hash" that names its strength and can be compared; its queue may be full.
pub(crate) struct Hasher {
    strength: AtomicU8,
    busy: AtomicBool,
}

impl Hasher {
    pub(crate) fn new(strength: u8) -> Self {
        Self { strength: AtomicU8::new(strength), busy: AtomicBool::new(false) }
    }

    pub(crate) fn strength(&self) -> u8 {
        self.strength.load(Ordering::SeqCst)
    }

    /// From now on stronger hashes are asked for.
    pub(crate) fn strengthen(&self) {
        self.strength.store(self.strength().saturating_add(1), Ordering::SeqCst);
    }

    /// The next hash finds the queue full. `false` disarms. Whether the queue was full until now.
    pub(crate) fn fill_queue(&self, full: bool) -> bool {
        self.busy.swap(full, Ordering::SeqCst)
    }

    fn admit(&self) -> Result<(), HashError> {
        if self.fill_queue(false) { Err(HashError::Busy { retry_after: 2 }) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for Hasher {
    async fn hash(&self, password: Secret) -> Result<Secret, HashError> {
        self.admit()?;
        let mut phc = vec![self.strength()];
        phc.extend_from_slice(password.expose());
        Ok(Secret::new(phc))
    }

    async fn verify(&self, password: Secret, phc: Secret) -> Result<bool, HashError> {
        self.admit()?;
        Ok(phc.expose().get(1..) == Some(password.expose()))
    }

    fn needs_rehash(&self, phc: &Secret) -> bool {
        phc.expose().first().is_some_and(|strength| *strength < self.strength())
    }
}
