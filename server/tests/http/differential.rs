//! SQLite and PostgreSQL are one service: the same requests, at random but alike, get the same answers to
//! the byte on both, cookies and secrets included, and leave the same accounts and events behind.
//!
//! Randomness comes from one seed on each side, so that a replay is exact: a failing seed is named.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::{DateTime, TimeDelta};
use domain::{
    secret::Secret,
    service::ports::{Clock as _, Entropy},
    totp,
    username::Username,
};
use serde_json::{Value, json};
use server::{
    crypto::KeyRing,
    store::{Act, check},
};

use crate::{
    answer::{Answer, json_request},
    app::{Parts, TestApp},
    attack::scale,
    database::{self, Database},
};

/// Operations on a pair of databases; `SESAME_TEST_SCALE=50` takes as many pairs.
const OPERATIONS: usize = 2_000;
const NAMES: [&str; 4] = ["ada", "bob", "cleo", "dan"];
/// Who was revoked comes back by being deleted alone.
const ACTS: [Act; 6] = [Act::SignOut, Act::Expire, Act::Revoke, Act::Delete, Act::Delete, Act::Delete];

/// The same numbers for the same seed (splitmix64, public domain).
struct Dice(AtomicU64);

impl Dice {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(Self::STEP, Ordering::Relaxed).wrapping_add(Self::STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// One of the latest; the last one every other time.
    fn of<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        let latest = &all[all.len().saturating_sub(4)..];
        if latest.is_empty() { None } else { Some(&latest[(latest.len() - 1).min(self.below(8))]) }
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// What its owner and others have of an account, old and new.
#[derive(Default)]
struct Known {
    tickets: Vec<String>,
    /// What the last one is for.
    next: Option<Step>,
    passwords: Vec<String>,
    totps: Vec<Secret>,
    /// The places of the pair that opens sessions in these two lists.
    proved: Option<(usize, usize)>,
    sessions: Vec<String>,
    handles: Vec<String>,
    notes: Vec<String>,
}

/// A step of an enrolment.
#[derive(Clone, Copy)]
enum Step {
    Password,
    Totp,
    Proof,
}

/// One thing that is done, to both.
#[expect(clippy::large_enum_variant, reason = "a few at a time")]
enum Operation {
    Ask(Request<Body>),
    Operate(Act),
    Purge,
    Look,
}

/// What came of it, as far as anybody can see.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// For the tally: route or act, and how it ended.
    outcome: String,
    whole: String,
}

/// The two services, and what is known to whoever uses them.
struct Twins {
    apps: [TestApp; 2],
    dice: Dice,
    /// Whose turn it is.
    name: &'static str,
    known: BTreeMap<&'static str, Known>,
    outcomes: BTreeMap<String, usize>,
}

impl Twins {
    async fn new(databases: &[Database; 2], seed: u64) -> Self {
        let apps = [service(&databases[0], seed).await, service(&databases[1], seed).await];
        let (dice, name) = (Dice::seeded(seed ^ 1), NAMES[0]);
        Self { apps, dice, name, known: BTreeMap::new(), outcomes: BTreeMap::new() }
    }

    /// Seconds, mostly; sometimes as long as sessions, registrations or secrets live.
    fn turn_clocks(&self) {
        let seconds = match self.dice.below(100) {
            0..60 => self.dice.below(40),
            60..90 => 30 + self.dice.below(60),
            90..96 => self.dice.below(2_000),
            96..99 => self.dice.below(50_000),
            _ => self.dice.below(200 * 86_400),
        };
        let by = TimeDelta::seconds(i64::try_from(seconds).unwrap());
        self.apps.iter().for_each(|app| app.clock.turn(by));
    }

