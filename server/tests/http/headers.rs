//! Security headers, cookies and cross-site requests.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Request, header},
};
use domain::service::policy::Policy;
use serde_json::json;
use server::store::DatabaseUrl;

use crate::{
    app::{TestApp, json_request},
    person::Person,
};

/// A service at `https://sesame.example`.
pub(crate) async fn https_app() -> TestApp {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = DatabaseUrl::sqlite(folder.path().join("sesame.db"));
    TestApp::over(&url, folder, Policy::default(), TestApp::ring(), "https://sesame.example").await
}

#[tokio::test]
async fn req_web_1_every_answer_has_the_security_headers() {
    let app = https_app().await;
    for path in
        ["/", "/compte", "/pkg/sesame.js", "/nothing", "/api/nothing", "/api/openapi.json", "/_/health"]
    {
        let headers = app.get(path).await.headers;
        let is = |name: &str, value: &str| assert_eq!(headers[name], value, "{path}");
        is("x-content-type-options", "nosniff");
        is("x-frame-options", "DENY");
        is("referrer-policy", "no-referrer");
        is("cross-origin-opener-policy", "same-origin");
        is("cross-origin-resource-policy", "same-origin");
        is("strict-transport-security", "max-age=63072000; includeSubDomains");
        assert!(headers.contains_key("content-security-policy"), "{path}");
        assert!(headers.contains_key("cache-control"), "{path}");
        assert!(headers.contains_key(header::CONTENT_TYPE), "{path}");
        assert_eq!(headers["x-request-id"].len(), 32, "{path}");
        assert!(!headers.contains_key("server") && !headers.contains_key("serverfnerror"), "{path}");
    }
}

#[tokio::test]
async fn plain_http_on_loopback_promises_no_transport_security() {
    let app = TestApp::new().await;
    assert!(!app.get("/").await.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn req_ses_1_over_https_the_cookie_has_the_host_prefix_and_every_protection() {
    let app = https_app().await;
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let activated = app.post("/api/activate", &body).await;
    let cookie = activated.headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(pair.len(), "__Host-sesame=".len() + 43);
    assert!(pair.starts_with("__Host-sesame="));
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure");
}

#[tokio::test]
async fn a_neighbours_cookie_signs_nobody_out_whatever_its_bytes() {
    let app = https_app().await;
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let token = app.post("/api/activate", &body).await.cookie("__Host-sesame").unwrap();
    for neighbour in [&b"a=\xc3\xa9"[..], b"\xff", b"nom=\xc9ric"] {
        let line = [neighbour, b"; __Host-sesame=", token.as_bytes()].concat();
        let mut request = json_request("/api/session", &json!({}));
        request.headers_mut().insert(header::COOKIE, HeaderValue::from_bytes(&line).unwrap());
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        assert_eq!(app.send(request).await.status, 200, "{neighbour:?}");
    }
}

#[tokio::test]
async fn another_site_cannot_act_for_a_visitor() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    let send = async |headers: &[(&'static str, &str)]| {
        let mut request = json_request("/api/sign-out", &json!({}));
        request.headers_mut().insert(header::COOKIE, format!("sesame={session}").parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        app.send(request).await
    };
    assert_eq!(send(&[("sec-fetch-site", "cross-site")]).await.code(), "cross_origin");
    assert_eq!(send(&[("sec-fetch-site", "same-site")]).await.code(), "cross_origin");
    assert_eq!(send(&[("origin", "https://evil.example")]).await.code(), "cross_origin");
    assert_eq!(send(&[]).await.code(), "cross_origin", "a cookie and no proof at all");
    assert_eq!(app.post_as(&session, "/api/session", &json!({})).await.status, 200, "still signed in");
    assert_eq!(send(&[("origin", "http://127.0.0.1:3000")]).await.status, 204);
}

#[tokio::test]
async fn the_host_header_decides_nothing() {
    let app = TestApp::new().await;
    let request = Request::get("/").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    let page = app.send(request).await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("evil.example"));
}

#[tokio::test]
async fn forwarding_headers_are_ignored() {
    use domain::throttle::Bucket;
    let policy = Policy { sign_in_network: Bucket { burst: 2, per_minute: 1 }, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    let mut last = String::new();
    for n in 0..3 {
        let body = json!({ "username": format!("name{n}"), "password": "x", "code": "123456" });
        let mut request = json_request("/api/authenticate", &body);
        for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
            request.headers_mut().insert(name, format!("203.0.{n}.1").parse().unwrap());
        }
        last = app.send(request).await.code();
    }
    assert_eq!(last, "throttled", "a forged address is no way to a bucket of one's own");
}
