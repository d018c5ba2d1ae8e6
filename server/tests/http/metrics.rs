//! What Prometheus is told.

use std::collections::BTreeSet;

use axum::http::header;
use serde_json::json;

use crate::{
    app::TestApp,
    person::{Person, next_code},
};

/// The value of a series in the text.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn requests_and_outcomes_are_counted_by_closed_lists() {
    let app = TestApp::new().await;
    let (person, session) = Person::enrol(&app, "camille.roux").await;
    person.sign_in(&app).await;
    next_code(&app);
    person.sign_in_with(&app, Some(&person.wrong_code(&app))).await;
    app.post_as(&session, "/api/sign-out", &json!({})).await;
    app.post("/api/generate-password", &json!({ "ticket": "A".repeat(43) })).await;
    app.get("/aide").await;
    app.get("/pkg/sesame.js").await;
    app.get("/nowhere/camille.roux").await;
    app.get("/_/health").await;

    let text = app.metrics().await;
    for (series, expected) in [
        (r#"http_requests_total{code="200",method="POST",route="/api/authenticate"}"#, 1.0),
        (r#"http_requests_total{code="401",method="POST",route="/api/authenticate"}"#, 1.0),
        (r#"http_requests_total{code="200",method="GET",route="page"}"#, 1.0),
        (r#"http_requests_total{code="200",method="GET",route="asset"}"#, 1.0),
        (r#"http_requests_total{code="404",method="GET",route="other"}"#, 1.0),
        (r#"http_requests_total{code="200",method="GET",route="probe"}"#, 1.0),
        (r#"http_request_duration_seconds_count{route="/api/authenticate"}"#, 2.0),
        (r#"sesame_outcomes_total{use_case="activate",outcome="ok"}"#, 1.0),
        (r#"sesame_outcomes_total{use_case="authenticate",outcome="ok"}"#, 1.0),
        (r#"sesame_outcomes_total{use_case="authenticate",outcome="invalid_credentials"}"#, 1.0),
        (r#"sesame_outcomes_total{use_case="sign_out",outcome="ok"}"#, 1.0),
        (r#"sesame_tickets_total{fate="issued"}"#, 3.0),
        (r#"sesame_tickets_total{fate="used"}"#, 3.0),
        (r#"sesame_tickets_total{fate="refused"}"#, 1.0),
        ("sesame_throttled_total", 0.0),
        ("sesame_argon2_queue_depth", 0.0),
        ("sesame_argon2_permits", 2.0),
        ("http_requests_in_flight", 0.0),
    ] {
        assert!((value(&text, series) - expected).abs() < 0.5, "{series} is not {expected} in\n{text}");
    }
    assert!(value(&text, "sesame_argon2_run_seconds_count") >= 3.0);
    assert!(value(&text, r#"sesame_database_connections{state="idle"}"#) >= 1.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(!text.contains("camille"), "no name in a label");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn an_expired_pair_and_a_resumed_enrolment_are_outcomes_of_their_own() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(chrono::TimeDelta::days(184));
    person.sign_in(&app).await;
    let (late, _) = Person::to_prove(&app, "bob").await;
    late.sign_in_with(&app, None).await;
    let text = app.metrics().await;
    for outcome in ["expired", "activation_required"] {
        let series = format!(r#"sesame_outcomes_total{{use_case="authenticate",outcome="{outcome}"}}"#);
        assert!((value(&text, &series) - 1.0).abs() < 0.5, "{series}");
    }
}

#[tokio::test]
async fn nothing_that_comes_from_outside_makes_a_series() {
    let app = TestApp::new().await;
    for n in 0..200 {
        app.get(&format!("/page-{n}")).await;
        app.get(&format!("/api/route-{n}")).await;
        let brew = axum::http::Method::from_bytes(format!("BREW{n}").as_bytes()).unwrap();
        let request =
            axum::http::Request::builder().method(brew).uri("/").body(axum::body::Body::empty()).unwrap();
        app.send(request).await;
    }
    let text = app.metrics().await;
    let series: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(series.len() < 150, "{} series", series.len());
}

#[tokio::test]
async fn metrics_are_nowhere_on_the_public_listener() {
    let app = TestApp::new().await;
    let answer = app.get("/metrics").await;
    assert_eq!(answer.status, 404);
    assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
}
