//! Taking and giving back tries; the rules are in [`crate::throttle`].

use super::{Refusal, Sesame};
use crate::{
    error::{ApiError, ErrorCode},
    network::Network,
    throttle::{self, Bucket, LaneKey, Verdict},
    username::Username,
};

impl Sesame {
    /// Takes one token of a network's bucket.
    pub(super) async fn take_from_network(&self, lane: LaneKey, bucket: Bucket) -> Result<(), Refusal> {
        let now = self.now();
        admitted(self.ports.throttle.apply(&lane, &move |state| bucket.take(state, now)).await?)
    }

    /// Takes one sign-in try: from the network, then from the account, whether it exists or not.
    pub(super) async fn take_sign_in_try(
        &self,
        network: Network,
        username: &Username,
    ) -> Result<(), Refusal> {
        self.take_from_network(LaneKey::sign_in_network(network), self.policy.sign_in_network).await?;
        let now = self.now();
        let lane = LaneKey::sign_in(username);
        admitted(self.ports.throttle.apply(&lane, &move |state| throttle::take_try(state, now)).await?)
    }

    /// Gives a try back that was never judged. Best effort: the caller is already reporting a
    /// fault, and a database that is down cannot take this either.
    pub(super) async fn give_back_sign_in_try(&self, username: &Username) {
        let now = self.now();
        let lane = LaneKey::sign_in(username);
        let _unreachable =
            self.ports.throttle.apply(&lane, &move |state| throttle::give_back(state, now)).await;
    }
}

fn admitted(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Admit(_) => Ok(()),
        Verdict::Refuse { retry_after } => Err(ApiError::retry(ErrorCode::Throttled, retry_after).into()),
    }
}
