//! The operating system's random source.

use domain::service::ports::Entropy;
use rand::{TryRng as _, rngs::SysRng};

/// Every secret, nonce, salt and identity comes from here.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Stops the process if the system has no randomness to give: no secret may be guessable.
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = SysRng.try_fill_bytes(bytes) {
            tracing::error!(%error, "the system gives no random bytes; stopping");
            std::process::abort();
        }
    }
}
