//! A database that stops, hangs, dawdles, is full of others' connections, is cut off in mid-transaction,
//! locked or read-only: every answer is 503, nobody's tries are touched, and when it is over the service
//! goes on by itself.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use data_encoding::BASE32_NOPAD;
use domain::{secret::Secret, service::ports::Clock as _, totp};
use serde_json::{Value, json};
use server::clock::SystemClock;
use sqlx::Connection as _;

use crate::{
    cluster::{Cluster, Proxy},
    database,
    kills::post,
    process::{Server, StopAtTheEnd, World, stderr, try_request},
};

/// How soon the service works again.
const SOON: Duration = Duration::from_secs(5);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// Guesses of each kind during a fault: more than there are tries.
const GUESSES: usize = 6;

/// People at every step at which something is counted.
struct Crowd {
    username: String,
    password: String,
    /// A code that was never used.
    code: String,
    wrong_code: String,
    session: String,
    /// Somebody's who may claim a password.
    ticket_to_claim: Value,
    /// Somebody's who has to prove an authenticator, and a code that proves nothing.
    ticket_to_prove: Value,
    wrong_proof: String,
}

fn ask(address: &str, path: &str, body: &Value) -> (u16, Value, String) {
    post(address, path, "", body).unwrap()
}

#[track_caller]
fn done(address: &str, path: &str, body: &Value) -> (Value, String) {
    let (status, answer, whole) = ask(address, path, body);
    assert_eq!(status, 200, "{path}: {whole}");
    (answer, whole)
}

fn code_of(totp: &Secret, step: u64) -> String {
    totp::code_of_step(totp, step).iter().map(|digit| char::from(*digit)).collect()
}

