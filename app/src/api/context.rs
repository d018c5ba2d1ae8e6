//! What a server function finds in its context, and how its answer is told.

use std::sync::Arc;

use domain::{
    error::ErrorCode,
    network::Network,
    service::{Refusal, Sesame},
};
use leptos::prelude::use_context;

use super::{CookiePolicy, ServerError};

/// Provided by the server for each request.
#[derive(Clone)]
pub struct ServerContext {
    /// The use cases.
    pub sesame: Arc<Sesame>,
    /// Where the request comes from.
    pub network: Network,
    /// How the session cookie is named and protected.
    pub cookie: CookiePolicy,
}

/// The context of this request.
pub(super) fn current() -> Result<ServerContext, ServerError> {
    use_context().ok_or_else(|| {
        tracing::error!("a server function ran without its context");
        ErrorCode::Internal.into()
    })
}

/// Logs what the client is not told, and tells the rest.
pub(super) fn answer<T>(result: Result<T, Refusal>) -> Result<T, ServerError> {
    result.map_err(|refusal| {
        match &refusal {
            Refusal::Internal { detail } => tracing::error!(%detail, "internal fault"),
            Refusal::Unavailable { detail, .. } => tracing::warn!(%detail, "unavailable"),
            Refusal::Told(error) => tracing::debug!(code = ?error.code, "refused"),
        }
        refusal.to_api_error().into()
    })
}
