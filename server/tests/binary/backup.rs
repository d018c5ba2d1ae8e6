//! The backup drill: taken while people use the service, restored elsewhere, and they sign in.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use serde_json::json;

use crate::{
    database::{Database, on_postgres},
    people::{Person, post},
    process::{Server, World, mode, stderr, stdout},
};

/// Registers and claims the password: a name that is acknowledged to be held.
fn claim(server: &Server, username: &str) -> String {
    let (_, registered, _) = post(&server.address, "/api/register", &json!({ "username": username }));
    let body = json!({ "ticket": registered["ticket"] });
    let (_, claimed, _) = post(&server.address, "/api/generate-password", &body);
    claimed["password"].as_str().unwrap().to_owned()
}

fn is_known(server: &Server, username: &str, password: &str) -> bool {
    let body = json!({ "username": username, "password": password });
    let (_, answer, _) = post(&server.address, "/api/authenticate", &body);
    answer["status"] == "activation_required"
}

fn serve(world: &World) -> Server {
    Server::start(world.unthrottled(&["serve"]))
}

/// Every row of every table of a database file, as text.
async fn rows(file: &Path) -> Vec<String> {
    use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?1)")
            .bind(&table)
            .fetch_all(&mut conn)
            .await
            .unwrap();
        let quoted = columns.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join(" || ',' || ");
        let sql = sqlx::AssertSqlSafe(format!("SELECT '{table}:' || {quoted} FROM {table} ORDER BY 1"));
        all.extend(
            sqlx::query(sql).fetch_all(&mut conn).await.unwrap().iter().map(|row| row.get::<String, _>(0)),
        );
    }
    conn.close().await.unwrap();
    all
}

#[test]
fn a_backup_under_load_holds_all_that_was_acknowledged_and_is_restored_row_by_row() {
    let world = World::new();
    let server = Arc::new(serve(&world));
    let stop = Arc::new(AtomicBool::new(false));
    let load = {
        let (server, stop) = (server.clone(), stop.clone());
        std::thread::spawn(move || {
            let names = (0..).map(|n| format!("load-{n}"));
            names.take_while(|name| (claim(&server, name), !stop.load(Ordering::Relaxed)).1).count()
        })
    };
    let before: Vec<(String, String)> =
        (0..5).map(|n| format!("before-{n}")).map(|name| (name.clone(), claim(&server, &name))).collect();

    let file = world.folder.path().join("copy.db");
    let written = world.run(&["backup", "--to", file.to_str().unwrap()]);
    assert!(written.status.success(), "{}", stderr(&written));
    assert!(stdout(&written).contains("key ring is not in it"), "{}", stdout(&written));
    assert_eq!(mode(&file), 0o600);
    stop.store(true, Ordering::Relaxed);
    assert!(load.join().unwrap() > 0, "there was a load");
    Arc::into_inner(server).unwrap().stop();

    let elsewhere = World::new();
    fs::create_dir(elsewhere.data()).unwrap();
    fs::copy(world.keys(), elsewhere.keys()).unwrap();
    let lost = Instant::now();
    let restored = elsewhere.run(&["restore", "--from", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(
        runtime.block_on(rows(&file)),
        runtime.block_on(rows(&elsewhere.database())),
        "every row of every table"
    );
    let server = serve(&elsewhere);
    let recovered = lost.elapsed();
    for (name, password) in &before {
        assert!(is_known(&server, name, password), "{name} was acknowledged before the backup began");
    }
    assert_eq!(mode(&elsewhere.database()), 0o600);
    server.stop();
    // RPO: nothing acknowledged before the backup began is missing. RTO: restore, start, ready.
    println!("RPO 0 of {} accounts; RTO {} ms", before.len(), recovered.as_millis());
    assert!(recovered.as_secs() < 10, "{recovered:?}");
}

/// The same drill on PostgreSQL, by the commands of docs/operations/backup.md.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_postgresql_under_load_is_restored_row_by_row_and_people_sign_in() {
    let name = "backup::a_dump_of_postgresql_under_load_is_restored_row_by_row_and_people_sign_in";
    on_postgres(name, move |source: Database| async move {
        on_postgres(name, move |target: Database| async move {
            tokio::task::block_in_place(|| drill(&source.postgres_url(), &target.postgres_url()));
        })
        .await;
    })
    .await;
}

/// Runs a program of PostgreSQL to its end.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", stderr(&output));
    stdout(&output)
}

