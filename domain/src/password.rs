//! Generated passwords: 24 characters, all four classes, no look-alikes.
//!
//! The whole string is drawn uniformly and drawn again until every class is present
//! (REQ-GEN-1); placing one character of each class first would bias the rest.

#[cfg(feature = "service")]
use crate::{secret::Secret, service::ports::Entropy};

/// Characters in a generated password.
pub const LEN: usize = 24;
/// Most bytes in a password that is looked at; longer ones are refused before any hashing.
pub const MAX_RECEIVED_BYTES: usize = 128;

/// `A-Z` without `I` and `O`.
pub const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
/// `a-z` without `l` and `o`.
pub const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
/// `0-9` without `0` and `1`.
pub const DIGITS: &[u8] = b"23456789";
/// On every AZERTY keyboard without a dead key; neither quotes, brackets, slashes, nor dots and
/// commas, which are mistaken for one another in print.
pub const SPECIALS: &[u8] = b"!#$%&()*+-=?@_";
/// Everything a password is drawn from, each character once.
pub const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!#$%&()*+-=?@_";

/// Whether every class occurs.
#[must_use]
pub fn has_all_classes(password: &[u8]) -> bool {
    [UPPER, LOWER, DIGITS, SPECIALS].iter().all(|class| password.iter().any(|byte| class.contains(byte)))
}

/// Draws a password: [`LEN`] ASCII characters, uniform over all strings that hold every class.
#[cfg(feature = "service")]
#[must_use]
pub fn generate(entropy: &dyn Entropy) -> Secret {
    loop {
        let drawn = Secret::new((0..LEN).map(|_| draw_character(entropy)).collect());
        if has_all_classes(drawn.expose()) {
            return drawn;
        }
    }
}

/// One character, uniform over [`ALPHABET`]: bytes past the last whole multiple are drawn again,
/// so that no remainder favours the first characters.
#[cfg(feature = "service")]
fn draw_character(entropy: &dyn Entropy) -> u8 {
    let size = ALPHABET.len();
    let limit = 256 - 256 % size;
    loop {
        let mut byte = [0u8; 1];
        entropy.fill(&mut byte);
        let value = usize::from(byte[0]);
        if value < limit
            && let Some(character) = ALPHABET.get(value % size)
        {
            return *character;
        }
    }
}

#[cfg(all(test, feature = "service"))]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// Gives one byte, then zeros, and counts what was asked for.
    struct OneByte {
        byte: u8,
        asked: AtomicU16,
    }

    impl Entropy for OneByte {
        fn fill(&self, bytes: &mut [u8]) {
            let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
            bytes.fill(if first { self.byte } else { 0 });
        }
    }

    #[test]
    fn req_gen_2_each_character_is_drawn_by_equally_many_of_the_256_bytes() {
        let mut drawn_by = [0usize; 256];
        let mut drawn_again = 0;
        for byte in 0..=u8::MAX {
            let entropy = OneByte { byte, asked: AtomicU16::new(0) };
            let character = draw_character(&entropy);
            if entropy.asked.into_inner() == 1 {
                drawn_by[usize::from(character)] += 1;
            } else {
                drawn_again += 1;
            }
        }
        let each = 256 / ALPHABET.len();
        for byte in 0..=u8::MAX {
            let expected = if ALPHABET.contains(&byte) { each } else { 0 };
            assert_eq!(drawn_by[usize::from(byte)], expected, "byte {byte}");
        }
        assert_eq!(drawn_again, 256 % ALPHABET.len());
    }
}
