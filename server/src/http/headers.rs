//! Security headers of every answer (OWASP Secure Headers; ASVS 5.0 V3.4).
//!
//! Pages bring their own `Content-Security-Policy` with a fresh nonce (`pages.rs`); everything
//! else gets one that allows nothing.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::config::PublicUrl;

const FIXED: [(HeaderName, &str); 8] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)",
    ),
];
const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const TWO_YEARS: &str = "max-age=63072000; includeSubDomains";

/// What depends on the public URL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    strict_transport: bool,
}

impl Policy {
    pub(super) fn new(public_url: &PublicUrl) -> Self {
        Self { strict_transport: public_url.is_secure() }
    }
}

/// Adds what is missing.
pub(super) async fn add(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    or_else(headers, header::CONTENT_SECURITY_POLICY, NOTHING);
    // Pages, answers and errors are for one person at one moment; files say otherwise themselves.
    or_else(headers, header::CACHE_CONTROL, "no-store");
    if policy.strict_transport {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TWO_YEARS));
    }
    response
}

fn or_else(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
