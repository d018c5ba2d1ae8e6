//! When a pair of secrets grows too old.
//!
//! A pair lives six calendar months less a random draw of up to seven days, so that people
//! enrolled together do not all come back on the same morning. Nobody gets longer than the period.

use chrono::{DateTime, Duration, Months, Utc};

use crate::service::ports::Entropy;

/// The widest draw by which a pair ends early.
pub const MAX_JITTER: Duration = Duration::days(7);

/// How long a pair opens sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    months: u32,
}

impl Period {
    /// The six calendar months the client asks for.
    pub const SIX_MONTHS: Self = Self { months: 6 };

    /// A period of 1 to 120 calendar months.
    #[must_use]
    pub const fn months(months: u32) -> Option<Self> {
        if months >= 1 && months <= 120 { Some(Self { months }) } else { None }
    }

    /// When a pair proved at `proved_at` and drawn `jitter` stops opening sessions.
    /// The last day of a shorter month stands for a day it lacks (31 August → 28 February).
    #[must_use]
    pub fn valid_until(self, proved_at: DateTime<Utc>, jitter: Duration) -> DateTime<Utc> {
        let end = proved_at.checked_add_months(Months::new(self.months)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let jitter = jitter.clamp(Duration::zero(), MAX_JITTER);
        end - jitter
    }
}

/// Draws the jitter of a pair: whole seconds, uniform over `[0, MAX_JITTER)`.
#[must_use]
pub fn draw_jitter(entropy: &dyn Entropy) -> Duration {
    let mut bytes = [0u8; 8];
    entropy.fill(&mut bytes);
    // 2^64 / 604 800 leaves a bias below 1e-13: no one's renewal date is a secret.
    let seconds = u64::from_le_bytes(bytes) % MAX_JITTER.num_seconds().unsigned_abs();
    Duration::seconds(i64::try_from(seconds).unwrap_or(0))
}
