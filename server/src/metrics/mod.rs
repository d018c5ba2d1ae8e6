//! What Prometheus is told, on a listener of its own (`GET /metrics`, `OpenMetrics` text).
//!
//! Labels hold routes, codes and states, all from closed lists: no name, no ticket, no address, and
//! fewer than 500 series in a process. `docs/operations/kpi.md` says which question each one answers.

mod census;
mod clock;
mod csp;
mod hashing;
mod outcomes;
mod process;
mod requests;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use domain::service::{Outcome, UseCase};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, info::Info},
    registry::Registry,
};

pub use self::hashing::HashMeter;
use self::{
    census::CensusGauges, clock::ClockOffset, outcomes::Outcomes, process::AtScrape, requests::Requests,
};
pub(crate) use self::{
    census::keep_counting,
    csp::CspReports,
    requests::{HEALTH, READY, Route, is_probe},
};
use crate::{clock::SystemClock, crypto::Argon2Pool, store::Store};
use domain::service::ports::Clock as _;

/// The content type of the text that [`encode`] writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every metric of a process.
pub struct Metrics {
    registry: Registry,
    pub(crate) requests: Requests,
    pub(crate) csp_reports: CspReports,
    outcomes: Outcomes,
    census: CensusGauges,
    clock_offset: ClockOffset,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Metrics {
    /// The metrics of a service over `store` whose hashes run in `pool`, timed by `meter`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, pool: Arc<Argon2Pool>, meter: &HashMeter) -> Self {
        let mut registry = Registry::default();
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        registry.register("sesame_build", "Which program this is", build);
        let in_flight = Arc::new(AtomicUsize::new(0));
        let requests = Requests::register(&mut registry, in_flight.clone());
        let csp_reports = CspReports::register(&mut registry);
        let outcomes = Outcomes::register(&mut registry);
        let census = CensusGauges::register(&mut registry);
        let clock_offset = ClockOffset::default();
        registry.register_collector(Box::new(clock_offset.clone()));
        meter.register(&mut registry);
        let started_at = SystemClock.now();
        registry.register_collector(Box::new(AtScrape { store, pool, in_flight, started_at }));
        Self { registry, requests, csp_reports, outcomes, census, clock_offset }
    }

    /// Counts what became of a use case.
    pub(crate) fn count(&self, use_case: UseCase, outcome: Outcome) {
        self.outcomes.count(use_case, outcome);
    }

    /// The text that Prometheus reads.
    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// A gauge by one label that has few values.
type Gauges<L> = Family<L, prometheus_client::metrics::gauge::Gauge>;

/// The router of the metrics' own listener.
pub fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(move || std::future::ready(answer(&metrics))))
}

fn answer(metrics: &Metrics) -> Response<Body> {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS))], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Binds the metrics' listener. An address that nobody asked for may be taken, by Prometheus itself
/// perhaps: that is told and is no reason not to serve.
pub async fn bind(address: SocketAddr, given: bool) -> anyhow::Result<Option<tokio::net::TcpListener>> {
    match tokio::net::TcpListener::bind(address).await {
        Ok(listener) => {
            tracing::info!(address = %listener.local_addr()?, "metrics at /metrics");
            Ok(Some(listener))
        }
        Err(error) if !given => {
            tracing::warn!(%address, %error, "no metrics: set SESAME_METRICS_LISTEN to a free address, or to off");
            Ok(None)
        }
        Err(error) => Err(anyhow::anyhow!(
            "Cannot serve metrics on {address}: {error}. Name another address, or off. (SESAME_METRICS_LISTEN)"
        )),
    }
}
