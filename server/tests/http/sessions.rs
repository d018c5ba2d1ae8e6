//! Sessions end when they should.

use chrono::TimeDelta;
use serde_json::json;

use crate::{app::TestApp, person::Person};

async fn is_open(app: &TestApp, session: &str) -> bool {
    let answer = app.post_as(session, "/api/session", &json!({})).await;
    if answer.status == 200 {
        return true;
    }
    assert_eq!(answer.code(), "unauthenticated");
    false
}

#[tokio::test]
async fn req_ses_1_a_session_idle_for_half_an_hour_is_over() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::minutes(29));
    assert!(is_open(&app, &session).await);
    app.clock.turn(TimeDelta::minutes(29));
    assert!(is_open(&app, &session).await, "its use was noted");
    app.clock.turn(TimeDelta::minutes(30));
    assert!(!is_open(&app, &session).await);
}

#[tokio::test]
async fn req_ses_1_a_session_in_use_is_over_after_twelve_hours() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    for _ in 0..35 {
        app.clock.turn(TimeDelta::minutes(20));
        assert!(is_open(&app, &session).await);
    }
    app.clock.turn(TimeDelta::minutes(20));
    assert!(!is_open(&app, &session).await);
}

#[tokio::test]
async fn a_session_never_outlives_its_pair() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    let view =
        app.post_as(&person.sign_in(&app).await.session().unwrap(), "/api/session", &json!({})).await.json();
    let valid_until: chrono::DateTime<chrono::Utc> = view["valid_until"].as_str().unwrap().parse().unwrap();
    let now = domain::service::ports::Clock::now(&*app.clock);
    app.clock.turn(valid_until - now - TimeDelta::minutes(5));
    let session = person.sign_in(&app).await.session().unwrap();
    let view = app.post_as(&session, "/api/session", &json!({})).await.json();
    assert_eq!(view["session_expires_at"], view["valid_until"]);
    app.clock.turn(TimeDelta::minutes(5));
    assert!(!is_open(&app, &session).await);
}

#[tokio::test]
async fn forged_cut_and_doubled_cookies_are_no_session() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    for cookie in ["", "x", &"A".repeat(43), &session[..42], &format!("{session}; sesame={session}")] {
        assert!(!is_open(&app, cookie).await, "{cookie}");
    }
    assert!(is_open(&app, &session).await);
}

#[tokio::test]
async fn signing_out_twice_or_without_a_session_is_no_error() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    for _ in 0..2 {
        assert_eq!(app.post_as(&session, "/api/sign-out", &json!({})).await.status, 204);
    }
    assert_eq!(app.post("/api/sign-out", &json!({})).await.status, 204);
}
