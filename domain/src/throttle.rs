//! How fast somebody may try again: pure rules over a small state that the store keeps.
//!
//! A **name** (existing or not) gets a delay that grows with consecutive failures and is taken
//! before the secrets are looked at, so that parallel tries cannot outrun it. A **network** gets a
//! token bucket. Both answer `429` with `Retry-After`; nobody is made to wait on an open connection.
//! A **device** that has signed in to the name before has a lane of its own instead of these two.
//!
//! Wrong **codes** are counted apart, on a lane that only a right password gets to: who has the
//! password must not have as many guesses at three codes as at 140 bits. Beyond its limit the code is
//! not looked at, which is told like any wrong secret: `429` would say that the password is right. After
//! [`CODES_AT_MOST`] none is, until there are new secrets; the owner, who comes in on a known device, is
//! told that somebody has the password.

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};

use crate::{clocks, device::DeviceId, id::PairId, network::Network, username::Username};

/// Names a lane: a SHA-256 of what it slows down. A name or a network can be guessed from it, so that a
/// table that others may read holds it under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaneKey([u8; 32]);

impl LaneKey {
    /// Sign-ins to one username, whether it exists or not.
    #[must_use]
    pub fn sign_in(username: &Username) -> Self {
        Self::of(b"sign-in", username.as_str().as_bytes())
    }

    /// Sign-ins to one username from a device that is known there.
    #[must_use]
    pub fn sign_in_device(username: &Username, device: DeviceId) -> Self {
        Self::of(b"sign-in-device", &of_device(username, device))
    }

    /// Codes that came with the right password of a pair, from a device that has signed in with it or
    /// from anywhere else. New secrets have a lane of their own.
    #[must_use]
    pub fn code(pair: PairId, device: Option<DeviceId>) -> Self {
        match device {
            Some(device) => Self::of(b"codes-device", &[*device.as_bytes(), *pair.as_bytes()].concat()),
            None => Self::of(b"codes", pair.as_bytes()),
        }
    }

    /// Stands in for [`LaneKey::code`] where the password was wrong: as much work, and no consequence.
    #[must_use]
    pub fn no_code(username: &Username) -> Self {
        Self::of(b"no-codes", username.as_str().as_bytes())
    }

    /// Sign-ins from one network.
    #[must_use]
    pub fn sign_in_network(network: Network) -> Self {
        Self::of(b"sign-in-network", network.as_bytes())
    }

    /// Sign-ins from one network by devices that are known to the names they sign in to. Apart from the
    /// others, so that a flood from the same network does not keep them out; and bounded, because whoever
    /// registers has as many devices as they like.
    #[must_use]
    pub fn sign_in_device_network(network: Network) -> Self {
        Self::of(b"sign-in-device-network", network.as_bytes())
    }

    /// Uses of tickets from one network.
    #[must_use]
    pub fn ticket_network(network: Network) -> Self {
        Self::of(b"ticket-network", network.as_bytes())
    }

    /// Registrations from one network.
    #[must_use]
    pub fn register_network(network: Network) -> Self {
        Self::of(b"register-network", network.as_bytes())
    }

    fn of(lane: &[u8], subject: &[u8]) -> Self {
        Self(Sha256::new().chain_update(lane).chain_update([0]).chain_update(subject).finalize().into())
    }

