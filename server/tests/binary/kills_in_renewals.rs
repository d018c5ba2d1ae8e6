//! `kill -9` at any moment, again and again, while people renew both secrets and a key is rotated: after
//! each restart everybody signs in with the old pair or with the new one, and with the one that they were
//! told of.
//!
//! Time is libfaketime's, so that pairs expire: half of the renewals are early ones, from a session, the
//! other half are of secrets that are too old for one.

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use domain::{secret::Secret, service::ports::Clock as _, totp};
use serde_json::{Value, json};

use crate::{
    database::{self, Database},
    fake_clock::FakeClock,
    kills::{AT_ONCE, KILLS, post, scale},
    process::{Server, World, database_url, stderr},
};

/// People who renew, all at the same time.
const PEOPLE: usize = 6;
/// Answers of one renewal.
const STEPS: usize = 4;
/// A key is rotated for this many kills; then everything is sealed with it and the old one goes.
const KILLS_OF_A_KEY: usize = 15;
/// Later than any code that was used; within the life of a session.
const A_WHILE: TimeDelta = TimeDelta::seconds(90);
/// Longer than secrets are good for.
const SEVEN_MONTHS: TimeDelta = TimeDelta::days(215);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_rot_3_nobody_is_left_with_neither_pair_by_any_number_of_kills_on_sqlite() {
    database::on_sqlite(kill_often).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_rot_3_nobody_is_left_with_neither_pair_by_any_number_of_kills_on_postgresql() {
    let name =
        "kills_in_renewals::req_rot_3_nobody_is_left_with_neither_pair_by_any_number_of_kills_on_postgresql";
    database::on_postgres(name, kill_often).await;
}

async fn kill_often(database: Database) {
    let Some(library) = FakeClock::library() else {
        return database::skip("libfaketime", "faketime", "kills_in_renewals");
    };
    let world = World::new();
    let clock = FakeClock::new(world.folder.path(), "2026-11-23T12:00:00Z".parse().unwrap(), library);
    tokio::task::block_in_place(|| Renewals { url: database_url(&database), world, clock }.run());
}

/// Both secrets of somebody, as far as they were told.
struct Pair {
    password: String,
    totp: Option<Secret>,
}

struct Person {
    username: String,
    pair: Pair,
    /// For an early renewal. Without one the pair has expired.
    session: Option<String>,
}

/// How far a renewal came before the kill.
#[derive(Default)]
struct Renewal {
    new: Option<Pair>,
    asked_to_activate: bool,
    acknowledged: bool,
}

/// A pair was let in, with a session unless it has expired.
struct LetIn {
    session: Option<String>,
}

struct Renewals {
    world: World,
    clock: FakeClock,
    url: String,
}

/// What the test found.
#[derive(Default)]
struct Tally {
    acknowledged: usize,
    old: usize,
    new: usize,
    slowest: Duration,
}

fn ticket_body(ticket: &Value) -> Value {
    json!({ "ticket": ticket })
}

fn session_of(answer: &str) -> Option<String> {
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: sesame="))?;
    Some(cookie.split(';').next()?.to_owned())
}

impl Renewals {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.unthrottled(arguments);
        self.clock.set(&mut command);
        command.env("DATABASE_URL", &self.url).env("SESAME_KEYS_FILE", self.world.folder.path().join("ring"));
        command.env("SESAME_LOG", "warn");
        command
    }

    #[track_caller]
    fn do_at_once(&self, arguments: &[&str]) {
        // A rotation waits for as long as a request may take in servers; none runs meanwhile.
        let output = self.command(arguments).env("SESAME_REQUEST_TIMEOUT", "1").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }

    fn code(&self, pair: &Pair, ahead: u64) -> String {
        let step = totp::step_at(self.clock.now()) + ahead;
        let digits = totp::code_of_step(pair.totp.as_ref().unwrap(), step);
        String::from_utf8(digits.to_vec()).unwrap()
    }

    /// Claims both secrets and proves them, with a code that is `ahead` steps; `renewal` learns of each
    /// answer. `None` where one never came.
    fn follow(
        &self,
        renewal: &mut Renewal,
        ticket: &Value,
        ahead: u64,
        step: impl Fn(&str, &str, &Value) -> Option<(Value, String)>,
    ) -> Option<String> {
        let (claimed, _) = step("/api/generate-password", "", &ticket_body(ticket))?;
        let new = renewal.new.insert(Pair { password: claimed["password"].as_str()?.to_owned(), totp: None });
        let (enrolment, _) = step("/api/generate-2fa", "", &ticket_body(&claimed["ticket"]))?;
        new.totp = Some(Secret::new(BASE32_NOPAD.decode(enrolment["secret"].as_str()?.as_bytes()).ok()?));
        let body = json!({ "ticket": enrolment["ticket"], "code": self.code(new, ahead) });
        renewal.asked_to_activate = true;
        let (_, activated) = step("/api/activate", "", &body)?;
        renewal.acknowledged = true;
        session_of(&activated)
    }

    fn enrol(&self, address: &str, username: String) -> Person {
        let step = |path: &str, headers: &str, body: &Value| {
            let (status, answer, whole) = post(address, path, headers, body)?;
            assert_eq!(status, 200, "{path}: {whole}");
            Some((answer, whole))
        };
        let mut enrolled = Renewal::default();
        let (registered, _) = step("/api/register", "", &json!({ "username": username })).unwrap();
        let session = self.follow(&mut enrolled, &registered["ticket"], 0, step).unwrap();
        Person { username, pair: enrolled.new.unwrap(), session: Some(session) }
    }

    /// Renews, early or late, as far as the server lives.
    fn renew(&self, address: &str, person: &Person, answered: &AtomicUsize) -> Renewal {
        let step = |path: &str, headers: &str, body: &Value| {
            let (status, answer, whole) = post(address, path, headers, body)?;
            assert_eq!(status, 200, "{} at {path}: {whole}", person.username);
            answered.fetch_add(1, Ordering::AcqRel);
            Some((answer, whole))
        };
        let mut renewal = Renewal::default();
        let code = self.code(&person.pair, 0);
        let begun = if let Some(session) = &person.session {
            let cookie = format!("Cookie: sesame={session}\r\nSec-Fetch-Site: same-origin\r\n");
            step("/api/renew", &cookie, &json!({ "code": code }))
        } else {
            let body = json!({ "username": person.username, "password": person.pair.password, "code": code });
            step("/api/authenticate", "", &body)
        };
        if let Some((begun, _)) = begun {
            // The code of the step that just began was spent on the way in.
            let _unfinished = self.follow(&mut renewal, &begun["ticket"], 1, step);
        }
        renewal
    }

    /// Whether a pair is let in.
    fn is_let_in(&self, address: &str, username: &str, pair: &Pair) -> Option<LetIn> {
        let body = json!({ "username": username, "password": pair.password, "code": self.code(pair, 0) });
        let (status, answer, whole) = post(address, "/api/authenticate", "", &body).unwrap();
        match (status, answer["status"].as_str()) {
            (200, Some("authenticated")) => Some(LetIn { session: session_of(&whole) }),
            (200, Some("expired")) => Some(LetIn { session: None }),
            _ => {
                assert_eq!(answer["code"], "invalid_credentials", "{username}: {whole}");
                None
            }
        }
    }

    /// One of the two pairs is let in, the one that the person was told of.
    fn check(&self, address: &str, person: &mut Person, renewal: Renewal, tally: &mut Tally) {
        let Renewal { new, asked_to_activate, acknowledged } = renewal;
        let name = &person.username;
        let by_new = match &new {
            Some(new) if asked_to_activate => self.is_let_in(address, name, new),
            _ => None,
        };
        let by_old = match by_new {
            Some(_) => None,
            None => self.is_let_in(address, name, &person.pair),
        };
        assert!(by_new.is_some() || by_old.is_some(), "{name} is left with neither pair");
        assert!(by_new.is_some() || !acknowledged, "{name} was told that the new pair is in place");
        tally.acknowledged += usize::from(acknowledged);
        if let (Some(LetIn { session }), Some(new)) = (by_new, new) {
            let old = std::mem::replace(&mut person.pair, new);
            assert!(self.is_let_in(address, name, &old).is_none(), "{name}: both pairs are let in");
            person.session = session;
            tally.new += 1;
        } else {
            person.session = by_old.and_then(|let_in| let_in.session);
            tally.old += 1;
        }
    }

    fn start(&self, tally: &mut Tally) -> Server {
        let begun = Instant::now();
        let server = Server::start(self.command(&["serve"]));
        tally.slowest = tally.slowest.max(begun.elapsed());
        server
    }

    /// The server and a rotation, both killed while everybody renews.
    fn kill(&self, kill: usize, people: &[Person], tally: &mut Tally) -> Vec<Renewal> {
        let server = self.start(tally);
        let mut rotation = self
            .command(&["keys", "rotate", "--batch", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answered = AtomicUsize::new(0);
        let renewals = thread::scope(|scope| {
            let clients: Vec<_> = people
                .iter()
                .map(|person| scope.spawn(|| self.renew(&server.address, person, &answered)))
                .collect();
            // After another number of answers each time, with the other people in mid-request.
            let enough = kill * 7 % (PEOPLE * STEPS - 1) + 1;
            while answered.load(Ordering::Acquire) < enough
                && !clients.iter().all(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
            server.signal("KILL");
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        // It may have ended; it is waited for in any case.
        let _ = rotation.kill();
        rotation.wait().unwrap();
        server.end();
        renewals
    }

    fn run(&self) {
        for arguments in [&["keys", "generate"][..], &["migrate"]] {
            self.do_at_once(arguments);
        }
        let mut tally = Tally::default();
        let server = self.start(&mut tally);
        let mut people: Vec<Person> =
            (0..PEOPLE).map(|n| self.enrol(&server.address, format!("person-{n}"))).collect();
        server.stop();
        let kills = KILLS * scale();
        for kill in 0..kills {
            let key = kill / KILLS_OF_A_KEY + 1;
            if kill % KILLS_OF_A_KEY == 0 {
                self.do_at_once(&["keys", "add"]);
            }
            self.clock.turn(A_WHILE);
            // A session that was opened under a key that is gone since is over, as one of seven months.
            let renews_late = kill % 2 == 1 || kill % KILLS_OF_A_KEY == 0;
            if renews_late {
                self.clock.turn(SEVEN_MONTHS);
                for person in &mut people {
                    person.session = None;
                }
            }
            let renewals = self.kill(kill, &people, &mut tally);
            self.clock.turn(A_WHILE);
            let server = self.start(&mut tally);
            for (person, renewal) in people.iter_mut().zip(renewals) {
                self.check(&server.address, person, renewal, &mut tally);
            }
            server.stop();
            if kill % KILLS_OF_A_KEY == KILLS_OF_A_KEY - 1 {
                self.do_at_once(&["keys", "rotate"]);
                self.do_at_once(&["keys", "remove", &key.to_string()]);
            }
        }
        let Tally { acknowledged, old, new, slowest } = tally;
        assert!(old > 0 && new > 0, "kills came before and after the swap: {old} and {new}");
        assert!(slowest < AT_ONCE, "{slowest:?}");
        println!(
            "{kills} kills in {} renewals and rotations of {} keys: {acknowledged} acknowledged, all in place; {new} \
             sign in with the new pair, {old} with the old one, nobody with neither; slowest start {} ms",
            old + new,
            kills.div_ceil(KILLS_OF_A_KEY),
            slowest.as_millis()
        );
    }
}
