//! Health (is the process there) and readiness (would a sign-in work), outside `/api`.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode, header},
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use domain::error::ErrorCode;

use super::{Dependencies, errors, in_flight};
use crate::{
    crypto::guard,
    metrics::{HEALTH, READY},
    store::SchemaState,
};

/// A probe that waits longer has failed already.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// The answer of both while the process stops.
const STOPPING: (StatusCode, &str) = (StatusCode::SERVICE_UNAVAILABLE, "stopping");

pub(super) fn routes<S: Clone + Send + Sync + 'static>(dependencies: Dependencies) -> Router<S> {
    Router::new()
        .route(HEALTH, get_only(get(health)))
        .route(READY, get_only(get(ready)))
        .with_state(dependencies)
}

pub(super) fn get_only<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route.fallback(|| async {
        let mut response = errors::respond_code(ErrorCode::MethodNotAllowed);
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        response
    })
}

/// Never touches the database: a database that is away is no reason to restart this process.
async fn health(State(dependencies): State<Dependencies>) -> impl IntoResponse {
    if dependencies.draining.is_draining() { STOPPING } else { (StatusCode::OK, "OK") }
}

async fn ready(State(dependencies): State<Dependencies>) -> Response<Body> {
    if dependencies.draining.is_draining() {
        return STOPPING.into_response();
    }
    if dependencies.in_flight_limit().is_reached() {
        return in_flight::busy();
    }
    match tokio::time::timeout(PROBE_LIMIT, probe(&dependencies)).await {
        Ok(Ok(())) => (StatusCode::OK, "OK"),
        Ok(Err(reason)) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database is slow"),
    }
    .into_response()
}

/// Reasons are fixed words: this route can be reached from outside.
async fn probe(dependencies: &Dependencies) -> Result<(), &'static str> {
    let store = &*dependencies.store;
    let log = |error: &dyn std::fmt::Display| tracing::warn!(%error, "not ready");
    store.ping().await.map_err(|error| {
        log(&error);
        "the database does not answer"
    })?;
    match store.schema().await {
        Ok(SchemaState::Current) => {}
        Ok(other) => {
            log(&other);
            return Err("the database schema does not match");
        }
        Err(error) => {
            log(&error);
            return Err("the database does not answer");
        }
    }
    guard::check(store, &dependencies.ring).await.map(drop).map_err(|error| {
        log(&error);
        "the key ring does not match the database"
    })
}