/// A code of none of the steps around now.
fn wrong_code(totp: &Secret) -> String {
    let now = totp::step_at(SystemClock.now());
    let right: Vec<_> = (now - 3..now + 4).map(|step| code_of(totp, step)).collect();
    (0..9).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

impl Crowd {
    /// Registers `username` and claims both secrets: password, authenticator, and the ticket for its proof.
    fn claim(address: &str, username: &str) -> (String, Secret, Value) {
        let (registered, _) = done(address, "/api/register", &json!({ "username": username }));
        let (claimed, _) =
            done(address, "/api/generate-password", &json!({ "ticket": registered["ticket"] }));
        let (enrolment, _) = done(address, "/api/generate-2fa", &json!({ "ticket": claimed["ticket"] }));
        let totp = BASE32_NOPAD.decode(enrolment["secret"].as_str().unwrap().as_bytes()).unwrap();
        (claimed["password"].as_str().unwrap().to_owned(), Secret::new(totp), enrolment["ticket"].clone())
    }

    fn gather(address: &str, name: &str) -> Self {
        let username = format!("{name}-owner");
        let (password, totp, ticket) = Self::claim(address, &username);
        let step = totp::step_at(SystemClock.now());
        let body = json!({ "ticket": ticket, "code": code_of(&totp, step) });
        let (_, activated) = done(address, "/api/activate", &body);
        let session = activated.split("set-cookie: sesame=").nth(1).unwrap().split(';').next().unwrap();
        let (registered, _) =
            done(address, "/api/register", &json!({ "username": format!("{name}-claims") }));
        let (_, theirs, ticket_to_prove) = Self::claim(address, &format!("{name}-proves"));
        Self {
            username,
            password,
            code: code_of(&totp, step + 1),
            wrong_code: wrong_code(&totp),
            session: session.to_owned(),
            ticket_to_claim: registered["ticket"].clone(),
            ticket_to_prove,
            wrong_proof: wrong_code(&theirs),
        }
    }

    fn cookie(&self) -> String {
        format!("Cookie: sesame={}\r\nSec-Fetch-Site: same-origin\r\n", self.session)
    }

    fn sign_in(&self, password: &str) -> Value {
        json!({ "username": self.username, "password": password, "code": self.code })
    }

    /// One request of each kind, and the guesses.
    fn requests(&self) -> Vec<(&'static str, String, Value)> {
        let none = String::new;
        let mut all = vec![
            ("/api/authenticate", none(), self.sign_in(&self.password)),
            ("/api/register", none(), json!({ "username": format!("{}-new", self.username) })),
            ("/api/generate-password", none(), json!({ "ticket": self.ticket_to_claim })),
            ("/api/session", self.cookie(), json!({})),
        ];
        for _ in 0..GUESSES {
            let proof = json!({ "ticket": self.ticket_to_prove, "code": self.wrong_proof });
            all.push(("/api/authenticate", none(), self.sign_in("not-the-password")));
            all.push(("/api/activate", none(), proof));
            all.push(("/api/renew", self.cookie(), json!({ "code": self.wrong_code })));
        }
        all
    }

    /// Asks for everything while the database cannot. `admitted` are the statuses beside 503: 200 for what
    /// only reads, and for readiness, which finds out no sooner than others that a file cannot be written.
    #[track_caller]
    fn fails_closed(&self, address: &str, admitted: &[u16]) -> usize {
        let requests = self.requests();
        let answers: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> = (requests.iter())
                .map(|(path, headers, body)| scope.spawn(move || (*path, post(address, path, headers, body))))
                .collect();
            let probes: Vec<_> = ["/_/health", "/_/ready"]
                .map(|path| scope.spawn(move || try_request(address, "GET", path, "", "").unwrap()))
                .into_iter()
                .map(|probe| probe.join().unwrap())
                .collect();
            assert!(probes[0].starts_with("HTTP/1.1 200"), "{}", probes[0]);
            assert!(admitted.contains(&200) || probes[1].starts_with("HTTP/1.1 503"), "{}", probes[1]);
            asked.into_iter().map(|call| call.join().unwrap()).collect()
        });
        for (path, answer) in &answers {
            let (status, answer, whole) = answer.as_ref().unwrap();
            if *status == 503 {
                assert_eq!(answer["code"], "unavailable", "{path}: {whole}");
                assert!(whole.contains("\r\nretry-after: "), "{path}: {whole}");
            } else {
                let reads = *path == "/api/session";
                assert!(admitted.contains(status) && (*status != 200 || reads), "{path}: {whole}");
            }
        }
        answers.len()
    }

    /// Waits until it works again.
    #[track_caller]
    fn recovers(&self, address: &str) -> Duration {
        let begun = Instant::now();
        let works = || {
            let ready = try_request(address, "GET", "/_/ready", "", "").unwrap();
            let session = post(address, "/api/session", &self.cookie(), &json!({})).unwrap();
            ready.starts_with("HTTP/1.1 200") && session.0 == 200
        };
        while !works() {
            assert!(begun.elapsed() < SOON, "not ready again within {SOON:?}");
        }
        let took = begun.elapsed();
        assert!(took < SOON, "{took:?}");
        took
    }

    /// All tries are there, and the code and the tickets work.
    #[track_caller]
    fn lost_nothing(&self, address: &str) {
        let body = json!({ "ticket": self.ticket_to_prove, "code": self.wrong_proof });
        let (_, proof, whole) = ask(address, "/api/activate", &body);
        assert_eq!((&proof["code"], &proof["tries_left"]), (&json!("code_rejected"), &json!(4)), "{whole}");
        let (_, renewal, whole) =
            post(address, "/api/renew", &self.cookie(), &json!({ "code": self.wrong_code })).unwrap();
        assert_eq!(
            (&renewal["code"], &renewal["tries_left"]),
            (&json!("code_rejected"), &json!(4)),
            "{whole}"
        );
        done(address, "/api/generate-password", &json!({ "ticket": self.ticket_to_claim }));
        // Four are free: were one counted already, the next one would have to wait.
        for _ in 0..4 {
            let (status, _, whole) = ask(address, "/api/authenticate", &self.sign_in("not-the-password"));
            assert_eq!(status, 401, "{whole}");
        }
        let (answer, _) = done(address, "/api/authenticate", &self.sign_in(&self.password));
        assert_eq!(answer["status"], "authenticated");
    }

    /// A whole fault: what begins it, and what ends it.
    #[track_caller]
    fn bears(self, address: &str, what: &str, admitted: &[u16], begin: impl FnOnce(), end: impl FnOnce()) {
        begin();
        let asked = Instant::now();
        let answers = self.fails_closed(address, admitted);
        let slowest = asked.elapsed();
        end();
        let recovered = self.recovers(address);
        self.lost_nothing(address);
        println!(
            "{what}: {answers} requests failed closed within {} ms, nothing counted, ready again after {} ms",
            slowest.as_millis(),
            recovered.as_millis()
        );
    }
}

