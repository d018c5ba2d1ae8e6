//! What the log tells of acts of authentication.

use serde_json::{Value, json};

use crate::{
    people::{Person, post},
    process::{Server, World},
};

/// Somebody's password, typed into the wrong field.
const TYPED_AS_A_NAME: &str = "correct-horse-battery";

/// The acts in a log: what, what became of it, and about whom; each with its request and its network.
fn acts(log: &str) -> Vec<[String; 3]> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let acts = lines.filter(|line| line["act"].is_string());
    acts.map(|line| {
        assert!(line["timestamp"].is_string() && line["span"]["request_id"].is_string(), "{line}");
        assert_eq!(line["network"], "127.0.0.0/24", "{line}");
        ["act", "outcome", "name"].map(|field| line[field].as_str().unwrap_or("–").to_owned())
    })
    .collect()
}

#[test]
fn req_log_1_every_act_is_logged_with_its_outcome_its_network_and_a_pseudonym() {
    let world = World::new();
    let mut command = world.command(&["serve"]);
    command.env("SESAME_LOG_FORMAT", "json");
    let server = Server::start(command);
    Person::enrol(&server.address, "ada").unwrap();
    let wrong = |name: &str| json!({ "username": name, "password": "wrong", "code": "000000" });
    post(&server.address, "/api/authenticate", &wrong("Ada"));
    post(&server.address, "/api/authenticate", &wrong(TYPED_AS_A_NAME));
    post(&server.address, "/api/authenticate", &wrong("no name at all"));
    post(&server.address, "/api/sign-out", &json!({}));
    post(&server.address, "/api/session", &json!({}));

    let shown = world.run(&["account", "show", "ada", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let ada = shown["in_the_log"].as_str().unwrap().to_owned();
    let (_, log) = server.stop();
    let acts = acts(&log);
    let stranger = acts.get(5).map(|[_, _, name]| name.clone()).unwrap_or_default();
    assert_eq!(stranger.len(), ada.len());
    let expected = [
        ["register", "ok", &ada],
        ["generate_password", "ok", "–"],
        ["generate_2fa", "ok", "–"],
        ["activate", "ok", "–"],
        ["authenticate", "invalid_credentials", &ada],
        ["authenticate", "invalid_credentials", &stranger],
        ["authenticate", "invalid_input", "–"],
        ["sign_out", "ok", "–"],
    ];
    assert_eq!(acts, expected.map(|act| act.map(str::to_owned)), "looking at a session is no act");
    assert_ne!(stranger, ada);
    for name in ["ada", "Ada", TYPED_AS_A_NAME, "no name at all"] {
        let told = log.lines().find(|line| line.contains(&format!("\"{name}\"")));
        assert_eq!(told, None, "a name in the log");
    }
    assert!(!log.contains(TYPED_AS_A_NAME));
}