/// The rows in a dump's text, in an order that does not depend on where they lie.
fn sorted(dump: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = dump.lines().filter(|line| line.contains('\t')).collect();
    lines.sort_unstable();
    lines
}

fn drill(source: &str, target: &str) {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    let command = |url: &str, arguments: &[&str]| {
        let mut command = world.unthrottled(arguments);
        command.env("DATABASE_URL", url).env("SESAME_LOG", "warn");
        command
    };
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        let output = command(source, arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let server = Server::start(command(source, &["serve"]));
    let mut before: Vec<Person> =
        (0..5).map(|n| Person::enrol(&server.address, &format!("before-{n}")).unwrap().0).collect();
    let dump = world.folder.path().join("sesame.dump");
    let dump = dump.to_str().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let names = (0..).map(|n| format!("load-{n}"));
            names.take_while(|name| (claim(&server, name), !stop.load(Ordering::Relaxed)).1).count()
        });
        run("pg_dump", &["--format=custom", "--file", dump, source]);
        stop.store(true, Ordering::Relaxed);
        assert!(load.join().unwrap() > 0, "there was a load");
    });
    server.stop();

    // What a failed migration or a newer version may have left is not in the way.
    run("psql", &[target, "--quiet", "--command", "CREATE TABLE accounts (left_over int)"]);
    let lost = Instant::now();
    let restore = ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"];
    for sql in restore {
        run("psql", &[target, "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql]);
    }
    run("pg_restore", &["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname", target, dump]);
    let dumped = run("pg_restore", &["--data-only", "--file", "-", dump]);
    let restored = run("pg_dump", &["--data-only", target]);
    assert_eq!(sorted(&dumped), sorted(&restored), "every row of every table");
    let output = command(target, &["migrate"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let server = Server::start(command(target, &["serve"]));
    let recovered = lost.elapsed();
    for person in &mut before {
        person.sign_in(&server.address).unwrap();
    }
    server.stop();
    println!("PostgreSQL: RPO 0 of {} accounts; RTO {} ms", before.len(), recovered.as_millis());
    assert!(recovered.as_secs() < 30, "{recovered:?}");

    let stranger = World::new();
    stranger.serve().stop();
    fs::copy(stranger.keys(), world.keys()).unwrap();
    let refused = command(target, &["serve"]).output().unwrap();
    assert!(stderr(&refused).contains("is not the key 1"), "{}", stderr(&refused));
}

#[test]
fn a_restore_with_another_key_ring_is_refused_and_changes_nothing() {
    let world = World::new();
    let server = serve(&world);
    claim(&server, "alice");
    server.stop();
    let file = world.folder.path().join("copy.db");
    assert!(world.run(&["backup", "--to", file.to_str().unwrap()]).status.success());
    let from = ["restore", "--from", file.to_str().unwrap()];

    let stranger = World::new();
    fs::create_dir(stranger.data()).unwrap();
    let keyless = stranger.run(&from);
    assert!(!keyless.status.success() && stderr(&keyless).contains("key file"), "{}", stderr(&keyless));
    assert!(stranger.run(&["keys", "generate"]).status.success());
    let refused = stranger.run(&from);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("Restore the key file of this database"), "{}", stderr(&refused));
    let left: Vec<_> =
        fs::read_dir(stranger.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["keys"], "nothing half restored");
}

#[test]
fn nothing_is_overwritten_unasked_and_what_was_there_is_kept() {
    let world = World::new();
    let server = serve(&world);
    let password = claim(&server, "alice");
    let file = world.folder.path().join("copy.db");
    assert!(world.run(&["backup", "--to", file.to_str().unwrap()]).status.success());
    let again = world.run(&["backup", "--to", file.to_str().unwrap()]);
    assert!(stderr(&again).contains("exists already"), "{}", stderr(&again));

    let unasked = world.run(&["restore", "--from", file.to_str().unwrap()]);
    assert!(stderr(&unasked).contains("--replace"), "{}", stderr(&unasked));
    let from = ["restore", "--replace", "--from", file.to_str().unwrap()];
    let in_use = world.run(&from);
    assert!(stderr(&in_use).contains("in use"), "{}", stderr(&in_use));
    let late = claim(&server, "late");
    server.stop();

    let replaced = world.run(&from);
    assert!(replaced.status.success(), "{}", stderr(&replaced));
    assert!(stdout(&replaced).contains("sesame.db.before-"), "{}", stdout(&replaced));
    let server = serve(&world);
    assert!(is_known(&server, "alice", &password));
    assert!(!is_known(&server, "late", &late));
    server.stop();
}

/// A server that was killed: what it acknowledged last stands in the write-ahead log.
fn killed_with(name: &str) -> (World, String) {
    let world = World::new();
    let server = serve(&world);
    let password = claim(&server, name);
    server.signal("KILL");
    server.end();
    let log = with_suffix(&world.database(), "-wal");
    assert!(fs::metadata(log).unwrap().len() > 0, "something stands in the log");
    (world, password)
}

fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn a_log_that_was_left_by_a_database_that_is_gone_is_not_replayed_into_the_backup() {
    let (world, _) = killed_with("late");
    let backed_up = World::new();
    fs::create_dir(backed_up.data()).unwrap();
    fs::copy(world.keys(), backed_up.keys()).unwrap();
    let server = serve(&backed_up);
    let password = claim(&server, "alice");
    let file = world.folder.path().join("copy.db");
    assert!(backed_up.run(&["backup", "--to", file.to_str().unwrap()]).status.success());
    server.stop();

    fs::remove_file(world.database()).unwrap();
    let restored = world.run(&["restore", "--from", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert!(stdout(&restored).contains("-wal."), "{}", stdout(&restored));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(rows(&file)), runtime.block_on(rows(&world.database())));
    let server = serve(&world);
    assert!(is_known(&server, "alice", &password));
    server.stop();
}

#[test]
fn what_stands_in_the_log_beside_a_backup_is_restored_with_it() {
    let (world, password) = killed_with("alice");
    let elsewhere = World::new();
    fs::create_dir(elsewhere.data()).unwrap();
    fs::copy(world.keys(), elsewhere.keys()).unwrap();
    // Files that were copied by hand.
    let file = elsewhere.folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        fs::copy(with_suffix(&world.database(), suffix), with_suffix(&file, suffix)).unwrap();
    }
    let restored = elsewhere.run(&["restore", "--from", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let server = serve(&elsewhere);
    assert!(is_known(&server, "alice", &password));
    server.stop();
}

#[test]
fn a_restore_says_that_a_key_from_before_a_rotation_seals_again() {
    let world = World::new();
    serve(&world).stop();
    let file = world.folder.path().join("copy.db");
    assert!(world.run(&["backup", "--to", file.to_str().unwrap()]).status.success());
    let restore = || {
        let output = world.run(&["restore", "--replace", "--from", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        // What it keeps is named by the second.
        for entry in fs::read_dir(world.data()).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.to_str().unwrap().contains(".before-") {
                fs::remove_file(entry).unwrap();
            }
        }
        stdout(&output)
    };
    assert!(!restore().contains("Key 1 seals"));
    assert!(world.run(&["keys", "add"]).status.success());
    let rotated = world.command(&["keys", "rotate"]).env("SESAME_REQUEST_TIMEOUT", "1").output().unwrap();
    assert!(stdout(&rotated).contains("Key 2 seals everything"), "{}", stderr(&rotated));
    let said = restore();
    assert!(said.contains("Key 1 seals in it") && said.contains("run `sesame keys rotate`"), "{said}");
}

#[test]
fn a_damaged_backup_a_text_and_a_postgresql_database_are_refused_with_a_sentence() {
    let world = World::new();
    let server = serve(&world);
    for n in 0..20 {
        claim(&server, &format!("name-{n}"));
    }
    server.stop();
    let file = world.folder.path().join("copy.db");
    assert!(world.run(&["backup", "--to", file.to_str().unwrap()]).status.success());
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    let text = world.folder.path().join("text");
    fs::write(&text, "not a database").unwrap();
    for bad in [&file, &text] {
        let refused = world.run(&["restore", "--replace", "--from", bad.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains("not a sound database"), "{}", stderr(&refused));
    }
    let postgres = world
        .command(&["backup", "--to", "x.db", "--keys-file", "k"])
        .env("DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/db")
        .output()
        .unwrap();
    assert!(stderr(&postgres).contains("pg_dump") && !stderr(&postgres).contains("hidden"));
}
