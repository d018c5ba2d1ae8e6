//! What several test programs need: randomness fixed by a seed, and a way to run longer.

use std::sync::{Mutex, PoisonError};

use domain::service::ports::Entropy;
use rand::{Rng as _, SeedableRng as _, rngs::ChaCha8Rng};

/// A random source that gives the same bytes for the same seed on every machine.
pub(crate) struct Dice(Mutex<ChaCha8Rng>);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// `count` samples, or as many times more as `SESAME_TEST_SCALE` says. The default keeps all that use
/// it together under a quarter of a minute; REQ-GEN-2's million passwords is scale 50.
pub(crate) fn scaled(count: u64) -> u64 {
    let scale = std::env::var("SESAME_TEST_SCALE").ok().and_then(|text| text.parse::<u64>().ok());
    match scale {
        Some(scale) if scale > 1 => {
            println!("SESAME_TEST_SCALE={scale}: {count} becomes {}", count * scale);
            count * scale
        }
        _ => count,
    }
}
