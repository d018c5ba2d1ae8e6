//! Too many tries.

use chrono::TimeDelta;
use domain::{service::policy::Policy, throttle::Bucket};
use serde_json::json;

use crate::{app::TestApp, person::Person};

async fn guess(app: &TestApp, username: &str) -> crate::app::Answer {
    app.post("/api/authenticate", &json!({ "username": username, "password": "wrong", "code": "000000" }))
        .await
}

#[tokio::test]
async fn req_rl_2_delays_strike_a_name_that_does_not_exist_exactly_as_one_that_does() {
    let app = TestApp::new().await;
    Person::enrol(&app, "alice").await;
    let mut seen = Vec::new();
    for name in ["alice", "nobody"] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let answer = guess(&app, name).await;
            answers.push((answer.code(), answer.json()["retry_after"].clone()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].iter().filter(|(code, _)| code == "invalid_credentials").count(), 5);
    assert_eq!(seen[0][5].0, "throttled");
}

#[tokio::test]
async fn a_refused_try_costs_nothing_and_the_delay_passes() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    for _ in 0..5 {
        guess(&app, "alice").await;
    }
    let refused = person.sign_in_with(&app, Some(&person.code(&app))).await;
    assert_eq!(refused.code(), "throttled");
    let wait = refused.json()["retry_after"].as_i64().unwrap();
    assert_eq!(wait, 1, "the fifth failure earns a second");
    assert_eq!(person.sign_in(&app).await.status, 200, "half a minute later");
    for _ in 0..4 {
        assert_eq!(
            guess(&app, "alice").await.code(),
            "invalid_credentials",
            "a success starts the count over"
        );
    }
}

#[tokio::test]
async fn delays_grow_to_half_a_minute_and_no_further() {
    let app = TestApp::new().await;
    let mut longest = 0;
    for _ in 0..40 {
        let answer = guess(&app, "alice").await;
        let wait = answer.json()["retry_after"].as_i64().unwrap_or(0);
        longest = longest.max(wait);
        app.clock.turn(TimeDelta::seconds(wait));
    }
    assert_eq!(longest, 30);
}

#[tokio::test]
async fn one_network_has_a_bucket_for_sign_ins_and_one_for_registrations() {
    let bucket = Bucket { burst: 3, per_minute: 60 };
    let policy = Policy { sign_in_network: bucket, register_network: bucket, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    for n in 0..3 {
        assert_eq!(guess(&app, &format!("name{n}")).await.code(), "invalid_credentials");
        assert_eq!(app.post("/api/register", &json!({ "username": format!("new{n}") })).await.status, 200);
    }
    let refused = guess(&app, "name3").await;
    assert_eq!((refused.code().as_str(), refused.json()["retry_after"].as_i64()), ("throttled", Some(1)));
    assert_eq!(app.post("/api/register", &json!({ "username": "new3" })).await.code(), "throttled");
    app.clock.turn(TimeDelta::seconds(1));
    assert_eq!(guess(&app, "name3").await.code(), "invalid_credentials");
    assert_eq!(app.post("/api/register", &json!({ "username": "new3" })).await.status, 200);
}

#[tokio::test]
async fn malformed_requests_take_no_try() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    for _ in 0..50 {
        let body = json!({ "username": "alice", "password": "x", "code": "12345" });
        assert_eq!(app.post("/api/authenticate", &body).await.code(), "invalid_input");
    }
    assert_eq!(person.sign_in(&app).await.status, 200);
}
