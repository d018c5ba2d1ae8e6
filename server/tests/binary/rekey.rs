//! A key is rotated while people sign in: nobody is refused, killing the rotation harms nothing, and
//! afterwards the old key opens nothing.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use server::{crypto::EnvelopeVault, store};

use crate::{
    database::{self, Database},
    people::Person,
    process::{Server, StopAtTheEnd, World, database_url, stderr, stdout},
};

/// People who enrolled before the rotation.
const BEFORE: usize = 24;
/// Threads that go on enrolling and signing in meanwhile.
const CLIENTS: usize = 2;
/// How often the rotation is killed before it may end.
const KILLS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sign_in_fails_while_a_key_is_rotated_on_sqlite() {
    database::on_sqlite(rotate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sign_in_fails_while_a_key_is_rotated_on_postgresql() {
    database::on_postgres("rekey::no_sign_in_fails_while_a_key_is_rotated_on_postgresql", rotate).await;
}

async fn rotate(database: Database) {
    tokio::task::block_in_place(|| rotate_under_traffic(&database));
}

fn command(world: &World, database: &Database, arguments: &[&str]) -> Command {
    let mut command = world.unthrottled(arguments);
    command.env("DATABASE_URL", database_url(database));
    command.env("SESAME_KEYS_FILE", world.folder.path().join("ring")).env("SESAME_REQUEST_TIMEOUT", "5");
    // Nobody reads the log while it runs, and a full pipe would hold it up.
    command.env("SESAME_LOG", "warn");
    command
}

#[track_caller]
fn run(world: &World, database: &Database, arguments: &[&str]) -> String {
    let output = command(world, database, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Why a command was refused.
#[track_caller]
fn refused(world: &World, database: &Database, arguments: &[&str]) -> String {
    let output = command(world, database, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stdout(&output));
    stderr(&output)
}

/// Starts a rotation and kills it as soon as it says that it has sealed something.
fn kill_a_rotation(world: &World, database: &Database) {
    let mut rotation = command(world, database, &["keys", "rotate", "--batch", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(rotation.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Sealed again: "), "{line:?}");
    rotation.kill().unwrap();
    rotation.wait().unwrap();
}

fn rotate_under_traffic(database: &Database) {
    let world = World::new();
    let ring = world.folder.path().join("ring");
    run(&world, database, &["keys", "generate"]);
    if !database.is_sqlite() {
        run(&world, database, &["migrate"]);
    }
    // SQLite is for one process; PostgreSQL for as many as one likes.
    let replicas = if database.is_sqlite() { 1 } else { 2 };
    let start = || -> Vec<Server> {
        (0..replicas).map(|_| Server::start(command(&world, database, &["serve"]))).collect()
    };
    let stop_all = |servers: Vec<Server>| {
        for server in servers {
            let (code, log) = server.stop();
            assert_eq!(code, Some(0), "{log}");
            assert!(!log.contains("ERROR"), "{log}");
        }
    };
    let servers = start();
    let mut people: Vec<Person> =
        (0..BEFORE).map(|n| Person::enrol(&servers[0].address, &format!("before-{n}")).unwrap().0).collect();
    let old_ring = fs::read_to_string(&ring).unwrap();
    stop_all(servers);

    run(&world, database, &["keys", "add"]);
    assert!(run(&world, database, &["keys", "list"]).contains("waits for `keys rotate`"));
    let refusal = refused(&world, database, &["keys", "remove", "1"]);
    assert!(refusal.contains("Key 1 seals"), "{refusal}");
    let servers = start();
    let stop = AtomicBool::new(false);
    let lives = AtomicUsize::new(0);
    let met = Mutex::new(Vec::new());
    let failed: Vec<String> = thread::scope(|scope| {
        let (servers, stop, lives, met) = (&servers, &stop, &lives, &met);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    let mut failed = Vec::new();
                    for n in 0.. {
                        if stop.load(Ordering::Acquire) {
                            break;
                        }
                        // Enrolled by one replica, signed in by the next.
                        let [first, second] = [n, n + 1].map(|turn| &servers[turn % replicas].address);
                        match Person::enrol(first, &format!("during-{client}-{n}")) {
                            Ok((mut person, _)) => {
                                failed.extend(person.sign_in(second).err());
                                met.lock().unwrap().push(person);
                            }
                            Err(error) => failed.push(error),
                        }
                        lives.fetch_add(1, Ordering::AcqRel);
                    }
                    failed
                })
            })
            .collect();
        let end = StopAtTheEnd(stop);
        for _ in 0..KILLS {
            kill_a_rotation(&world, database);
        }
        let said = run(&world, database, &["keys", "rotate", "--batch", "7"]);
        assert!(said.contains("Key 2 seals everything"), "{said}");
        drop(end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
    println!("{} lives during a rotation that was killed {KILLS} times, none refused", lives.into_inner());

    let runtime = tokio::runtime::Handle::current();
    let left = runtime.block_on(async {
        let store = store::open(&database.url(), store::StoreOptions::default()).await.unwrap();
        let left = store.sealed_otherwise(&EnvelopeVault::header(2), None, 1).await.unwrap();
        store.close().await;
        left
    });
    assert!(left.is_empty(), "the old key opens nothing");
    assert!(run(&world, database, &["keys", "rotate"]).contains("Sealed again: 0 in all"));
    run(&world, database, &["keys", "remove", "1"]);
    let listed = run(&world, database, &["keys", "list"]);
    assert!(listed.lines().count() == 1 && listed.contains("seals"), "{listed}");
    // Who still holds the old key in memory goes on; who starts with the small ring as well.
    people.append(&mut met.into_inner().unwrap());
    let half = people.len() / 2;
    for person in &mut people[..half] {
        person.sign_in(&servers[0].address).unwrap();
    }
    stop_all(servers);
    let servers = start();
    for person in &mut people[half..] {
        person.sign_in(&servers[0].address).unwrap();
    }
    stop_all(servers);

    fs::write(&ring, old_ring).unwrap();
    let refusal = refused(&world, database, &["serve"]);
    assert!(refusal.contains("key 2, which is missing"), "{refusal}");
}

#[test]
fn a_ring_keeps_its_mode_and_a_new_file_is_for_its_owner_only() {
    let world = World::new();
    world.serve().stop();
    let mode = |path: &std::path::Path| crate::process::mode(path);
    fs::set_permissions(world.keys(), std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    assert!(world.run(&["keys", "add"]).status.success());
    assert_eq!(mode(&world.keys()), 0o640);
    let elsewhere = world.folder.path().join("next-ring");
    let to = elsewhere.to_str().unwrap();
    assert!(world.run(&["keys", "add", "--to", to]).status.success());
    assert_eq!(mode(&elsewhere), 0o600);
    assert_eq!(world.run(&["keys", "add", "--to", to]).status.code(), Some(1), "never overwritten");
    let listed = |path: &std::path::Path| {
        let output =
            world.command(&["keys", "list", "--json"]).env("SESAME_KEYS_FILE", path).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(listed(&world.keys()).as_array().unwrap().len(), 2);
    let next = listed(&elsewhere);
    let seals: Vec<_> = next.as_array().unwrap().iter().map(|key| key["seals"].as_bool()).collect();
    assert_eq!(seals, [Some(true), Some(false), Some(false)]);
    for (arguments, told) in [
        (&["keys", "remove", "9"][..], "no key 9"),
        (&["keys", "remove", "2"], "newest"),
        (&["keys", "remove", "1"], "Key 1 seals"),
    ] {
        let output = world.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}
