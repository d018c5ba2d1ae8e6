//! Whatever is wrong with a sign-in, the answer is the same.

use axum::http::HeaderMap;
use serde_json::json;

use crate::{app::TestApp, person::Person};

fn comparable(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut all: Vec<_> = headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn req_rl_2_unknown_wrong_used_unclaimed_and_unactivated_look_alike() {
    let app = TestApp::new().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let used = alice.code(&app);
    app.post("/api/register", &json!({ "username": "unclaimed" })).await;
    let ticket =
        app.post("/api/register", &json!({ "username": "unactivated" })).await.json()["ticket"].clone();
    app.post("/api/generate-password", &json!({ "ticket": ticket })).await;

    let wrong_code = alice.wrong_code(&app);
    let attempts = [
        ("wrong code", "alice", alice.password.as_str(), Some(wrong_code.as_str())),
        ("used code", "alice", alice.password.as_str(), Some(used.as_str())),
        ("no code", "alice", alice.password.as_str(), None),
        ("wrong password", "alice", "wrong", Some(used.as_str())),
        ("unknown name", "nobody", "wrong", Some("123456")),
        ("unclaimed", "unclaimed", "wrong", Some("123456")),
        ("unactivated", "unactivated", "wrong", Some("123456")),
    ];
    let mut first = None;
    for (what, username, password, code) in attempts {
        let body = json!({ "username": username, "password": password, "code": code });
        let answer = app.post("/api/authenticate", &body).await;
        assert_eq!(answer.code(), "invalid_credentials", "{what}");
        let seen = (answer.body.clone(), comparable(&answer.headers));
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{what}");
    }
}

#[tokio::test]
async fn req_pw_1_a_password_is_compared_as_received() {
    let app = TestApp::new().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let variants =
        [format!(" {}", alice.password), format!("{} ", alice.password), alice.password.to_lowercase()];
    for password in variants {
        let other = Person { password, ..alice.clone() };
        assert_eq!(other.sign_in(&app).await.code(), "invalid_credentials");
    }
}