    /// What whoever has everything does next: an enrolment, to its end, or a sign-in.
    fn draw_as_owner(&self, name: &str) -> Operation {
        let known = &self.known[name];
        let step = totp::step_at(self.apps[0].clock.now());
        let code =
            |totp: usize| String::from_utf8(totp::code_of_step(&known.totps[totp], step).to_vec()).unwrap();
        let ticket = known.tickets.last();
        let (path, body) = match (known.next, known.proved) {
            (Some(Step::Password), _) => ("/api/generate-password", json!({ "ticket": ticket })),
            (Some(Step::Totp), _) => ("/api/generate-2fa", json!({ "ticket": ticket })),
            (Some(Step::Proof), _) => {
                ("/api/activate", json!({ "ticket": ticket, "code": code(known.totps.len() - 1) }))
            }
            (None, Some((password, totp))) => {
                let password = &known.passwords[password];
                let body = json!({ "username": name, "password": password, "code": code(totp) });
                ("/api/authenticate", body)
            }
            (None, None) => ("/api/register", json!({ "username": name })),
        };
        Operation::Ask(json_request(path, &body))
    }

    fn code(&self, known: &Known, totp: usize) -> String {
        let step = totp::step_at(self.apps[0].clock.now());
        let step = match self.dice.below(12) {
            0 => step - 1,
            1 => step + 1,
            2 => step + 40,
            _ => step,
        };
        known.totps.get(totp).map_or_else(
            || "000000".to_owned(),
            |secret| String::from_utf8(totp::code_of_step(secret, step).to_vec()).unwrap(),
        )
    }

    fn draw(&mut self, name: &'static str) -> Operation {
        self.known.entry(name).or_default();
        if self.dice.below(2) == 0 {
            return self.draw_as_owner(name);
        }
        let (dice, known) = (&self.dice, &self.known[name]);
        let ticket = || dice.of(&known.tickets).map_or("nonsense", String::as_str);
        let session = || dice.of(&known.sessions).map_or("nonsense", String::as_str);
        let page =
            |path: &str, body: &Value| Operation::Ask(crate::answer::page_request(session(), path, body));
        match dice.below(100) {
            0..10 => Operation::Ask(json_request("/api/register", &json!({ "username": name }))),
            10..24 => Operation::Ask(json_request("/api/generate-password", &json!({ "ticket": ticket() }))),
            24..38 => Operation::Ask(json_request("/api/generate-2fa", &json!({ "ticket": ticket() }))),
            38..52 => {
                let code = self.code(known, known.totps.len().saturating_sub(1));
                Operation::Ask(json_request("/api/activate", &json!({ "ticket": ticket(), "code": code })))
            }
            52..74 => {
                let last = (known.passwords.len().saturating_sub(1), known.totps.len().saturating_sub(1));
                let (password, totp) = if dice.below(5) == 0 { last } else { known.proved.unwrap_or(last) };
                let password = match (dice.below(8), known.passwords.get(password)) {
                    (1.., Some(password)) => password.as_str(),
                    _ => "wrong",
                };
                let code = if dice.below(10) == 0 { None } else { Some(self.code(known, totp)) };
                let body = json!({ "username": name, "password": password, "code": code });
                let mut request = json_request("/api/authenticate", &body);
                if let Some(note) = dice.of(&known.notes).filter(|_| dice.below(2) == 0) {
                    let cookie = format!("sesame-device={note}");
                    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
                    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
                }
                Operation::Ask(request)
            }
            74..80 => {
                let code = self.code(known, known.proved.unwrap_or_default().1);
                page("/api/renew", &json!({ "code": code }))
            }
            80..83 => page("/api/session", &json!({})),
            83..87 => page("/api/sessions", &json!({})),
            87..89 => {
                let handle = dice.of(&known.handles).map_or("nonsense", String::as_str);
                page("/api/revoke-session", &json!({ "session": handle }))
            }
            89 => page("/api/revoke-other-sessions", &json!({})),
            90 => page("/api/sign-out", &json!({})),
            91..94 => {
                let request =
                    Request::get("/compte/donnees").header(header::COOKIE, format!("sesame={}", session()));
                Operation::Ask(request.body(Body::empty()).unwrap())
            }
            94..96 => Operation::Operate(ACTS[dice.below(ACTS.len())]),
            96 => Operation::Purge,
            _ => Operation::Look,
        }
    }

