//! Limits on requests: how many at once, how long each, and who they come from.

use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use domain::{service::policy::Policy, throttle::Bucket};
use futures::{FutureExt as _, stream};
use serde_json::json;
use server::http::TrustedProxies;

use crate::app::{TestApp, json_request, send};

/// A request whose body never ends.
fn endless() -> Request<Body> {
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    Request::post("/api/register").header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
}

#[tokio::test]
async fn beyond_the_limit_requests_are_refused_at_once_and_readiness_says_so() {
    let app = TestApp::new().await.rebuilt(|dependencies| dependencies.max_inflight = 1);
    {
        let mut waiting = Box::pin(send(&app.router, endless()));
        assert!((&mut waiting).now_or_never().is_none(), "under way");
        let refused = app.post("/api/session", &json!({})).await;
        assert_eq!(refused.code(), "throttled");
        assert_eq!(refused.headers[header::RETRY_AFTER], "1");
        assert_eq!(app.get("/_/ready").await.status, 429);
        assert_eq!(app.get("/_/health").await.status, 200, "no reason to restart");
        for path in ["/_/", "/_/nothing", "/_/health/", "/_/ready/x"] {
            assert_eq!(app.get(path).await.code(), "throttled", "{path} is no probe");
        }
        assert!(app.metrics().await.contains("\nhttp_requests_in_flight 1\n"));
    }
    assert_eq!(
        app.post("/api/session", &json!({})).await.code(),
        "unauthenticated",
        "the place is free again"
    );
    assert_eq!(app.get("/_/ready").await.status, 200);
}

#[tokio::test]
async fn a_caller_may_lower_the_time_limit_and_not_raise_it() {
    let limit = std::time::Duration::from_millis(50);
    let app = TestApp::new().await.rebuilt(|dependencies| dependencies.request_timeout = limit);
    let endless_twice = "10000000000000000000s".repeat(2);
    for asked in ["1ms", "1h", "nonsense", "0", "-1s", &endless_twice] {
        let mut request = endless();
        request.headers_mut().insert("x-timeout", asked.parse().unwrap());
        assert_eq!(app.send(request).await.code(), "timeout", "{asked}");
    }
    let patient = TestApp::new().await;
    let mut request = endless();
    request.headers_mut().insert("x-timeout", "20ms".parse().unwrap());
    assert_eq!(patient.send(request).await.code(), "timeout");
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_have_their_own_networks_and_liars_do_not() {
    let policy = || Policy { register_network: Bucket { burst: 1, per_minute: 1 }, ..Policy::default() };
    let register = async |app: &TestApp, name: &str, from: &str| {
        let mut request = json_request("/api/register", &json!({ "username": name }));
        request.headers_mut().insert("x-forwarded-for", from.parse().unwrap());
        app.send(request).await.status.as_u16()
    };
    let direct = TestApp::with_policy(policy()).await;
    assert_eq!(register(&direct, "alice", "203.0.113.1").await, 200);
    assert_eq!(register(&direct, "bob", "198.51.100.1").await, 429, "anybody may write the header");

    let trusted = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let behind = TestApp::with_policy(policy()).await.rebuilt(|d| d.trusted_proxies = trusted);
    assert_eq!(register(&behind, "alice", "203.0.113.1").await, 200);
    assert_eq!(register(&behind, "bob", "198.51.100.1").await, 200);
    assert_eq!(register(&behind, "carol", "203.0.113.99").await, 429, "the same /24");
    assert_eq!(
        register(&behind, "dave", "192.0.2.1, 203.0.113.5").await,
        429,
        "what it claims does not help"
    );
}
