//! Turning an [`ApiError`] into a response; the one place that does.

use std::any::Any;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse as _,
};
use domain::error::{ApiError, ErrorCode};

/// The response of an error: status by the table, JSON body, `Retry-After` where it helps.
pub(super) fn respond(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(error)).into_response();
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The response of a bare code.
pub(super) fn respond_code(code: ErrorCode) -> Response<Body> {
    respond(&ApiError::new(code))
}

/// What a panic in a handler becomes. Its message goes to the log, not to the client.
#[expect(clippy::needless_pass_by_value, reason = "the signature CatchPanicLayer asks for")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    tracing::error!(message, "a handler panicked");
    respond_code(ErrorCode::Internal)
}
