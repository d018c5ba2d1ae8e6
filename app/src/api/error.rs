//! The error that every server function answers with.

use domain::error::{ApiError, ErrorCode};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Seconds after which a page may ask again when the server could not be reached.
const UNREACHABLE_RETRY_SECONDS: u32 = 5;

/// An [`ApiError`] as Leptos carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
#[error(transparent)]
pub struct ServerError(pub ApiError);

impl From<ApiError> for ServerError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ErrorCode> for ServerError {
    fn from(code: ErrorCode) -> Self {
        Self(ApiError::new(code))
    }
}

impl FromServerFnError for ServerError {
    type Encoder = JsonEncoding;

    /// What Leptos itself reports. The text it brings may quote the request: it is dropped.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Deserialization(text) => unreadable(&text),
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => unreachable_server(),
            ServerFnErrorErr::UnsupportedRequestMethod(_) => ErrorCode::MethodNotAllowed.into(),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => ErrorCode::InvalidInput.into(),
            _ => ErrorCode::Internal.into(),
        }
    }
}

/// On the server: arguments that could not be read.
#[cfg(feature = "ssr")]
fn unreadable(text: &str) -> ServerError {
    super::codec::refusal_from_text(text).into()
}

/// In the browser: an answer that is not ours, such as a proxy's error page.
#[cfg(not(feature = "ssr"))]
fn unreadable(_: &str) -> ServerError {
    unreachable_server()
}

fn unreachable_server() -> ServerError {
    ApiError::retry(ErrorCode::Unavailable, UNREACHABLE_RETRY_SECONDS).into()
}