/// Enrols people for as long as it may, across faults. A refusal is a failure, unless the answer before
/// it was lost: then what was asked for may have happened.
fn enrol_for_ever(address: &str, client: usize, stop: &AtomicBool, enrolled: &AtomicUsize) -> Vec<String> {
    let mut failed = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let mut call = |path: &str, body: &Value| {
            let mut unknown = false;
            loop {
                match post(address, path, "", body) {
                    Some((200, answer, _)) => return Some(answer),
                    Some((503 | 504, ..)) | None => unknown = true,
                    Some(_) if unknown => return None,
                    Some((_, _, whole)) => {
                        failed.push(format!("{path}: {whole}"));
                        return None;
                    }
                }
                if stop.load(Ordering::Acquire) {
                    return None;
                }
            }
        };
        let mut live = || {
            let registered = call("/api/register", &json!({ "username": format!("traffic-{client}-{n}") }))?;
            let claimed = call("/api/generate-password", &json!({ "ticket": registered["ticket"] }))?;
            call("/api/generate-2fa", &json!({ "ticket": claimed["ticket"] }))
        };
        if live().is_some() {
            enrolled.fetch_add(1, Ordering::AcqRel);
        }
    }
    failed
}

fn serve_on(world: &World, url: &str) -> Server {
    serve_on_with(world, url, &[])
}

/// Serves on the PostgreSQL database at `url`, which has nothing in it yet.
pub(crate) fn serve_on_with(world: &World, url: &str, env: &[(&str, &str)]) -> Server {
    let command = |arguments: &[&str]| {
        let mut command = world.unthrottled(arguments);
        command.env("DATABASE_URL", url).env("SESAME_KEYS_FILE", world.folder.path().join("ring"));
        // Nobody reads the log while it runs, and a full pipe would hold it up.
        command.env("SESAME_LOG", "error").env("SESAME_REQUEST_TIMEOUT", "5");
        command.envs(env.iter().copied());
        command
    };
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    Server::start(command(&["serve"]))
}

/// The cluster and what stands before it, or a word that there is none.
fn behind_a_proxy(name: &str) -> Option<(Cluster, Proxy)> {
    let Some(programs) = Cluster::programs() else {
        database::skip("PostgreSQL", "postgres", name);
        return None;
    };
    let cluster = Cluster::new(programs);
    cluster.sql("CREATE DATABASE sesame");
    let proxy = Proxy::before(cluster.address());
    Some((cluster, proxy))
}

fn url_of(proxy: &Proxy) -> String {
    format!("postgres://postgres@{}/sesame", proxy.address)
}

