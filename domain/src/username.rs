//! The name a person signs in with: 3 to 64 of `a-z 0-9 . _ - @`, starting and ending with a
//! letter or a digit, folded to lower case before any use.

use std::fmt;

use serde::Serialize;

/// Fewest characters in a username.
pub const MIN_LEN: usize = 3;
/// Most characters in a username.
pub const MAX_LEN: usize = 64;

/// A username that keeps the rule of this module; there is no other way to hold one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Username(String);

/// Why a text is not a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Fewer than [`MIN_LEN`] or more than [`MAX_LEN`] characters.
    #[error("a username has {MIN_LEN} to {MAX_LEN} characters")]
    Length,
    /// A character outside `a-z 0-9 . _ - @`.
    #[error("a username holds only letters a-z, digits and . _ - @")]
    Character,
    /// The first or last character is punctuation.
    #[error("a username starts and ends with a letter or a digit")]
    Edge,
}

impl Username {
    /// Folds `text` to lower case and checks it. Nothing is trimmed: a space is a mistake to show.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        // Bytes bound the work on a hostile input; every accepted character is one byte.
        if text.len() < MIN_LEN || text.len() > MAX_LEN {
            return Err(UsernameError::Length);
        }
        let folded = text.to_ascii_lowercase();
        if !folded.bytes().all(is_allowed) {
            return Err(UsernameError::Character);
        }
        let edge = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
        if !edge(folded.bytes().next()) || !edge(folded.bytes().next_back()) {
            return Err(UsernameError::Edge);
        }
        Ok(Self(folded))
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-' | b'@')
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
