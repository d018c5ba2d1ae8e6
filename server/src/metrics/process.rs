//! What is read at the moment of a scrape: the process, its pools and its requests under way.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, Utc};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

use crate::{crypto::Argon2Pool, store::Store};

/// Everything that has a present state.
pub(super) struct AtScrape {
    pub(super) store: Arc<dyn Store>,
    pub(super) pool: Arc<Argon2Pool>,
    pub(super) in_flight: Arc<AtomicUsize>,
    pub(super) started_at: DateTime<Utc>,
}

impl fmt::Debug for AtScrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AtScrape")
    }
}

impl Collector for AtScrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let load = self.pool.load();
        let under_way = self.in_flight.load(Ordering::Acquire);
        let mut gauge = |name: &str, help: &str, value: i64| {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("http_requests_in_flight", "Requests under way", whole(under_way))?;
        gauge("sesame_argon2_queue_depth", "Hashes waiting for their turn", whole(load.waiting))?;
        gauge("sesame_argon2_running", "Hashes running", whole(load.running))?;
        gauge("sesame_argon2_permits", "Hashes that may run at once", whole(load.permits))?;
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            self.started_at.timestamp(),
        )?;
        if let Some(bytes) = resident_bytes() {
            gauge("process_resident_memory_bytes", "Memory in use", bytes)?;
        }
        let connections = self.store.connections();
        let mut family = encoder.encode_descriptor(
            "sesame_database_connections",
            "Connections to the database",
            None,
            MetricType::Gauge,
        )?;
        for (state, count) in [("used", connections.used), ("idle", connections.idle)] {
            ConstGauge::new(i64::from(count)).encode(family.encode_family(&[("state", state)])?)?;
        }
        Ok(())
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Resident memory as Linux tells it; `None` where there is no such file.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}