    /// A lane under another name.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A device's identity has a fixed length, so that no two pairs read alike.
fn of_device(username: &Username, device: DeviceId) -> Vec<u8> {
    [device.as_bytes(), username.as_str().as_bytes()].concat()
}

/// What the store keeps of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// Account and code lanes: tries since the last success. Network lane: unused, 0.
    pub failures: u32,
    /// Account lane: no try before this. Network lane: when the bucket will be full again. Code lane:
    /// when it is forgotten, [`REMEMBER_CODES`] after its last try.
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

/// How the delay of a lane grows.
struct Ladder {
    /// Consecutive failures without any.
    free: u32,
    /// Seconds after each further one; the last repeats.
    delays: &'static [i64],
}

/// Sign-ins. The first four are free: that is mistyping, and 140 bits do not fall to four guesses.
const SIGN_IN: Ladder = Ladder { free: 4, delays: &[1, 3, 5, 10, 30] };
/// A name without a try for this long after its delay starts over. Nothing but code lanes is remembered
/// for longer.
pub const FORGET: Duration = Duration::minutes(30);

/// Codes with the right password: 20 that somebody may mistype, then 24 a day.
const CODE: Ladder = Ladder { free: 20, delays: &[60, 300, 900, 3600] };
/// Codes with the right password of which none was right; after that many none is looked at any more
/// (NIST SP 800-63B-4 section 3.2.2). Three codes satisfy each, which makes 3 in 10,000 in all.
pub const CODES_AT_MOST: u32 = 100;
/// For how long wrong codes are remembered: longer than a password lives, so that they are counted over
/// all of its life. New secrets start a count of their own.
pub const REMEMBER_CODES: Duration = Duration::days(200);

/// Takes one try on the lane of a name or device. It counts as a failure until a success clears it.
#[must_use]
pub fn take_try(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let failures = match state {
        Some(s) if s.until > now && clocks::may_have_said(s.until, now + SIGN_IN.delay(s.failures)) => {
            return refuse_until(s.until, now);
        }
        // Failures that a wrong clock dated count all the same; the delay that it set does not.
        Some(s) if now - s.until < FORGET => s.failures.saturating_add(1),
        _ => 1,
    };
    Verdict::Admit(LaneState { failures, until: now + SIGN_IN.delay(failures) })
}

/// Leaves on the lane of [`LaneKey::no_code`] what takes as much work to write, and is over at once: a
/// wrong password is counted elsewhere, and names that anybody may make up are not remembered.
#[must_use]
pub const fn take_no_code_try(now: DateTime<Utc>) -> Verdict {
    Verdict::Admit(LaneState { failures: 1, until: now })
}

/// Takes one try on a code lane, likewise.
#[must_use]
pub fn take_code_try(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let remembered = state.filter(|s| now < s.until);
    if let Some(LaneState { failures, until }) = remembered {
        let last_try = until - REMEMBER_CODES;
        // The delay that a wrong clock set is none; the end of all tries is one by any clock.
        let next = if failures >= CODES_AT_MOST {
            until
        } else if clocks::may_have_said(last_try, now) {
            last_try + CODE.delay(failures)
        } else {
            now
        };
        if now < next {
            return refuse_until(next, now);
        }
    }
    let failures = remembered.map_or(0, |s| s.failures).saturating_add(1);
    Verdict::Admit(LaneState { failures, until: now + REMEMBER_CODES })
}

/// How many codes with the right password were refused on a code lane since the last that was right.
#[must_use]
pub fn wrong_codes(state: Option<LaneState>, now: DateTime<Utc>) -> u32 {
    state.filter(|s| now < s.until).map_or(0, |s| s.failures)
}

impl Ladder {
    /// How long after the last of so many failures no try is admitted.
    fn delay(&self, failures: u32) -> Duration {
        let earned = usize::try_from(failures.saturating_sub(self.free)).unwrap_or(usize::MAX);
        Duration::seconds(self.delays.iter().take(earned).next_back().copied().unwrap_or_default())
    }
}

/// Takes back the failure that [`take_try`] counted: the try was never judged, because of a fault of ours
/// (REQ-ERR-1). The delay it earned goes with it.
#[must_use]
pub fn give_back(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let failures = state.map_or(0, |s| s.failures.saturating_sub(1));
    Verdict::Admit(LaneState { failures, until: now })
}

/// Takes back the failure that [`take_code_try`] counted, likewise. The others stay remembered.
#[must_use]
pub fn give_back_code(state: Option<LaneState>, now: DateTime<Utc>) -> Verdict {
    let LaneState { failures, until } = state.unwrap_or(LaneState { failures: 0, until: now });
    Verdict::Admit(LaneState { failures: failures.saturating_sub(1), until })
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
        // A bucket that fills up later than the emptiest one was dated by a wrong clock.
        let dated =
            state.map(|s| s.until).filter(|at| clocks::may_have_said(*at, now + tolerance + interval));
        let full_at = dated.map_or(now, |at| at.max(now));
        if full_at - now > tolerance {
            return refuse_until(full_at - tolerance, now);
        }
        Verdict::Admit(LaneState { failures: 0, until: full_at + interval })
    }
}

/// A refusal that tells the whole seconds until `instant`, rounded up: whoever waits that long is not
/// refused again.
fn refuse_until(instant: DateTime<Utc>, now: DateTime<Utc>) -> Verdict {
    let wait = instant - now;
    let seconds = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    Verdict::Refuse { retry_after: u32::try_from(seconds.max(1)).unwrap_or(u32::MAX) }
}
