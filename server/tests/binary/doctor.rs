//! `sesame doctor`: each mistake is made in an installation that was fine, and it finds just that one.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use crate::{
    database::{Database, on_postgres},
    process::{Server, World, stderr, stdout},
};

/// What the machine that runs the tests may be guilty of.
const OF_THE_MACHINE: [&str; 4] = ["clock-unsynchronised", "disk-full", "disk-nearly-full", "hash-slow"];

/// Limits that the doctor is content with.
const FINE: &str = "ulimit -S -c 0 && ulimit -S -n 4096";

/// A world with a whole site, whose server ran once.
fn healthy() -> World {
    let world = unused();
    world.serve().stop();
    world
}

/// The same before its server ever ran.
fn unused() -> World {
    let world = World::new();
    for file in ["pkg/sesame.wasm", "pkg/sesame.css"] {
        fs::write(world.folder.path().join("site").join(file), "").unwrap();
    }
    world
}

/// The doctor under the limits that `limits` sets.
fn doctor_limited(world: &World, limits: &str, arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let sesame = world.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits} && exec \"$0\" doctor \"$@\"")]).arg(sesame.get_program());
    command.args(arguments).env_clear().current_dir(world.folder.path());
    command.envs(sesame.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(env.iter().copied()).output().unwrap()
}

fn doctor(world: &World, env: &[(&str, &str)]) -> Output {
    doctor_limited(world, FINE, &["--json"], env)
}

