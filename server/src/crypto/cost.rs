//! What one Argon2id hash costs, and the least it may cost.

/// Memory, passes and lanes of Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

/// The equal-strength floor of OWASP's Password Storage Cheat Sheet: memory in KiB, passes.
const FLOOR: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// Parameters weaker than every set of the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is too weak together with the iterations: OWASP's least is 19456 KiB with 2 iterations, \
     or 47104/1, 12288/3, 9216/4, 7168/5"
)]
pub struct WeakCost;

impl Argon2Cost {
    /// m = 19 456 KiB, t = 2, p = 1.
    pub const OWASP: Self = Self { memory_kib: 19_456, iterations: 2, parallelism: 1 };

    /// A cost from configuration: at least as strong as one set of the floor.
    pub fn checked(memory_kib: u32, iterations: u32, parallelism: u32) -> Result<Self, WeakCost> {
        let strong = FLOOR.iter().any(|(memory, passes)| memory_kib >= *memory && iterations >= *passes);
        if strong { Ok(Self { memory_kib, iterations, parallelism }) } else { Err(WeakCost) }
    }

    /// A cost that no configuration can express, for tests that sign in a thousand times.
    #[doc(hidden)]
    #[must_use]
    pub const fn danger_cheap_for_tests() -> Self {
        Self { memory_kib: 8, iterations: 1, parallelism: 1 }
    }

    /// Bytes of memory that one hash fills.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        // Widening; `u64::from` is not const.
        self.memory_kib as u64 * 1024
    }

    /// Whether `self` is stronger in some respect than parameters a hash was made with.
    #[must_use]
    pub const fn exceeds(self, memory_kib: u32, iterations: u32) -> bool {
        self.memory_kib > memory_kib || self.iterations > iterations
    }

    pub(super) fn params(self) -> Result<argon2::Params, argon2::Error> {
        argon2::Params::new(self.memory_kib, self.iterations, self.parallelism, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_pw_2_weaker_parameters_than_every_owasp_set_are_refused() {
        for (memory, passes) in FLOOR {
            assert!(Argon2Cost::checked(memory, passes, 1).is_ok());
            assert_eq!(Argon2Cost::checked(memory - 1, passes, 1), Err(WeakCost));
        }
        assert_eq!(Argon2Cost::checked(19_456, 1, 16), Err(WeakCost));
        assert!(Argon2Cost::checked(1 << 20, 4, 4).is_ok());
    }
}