#[test]
fn req_err_1_postgresql_stopped_in_mid_traffic_counts_nothing_and_is_back_by_itself() {
    let name = "faults::req_err_1_postgresql_stopped_in_mid_traffic_counts_nothing_and_is_back_by_itself";
    let Some((cluster, proxy)) = behind_a_proxy(name) else { return };
    let world = World::new();
    let server = serve_on(&world, &url_of(&proxy));
    let address = server.address.as_str();
    let (stop, enrolled) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed: Vec<String> = thread::scope(|scope| {
        let (stop, enrolled) = (&stop, &enrolled);
        let clients: Vec<_> = (0..2)
            .map(|client| scope.spawn(move || enrol_for_ever(address, client, stop, enrolled)))
            .collect();
        let end = StopAtTheEnd(stop);
        for round in 0..2 {
            let crowd = Crowd::gather(address, &format!("stopped-{round}"));
            let seen = enrolled.load(Ordering::Acquire);
            crowd.bears(address, "PostgreSQL stopped", &[], || cluster.stop(), || cluster.start());
            wait_until("traffic goes on", || enrolled.load(Ordering::Acquire) > seen + 2);
        }
        drop(end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
    println!("{} people enrolled meanwhile, none refused", enrolled.into_inner());
    assert_eq!(server.stop().0, Some(0));
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::yield_now();
    }
}

#[test]
fn req_err_1_a_postgresql_that_hangs_dawdles_or_is_full_counts_nothing_and_is_back_by_itself() {
    let name =
        "faults::req_err_1_a_postgresql_that_hangs_dawdles_or_is_full_counts_nothing_and_is_back_by_itself";
    let Some((cluster, proxy)) = behind_a_proxy(name) else { return };
    let world = World::new();
    let server = serve_on(&world, &url_of(&proxy));
    let address = server.address.as_str();

    // Whoever waits on a connection that says nothing runs into the limit of the request.
    let crowd = Crowd::gather(address, "hangs");
    crowd.bears(address, "PostgreSQL hangs", &[504], || proxy.hold(), || proxy.pass());
    // All connections of the pool are in the middle of something when the server goes, and nobody ever
    // hears of it again.
    let crowd = Crowd::gather(address, "gone");
    let bystander = Crowd::gather(address, "gone-too");
    thread::scope(|scope| {
        proxy.delay(Duration::from_millis(100));
        let seen = proxy.pieces();
        let caught: Vec<_> = (bystander.requests().into_iter())
            .map(|(path, headers, body)| scope.spawn(move || post(address, path, &headers, &body)))
            .collect();
        wait_until("they are on their way", || proxy.pieces() > seen + 20);
        crowd.bears(
            address,
            "PostgreSQL gone without a word, another one in its place",
            &[504],
            || proxy.hold(),
            || proxy.forget_connections(),
        );
        for call in caught {
            let (status, _, whole) = call.join().unwrap().unwrap();
            assert!(status == 503 || status == 504, "{whole}");
        }
    });

    let crowd = Crowd::gather(address, "slow");
    proxy.delay(Duration::from_millis(40));
    let begun = Instant::now();
    crowd.lost_nothing(address);
    println!("PostgreSQL slow by 40 ms an errand: all is as ever, after {} ms", begun.elapsed().as_millis());
    proxy.pass();

    let crowd = Crowd::gather(address, "full");
    let taken: Mutex<Vec<TcpStream>> = Mutex::default();
    crowd.bears(
        address,
        "PostgreSQL out of connections",
        &[],
        || {
            proxy.cut();
            *taken.lock().unwrap() = take_all_connections(&cluster);
        },
        || taken.lock().unwrap().clear(),
    );
    assert_eq!(server.stop().0, Some(0));
}

/// Signs in to the database, again and again, until there is no room for another connection.
fn take_all_connections(cluster: &Cluster) -> Vec<TcpStream> {
    use std::io::{Read as _, Write as _};
    // The start-up packet of protocol 3.0: its length, the version, and pairs of strings.
    let mut packet = vec![0, 0, 0, 0, 0, 3, 0, 0];
    packet.extend(b"user\0postgres\0database\0postgres\0\0");
    packet[3] = u8::try_from(packet.len()).unwrap();
    let mut taken = Vec::new();
    loop {
        let mut connection = TcpStream::connect(cluster.address()).unwrap();
        connection.write_all(&packet).unwrap();
        let mut kind = [0];
        connection.read_exact(&mut kind).unwrap();
        // `R`: come in. `E`: an error, which is what we are waiting for.
        if &kind == b"E" {
            return taken;
        }
        taken.push(connection);
        assert!(taken.len() < 1000);
    }
}

#[test]
fn req_err_1_a_connection_cut_at_any_commit_of_a_sign_in_is_503_and_a_code_not_taken_still_works() {
    let name = "faults::req_err_1_a_connection_cut_at_any_commit_of_a_sign_in_is_503_and_a_code_not_taken_still_works";
    let Some((_cluster, proxy)) = behind_a_proxy(name) else { return };
    let world = World::new();
    let server = serve_on(&world, &url_of(&proxy));
    let address = server.address.as_str();
    let (mut cuts, mut taken) = (0, 0);
    for delivered in [false, true] {
        for nth in 1.. {
            let crowd = Crowd::gather(address, &format!("cut-{nth}-{delivered}"));
            proxy.cut_at_commit(nth, delivered);
            let (status, answer, whole) = ask(address, "/api/authenticate", &crowd.sign_in(&crowd.password));
            if !proxy.has_cut() {
                proxy.pass();
                assert_eq!(status, 200, "{whole}");
                assert!(nth > 2, "a sign-in has several transactions");
                break;
            }
            cuts += 1;
            assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{whole}");
            crowd.recovers(address);
            // Where the answer alone was lost, the code is spent: the session was opened.
            let (status, answer, whole) = ask(address, "/api/authenticate", &crowd.sign_in(&crowd.password));
            match status {
                200 => assert_eq!(answer["status"], "authenticated", "{whole}"),
                401 if delivered => taken += 1,
                _ => panic!("{whole}"),
            }
        }
    }
    assert_eq!(taken, 1, "one of the commits opens the session");
    println!("cut at {cuts} commits: 503 each time, and every code that was not taken works afterwards");
    assert_eq!(server.stop().0, Some(0));
}

fn on_sqlite(world: &World) -> Server {
    serve_on(world, &format!("sqlite:{}", database_file(world).display()))
}

fn database_file(world: &World) -> std::path::PathBuf {
    fs::create_dir_all(world.data()).unwrap();
    world.database()
}

#[test]
fn req_err_1_a_sqlite_file_that_another_process_locks_counts_nothing_and_is_back_by_itself() {
    let world = World::new();
    let server = on_sqlite(&world);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.database());
    let mut other = runtime.block_on(sqlx::SqliteConnection::connect_with(&options)).unwrap();
    let crowd = Crowd::gather(&server.address, "busy");
    // What only reads goes on.
    let session = post(&server.address, "/api/session", &crowd.cookie(), &json!({})).unwrap();
    assert_eq!(session.0, 200);
    let other = Mutex::new(&mut other);
    let execute = |sql: &'static str| {
        runtime.block_on(sqlx::raw_sql(sql).execute(&mut **other.lock().unwrap())).unwrap();
    };
    crowd.bears(
        &server.address,
        "SQLite locked",
        &[200, 504],
        || {
            execute("BEGIN IMMEDIATE");
            let ready = server.request("GET", "/_/ready", "");
            assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
        },
        || execute("ROLLBACK"),
    );
    assert_eq!(server.stop().0, Some(0));
}

