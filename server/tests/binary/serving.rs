//! Starting, answering, stopping.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::process::{World, mode};

#[test]
fn with_no_configuration_it_makes_a_database_and_a_key_ring_for_its_owner_only_and_serves() {
    let world = World::new();
    let server = world.serve();
    assert!(server.request("GET", "/_/ready", "").starts_with("HTTP/1.1 200 OK"));
    let registered = server.request("POST", "/api/register", r#"{"username":"alice"}"#);
    assert!(registered.starts_with("HTTP/1.1 200 OK"), "{registered}");
    assert_eq!((mode(&world.keys()), mode(&world.database()), mode(&world.data())), (0o600, 0o600, 0o700));
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a JSON line where nobody watches");
        assert!(line["timestamp"].is_string() && line["level"].is_string());
    }
    // One line tells of the act, one of its answer, and both belong to one request. Which of them
    // mentions the route first is not said: it is the answer's that has a status.
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.contains("/api/register"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answer = lines.iter().find(|line| line["status"].is_u64()).expect("a line for the answer");
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["span"]["request_id"].as_str().unwrap().len(), 32);
    let act = lines.iter().find(|line| line["act"].is_string()).expect("a line for the act");
    assert_eq!(act["span"]["request_id"], answer["span"]["request_id"]);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let world = World::new();
    let server = world.serve();
    let registered = server.request("POST", "/api/register", r#"{"username":"alice"}"#);
    let ticket = registered.split("\"ticket\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    server.signal("KILL");
    server.end();
    let server = world.serve();
    let body = format!(r#"{{"ticket":"{ticket}"}}"#);
    assert!(server.request("POST", "/api/generate-password", &body).contains("\"password\":"));
}

#[test]
fn a_request_in_flight_finishes_after_a_stop_was_asked_for() {
    let world = World::new();
    let server = world.serve();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let body = r#"{"username":"alice"}"#;
    let head = format!(
        "POST /api/register HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..5]).unwrap();
    // The other connection's answer shows that the first one was accepted.
    assert!(server.request("GET", "/_/health", "").contains("200 OK"));
    server.signal("TERM");
    stream.write_all(&body.as_bytes()[5..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_connection_that_never_finishes_does_not_hold_up_a_stop() {
    let world = World::new();
    let mut command = world.command(&["serve", "--shutdown-timeout", "1"]);
    command.env("SESAME_LOG", "warn");
    let server = crate::process::Server::start(command);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"POST /api/register HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{").unwrap();
    assert!(server.request("GET", "/_/health", "").contains("200 OK"));
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("did not finish in time"), "{log}");
}

#[test]
fn health_asks_a_running_server() {
    let world = World::new();
    let server = world.serve();
    let url = format!("http://{}/_/ready", server.address);
    assert!(world.run(&["health", "--url", &url]).status.success());
    let missing = format!("http://{}/nothing", server.address);
    assert_eq!(world.run(&["health", "--url", &missing]).status.code(), Some(3));
    server.stop();
    assert_eq!(world.run(&["health", "--url", &url]).status.code(), Some(3));
}

#[test]
fn a_full_disk_answers_503_and_recovers_by_itself() {
    let world = World::new();
    // A file that may not grow is a disk that is full; the signal would end the process first.
    let serve = world.command(&["serve"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" serve"]).arg(serve.get_program()).env_clear();
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = crate::process::Server::start(command);
    let register = |n: u32| {
        let answer = server.request("POST", "/api/register", &format!(r#"{{"username":"name{n}"}}"#));
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(register(0), "200");
    server.limit_files("1");
    for n in 1..6 {
        assert_eq!(register(n), "503");
    }
    assert!(server.request("GET", "/_/health", "").contains("200 OK"));
    server.limit_files("unlimited");
    assert_eq!(register(1), "200", "at once, without a restart");
    assert_eq!(server.stop().0, Some(0));
}
