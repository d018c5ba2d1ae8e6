//! How fast somebody may try again: pure rules over a small state that the store keeps.
//!
//! Two lanes. An **account** (existing or not) gets a delay that grows with consecutive
//! failures and is taken before the secrets are looked at, so that parallel tries cannot
//! outrun it. A **network** gets a token bucket. Both answer `429` with `Retry-After`;
//! nobody is made to wait on an open connection.

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};

use crate::{network::Network, username::Username};

/// Names a lane in the store: a SHA-256, so that the table holds neither name nor address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneKey([u8; 32]);

impl LaneKey {
    /// Sign-ins to one username, whether it exists or not.
    #[must_use]
    pub fn sign_in(username: &Username) -> Self {
        Self::of(b"sign-in", username.as_str().as_bytes())
    }

    /// Sign-ins from one network.
    #[must_use]
    pub fn sign_in_network(network: Network) -> Self {
        Self::of(b"sign-in-network", network.as_bytes())
    }

    /// Registrations from one network.
    #[must_use]
    pub fn register_network(network: Network) -> Self {
        Self::of(b"register-network", network.as_bytes())
    }

    fn of(lane: &[u8], subject: &[u8]) -> Self {
        Self(Sha256::new().chain_update(lane).chain_update([0]).chain_update(subject).finalize().into())
    }

    /// The 32 bytes as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What the store keeps of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// Account lane: tries since the last success. Network lane: unused, 0.
    pub failures: u32,
    /// Account lane: no try before this. Network lane: when the bucket will be full again.
    pub until: DateTime<Utc>,
}

/// The answer of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on, and keep this state.
    Admit(LaneState),
    /// Come back in this many whole seconds (at least 1).
    Refuse {
        /// Seconds until a try is admitted.
        retry_after: u32,
    },
}

/// Delay after each consecutive failure of an account lane, in seconds; the last one repeats.
/// The first four are free: that is mistyping, and 140 bits do not fall to four guesses.
const LADDER: [i64; 9] = [0, 0, 0, 0, 1, 3, 5, 10, 30];
/// An account lane without a try for this long starts over.
pub const FORGET: Duration = Duration::minutes(30);

/// Takes one try on an account lane. It counts as a failure until a success clears the lane.
#[must_use]
pub fn take_try(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let failures = match state {
        Some(s) if s.until > now => return Verdict::Refuse { retry_after: seconds_until(s.until, now) },
        Some(s) if now - s.until < FORGET => s.failures.saturating_add(1),
        _ => 1,
    };
    let index = usize::try_from(failures).unwrap_or(usize::MAX).saturating_sub(1);
    let delay = LADDER.get(index).or(LADDER.last()).copied().unwrap_or(30);
    Verdict::Admit(LaneState { failures, until: now + Duration::seconds(delay) })
}

/// Takes back the failure that [`take_try`] counted: the try was never judged, because of a fault
/// of ours (REQ-ERR-1). The delay it earned goes with it.
#[must_use]
pub fn give_back(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let failures = state.map_or(0, |s| s.failures.saturating_sub(1));
    Verdict::Admit(LaneState { failures, until: now })
}

/// A token bucket for one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How many may come at once.
    pub burst: u32,
    /// How many may come a minute in the long run.
    pub per_minute: u32,
}

impl Bucket {
    /// Takes one token (generic cell rate algorithm: `until` is the theoretical arrival time).
    #[must_use]
    pub fn take(self, state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
        // Rounded up, so that no rate, however high, admits more than it says.
        let interval = Duration::microseconds(60_000_000_u32.div_ceil(self.per_minute.max(1)).into());
        let tolerance = interval * i32::try_from(self.burst.max(1) - 1).unwrap_or(i32::MAX);
        let full_at = state.map_or(now, |s| s.until.max(now));
        if full_at - now > tolerance {
            return Verdict::Refuse { retry_after: seconds_until(full_at - tolerance, now) };
        }
        Verdict::Admit(LaneState { failures: 0, until: full_at + interval })
    }
}

/// Whole seconds until `instant`, rounded up: whoever waits that long is not refused again.
fn seconds_until(instant: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let wait = instant - now;
    let seconds = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}
