//! What a process does beside the requests.

use std::process::Command;

use chrono::TimeDelta;
use domain::service::ports::Clock as _;
use serde_json::json;
use server::clock::SystemClock;

use crate::{
    database::{self, Database},
    fake_clock::FakeClock,
    people::{Person, post},
    process::{Server, World, stderr},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_clock_is_a_year_ahead_of_the_databases_deletes_nothing() {
    let name = "housekeeping::a_process_whose_clock_is_a_year_ahead_of_the_databases_deletes_nothing";
    let Some(library) = FakeClock::library() else {
        return database::skip("libfaketime", "faketime", name);
    };
    database::on_postgres(name, move |database: Database| async move {
        let world = World::new();
        let start = SystemClock.now() + TimeDelta::days(400);
        let clock = FakeClock::new(world.folder.path(), start, library);
        tokio::task::block_in_place(|| serve_ahead(&world, &database, &clock));
        assert_eq!(database.count("audit_trail WHERE number <= 4").await, 4, "every event of ada");
        assert_eq!(database.count("sessions").await, 1, "and her session");
    })
    .await;
}

fn serve_ahead(world: &World, database: &Database, clock: &FakeClock) {
    let command = |arguments: &[&str]| {
        let mut command: Command = world.unthrottled(arguments);
        command.env("DATABASE_URL", database.postgres_url());
        command.env("SESAME_KEYS_FILE", world.folder.path().join("ring"));
        command
    };
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let server = Server::start(command(&["serve"]));
    Person::enrol(&server.address, "ada").unwrap();
    server.stop();

    let mut ahead = command(&["serve"]);
    clock.set(&mut ahead);
    let server = Server::start(ahead);
    // Each takes a password hash, and so longer than the round that begins with the start.
    for username in ["bob", "cleo", "dora"] {
        let (_, registered, _) = post(&server.address, "/api/register", &json!({ "username": username }));
        let body = json!({ "ticket": registered["ticket"] });
        assert_eq!(post(&server.address, "/api/generate-password", &body).0, 200);
    }
    let (_, log) = server.stop();
    assert!(log.contains("head of the audit trail"), "it was looked after: {log}");
    assert_eq!(log.matches("deleting nothing until they agree").count(), 1, "{log}");
}
