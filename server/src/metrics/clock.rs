//! How far the clock of the database's server is from this process's: right codes are refused by the one
//! that is wrong.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

/// What the last look found. Nothing is told before one, nor where there is no other clock.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockOffset(Arc<Mutex<Option<TimeDelta>>>);

impl ClockOffset {
    pub(super) fn set(&self, ahead: Option<TimeDelta>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }
}

impl Collector for ClockOffset {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let ahead = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ahead) = ahead else { return Ok(()) };
        #[expect(
            clippy::cast_precision_loss,
            reason = "far below 2^52, but for clocks that are centuries off"
        )]
        let seconds = ahead.num_milliseconds() as f64 / 1000.0;
        let help = "By how many seconds the clock of the database server is ahead of this one's";
        let gauge = ConstGauge::new(seconds);
        gauge.encode(encoder.encode_descriptor(
            "sesame_database_clock_ahead_seconds",
            help,
            None,
            MetricType::Gauge,
        )?)
    }
}
