//! What a server function finds in its context, and how its answer is told.

use std::sync::Arc;

use domain::{
    agent::Agent,
    error::ErrorCode,
    network::Network,
    service::{Outcome, Refusal, Sesame, UseCase},
};
use http::{StatusCode, header, request::Parts};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;

use super::{CookiePolicy, ForwardCookie, ServerError};

/// Provided by the server for each request.
#[derive(Clone)]
pub struct ServerContext {
    /// The use cases.
    pub sesame: Arc<Sesame>,
    /// Where the request comes from.
    pub network: Network,
    /// How the session cookie is named and protected.
    pub cookie: CookiePolicy,
    /// The cookie of forward authentication, where that is switched on.
    pub forward: Option<ForwardCookie>,
    /// Is told what became of each use case.
    pub observer: Arc<dyn Observer>,
}

/// What somebody asked for, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// What was asked for.
    pub use_case: UseCase,
    /// What became of it.
    pub outcome: Outcome,
    /// Where from.
    pub network: Network,
    /// The name that was typed, where the act is about one.
    pub username: Option<&'a str>,
}

/// Is told what became of each use case.
pub trait Observer: Send + Sync {
    /// Notes one act.
    fn observe(&self, act: Act<'_>);
}

/// The context of this request.
pub(super) fn current() -> Result<ServerContext, ServerError> {
    use_context().ok_or_else(|| {
        tracing::error!("a server function ran without its context");
        ErrorCode::Internal.into()
    })
}

/// What the visitor's browser says of itself.
pub(super) fn agent() -> Agent {
    let parts = use_context::<Parts>();
    let header = parts.as_ref().and_then(|parts| parts.headers.get(header::USER_AGENT)?.to_str().ok());
    header.map(Agent::of_user_agent).unwrap_or_default()
}

/// Gives the answer the status of one without a body.
pub(super) fn answer_without_body() {
    expect_context::<ResponseOptions>().set_status(StatusCode::NO_CONTENT);
}

impl ServerContext {
    /// Tells the client what became of a use case.
    pub(super) fn answer<T>(&self, use_case: UseCase, result: Result<T, Refusal>) -> Result<T, ServerError> {
        self.answer_about(None, use_case, result, |_| Outcome::Done)
    }

    /// The same, where it is about a name or success has more than one kind. Logs what the client is not
    /// told.
    pub(super) fn answer_about<T>(
        &self,
        username: Option<&str>,
        use_case: UseCase,
        result: Result<T, Refusal>,
        kind: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, ServerError> {
        let note = |outcome| {
            self.observer.observe(Act { use_case, outcome, network: self.network, username });
        };
        let refusal = match result {
            Ok(value) => {
                note(kind(&value));
                return Ok(value);
            }
            Err(refusal) => refusal,
        };
        match &refusal {
            Refusal::Internal { detail } => tracing::error!(%detail, "internal fault"),
            Refusal::Unavailable { detail, .. } => tracing::warn!(%detail, "unavailable"),
            Refusal::Told(error) => tracing::debug!(code = ?error.code, "refused"),
        }
        let error = refusal.to_api_error();
        note(Outcome::Refused(error.code));
        Err(error.into())
    }
}
