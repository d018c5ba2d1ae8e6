//! Throttle lanes under names that only who holds the key ring can work out. A lane is slowed down for a
//! name or a network; both can be guessed, and with a bare digest the table would tell who tried to sign
//! in, and from where.
//!
//! The key follows from the **oldest** key of the ring. All replicas have that one, also while a new key
//! is on its way to them, and it stays when another begins to seal. When it is taken out of the ring, the
//! lanes start over, once.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    service::ports::{LaneRule, StoreError, ThrottleStore},
    throttle::{LaneKey, LaneState, Verdict},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{KeyRing, KeyRingError};

/// Keeps lanes in a store under HMAC-SHA-256 of what they are called.
pub struct KeyedLanes {
    lanes: Arc<dyn ThrottleStore>,
    mac: Hmac<Sha256>,
}

impl KeyedLanes {
    /// Lanes in `lanes`, under a key that follows from `ring`.
    pub fn new(lanes: Arc<dyn ThrottleStore>, ring: &KeyRing) -> Result<Self, KeyRingError> {
        Ok(Self { lanes, mac: ring.oldest()?.mac(b"sesame throttle lanes 1") })
    }

    fn keyed(&self, lane: &LaneKey) -> LaneKey {
        LaneKey::from_bytes(self.mac.clone().chain_update(lane.as_bytes()).finalize().into_bytes().into())
    }
}

#[async_trait]
impl ThrottleStore for KeyedLanes {
    async fn apply(&self, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError> {
        self.lanes.apply(&self.keyed(lane), rule).await
    }

    async fn find(&self, lane: &LaneKey) -> Result<Option<LaneState>, StoreError> {
        self.lanes.find(&self.keyed(lane)).await
    }

    async fn clear(&self, lane: &LaneKey) -> Result<(), StoreError> {
        self.lanes.clear(&self.keyed(lane)).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::username::Username;

    use super::*;
    use crate::crypto::SystemEntropy;

    /// A store in which nothing may happen.
    struct Nowhere;

    #[async_trait]
    impl ThrottleStore for Nowhere {
        async fn apply(&self, _: &LaneKey, _: &LaneRule) -> Result<Verdict, StoreError> {
            Err(StoreError::Unavailable("nowhere".to_owned()))
        }

        async fn find(&self, _: &LaneKey) -> Result<Option<LaneState>, StoreError> {
            Err(StoreError::Unavailable("nowhere".to_owned()))
        }

        async fn clear(&self, _: &LaneKey) -> Result<(), StoreError> {
            Err(StoreError::Unavailable("nowhere".to_owned()))
        }
    }

    #[test]
    fn a_lane_has_one_name_for_all_rings_with_the_same_oldest_key_and_no_other() {
        let lane = LaneKey::sign_in(&Username::parse("alice").unwrap());
        let other = LaneKey::sign_in(&Username::parse("bob").unwrap());
        let keyed = |ring: &KeyRing, lane| KeyedLanes::new(Arc::new(Nowhere), ring).unwrap().keyed(lane);
        let fresh = || KeyRing::generate(&SystemEntropy, DateTime::UNIX_EPOCH);
        let ring = fresh();
        let first = keyed(&ring, &lane);
        assert_ne!(first, lane);
        assert_ne!(first, keyed(&ring, &other));
        assert_ne!(first, keyed(&fresh(), &lane), "another ring");
        let longer = ring.with_new_key(&SystemEntropy, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(first, keyed(&longer, &lane), "replicas get a new key one after the other");
        assert_ne!(first, keyed(&longer.without(1).unwrap(), &lane), "a leaked key tells nothing more");
    }
}
