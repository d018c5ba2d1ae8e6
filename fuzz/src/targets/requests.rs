//! Requests to the whole service: bodies of the API, and heads of anything.

use std::sync::LazyLock;

use axum::{
    body::Body,
    http::{HeaderName, Method, Request, StatusCode, header},
};
use domain::error::ApiError;

use crate::{
    input,
    world::{Answer, send},
};

/// Every address of the API that takes a body, in the order of the alphabet.
static ADDRESSES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut paths: Vec<&str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    paths.sort_unstable();
    assert!(!paths.is_empty(), "no server function is registered");
    paths
});

/// The first byte picks an address, the rest is the body: it is answered, or refused in our own words.
pub(super) fn api_body(data: &[u8]) {
    let Some((choice, body)) = input::choice(data) else { return };
    let address = ADDRESSES[usize::from(choice) % ADDRESSES.len()];
    let request = Request::post(address).header(header::CONTENT_TYPE, "application/json");
    let answer = send(request.body(Body::from(body.to_vec())).unwrap());
    let status = answer.status;
    assert!(!status.is_server_error(), "{address} answers {status} to {:?}", String::from_utf8_lossy(body));
    if status.is_success() {
        return;
    }
    let refusal: ApiError = serde_json::from_slice(&answer.body).expect("a refusal is an ApiError");
    assert_eq!(refusal.code.status(), status.as_u16());
    assert!(!refusal.message.is_empty());
}

/// `METHOD address`, then headers, a line each.
pub(super) fn request_head(data: &[u8]) {
    let line = input::lines(data).next().and_then(input::text).unwrap_or_default();
    let (method, address) = line.split_once(' ').unwrap_or(("GET", line));
    let rest = data.get(line.len() + 1..).unwrap_or_default();
    let Ok(mut request) = Request::builder().method(method).uri(address).body(Body::empty()) else { return };
    // Over HTTP/1.1 a server meets other forms of an address only from proxies.
    if !request.uri().path().starts_with('/') || request.method() == Method::CONNECT {
        return;
    }
    *request.headers_mut() = input::headers(rest);
    let may_time_out = request.headers().contains_key("x-timeout");
    let answer = send(request);
    let timed_out = answer.status == StatusCode::GATEWAY_TIMEOUT && may_time_out;
    assert!(timed_out || !answer.status.is_server_error(), "{line} answers {}", answer.status);
    guarded(&answer);
}

fn guarded(answer: &Answer) {
    for name in ["x-request-id", "x-content-type-options", "content-security-policy", "referrer-policy"] {
        assert!(answer.headers.contains_key(HeaderName::from_static(name)), "{name} is missing");
    }
    let body = String::from_utf8_lossy(&answer.body);
    assert!(!body.contains("not for the web"), "a file outside the site was served");
}
