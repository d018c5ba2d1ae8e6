//! A limit on the time of one request.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use domain::error::ErrorCode;

use super::errors::respond_code;

/// Answers 504 when the limit is over. What the request was doing is dropped: a transaction that
/// had not committed rolls back.
pub(super) async fn limit(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        tracing::warn!("a request ran into its time limit");
        respond_code(ErrorCode::Timeout)
    })
}
