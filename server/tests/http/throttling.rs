//! Too many tries.

use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use domain::{
    network::Network,
    service::policy::Policy,
    throttle::{Bucket, LaneKey},
    username::Username,
};
use serde_json::json;

use crate::{
    answer::json_request,
    app::{TestApp, with_note},
    database::Database,
    person::Person,
};

contract! {
    the_lanes_tell_neither_names_nor_networks_and_are_the_same_for_all_replicas,
}

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

/// Tickets follow one another without an end, and each may cost a hash.
#[tokio::test]
async fn one_network_has_a_bucket_for_uses_of_tickets() {
    let ticket_network = Bucket { burst: 4, per_minute: 60 };
    let app = TestApp::with_policy(Policy { ticket_network, ..Policy::default() }).await;
    let mut ticket =
        app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    for path in
        ["/api/generate-password", "/api/generate-password", "/api/generate-password", "/api/generate-2fa"]
    {
        let answer = app.post(path, &json!({ "ticket": ticket })).await;
        assert_eq!(answer.status, 200);
        ticket = answer.json()["ticket"].clone();
    }
    // What is spent costs next to nothing, and is not counted.
    for _ in 0..5 {
        assert_eq!(app.post("/api/generate-2fa", &json!({ "ticket": "spent" })).await.code(), "ticket_spent");
    }
    let bodies = [
        ("/api/generate-password", json!({ "ticket": ticket })),
        ("/api/generate-2fa", json!({ "ticket": ticket })),
        ("/api/activate", json!({ "ticket": ticket, "code": "000000" })),
    ];
    for (path, body) in bodies {
        assert_eq!(app.post(path, &body).await.code(), "throttled", "{path}");
    }
    app.clock.turn(TimeDelta::seconds(1));
    let answer = app.post("/api/generate-2fa", &json!({ "ticket": ticket })).await;
    assert_eq!(answer.status, 200, "the ticket is what it was: {}", answer.text());
}

/// Whoever registers has as many known devices as they like.
#[tokio::test]
async fn known_devices_of_one_network_have_a_bucket_of_their_own() {
    let sign_in_network = Bucket { burst: 3, per_minute: 60 };
    let app = TestApp::with_policy(Policy { sign_in_network, ..Policy::default() }).await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let note = alice.sign_in(&app).await.cookie("sesame-device").unwrap();
    let known = async |password: &str| {
        let body = json!({ "username": "alice", "password": password, "code": alice.code(&app) });
        app.send(with_note(Some(&note), json_request("/api/authenticate", &body))).await
    };
    app.clock.turn(TimeDelta::minutes(1));
    for n in 0..4 {
        guess(&app, &format!("name{n}")).await;
    }
    assert_eq!(guess(&app, "name4").await.code(), "throttled");
    assert_eq!(
        known(&alice.password).await.status,
        200,
        "a flood from the same network keeps no known device out"
    );
    for _ in 0..2 {
        assert_eq!(known("wrong").await.code(), "invalid_credentials");
    }
    assert_eq!(known("wrong").await.code(), "throttled");
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

async fn the_lanes_tell_neither_names_nor_networks_and_are_the_same_for_all_replicas(db: Database) {
    let app = TestApp::on(&db).await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    for _ in 0..5 {
        assert_eq!(guess(&app, "alice").await.code(), "invalid_credentials");
    }
    // What somebody who reads the table would compute for a name and for each network.
    let name = Username::parse("alice").unwrap();
    let network = Network::of("127.0.0.1".parse().unwrap());
    let guessed = [
        LaneKey::sign_in(&name),
        LaneKey::no_code(&name),
        LaneKey::sign_in_network(network),
        LaneKey::register_network(network),
    ];
    assert!(db.count("throttle_lanes").await >= 4);
    for lane in guessed {
        let hex = HEXLOWER.encode(lane.as_bytes());
        let literal = if db.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
        assert_eq!(db.count(&format!("throttle_lanes WHERE lane = {literal}")).await, 0);
    }
    // Another replica has the same ring and counts on the same lanes.
    let ring = app.dependencies.ring.clone();
    let other =
        TestApp::over(&db.url(), app.folder.clone(), Policy::default(), ring, "http://127.0.0.1:3000").await;
    assert_eq!(alice.sign_in_with(&other, Some(&alice.code(&other))).await.code(), "throttled");
}