/// Makes a file immutable, for root too, or mutable again; `false` where the file system cannot.
fn immutable(file: &Path, flag: &str) -> bool {
    Command::new("chattr").arg(flag).arg(file).output().is_ok_and(|output| output.status.success())
}

/// Lets go of the files however the test ends, or nobody could delete them.
struct Mutable(Vec<std::path::PathBuf>);

impl Drop for Mutable {
    fn drop(&mut self) {
        for file in &self.0 {
            immutable(file, "-i");
        }
    }
}

#[test]
fn req_err_1_a_sqlite_file_that_becomes_read_only_counts_nothing_and_is_back_by_itself() {
    let world = World::new();
    let server = on_sqlite(&world);
    let crowd = Crowd::gather(&server.address, "read-only");
    let files = ["", "-wal"].map(|suffix| {
        let mut name = world.database().into_os_string();
        name.push(suffix);
        std::path::PathBuf::from(name)
    });
    let mutable = Mutable(files.to_vec());
    if !files.iter().all(|file| immutable(file, "+i")) {
        return database::skip("immutable files (root, ext4)", "immutable", "faults::read_only");
    }
    drop(mutable);
    let mutable = Mutex::new(None);
    crowd.bears(
        &server.address,
        "SQLite read-only",
        &[200],
        || {
            *mutable.lock().unwrap() = Some(Mutable(files.to_vec()));
            assert!(files.iter().all(|file| immutable(file, "+i")));
        },
        || *mutable.lock().unwrap() = None,
    );
    assert_eq!(server.stop().0, Some(0));
}
