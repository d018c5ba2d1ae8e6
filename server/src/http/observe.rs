//! A request id and one log line for every request.
//!
//! The line holds method, path, status and time, never a query, a header or a body. No path of
//! ours carries a name or a token.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use data_encoding::HEXLOWER;
use domain::service::ports::Entropy;
use tracing::Instrument as _;

/// The header that names the request, in every answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest path that is logged; the rest of a longer one is nobody's route.
const LOGGED_PATH: usize = 128;

/// The id of a request, for whoever has to quote it.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// Gives the request an id of ours (one from outside could forge log lines) and logs its end.
pub(super) async fn observe(
    State(entropy): State<Arc<dyn Entropy>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    let id = HEXLOWER.encode(&bytes);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LOGGED_PATH).collect();
    let span = tracing::info_span!("request", request_id = %id, %method, path);
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(status, ms, "answered");
        } else {
            tracing::info!(status, ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
