//! `kill -9` at any moment, again and again, while people enrol: what was acknowledged stands, nobody is
//! left without a way on, and the next start is ready at once.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use data_encoding::BASE32_NOPAD;
use domain::{secret::Secret, service::ports::Clock as _, totp};
use serde_json::{Value, json};
use server::clock::SystemClock;

use crate::{
    database::{self, Database},
    process::{Server, World, database_url, stderr, try_request},
};

/// Kills in an ordinary run; `SESAME_TEST_SCALE=20` makes them 300.
pub(crate) const KILLS: usize = 15;
const CLIENTS: usize = 3;
/// A start that takes longer is not "at once", on a machine that compiles meanwhile.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_any_number_of_kills_on_sqlite() {
    database::on_sqlite(kill_often).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_any_number_of_kills_on_postgresql() {
    let name = "kills::what_was_acknowledged_survives_any_number_of_kills_on_postgresql";
    database::on_postgres(name, kill_often).await;
}

async fn kill_often(database: Database) {
    tokio::task::block_in_place(|| run(&database));
}

/// What somebody was told, and what they asked for last without an answer.
#[derive(Debug)]
struct Life {
    username: String,
    password: Option<String>,
    session: Option<String>,
    asked_to_activate: bool,
}

/// How many times as much as in an ordinary run.
pub(crate) fn scale() -> usize {
    std::env::var("SESAME_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The answer to a POST if it came whole.
pub(crate) fn post(address: &str, path: &str, headers: &str, body: &Value) -> Option<(u16, Value, String)> {
    let answer = try_request(address, "POST", path, headers, &body.to_string()).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let json = serde_json::from_str(answer.split("\r\n\r\n").nth(1)?).ok()?;
    Some((status, json, answer))
}

/// Enrols somebody as far as the server lives.
fn live(address: &str, username: String, answered: &AtomicUsize) -> Life {
    let mut life = Life { username, password: None, session: None, asked_to_activate: false };
    let step = |path: &str, body: &Value| {
        let (status, answer, whole) = post(address, path, "", body)?;
        assert_eq!(status, 200, "{path}: {whole}");
        answered.fetch_add(1, Ordering::AcqRel);
        Some((answer, whole))
    };
    // A closure, for the question marks: an answer that never came ends this life here.
    let mut go = || {
        let (registered, _) = step("/api/register", &json!({ "username": life.username }))?;
        let (claimed, _) = step("/api/generate-password", &json!({ "ticket": registered["ticket"] }))?;
        life.password = Some(claimed["password"].as_str()?.to_owned());
        let (enrolment, _) = step("/api/generate-2fa", &json!({ "ticket": claimed["ticket"] }))?;
        let secret = BASE32_NOPAD.decode(enrolment["secret"].as_str()?.as_bytes()).ok()?;
        let code = totp::code_of_step(&Secret::new(secret), totp::step_at(SystemClock.now())).to_vec();
        let body = json!({ "ticket": enrolment["ticket"], "code": String::from_utf8(code).ok()? });
        life.asked_to_activate = true;
        let (_, activated) = step("/api/activate", &body)?;
        let cookie = activated.lines().find_map(|line| line.strip_prefix("set-cookie: sesame="))?;
        life.session = Some(cookie.split(';').next()?.to_owned());
        Some(())
    };
    let _unfinished = go();
    life
}

/// What was acknowledged to be is, and the rest has a way on.
fn check(address: &str, life: &Life) {
    if let Some(session) = &life.session {
        let cookie = format!("Cookie: sesame={session}\r\nSec-Fetch-Site: same-origin\r\n");
        let (status, answer, _) = post(address, "/api/session", &cookie, &json!({})).unwrap();
        assert_eq!((status, &answer["username"]), (200, &json!(life.username)), "{life:?}");
    } else if let Some(password) = &life.password {
        let body = json!({ "username": life.username, "password": password });
        let (_, answer, _) = post(address, "/api/authenticate", "", &body).unwrap();
        // Without an answer the activation may have happened: then a code is asked for.
        let may_be_active = life.asked_to_activate && answer["code"] == "invalid_credentials";
        assert!(answer["status"] == "activation_required" || may_be_active, "{life:?}: {answer}");
    } else {
        let (status, answer, _) =
            post(address, "/api/register", "", &json!({ "username": life.username })).unwrap();
        // Free, or claimed by the request that was never answered: then it lapses within a day.
        assert!(status == 200 || answer["code"] == "username_taken", "{life:?}: {answer}");
    }
}

fn run(database: &Database) {
    let scale = scale();
    let world = World::new();
    let url = database_url(database);
    let command = |arguments: &[&str]| {
        let mut command = world.unthrottled(arguments);
        command.env("DATABASE_URL", &url).env("SESAME_KEYS_FILE", world.folder.path().join("ring"));
        command.env("SESAME_LOG", "warn");
        command
    };
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let mut slowest = Duration::ZERO;
    let (mut lives, mut acknowledged) = (0, 0);
    for kill in 0..KILLS * scale {
        let begun = Instant::now();
        let server = Server::start(command(&["serve"]));
        slowest = slowest.max(begun.elapsed());
        let answered = AtomicUsize::new(0);
        let told: Mutex<Vec<Life>> = Mutex::default();
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (address, answered, told) = (&server.address, &answered, &told);
                scope.spawn(move || {
                    for n in 0.. {
                        let life = live(address, format!("k{kill}-c{client}-n{n}"), answered);
                        let ended = life.session.is_none();
                        told.lock().unwrap().push(life);
                        if ended {
                            break;
                        }
                    }
                });
            }
            // After another number of answers each time, with the other clients in mid-request.
            while answered.load(Ordering::Acquire) < kill * 7 % 23 + 1 {
                thread::yield_now();
            }
            server.signal("KILL");
        });
        server.end();
        let told = told.into_inner().unwrap();
        let server = Server::start(command(&["serve"]));
        for life in &told {
            check(&server.address, life);
        }
        lives += told.len();
        acknowledged += told.iter().filter(|life| life.session.is_some()).count();
        server.stop();
    }
    assert!(slowest < AT_ONCE, "{slowest:?}");
    println!(
        "{} kills, {lives} lives, {acknowledged} activated, nothing acknowledged lost; slowest start {} ms",
        KILLS * scale,
        slowest.as_millis()
    );
}
