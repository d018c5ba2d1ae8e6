//! Taking and giving back tries; the rules are in [`crate::throttle`].

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{Refusal, Sesame};
use crate::{
    agent::Agent,
    device::{self, KnownDevice},
    error::{ApiError, ErrorCode},
    id::PairId,
    network::Network,
    throttle::{self, Bucket, LaneKey, Verdict},
    username::Username,
};

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's network.
    pub network: Network,
    /// The note that the device shows, if any ([`crate::device`]). Whatever it says, it is judged here.
    pub device: Option<&'a str>,
    /// What it says of itself, for the list of sessions.
    pub agent: Agent,
}

impl From<Network> for Origin<'_> {
    /// A device that shows no note and says nothing of itself.
    fn from(network: Network) -> Self {
        Self { network, device: None, agent: Agent::default() }
    }
}

/// The lane of a sign-in, and the device whose it is.
pub(super) struct Lane {
    pub(super) key: LaneKey,
    pub(super) device: Option<KnownDevice>,
}

impl Sesame {
    /// Takes one token of a network's bucket.
    pub(super) async fn take_from_network(&self, lane: LaneKey, bucket: Bucket) -> Result<(), Refusal> {
        let now = self.now();
        admitted(self.ports.throttle.apply(&lane, &move |state| bucket.take(state, now)).await?)
    }

    /// Takes one sign-in try: from the network, and then from a known device's own lane or else from
    /// that of the name, whether it exists or not.
    pub(super) async fn take_sign_in_try(
        &self,
        origin: Origin<'_>,
        username: &Username,
    ) -> Result<Lane, Refusal> {
        let now = self.now();
        let device = origin.device.and_then(|note| device::read(&*self.ports.vault, note, username, now));
        let (network, key) = match device {
            Some(device) => (
                LaneKey::sign_in_device_network(origin.network),
                LaneKey::sign_in_device(username, device.id),
            ),
            None => (LaneKey::sign_in_network(origin.network), LaneKey::sign_in(username)),
        };
        self.take_from_network(network, self.policy.sign_in_network).await?;
        admitted(self.ports.throttle.apply(&key, &move |state| throttle::take_try(state, now)).await?)?;
        Ok(Lane { key, device })
    }

    /// Takes no try at a code, and as long as [`Sesame::take_code_try`].
    pub(super) async fn take_no_code_try(&self, username: &Username) -> Result<(), Refusal> {
        let now = self.now();
        let lane = LaneKey::no_code(username);
        admitted(self.ports.throttle.apply(&lane, &move |_| throttle::take_no_code_try(now)).await?)
    }

    /// Takes one try at a code; whether the code may be looked at. Writes in any case: how long it
    /// takes must not tell whether it did.
    pub(super) async fn take_code_try(&self, lane: &LaneKey) -> Result<bool, Refusal> {
        let now = self.now();
        let admitted = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&admitted);
        let rule = move |state| {
            let verdict = throttle::take_code_try(state, now);
            tell.store(matches!(verdict, Verdict::Admit(_)), Ordering::Release);
            match (verdict, state) {
                (Verdict::Refuse { .. }, Some(state)) => Verdict::Admit(state),
                (verdict, _) => verdict,
            }
        };
        self.ports.throttle.apply(lane, &rule).await?;
        Ok(admitted.load(Ordering::Acquire))
    }

    /// Gives a try back that was never judged. Best effort: the caller is already reporting a
    /// fault, and a database that is down cannot take this either.
    pub(super) async fn give_back_try(&self, lane: &LaneKey) {
        let now = self.now();
        let _unreachable =
            self.ports.throttle.apply(lane, &move |state| throttle::give_back(state, now)).await;
    }

    /// Gives a try at a code back, likewise.
    pub(super) async fn give_back_code_try(&self, lane: &LaneKey) {
        let now = self.now();
        let _unreachable =
            self.ports.throttle.apply(lane, &move |state| throttle::give_back_code(state, now)).await;
    }

    /// How many sign-ins with the right password of a pair and a wrong code were refused on devices that
    /// had not signed in with it, since the last one that was right there.
    pub(super) async fn wrong_codes(&self, pair: PairId) -> Result<u32, Refusal> {
        let state = self.ports.throttle.find(&LaneKey::code(pair, None)).await?;
        Ok(throttle::wrong_codes(state, self.now()))
    }
}

fn admitted(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Admit(_) => Ok(()),
        Verdict::Refuse { retry_after } => Err(ApiError::retry(ErrorCode::Throttled, retry_after).into()),
    }
}
