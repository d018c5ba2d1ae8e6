//! A limit on the time of one request. OpenFaaS' callers may lower it with `X-Timeout`.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::Response,
};
use domain::error::ErrorCode;

use super::errors::respond_code;
use crate::config::go_duration;

const TIMEOUT: HeaderName = HeaderName::from_static("x-timeout");

/// Answers 504 when the limit is over. What the request was doing is dropped: a transaction that
/// had not committed rolls back.
pub(super) async fn limit(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let limit = asked_for(request.headers()).map_or(limit, |asked| asked.min(limit));
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        tracing::warn!("a request ran into its time limit");
        respond_code(ErrorCode::Timeout)
    })
}

/// What the caller asks for, if it is a time at all.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    go_duration(headers.get(TIMEOUT)?.to_str().ok()?).filter(|asked| !asked.is_zero())
}