    /// Does the same to both; what differs, if anything does.
    async fn step(&mut self) -> Result<(), String> {
        self.turn_clocks();
        if self.dice.below(8) == 0 {
            self.name = NAMES[self.dice.below(NAMES.len())];
        }
        let name = self.name;
        let [one, other] = match self.draw(name) {
            Operation::Ask(request) => {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let request = || Request::from_parts(parts.clone(), Body::from(body.clone()));
                let answers = [self.apps[0].send(request()).await, self.apps[1].send(request()).await];
                self.learn(name, parts.uri.path(), &answers[0]);
                answers.map(|answer| seen(parts.uri.path(), &answer))
            }
            Operation::Operate(act) => {
                [operate(&self.apps[0], name, act).await, operate(&self.apps[1], name, act).await]
            }
            Operation::Purge => [purge(&self.apps[0]).await, purge(&self.apps[1]).await],
            Operation::Look => [look(&self.apps[0]).await, look(&self.apps[1]).await],
        };
        if one != other {
            return Err(format!("{one:?}\n{other:?}"));
        }
        *self.outcomes.entry(one.outcome).or_default() += 1;
        Ok(())
    }

    fn learn(&mut self, name: &'static str, path: &str, answer: &Answer) {
        let known = self.known.entry(name).or_default();
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(ticket) = body["ticket"].as_str() {
            known.tickets.push(ticket.to_owned());
            known.next = Some(match (path, body["status"].as_str()) {
                ("/api/generate-password", _) | (_, Some("activation_required")) => Step::Totp,
                ("/api/generate-2fa", _) => Step::Proof,
                _ => Step::Password,
            });
        } else if answer.status == 410 || path == "/api/activate" && answer.status == 200 {
            known.next = None;
        }
        if let Some(password) = body["password"].as_str() {
            known.passwords.push(password.to_owned());
        }
        if let Some(secret) = body["secret"].as_str() {
            let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
            known.totps.push(Secret::new(bytes));
        }
        if let Some(session) = answer.session() {
            // A sign-in says who it was; an activation does not say `status`.
            if body["status"].is_null() {
                known.proved = Some((known.passwords.len() - 1, known.totps.len() - 1));
            }
            known.sessions.push(session);
        }
        known.notes.extend(answer.cookie("sesame-device"));
        if let Some(sessions) = body["sessions"].as_array() {
            let handles = sessions.iter().filter_map(|entry| entry["session"].as_str());
            known.handles.extend(handles.map(str::to_owned));
        }
    }
}

/// A service of which everything follows from the seed.
async fn service(database: &Database, seed: u64) -> TestApp {
    database.store().await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let ring = Arc::new(KeyRing::generate(&Dice::seeded(!seed), DateTime::UNIX_EPOCH));
    let parts = Parts { ring, entropy: Arc::new(Dice::seeded(seed)), ..Parts::default() };
    TestApp::made_of(&database.url(), folder, parts).await
}

/// What an operator does to the account of `name`.
async fn operate(app: &TestApp, name: &str, act: Act) -> Seen {
    let done = app.store.perform(&Username::parse(name).unwrap(), act, app.clock.now()).await.unwrap();
    Seen { outcome: format!("{act:?} {done}"), whole: String::new() }
}

async fn purge(app: &TestApp) -> Seen {
    let gone = app.dependencies.sesame.purge().await.unwrap();
    Seen { outcome: "purge".to_owned(), whole: format!("{gone} rows") }
}

/// Everything of an answer.
fn seen(path: &str, answer: &Answer) -> Seen {
    let mut headers: Vec<_> =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let body = String::from_utf8_lossy(&answer.body);
    Seen {
        outcome: format!("{path} {}", answer.status.as_u16()),
        whole: format!("{}\n{}\n{body}", answer.status, headers.join("\n")),
    }
}

/// Everything that operators see: people, their events, the counts.
async fn look(app: &TestApp) -> Seen {
    let now = app.clock.now();
    let people = app.store.people(None, 100).await.unwrap();
    let mut events = Vec::new();
    for person in &people {
        let about = app.store.entries_about(person.account).await.unwrap();
        events.push(about.into_iter().map(|entry| (entry.number, entry.at, entry.kind)).collect::<Vec<_>>());
    }
    let counts = app.store.count(now, now - TimeDelta::minutes(30)).await.unwrap();
    let checked = check(&*app.store, None).await.unwrap();
    let trail = (checked.ends.base.number, checked.ends.head.number, checked.since);
    Seen { outcome: "look".to_owned(), whole: format!("{people:#?}\n{events:?}\n{counts:?}\n{trail:?}") }
}

/// Lives one sequence on both; how often each thing came of it, or the first difference.
async fn compare(
    databases: [Database; 2],
    seed: u64,
    operations: usize,
) -> Result<BTreeMap<String, usize>, String> {
    let mut twins = Twins::new(&databases, seed).await;
    for n in 0..operations {
        twins.step().await.map_err(|difference| format!("seed {seed}, operation {n}: {difference}"))?;
    }
    let [one, other] = [look(&twins.apps[0]).await, look(&twins.apps[1]).await];
    assert_eq!(one, other, "seed {seed}, in the end");
    for table in ["accounts", "credential_pairs", "sessions", "throttle_lanes", "audit_trail", "pseudonyms"] {
        let counts = [databases[0].count(table).await, databases[1].count(table).await];
        assert_eq!(counts[0], counts[1], "seed {seed}: {table}");
    }
    Ok(twins.outcomes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_random_requests_get_the_same_answers_on_sqlite_and_postgresql() {
    const NAME: &str = "differential::the_same_random_requests_get_the_same_answers_on_sqlite_and_postgresql";
    let begun = Instant::now();
    let all = Arc::new(std::sync::Mutex::new(BTreeMap::<String, usize>::new()));
    let seeds = u64::try_from(scale()).unwrap();
    for seed in 1..=seeds {
        let all = all.clone();
        database::on_postgres(NAME, move |postgres| async move {
            database::on_sqlite(move |sqlite| async move {
                let outcomes = compare([sqlite, postgres], seed, OPERATIONS).await.unwrap();
                let mut all = all.lock().unwrap();
                for (outcome, n) in outcomes {
                    *all.entry(outcome).or_default() += n;
                }
            })
            .await;
        })
        .await;
    }
    let all = all.lock().unwrap();
    if all.is_empty() {
        return;
    }
    println!("{} operations in {:?}: {all:#?}", all.values().sum::<usize>(), begun.elapsed());
    // What never happened was not compared.
    for outcome in [
        "/api/register 200",
        "/api/register 409",
        "/api/sign-out 204",
        "/api/revoke-session 204",
        "/api/generate-password 200",
        "/api/generate-password 410",
        "/api/generate-2fa 200",
        "/api/activate 200",
        "/api/activate 410",
        "/api/authenticate 200",
        "/api/authenticate 401",
        "/api/authenticate 429",
        "/api/renew 200",
        "/api/renew 401",
        "/api/session 200",
        "/api/sessions 200",
        "/compte/donnees 200",
        "Delete true",
    ] {
        assert!(all.contains_key(outcome), "{outcome} never happened: {all:#?}");
    }
}

/// Both sides are SQLite here, so that it needs nothing: what differs is what was changed on one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_comparison_is_exact_and_notices_what_one_side_alone_forgets() {
    database::on_sqlite(|one: Database| async move {
        database::on_sqlite(|other: Database| async move {
            compare([one.clone(), other.clone()], 7, 300).await.unwrap();
        })
        .await;
    })
    .await;
    database::on_sqlite(|one: Database| async move {
        database::on_sqlite(|other: Database| async move {
            let databases = [one, other];
            let mut twins = Twins::new(&databases, 7).await;
            for _ in 0..200 {
                twins.step().await.unwrap();
            }
            databases[1].execute("DELETE FROM accounts").await;
            let mut noticed = None;
            for _ in 0..100 {
                noticed = noticed.or(twins.step().await.err());
            }
            assert!(noticed.is_some(), "nobody noticed that everybody is gone");
        })
        .await;
    })
    .await;
}
