//! Password hashing: how long hashes wait, how long they run, how many are turned away.

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};

use super::requests::seconds;

/// What an Argon2 pool tells of its work; clones count together.
#[derive(Clone, Debug)]
pub struct HashMeter {
    wait: Histogram,
    run: Histogram,
    refused: Counter,
}

impl Default for HashMeter {
    fn default() -> Self {
        Self { wait: seconds(), run: seconds(), refused: Counter::default() }
    }
}

impl HashMeter {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "sesame_argon2_wait_seconds",
            "Time hashes waited for their turn",
            self.wait.clone(),
        );
        registry.register("sesame_argon2_run_seconds", "Time hashes ran", self.run.clone());
        registry.register(
            "sesame_argon2_refused",
            "Hashes refused because the queue was full",
            self.refused.clone(),
        );
    }

    /// A hash got its turn.
    pub(crate) fn waited(&self, time: Duration) {
        self.wait.observe(time.as_secs_f64());
    }

    /// A hash is done.
    pub(crate) fn ran(&self, time: Duration) {
        self.run.observe(time.as_secs_f64());
    }

    /// A hash was turned away.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }
}
