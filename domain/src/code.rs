//! The six digits a person types from an authenticator.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Digits in a code (RFC 6238 with the length every authenticator imports).
pub const DIGITS: usize = 6;
/// The longest text that is looked at; typing habits add separators, not pages.
const MAX_TYPED: usize = 64;

/// Six ASCII digits. Spaces and hyphens of any kind were dropped, and Arabic-Indic digits
/// normalised (REQ-OTP-5).
#[derive(Zeroize, ZeroizeOnDrop, PartialEq, Eq)]
pub struct Code([u8; DIGITS]);

/// Why a text is not a code; `missing` helps the person who mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Fewer than six digits.
    #[error("a code has {DIGITS} digits, {missing} missing")]
    TooShort {
        /// How many digits are missing, 1 to 6.
        missing: u8,
    },
    /// More than six digits.
    #[error("a code has {DIGITS} digits, this one has more")]
    TooLong,
    /// Something that is neither digit, space nor hyphen.
    #[error("a code holds digits only")]
    Character,
}

impl Code {
    /// Reads a typed code.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.len() > MAX_TYPED {
            return Err(CodeError::TooLong);
        }
        let mut digits = [0u8; DIGITS];
        let mut slots = digits.iter_mut();
        for c in text.chars().filter(|c| !is_separator(*c)) {
            let digit = digit_value(c).ok_or(CodeError::Character)?;
            *slots.next().ok_or(CodeError::TooLong)? = b'0' + digit;
        }
        match slots.len() {
            0 => Ok(Self(digits)),
            missing => Err(CodeError::TooShort { missing: u8::try_from(missing).unwrap_or(u8::MAX) }),
        }
    }

    /// The six ASCII digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; DIGITS] {
        &self.0
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{202f}')
}

/// The value of an ASCII, Arabic-Indic or Extended Arabic-Indic digit.
fn digit_value(c: char) -> Option<u8> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        '\u{06f0}'..='\u{06f9}' => '\u{06f0}',
        _ => return None,
    };
    u8::try_from(u32::from(c) - u32::from(zero)).ok()
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
