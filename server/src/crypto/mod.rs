//! Cryptography at rest: the key ring, envelopes and the names of throttle lanes under it, the guard that
//! holds keys and database together, and Argon2id on a bounded pool.

mod argon2_blocks;
mod argon2_pool;
mod cost;
mod envelope;
pub mod guard;
pub mod key_file;
mod key_ring;
mod lanes;
mod log_names;
mod random;

pub use self::{
    argon2_pool::{Argon2Pool, Load},
    cost::{Argon2Cost, WeakCost},
    envelope::EnvelopeVault,
    key_ring::{Key, KeyRing, KeyRingError},
    lanes::KeyedLanes,
    log_names::LogNames,
    random::SystemEntropy,
};
