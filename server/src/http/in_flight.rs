//! A limit on the requests under way, as OpenFaaS sets it: beyond it the answer is a quick 429, and
//! readiness says so too, so that the others are asked instead. Probes are not counted.
//!
//! A request that came on a connection too many is refused here as well, so that it is logged and
//! counted like any other.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header},
    middleware::Next,
    response::IntoResponse as _,
};
use domain::error::{ApiError, ErrorCode};

use super::{errors, listener::Crowded};
use crate::metrics::{Metrics, is_probe};

/// Seconds after which another try makes sense.
const RETRY_SECONDS: u32 = 1;

/// The limit, and where the requests are counted.
#[derive(Clone)]
pub(super) struct Limit {
    pub(super) metrics: Arc<Metrics>,
    pub(super) most: usize,
}

impl Limit {
    /// Whether one more request would be refused.
    pub(super) fn is_reached(&self) -> bool {
        self.most > 0 && self.metrics.requests.in_flight.count() >= self.most
    }
}

/// Counts the request until it is answered, or refuses it.
pub(super) async fn count(State(limit): State<Limit>, request: Request, next: Next) -> Response<Body> {
    if is_probe(request.uri().path()) {
        return next.run(request).await;
    }
    if request.extensions().get::<Crowded>().is_some() {
        return errors::respond(&ApiError::retry(ErrorCode::Unavailable, RETRY_SECONDS));
    }
    match limit.metrics.requests.in_flight.enter(limit.most) {
        Some(_under_way) => next.run(request).await,
        None => errors::respond(&ApiError::retry(ErrorCode::Throttled, RETRY_SECONDS)),
    }
}

/// Readiness while the limit is reached.
pub(super) fn busy() -> Response<Body> {
    let retry = [(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))];
    (StatusCode::TOO_MANY_REQUESTS, retry, "busy").into_response()
}
