//! A rolling upgrade under traffic: the next version's migration, new replicas beside the old ones, the
//! old ones told to stop; and not one request fails.
//!
//! There is one program here. What the next version brings is played by a migration that this program
//! does not know, which is what an old replica meets, and by replicas that start on that schema, which
//! is what a rollback does.

use std::{
    process::Command,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    database::{self, Database},
    people::post,
    process::{Server, StopAtTheEnd, World, stderr},
};

/// Threads that keep asking.
const CLIENTS: usize = 4;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_every_replica_is_replaced() {
    database::on_postgres("rolling::no_request_fails_while_every_replica_is_replaced", roll).await;
}

fn command(world: &World, url: &str, arguments: &[&str]) -> Command {
    let mut command = world.unthrottled(arguments);
    command
        .env("DATABASE_URL", url)
        .env("SESAME_KEYS_FILE", world.folder.path().join("ring"))
        // As long as it takes to be noticed; a second signal ends it.
        .env("SESAME_DRAIN_INTERVAL", "60");
    command
}

/// The replicas that are asked. A request holds on to the list while it runs, so that whoever takes a
/// replica off it knows that nobody is on the way there.
struct Endpoints(RwLock<Vec<String>>);

impl Endpoints {
    fn ask(&self, turn: usize, path: &str, body: &Value) -> (u16, Value) {
        let addresses = self.0.read().unwrap();
        let address = &addresses[turn % addresses.len()];
        let (status, body, _) = post(address, path, body);
        (status, body)
    }
}

/// Registers, claims both secrets, and is refused with a wrong password; the requests that went wrong.
fn live(endpoints: &Endpoints, name: &str, turn: usize) -> Vec<String> {
    let mut failed = Vec::new();
    let mut step = |n: usize, path: &str, body: Value, expected: u16| {
        let (status, answer) = endpoints.ask(turn + n, path, &body);
        if status != expected {
            failed.push(format!("{path}: {status} {answer}"));
        }
        answer
    };
    let registered = step(0, "/api/register", json!({ "username": name }), 200);
    let claimed = step(1, "/api/generate-password", json!({ "ticket": registered["ticket"] }), 200);
    step(2, "/api/generate-2fa", json!({ "ticket": claimed["ticket"] }), 200);
    step(3, "/api/authenticate", json!({ "username": name, "password": "wrong", "code": "000000" }), 401);
    failed
}

async fn roll(database: Database) {
    tokio::task::block_in_place(|| roll_over(&database));
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::yield_now();
    }
}

fn roll_over(database: &Database) {
    let url = database.postgres_url();
    let world = World::new();
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        let output = command(&world, &url, arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let start = || Server::start(command(&world, &url, &["serve"]));
    let mut old = vec![start(), start()];
    let endpoints = Endpoints(RwLock::new(old.iter().map(|server| server.address.clone()).collect()));
    let stop = AtomicBool::new(false);
    let lives = AtomicUsize::new(0);
    let runtime = tokio::runtime::Handle::current();

    let failed: Vec<String> = thread::scope(|scope| {
        let (endpoints, stop, lives) = (&endpoints, &stop, &lives);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    let mut failed = Vec::new();
                    for n in 0.. {
                        if stop.load(Ordering::Acquire) {
                            break;
                        }
                        failed.extend(live(endpoints, &format!("client-{client}-{n}"), n));
                        lives.fetch_add(1, Ordering::AcqRel);
                    }
                    failed
                })
            })
            .collect();
        let end = StopAtTheEnd(stop);
        let under_traffic = || {
            let seen = lives.load(Ordering::Acquire);
            wait_until("lives go on", || lives.load(Ordering::Acquire) >= seen + 2 * CLIENTS);
        };
        under_traffic();
        // Expand: what the next version adds, and its note that this one still works.
        runtime.block_on(database.execute(
            "BEGIN;
             ALTER TABLE accounts ADD COLUMN from_the_future TEXT;
             CREATE TABLE from_the_future (id BIGINT PRIMARY KEY);
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1;
             COMMIT",
        ));
        under_traffic();
        let new = [start(), start()];
        for server in &new {
            assert!(server.request("GET", "/_/ready", "").starts_with("HTTP/1.1 200"));
            endpoints.0.write().unwrap().push(server.address.clone());
            let leaving = old.remove(0);
            leaving.signal("TERM");
            wait_until("it says that it is leaving", || {
                leaving.request("GET", "/_/ready", "").starts_with("HTTP/1.1 503")
            });
            // It is still asked for a while: a load balancer takes its time.
            under_traffic();
            endpoints.0.write().unwrap().retain(|address| *address != leaving.address);
            assert_eq!(leaving.stop().0, Some(0));
        }
        under_traffic();
        drop(end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let asked = 4 * lives.load(Ordering::Acquire);
    assert!(failed.is_empty(), "{} of {asked} requests failed: {failed:?}", failed.len());
    println!("{asked} requests, none failed");
}
