//! No other site's page may act for a visitor: Fetch Metadata first, then `Origin`.
//!
//! Leptos' server functions have no check of their own. Browsers send `Sec-Fetch-Site` with every
//! request and pages cannot forge it; old browsers send `Origin` with a `POST`. A request with a
//! cookie but neither header is refused: only a browser keeps our cookie.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use domain::error::ErrorCode;

use super::errors::respond_code;
use crate::config::PublicUrl;

/// Refuses what changes state on behalf of another site.
pub(super) async fn guard(State(public_url): State<PublicUrl>, request: Request, next: Next) -> Response {
    if is_safe(request.method()) || is_ours(request.headers(), &public_url) {
        return next.run(request).await;
    }
    tracing::warn!("refused a request from another site");
    respond_code(ErrorCode::CrossOrigin)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

pub(super) fn is_ours(headers: &HeaderMap, public_url: &PublicUrl) -> bool {
    // `none` is the visitor's own doing: the address bar, a bookmark.
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        return origin.as_bytes() == public_url.origin().as_bytes();
    }
    !headers.contains_key(header::COOKIE)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_ours(&headers, &PublicUrl::parse("https://sesame.example").unwrap())
    }

    #[test]
    fn a_page_of_ours_and_the_visitor_may() {
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("cookie", "a=b")]));
        assert!(ours(&[("sec-fetch-site", "none"), ("cookie", "a=b")]));
        assert!(ours(&[("origin", "https://sesame.example"), ("cookie", "a=b")]));
    }

    #[test]
    fn another_site_may_not_whatever_else_it_says() {
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert!(!ours(&[("sec-fetch-site", site), ("origin", "https://sesame.example")]), "{site}");
        }
        for origin in
            ["https://evil.example", "http://sesame.example", "null", "https://sesame.example.evil.example"]
        {
            assert!(!ours(&[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn a_cookie_without_any_proof_is_refused_and_a_program_without_cookie_is_not() {
        assert!(!ours(&[("cookie", "a=b")]));
        assert!(ours(&[]));
    }
}
