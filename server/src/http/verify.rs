//! Forward authentication: a proxy (Traefik's `ForwardAuth`, nginx's `auth_request`) asks here who is
//! behind a request to another application.
//!
//! ```text
//! browser ──▶ proxy ──▶ GET /api/verify ──▶ 200, Remote-User: the proxy lets the request through
//!                                      └──▶ 302 to the sign-in page, which leads back by /retour
//! ```
//!
//! The proxy describes the request by `X-Forwarded-Proto`, `-Host`, `-Uri` and `-Method`. These are
//! believed of anybody: they decide nothing but where a sign-in leads back to, and only to a host on
//! the list.

use std::sync::Arc;

use app::api::{CookiePolicy, ForwardCookie};
use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use chrono::SecondsFormat;
use domain::{
    error::{ApiError, ErrorCode},
    secret::WireSecret,
    service::{Outcome, Refusal, UseCase, Verified},
    token,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Dependencies, errors, health::get_only};
use crate::config::ForwardAuth;

/// Who is signed in.
const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
/// Until when their secrets open sessions (RFC 3339, UTC).
const REMOTE_VALID_UNTIL: HeaderName = HeaderName::from_static("remote-valid-until");
/// Where to sign in, for proxies that redirect by themselves.
const SIGN_IN: HeaderName = HeaderName::from_static("x-sesame-sign-in");

/// Where a sign-in leads back through.
const RETURN_PATH: &str = "/retour";

/// Forward authentication as the routes need it.
#[derive(Clone)]
struct Forward {
    dependencies: Dependencies,
    rules: Arc<ForwardAuth>,
    cookie: ForwardCookie,
    session_cookie: CookiePolicy,
}

/// The cookie of forward authentication, where it is switched on.
pub(super) fn cookie(dependencies: &Dependencies) -> Option<ForwardCookie> {
    let rules = dependencies.forward_auth.as_ref()?;
    Some(ForwardCookie { domain: rules.domain().into(), policy: dependencies.public_url.cookie_policy() })
}

/// `GET /api/verify`, where forward authentication is switched on.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(dependencies: &Dependencies) -> Router<S> {
    match forward(dependencies) {
        Some(forward) => Router::new().route("/api/verify", get_only(get(verify))).with_state(forward),
        None => Router::new(),
    }
}

/// `GET /retour`, which belongs to the pages.
pub(super) fn return_route<S: Clone + Send + Sync + 'static>(dependencies: &Dependencies) -> Router<S> {
    match forward(dependencies) {
        Some(forward) => Router::new().route(RETURN_PATH, get_only(get(lead_back))).with_state(forward),
        None => Router::new(),
    }
}

fn forward(dependencies: &Dependencies) -> Option<Forward> {
    Some(Forward {
        dependencies: dependencies.clone(),
        rules: Arc::new(dependencies.forward_auth.clone()?),
        cookie: cookie(dependencies)?,
        session_cookie: dependencies.public_url.cookie_policy(),
    })
}

/// What a proxy may ask for.
#[derive(Deserialize)]
struct VerifyQuery {
    /// `no`: never a redirect, for nginx, which takes 401 and knows nothing else.
    redirect: Option<String>,
}

async fn verify(
    State(forward): State<Forward>,
    Query(query): Query<VerifyQuery>,
    headers: HeaderMap,
) -> Response<Body> {
    let token = forward.cookie.find(&headers);
    let verified = forward.dependencies.sesame.verify(token.as_ref().map(WireSecret::expose)).await;
    let outcome = match &verified {
        Ok(_) => Outcome::Done,
        Err(refusal) => Outcome::Refused(refusal.to_api_error().code),
    };
    forward.dependencies.metrics.count(UseCase::Verify, outcome);
    match verified {
        Ok(verified) => signed_in(&verified),
        Err(Refusal::Told(error)) if error.code == ErrorCode::Unauthenticated => {
            sign_in_first(&forward, &headers, query.redirect.as_deref() != Some("no"))
        }
        Err(refusal) => {
            tracing::warn!(%refusal, "cannot say who is signed in");
            errors::respond(&refusal.to_api_error())
        }
    }
}

