//! Tickets and session tokens: 256 random bits for the holder, a SHA-256 for the store.
//!
//! A session has a second token, derived from the first, that only shows who is signed in
//! ([`forward_token`]): other applications of the house see it, and must not get hold of the
//! session with it.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{secret::WireSecret, service::ports::Entropy};

/// Random bytes in a token.
const BYTES: usize = 32;
/// Characters of a token in base64url without padding.
pub const TEXT_LEN: usize = 43;

/// Bytes of a digest that a session is called by.
const HANDLE_BYTES: usize = 16;

/// Tells a forward token's derivation from every other hash of a token.
const FORWARD_PREFIX: &[u8] = b"sesame forward token 1\0";

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

/// What a session is called by, in its owner's list: the first half of its token's digest, in
/// hexadecimal. It opens nothing. From half a digest nobody gets to the token, which is 256 random
/// bits, nor to the other half, and the store finds a session by the whole of it; closing one by its
/// handle takes another session of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionHandle([u8; HANDLE_BYTES]);

impl SessionHandle {
    /// The handle of the session whose token has this digest.
    #[must_use]
    pub fn of(digest: &TokenDigest) -> Self {
        let mut bytes = [0; HANDLE_BYTES];
        bytes.iter_mut().zip(digest.0).for_each(|(to, from)| *to = from);
        Self(bytes)
    }

    /// Reads a handle from outside; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 2 * HANDLE_BYTES {
            return None;
        }
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        <[u8; HANDLE_BYTES]>::try_from(bytes).ok().map(Self)
    }

    /// The first 16 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HANDLE_BYTES] {
        &self.0
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
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
        Self::of(&bytes)
    }

    /// Draws the token of a session, with its forward token.
    #[must_use]
    pub fn random_with_forward(entropy: &dyn Entropy) -> (Self, Self) {
        let mut bytes = Zeroizing::new([0u8; BYTES]);
        entropy.fill(bytes.as_mut());
        (Self::of(&bytes), Self::of(&forward_bytes(&bytes)))
    }

    fn of(bytes: &[u8; BYTES]) -> Self {
        Self { text: WireSecret::new(BASE64URL_NOPAD.encode(bytes)), digest: digest_of(bytes) }
    }
}

/// The digest of a received token; `None` when the text cannot be one.
#[must_use]
pub fn digest_of_text(text: &str) -> Option<TokenDigest> {
    bytes_of(text).map(|bytes| digest_of(bytes.as_ref()))
}

/// The forward token of a session: SHA-256 over a fixed prefix and the session token. Nobody gets
/// from it to the session token, and being derived it need not be kept anywhere. `None` when the
/// text cannot be a token.
#[must_use]
pub fn forward_token(session: &str) -> Option<Token> {
    Some(Token::of(&forward_bytes(&*bytes_of(session)?)))
}

fn forward_bytes(session: &[u8; BYTES]) -> Zeroizing<[u8; BYTES]> {
    Zeroizing::new(Sha256::new().chain_update(FORWARD_PREFIX).chain_update(session).finalize().into())
}

fn bytes_of(text: &str) -> Option<Zeroizing<[u8; BYTES]>> {
    if text.len() != TEXT_LEN {
        return None;
    }
    let decoded = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    <[u8; BYTES]>::try_from(decoded.as_slice()).ok().map(Zeroizing::new)
}

fn digest_of(bytes: &[u8]) -> TokenDigest {
    TokenDigest(Sha256::digest(bytes).into())
}
