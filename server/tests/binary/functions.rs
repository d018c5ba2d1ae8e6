//! The container contract of OpenFaaS, as the real program keeps it.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    database::{Database, on_postgres},
    faults::serve_on_with,
    process::{Server, World, database_url, stderr},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A function in an environment like the gateway's: of-watchdog's names, nothing of ours.
fn function(world: &World, name: &str) -> Command {
    let mut command = world.command(&["function", name]);
    command
        .env_remove("SESAME_LISTEN")
        .env("port", "0")
        .env("SESAME_PUBLIC_URL", "http://127.0.0.1:3000")
        .env("TMPDIR", world.folder.path());
    command
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_function_drains_as_openfaas_wants_it() {
    let world = World::new();
    let lock = world.folder.path().join(".lock");
    let mut command = function(&world, "generate-password");
    command.env("healthcheck_interval", "60s").env("write_timeout", "10s");
    let server = Server::start(command);
    assert!(lock.is_file(), "healthy");
    assert!(server.request("GET", "/_/health", "").starts_with("HTTP/1.1 200"));
    let registered = server.request("POST", "/api/register", r#"{"username":"alice"}"#);
    assert!(registered.contains("\"ticket\""), "{registered}");

    server.signal("TERM");
    wait_until("the health route says 503", || {
        server.request("GET", "/_/health", "").starts_with("HTTP/1.1 503")
    });
    assert!(server.request("GET", "/_/ready", "").starts_with("HTTP/1.1 503"));
    assert!(!lock.exists(), "no longer healthy");
    let late = server.request("POST", "/", r#"{"ticket":"x"}"#);
    assert!(late.starts_with("HTTP/1.1 410"), "it goes on serving while it drains: {late}");
    // The second signal does not wait for the minute.
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn of_watchdogs_variables_are_read_by_functions_and_by_nothing_else() {
    let world = World::new();
    let mut command = function(&world, "generate-2fa");
    let refused = command.env("exec_timeout", "nonsense").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("exec_timeout"), "{}", stderr(&refused));

    let mut serve = world.command(&["serve"]);
    serve.env("exec_timeout", "nonsense").env("port", "nonsense");
    let (code, log) = Server::start(serve).stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_function_needs_no_site_folder_and_an_unknown_one_is_refused() {
    let world = World::new();
    std::fs::remove_dir_all(world.folder.path().join("site")).unwrap();
    for name in ["generate-password", "generate-2fa", "authenticate-user"] {
        let (code, log) = Server::start(function(&world, name)).stop();
        assert_eq!(code, Some(0), "{log}");
    }
    let unknown = world.run(&["function", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("authenticate-user"), "{}", stderr(&unknown));
}

#[test]
fn the_image_s_own_command_becomes_the_function_that_openfaas_names() {
    let world = World::new();
    let mut command = function(&world, "generate-2fa");
    command.env("fprocess", "sesame function generate-password");
    let given = Server::start(command);
    let registers = r#"{"username":"alice"}"#;
    assert!(
        given.request("POST", "/api/register", registers).starts_with("HTTP/1.1 404"),
        "a given one stays"
    );
    given.stop();

    let mut command = function(&world, "generate-2fa");
    let mut serve = Command::new(command.get_program());
    serve.args(["serve", "--listen", "0.0.0.0:1"]).env_clear().current_dir(world.folder.path());
    serve.envs(
        command
            .env("fprocess", "sesame function generate-password")
            .get_envs()
            .filter_map(|(k, v)| Some((k, v?))),
    );
    let named = Server::start(serve);
    assert!(named.request("POST", "/api/register", registers).starts_with("HTTP/1.1 200"));
    assert!(named.request("GET", "/", "").starts_with("HTTP/1.1 405"), "no pages");
    named.stop();
    let nonsense = world.command(&["serve"]).env("fprocess", "node index.js").output().unwrap();
    assert_eq!(nonsense.status.code(), Some(2), "{}", stderr(&nonsense));
    let doctor = world.command(&["config", "check"]).env("fprocess", "sesame function x").output().unwrap();
    assert!(doctor.status.success(), "what somebody types is what runs");
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let world = World::new();
    let address = free_address();
    let mut command = world.command(&["serve"]);
    command.env("SESAME_METRICS_LISTEN", &address);
    let server = Server::start(command);
    let metrics = Server::request_to(&address, "GET", "/metrics", "");
    assert!(metrics.contains("application/openmetrics-text"), "{metrics}");
    assert!(metrics.contains("sesame_build_info{version=\""), "{metrics}");
    assert!(Server::request_to(&address, "GET", "/api/session", "").starts_with("HTTP/1.1 404"));
    assert!(server.request("GET", "/metrics", "").starts_with("HTTP/1.1 404"));
    // Counted soon after the start, not a minute later.
    wait_until("the database is counted", || {
        Server::request_to(&address, "GET", "/metrics", "").contains("sesame_accounts{state=\"active\"} 0")
    });
    let metrics = Server::request_to(&address, "GET", "/metrics", "");
    assert!(!metrics.contains(CLOCK_AHEAD), "a file has no clock to compare with");
    server.stop();
}

const CLOCK_AHEAD: &str = "sesame_database_clock_ahead_seconds";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_otp_3_how_far_the_clock_is_from_the_database_s_is_a_metric() {
    let name = "functions::req_otp_3_how_far_the_clock_is_from_the_database_s_is_a_metric";
    on_postgres(name, |database: Database| async move {
        tokio::task::block_in_place(|| {
            let (world, address) = (World::new(), free_address());
            let env = [("SESAME_METRICS_LISTEN", address.as_str())];
            let server = serve_on_with(&world, &database_url(&database), &env);
            wait_until("the clocks are compared", || {
                let metrics = Server::request_to(&address, "GET", "/metrics", "");
                let line = metrics.lines().find_map(|line| line.strip_prefix(CLOCK_AHEAD));
                // They are one and the same here.
                line.is_some_and(|seconds| seconds.trim().parse::<f64>().unwrap().abs() < 5.0)
            });
            server.stop();
        });
    })
    .await;
}

#[test]
fn a_metrics_address_that_was_asked_for_and_is_taken_stops_the_start() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = world.command(&["serve"]).env("SESAME_METRICS_LISTEN", &address).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("SESAME_METRICS_LISTEN"), "{}", stderr(&refused));
}

#[test]
fn whoever_never_finishes_a_request_head_is_cut_off() {
    let world = World::new();
    let mut command = world.command(&["serve"]);
    command.env("SESAME_READ_TIMEOUT", "1");
    let server = Server::start(command);
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    server.stop();
}

/// An address that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