/// The codes that were found, in order, but for those of the machine.
#[track_caller]
fn codes(output: &Output) -> Vec<String> {
    assert_eq!(stderr(output), "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut codes = Vec::new();
    let mut errors = false;
    for finding in report["findings"].as_array().unwrap() {
        for text in ["what", "remedy"] {
            assert!(finding[text].as_str().unwrap().len() > 10, "{finding}");
        }
        errors |= finding["severity"] == "error";
        codes.push(finding["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(output.status.code(), Some(i32::from(errors)));
    codes.retain(|code| !OF_THE_MACHINE.contains(&code.as_str()));
    codes
}

#[track_caller]
fn finds(world: &World, env: &[(&str, &str)], expected: &[&str]) {
    let output = doctor(world, env);
    assert_eq!(codes(&output), expected, "{}", stdout(&output));
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn in_a_healthy_installation_it_finds_nothing_and_says_what_it_looked_at() {
    for world in [unused(), healthy()] {
        finds(&world, &[], &[]);
        let text = stdout(&doctor_limited(&world, FINE, &[], &[]));
        for area in ["configuration", "network", "machine", "clock", "database", "storage", "keys", "site"] {
            assert!(text.contains(area), "{area} is missing in {text}");
        }
    }
}

/// Every file and folder with all that tells whether it was touched.
fn snapshot(folder: &Path) -> BTreeMap<std::path::PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        let bytes = if metadata.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        if metadata.is_dir() {
            found.extend(snapshot(&path));
        }
        found.insert(path, (metadata.mode(), metadata.mtime(), metadata.mtime_nsec(), bytes));
    }
    found
}

#[test]
fn it_changes_nothing_whether_a_server_never_ran_ran_runs_or_was_killed() {
    let (fresh, stopped, running, killed) = (unused(), healthy(), unused(), unused());
    let register = r#"{"username":"alice"}"#;
    let server = running.serve();
    assert!(server.request("POST", "/api/register", register).contains("200 OK"));
    let victim = killed.serve();
    assert!(victim.request("POST", "/api/register", register).contains("200 OK"));
    victim.signal("KILL");
    victim.end();
    for world in [&fresh, &stopped, &running, &killed] {
        let before = snapshot(world.folder.path());
        finds(world, &[], &[]);
        assert!(before == snapshot(world.folder.path()), "something was touched");
    }
    let text = stdout(&doctor(&running, &[]));
    assert!(text.contains("schema is current"), "it reads what the server has not folded in yet: {text}");
    server.stop();
}

#[test]
fn each_mistake_in_a_setting_is_found() {
    let world = healthy();
    let https = ("SESAME_PUBLIC_URL", "https://sesame.example.com");
    let proxies = |blocks| ("SESAME_TRUSTED_PROXIES", blocks);
    let cases: [(&[(&str, &str)], &str); 19] = [
        (&[("SESAME_NONSENSE", "1")], "configuration"),
        (&[("SESAME_LISTEN", "somewhere")], "configuration"),
        (&[("SESAME_CONFIG", "/nowhere.toml")], "configuration"),
        (&[("SESAME_ARGON2_MEMORY_KIB", "1024")], "argon2-weak"),
        (&[("SESAME_PUBLIC_URL", "http://sesame.example.com")], "public-url"),
        (&[("SESAME_LISTEN", "0.0.0.0:3000")], "public-url"),
        (
            &[https, proxies("10.0.0.0/8"), ("SESAME_FORWARD_AUTH_DOMAIN", "other.example.org")],
            "forward-auth",
        ),
        (&[("SESAME_FORWARD_AUTH_HOSTS", "wiki.example.com")], "forward-auth"),
        (&[("SESAME_ROTATION_MONTHS", "24")], "rotation-long"),
        (&[("SESAME_LOG", "info,sqlx=trace")], "log-too-much"),
        (&[("SESAME_SHUTDOWN_TIMEOUT", "25"), ("SESAME_DRAIN_INTERVAL", "5")], "stop-too-slow"),
        (&[https, proxies("0.0.0.0/0")], "trusted-proxies-everybody"),
        (&[https, proxies("203.0.113.0/24")], "trusted-proxies-public"),
        (&[https, ("SESAME_LISTEN", "0.0.0.0:3000")], "trusted-proxies-none"),
        (&[("SESAME_LISTEN", "127.0.0.1:9"), ("SESAME_METRICS_LISTEN", "0.0.0.0:9")], "metrics-port-taken"),
        (&[("SESAME_ARGON2_MEMORY_KIB", "4194304"), ("SESAME_HASH_CONCURRENCY", "1024")], "memory-short"),
        (&[("SESAME_SITE_DIR", "/nowhere")], "site-missing"),
        (&[("SESAME_KEYS_FILE", "/nowhere")], "key-file-missing"),
        (&[("DATABASE_URL", "postgres://sesame@127.0.0.1:1/sesame")], "database-unreachable"),
    ];
    for (env, code) in cases {
        finds(&world, env, &[code]);
    }
    finds(&world, &[https, proxies("10.42.0.0/16"), ("SESAME_LISTEN", "0.0.0.0:3000")], &[]);
}

#[test]
fn req_rot_6_each_mistake_with_the_key_ring_is_found_and_an_old_key_is_one() {
    let (world, other) = (healthy(), healthy());
    let ring = fs::read_to_string(world.keys()).unwrap();
    chmod(&world.keys(), 0o644);
    finds(&world, &[], &["key-file-exposed"]);
    chmod(&world.keys(), 0o440);
    finds(&world, &[], &[]);
    chmod(&world.keys(), 0o600);
    assert!(world.run(&["keys", "add"]).status.success());
    finds(&world, &[], &["key-not-newest"]);
    let made_at = ring.lines().last().unwrap().split(' ').nth(1).unwrap();
    fs::write(world.keys(), ring.replace(made_at, "2020-02-29T12:00:00Z")).unwrap();
    finds(&world, &[], &["key-old"]);
    fs::write(world.keys(), &ring[..ring.len() - 20]).unwrap();
    finds(&world, &[], &["key-file-malformed"]);
    fs::copy(other.keys(), world.keys()).unwrap();
    finds(&world, &[], &["key-ring-wrong"]);
    fs::write(world.keys(), ring.replace("\n1 ", "\n2 ")).unwrap();
    finds(&world, &[], &["key-ring-wrong"]);
    fs::remove_file(world.keys()).unwrap();
    finds(&world, &[], &["key-file-missing"]);
    fs::create_dir(world.keys()).unwrap();
    chmod(&world.keys(), 0o700);
    finds(&world, &[], &["key-file-unreadable"]);
}

#[test]
fn each_mistake_with_the_database_file_is_found() {
    let world = healthy();
    chmod(&world.database(), 0o644);
    finds(&world, &[], &["database-file-exposed"]);
    chmod(&world.database(), 0o600);
    world.execute(
        "INSERT INTO audit_trail (number, at, subject, kind, hash)
         VALUES (9, 9e15, zeroblob(16), 'registered', zeroblob(32))",
    );
    finds(&world, &[], &["clock-behind-data"]);
    world.execute("DELETE FROM audit_trail");
    world.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0);
         UPDATE schema_floor SET oldest_version = 9999",
    );
    finds(&world, &[], &["schema-ahead"]);
    world.execute("DELETE FROM _sqlx_migrations WHERE version = 9999");
    world.execute("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1");
    finds(&world, &[], &["schema-changed"]);
    fs::write(world.database(), "not a database, but long enough to be looked at".repeat(100)).unwrap();
    finds(&world, &[], &["database-broken"]);
}

#[test]
fn sealed_secrets_without_a_fingerprint_are_found() {
    let world = unused();
    let server = world.serve();
    let registered = server.request("POST", "/api/register", r#"{"username":"alice"}"#);
    let ticket = registered.split("\"ticket\":\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!(r#"{{"ticket":"{ticket}"}}"#);
    assert!(server.request("POST", "/api/generate-password", &body).contains("\"password\":"));
    server.stop();
    finds(&world, &[], &[]);
    world.execute("DELETE FROM key_fingerprints");
    finds(&world, &[], &["fingerprints-missing"]);
}

/// As somebody may put them there who writes to the database; `tests/http/upgrade.rs` has real ones.
#[test]
fn sealed_secrets_that_do_not_say_whose_they_are_stop_everything_but_the_command_for_them() {
    let world = unused();
    let server = world.serve();
    let registered = server.request("POST", "/api/register", r#"{"username":"alice"}"#);
    let ticket = registered.split("\"ticket\":\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!(r#"{{"ticket":"{ticket}"}}"#);
    assert!(server.request("POST", "/api/generate-password", &body).contains("\"password\":"));
    server.stop();
    world.execute("UPDATE credential_pairs SET password = CAST(x'01' || substr(password, 2) AS BLOB)");
    finds(&world, &[], &["secrets-unbound"]);
    let refused = |arguments: &[&str], told: &str| {
        let output = world.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stdout(&output));
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
    };
    refused(&["serve"], "run `sesame keys rotate --bind` once");
    refused(&["keys", "rotate"], "run `sesame keys rotate --bind` once");
    refused(&["keys", "rotate", "--bind"], "do not open under any key");
    world.execute("UPDATE credential_pairs SET password = CAST(x'02' || substr(password, 2) AS BLOB)");
    finds(&world, &[], &[]);
    assert!(world.run(&["keys", "rotate"]).status.success());
    world.serve().stop();
}

#[test]
fn each_mistake_with_a_folder_is_found() {
    let world = healthy();
    for mode in [0o755, 0o777] {
        chmod(&world.data(), mode);
        finds(&world, &[], &["data-folder-exposed"]);
    }
    chmod(&world.data(), 0o700);
    let elsewhere = format!("sqlite:{}/nowhere/sesame.db", world.folder.path().display());
    finds(&world, &[("DATABASE_URL", &elsewhere)], &["data-folder-unusable"]);
    fs::remove_file(world.folder.path().join("site/pkg/sesame.wasm")).unwrap();
    finds(&world, &[], &["site-incomplete"]);

    let blocked = unused();
    fs::write(blocked.data(), "a file in the way").unwrap();
    assert!(codes(&doctor(&blocked, &[])).contains(&"data-folder-unusable".to_owned()));
}

#[test]
fn each_limit_that_is_too_low_or_too_high_is_found() {
    let world = healthy();
    let few = doctor_limited(&world, "ulimit -S -c 0 && ulimit -S -n 256", &["--json"], &[]);
    assert_eq!(codes(&few), ["open-files-few"]);
    // Every command switches core dumps off as it starts, whatever it was started with.
    let dumps = doctor_limited(&world, "ulimit -S -n 4096 && ulimit -S -c 1024", &["--json"], &[]);
    assert_eq!(codes(&dumps), [""; 0]);
}

#[test]
fn a_database_that_never_answers_is_told_in_time_and_without_its_password() {
    let world = healthy();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://sesame:hunter2@{}/sesame", silent.local_addr().unwrap());
    let begun = Instant::now();
    let output = doctor(&world, &[("DATABASE_URL", &url)]);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(codes(&output), ["database-unreachable"]);
    let elsewhere = doctor(&world, &[("DATABASE_URL", "postgres://sesame:hunter2@db.invalid/sesame")]);
    assert_eq!(codes(&elsewhere), ["database-tls", "database-unreachable"]);
    let unverified = [("DATABASE_URL", "postgres://sesame:hunter2@db.invalid/sesame?sslmode=require")];
    let unverified = doctor(&world, &unverified);
    assert_eq!(codes(&unverified), ["database-tls-unverified", "database-unreachable"]);
    for output in [output, elsewhere, unverified] {
        assert!(!stdout(&output).contains("hunter2"), "{}", stdout(&output));
    }
}

#[test]
fn all_mistakes_are_found_at_once_and_a_broken_configuration_does_not_hide_the_rest() {
    let world = healthy();
    chmod(&world.keys(), 0o644);
    chmod(&world.data(), 0o777);
    let env = [("SESAME_NONSENSE", "1"), ("SESAME_LISTEN", "0.0.0.0:1"), ("SESAME_ROTATION_MONTHS", "9")];
    let expected =
        ["public-url", "configuration", "rotation-long", "data-folder-exposed", "key-file-exposed"];
    let output = doctor(&world, &env);
    let mut found = codes(&output);
    let mut expected = expected.map(str::to_owned).to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let text = stdout(&doctor_limited(&world, FINE, &[], &env));
    assert!(text.contains("Remedy: Run `chmod 0600") && text.contains("Errors: 4. Warnings: 1."), "{text}");
}

#[test]
fn json_is_for_machines_and_usage_has_an_exit_code_of_its_own() {
    let world = healthy();
    let output = doctor(&world, &[("SESAME_ROTATION_MONTHS", "12")]);
    assert_eq!(output.status.code(), Some(0), "a warning alone is no failure");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding =
        report["findings"].as_array().unwrap().iter().find(|f| f["code"] == "rotation-long").unwrap();
    assert_eq!(finding["severity"], "warning");
    assert!(finding["remedy"].as_str().unwrap().contains("SESAME_ROTATION_MONTHS"));
    let areas: Vec<_> = report["looked_at"].as_array().unwrap().iter().map(|look| &look["area"]).collect();
    assert!(areas.contains(&&serde_json::json!("clock")), "{areas:?}");
    assert_eq!(world.run(&["doctor", "--nonsense"]).status.code(), Some(2));
}

#[test]
fn a_function_is_looked_at_with_its_own_defaults() {
    let world = healthy();
    fs::remove_dir_all(world.folder.path().join("site")).unwrap();
    let run = |env| codes(&doctor_limited(&world, FINE, &["--json", "--as-function"], env));
    assert!(run(&[]).is_empty(), "a function has no pages");
    assert_eq!(run(&[("exec_timeout", "never")]), ["configuration"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_with_a_postgresql_is_found() {
    on_postgres("doctor::each_mistake_with_a_postgresql_is_found", |database: Database| async move {
        tokio::task::spawn_blocking(move || postgres(&database.postgres_url())).await.unwrap();
    })
    .await;
}

fn postgres(url: &str) {
    let (world, other) = (unused(), healthy());
    let env = [("DATABASE_URL", url)];
    finds(&world, &env, &["schema-behind", "key-file-missing"]);
    let run =
        |arguments: &[&str]| assert!(world.command(arguments).envs(env).output().unwrap().status.success());
    fs::create_dir(world.data()).unwrap();
    chmod(&world.data(), 0o700);
    run(&["keys", "generate"]);
    finds(&world, &env, &["schema-behind"]);
    run(&["migrate"]);
    finds(&world, &env, &[]);
    let mut serve = world.command(&["serve"]);
    serve.envs(env);
    Server::start(serve).stop();
    let output = doctor(&world, &env);
    assert!(codes(&output).is_empty(), "{}", stdout(&output));
    assert!(stdout(&output).contains("the database's is 0.0 s from it"), "{}", stdout(&output));
    fs::copy(other.keys(), world.keys()).unwrap();
    finds(&world, &env, &["key-ring-wrong"]);
    let nobody = url.replace("/sesame_test_", "/no_such_");
    finds(&world, &[("DATABASE_URL", &nobody)], &["database-unreachable"]);
}
