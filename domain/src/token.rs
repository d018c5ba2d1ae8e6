//! Tickets and session tokens: 256 random bits for the holder, a SHA-256 for the store.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{secret::WireSecret, service::ports::Entropy};

/// Random bytes in a token.
const BYTES: usize = 32;
/// Characters of a token in base64url without padding.
pub const TEXT_LEN: usize = 43;

/// What the store keeps of a token. 256 random bits need no salt and no slow hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Reads a digest back from the store.
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

/// A fresh token: the text for its holder and the digest for the store.
#[derive(Debug)]
pub struct Token {
    /// Base64url, for the holder.
    pub text: WireSecret,
    /// For the store.
    pub digest: TokenDigest,
}

impl Token {
    /// Draws a token.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0u8; BYTES]);
        entropy.fill(bytes.as_mut());
        Self {
            text: WireSecret::new(BASE64URL_NOPAD.encode(bytes.as_ref())),
            digest: digest_of(bytes.as_ref()),
        }
    }
}

/// The digest of a received token; `None` when the text cannot be one.
#[must_use]
pub fn digest_of_text(text: &str) -> Option<TokenDigest> {
    if text.len() != TEXT_LEN {
        return None;
    }
    let mut bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let digest = digest_of(&bytes);
    bytes.zeroize();
    Some(digest)
}

fn digest_of(bytes: &[u8]) -> TokenDigest {
    TokenDigest(Sha256::digest(bytes).into())
}
