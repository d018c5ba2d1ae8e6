//! What is counted in the database, once a minute, and how its clock stands to ours.

use std::{sync::Arc, time::Duration};

use domain::service::ports::Clock as _;
use prometheus_client::{encoding::EncodeLabelSet, metrics::gauge::Gauge, registry::Registry};

use super::{Gauges, Metrics};
use crate::{
    clock::SystemClock,
    store::{Counts, Store},
};

/// How often the database is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How many of those questions pass between two counts, which read whole tables.
const PINGS_PER_COUNT: u32 = 4;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PairLabels {
    pair: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SealedLabels {
    sealed: &'static str,
}

/// The gauges of the last count.
pub(super) struct CensusGauges {
    accounts: Gauges<StateLabels>,
    sessions: Gauges<PairLabels>,
    secrets: Gauges<SealedLabels>,
    counted_at: Gauge,
    up: Gauge,
}

impl CensusGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self {
            accounts: Gauges::default(),
            sessions: Gauges::default(),
            secrets: Gauges::default(),
            counted_at: Gauge::default(),
            up: Gauge::default(),
        };
        registry.register("sesame_accounts", "Accounts by state", gauges.accounts.clone());
        registry.register(
            "sesame_sessions",
            "Live sessions, by whether the secrets they rest on are still valid",
            gauges.sessions.clone(),
        );
        registry.register(
            "sesame_sensitive_values",
            "Stored secrets, by whether they are sealed under a known key",
            gauges.secrets.clone(),
        );
        registry.register(
            "sesame_census_timestamp_seconds",
            "When the database was last counted, in seconds since 1970",
            gauges.counted_at.clone(),
        );
        registry.register("sesame_database_up", "Whether the database answers", gauges.up.clone());
        gauges
    }

    fn set(&self, counts: &Counts, at: i64) {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in [
            ("registered", counts.registered),
            ("active", counts.active),
            ("expired", counts.expired),
            ("renewing", counts.renewing),
        ] {
            self.accounts.get_or_create(&StateLabels { state }).set(whole(count));
        }
        for (pair, count) in [("valid", counts.sessions_valid), ("expired", counts.sessions_expired)] {
            self.sessions.get_or_create(&PairLabels { pair }).set(whole(count));
        }
        for (sealed, count) in [("yes", counts.sealed), ("no", counts.unsealed)] {
            self.secrets.get_or_create(&SealedLabels { sealed }).set(whole(count));
        }
        self.counted_at.set(at);
    }
}

/// Keeps the gauges up to date; without `session_idle`, after which a session is over, only those that
/// are about this process: whether the database answers it, and how their clocks differ. What cannot be counted keeps its last value, whose age tells.
pub(crate) async fn keep_counting(
    metrics: Arc<Metrics>,
    store: Arc<dyn Store>,
    session_idle: Option<chrono::Duration>,
) {
    let mut ticks = tokio::time::interval(PING_INTERVAL);
    for tick in (0..PINGS_PER_COUNT).cycle() {
        ticks.tick().await;
        let pinged = store.ping().await;
        metrics.census.up.set(i64::from(pinged.is_ok()));
        if tick != 0 || pinged.is_err() {
            continue;
        }
        match store.clock_ahead(&SystemClock).await {
            Ok(ahead) => metrics.clock_offset.set(ahead),
            Err(error) => {
                tracing::warn!(%error, "could not ask the database for the time; trying again later");
            }
        }
        let Some(session_idle) = session_idle else { continue };
        let now = SystemClock.now();
        match store.count(now, now - session_idle).await {
            Ok(counts) => metrics.census.set(&counts, now.timestamp()),
            Err(error) => tracing::warn!(%error, "could not count for the metrics; trying again later"),
        }
    }
}