fn signed_in(verified: &Verified) -> Response<Body> {
    let mut response = StatusCode::OK.into_response();
    let until = verified.valid_until.to_rfc3339_opts(SecondsFormat::Secs, true);
    for (name, text) in [(REMOTE_USER, verified.username.as_str()), (REMOTE_VALID_UNTIL, &until)] {
        match HeaderValue::from_str(text) {
            Ok(value) => response.headers_mut().insert(name, value),
            // A name that is no header cannot be passed on, and nobody is let in without a name.
            Err(_) => return errors::respond_code(ErrorCode::Internal),
        };
    }
    response
}

/// Leads a page's visitor to the sign-in page; everything else is refused with 401.
fn sign_in_first(forward: &Forward, headers: &HeaderMap, may_redirect: bool) -> Response<Body> {
    let mut refusal = errors::respond(&ApiError::new(ErrorCode::Unauthenticated));
    let Some(sign_in) = original(forward, headers).map(|address| sign_in_address(forward, &address)) else {
        return refusal;
    };
    let Ok(sign_in) = HeaderValue::from_str(&sign_in) else { return refusal };
    if may_redirect && is_navigation(headers) {
        return (StatusCode::FOUND, [(header::LOCATION, sign_in)]).into_response();
    }
    refusal.headers_mut().insert(SIGN_IN, sign_in);
    refusal
}

/// The address that the visitor asked the proxy for, if it may be led back to.
fn original(forward: &Forward, headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok());
    forward.rules.admit_parts(text("x-forwarded-proto")?, text("x-forwarded-host")?, text("x-forwarded-uri")?)
}

fn sign_in_address(forward: &Forward, address: &str) -> String {
    let origin = forward.dependencies.public_url.origin();
    format!("{origin}/?retour={}", utf8_percent_encode(address, NON_ALPHANUMERIC))
}

/// Whether a browser is showing a page: a script's or a picture's request is not worth a redirect,
/// and a form's content would be lost.
fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let method = text(HeaderName::from_static("x-forwarded-method")).unwrap_or("GET");
    let mode = text(HeaderName::from_static("sec-fetch-mode"));
    let html = text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    matches!(method, "GET" | "HEAD") && mode.is_none_or(|mode| mode == "navigate") && html
}

/// Where to go after signing in.
#[derive(Deserialize)]
struct ReturnQuery {
    /// The address.
    vers: Option<String>,
}

/// Leads whoever is signed in back to the application they came from, with its cookie; somebody who
/// is not, to the sign-in page; and everybody away from an address that is not on the list.
async fn lead_back(
    State(forward): State<Forward>,
    Query(query): Query<ReturnQuery>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(address) = query.vers.as_deref().and_then(|address| forward.rules.admit(address)) else {
        return see_other("/compte");
    };
    let token = forward.session_cookie.find(&headers);
    let session = forward.dependencies.sesame.session(token.as_ref().map(WireSecret::expose)).await;
    let derived = token.as_ref().and_then(|token| token::forward_token(token.expose()));
    match (session, derived) {
        (Ok(_), Some(derived)) => {
            let mut response = see_other(&address);
            match HeaderValue::from_str(&forward.cookie.hand_over(&derived.text)) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    response.headers_mut().append(header::SET_COOKIE, value);
                    response
                }
                Err(_) => errors::respond_code(ErrorCode::Internal),
            }
        }
        (Err(Refusal::Told(_)) | Ok(_), _) => see_other(&sign_in_address(&forward, &address)),
        (Err(refusal), _) => {
            tracing::warn!(%refusal, "cannot lead back");
            errors::respond(&refusal.to_api_error())
        }
    }
}

fn see_other(to: &str) -> Response<Body> {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => errors::respond_code(ErrorCode::InvalidInput),
    }
}
