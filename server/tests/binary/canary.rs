//! Known secrets are planted in every flow of a real process that logs as much as it can, and then looked
//! for everywhere they must not be: logs, database, write-ahead logs, backups, metrics, error bodies, and
//! what the system tells of the process. As they are, and in the encodings that hide them from a plain
//! search.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use domain::{secret::Secret, service::ports::Clock as _, totp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use server::clock::SystemClock;

use crate::{
    cluster::Cluster,
    database,
    process::{Server, World, stderr, stdout, try_request},
};

/// The name that everything is done under; it may be in the database, and shows that a search works.
const NAME: &str = "canary-alice";

/// What must not be found, by what it is.
#[derive(Default)]
struct Secrets {
    needles: BTreeMap<Vec<u8>, String>,
}

impl Secrets {
    /// A secret that travels as text. Its encodings, too, and those of the bytes that it may stand for.
    fn plant(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 8, "{what} is too short to look for");
        self.plant_bytes(what, text.as_bytes());
        self.add(what, "percent-encoded", utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let quoted = serde_json::to_string(text).unwrap();
        self.add(what, "JSON in JSON", serde_json::to_string(&quoted).unwrap().trim_matches('"').to_owned());
        for decoded in [BASE64URL_NOPAD.decode(text.as_bytes()), BASE32_NOPAD.decode(text.as_bytes())] {
            if let Some(bytes) = decoded.ok().filter(|bytes| bytes.len() >= 16) {
                self.plant_bytes(&format!("{what}, decoded"), &bytes);
            }
        }
    }

    fn plant_bytes(&mut self, what: &str, bytes: &[u8]) {
        self.needles.insert(bytes.to_vec(), format!("{what}, as it is"));
        self.add(what, "hex", HEXLOWER.encode(bytes));
        self.add(what, "hex", HEXUPPER.encode(bytes));
        self.add(what, "Base32", BASE32_NOPAD.encode(bytes));
        // Base64 of a text that it stands in somewhere: at each of three places the inner letters are the
        // same whatever stands around.
        for before in 0..3 {
            let padded = [&vec![0; before][..], bytes].concat();
            for encoded in [BASE64.encode(&padded), BASE64URL_NOPAD.encode(&padded)] {
                let letters = encoded.trim_end_matches('=');
                let end = letters.len() - 1;
                let begin = (before * 8).div_ceil(6);
                self.add(what, "Base64", letters[begin..end].to_owned());
            }
        }
    }

    /// Six digits are found by chance: they count where they stand as a value.
    fn plant_code(&mut self, what: &str, code: &str) {
        for text in [format!("\"{code}\""), format!("\\\"{code}\\\""), format!("code={code}")] {
            self.add(what, "as a value", text);
        }
    }

    fn add(&mut self, what: &str, encoding: &str, text: String) {
        self.needles.insert(text.into_bytes(), format!("{what}, {encoding}"));
    }

    /// What of them stands in `hay`.
    fn found_in(&self, hay: &[u8]) -> Vec<&str> {
        // By their first four bytes: there are hundreds of them, and megabytes to look through.
        let mut by_head: BTreeMap<[u8; 4], Vec<(&[u8], &str)>> = BTreeMap::new();
        for (needle, what) in &self.needles {
            by_head.entry(needle[..4].try_into().unwrap()).or_default().push((needle, what));
        }
        let heads: std::collections::HashSet<u32> =
            by_head.keys().map(|head| u32::from_ne_bytes(*head)).collect();
        let mut found = Vec::new();
        for at in 0..hay.len().saturating_sub(3) {
            let head = [hay[at], hay[at + 1], hay[at + 2], hay[at + 3]];
            if heads.contains(&u32::from_ne_bytes(head)) {
                let here = by_head[&head].iter().filter(|(needle, _)| hay[at..].starts_with(needle));
                found.extend(here.map(|(_, what)| *what));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Places that were searched, with something that shows that the search saw their content.
#[derive(Default)]
struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    #[track_caller]
    fn add(&mut self, name: &str, content: impl Into<Vec<u8>>, control: &str) {
        let content = content.into();
        let seen = content.windows(control.len()).any(|window| window == control.as_bytes());
        assert!(seen, "{name} does not hold {control}: the search would find nothing anywhere");
        self.0.push((name.to_owned(), content));
    }

    #[track_caller]
    fn hold_none_of(&self, secrets: &Secrets) {
        let mut all = Vec::new();
        for (name, content) in &self.0 {
            all.extend(secrets.found_in(content).into_iter().map(|what| format!("{name}: {what}")));
        }
        assert!(all.is_empty(), "{all:#?}");
        let bytes: usize = self.0.iter().map(|(_, content)| content.len()).sum();
        let names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        println!(
            "{} spellings of secrets in {} KiB of {}: none found",
            secrets.needles.len(),
            bytes / 1024,
            names.join(", ")
        );
    }
}

#[test]
fn the_search_finds_a_secret_in_every_encoding() {
    let mut secrets = Secrets::default();
    let token = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA";
    secrets.plant("token", token);
    secrets.plant("password", "Zt5#mK\"9+Wq2/Lx8:Rb4=Hn7");
    secrets.plant_bytes("key", &[0xa7; 32]);
    secrets.plant_code("code", "493027");
    let decoded = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    for hay in [
        token.to_owned(),
        BASE64.encode(format!("Bearer {token}").as_bytes()),
        BASE64.encode(format!("x {token}").as_bytes()),
        BASE64URL_NOPAD.encode(format!("{token}!").as_bytes()),
        HEXLOWER.encode(&decoded),
        BASE32_NOPAD.encode(&decoded),
        "password=Zt5%23mK%229%2BWq2%2FLx8%3ARb4%3DHn7&".to_owned(),
        json!({ "body": json!({ "password": "Zt5#mK\"9+Wq2/Lx8:Rb4=Hn7" }).to_string() }).to_string(),
        HEXUPPER.encode(&[0xa7; 32]),
        json!({ "code": "493027" }).to_string(),
    ] {
        assert!(!secrets.found_in(format!("before {hay} after").as_bytes()).is_empty(), "{hay}");
    }
    let bytes = [b"\0\x01".as_slice(), &decoded, b"\0"].concat();
    assert_eq!(secrets.found_in(&bytes), ["token, decoded, as it is"]);
    assert!(secrets.found_in(b"a text of 493027 bytes without any").is_empty());
}

/// A person who does everything, well and badly, and what they hold.
struct Walk<'a> {
    address: &'a str,
    secrets: Secrets,
    /// Everything that was refused.
    errors: String,
}

impl Walk<'_> {
    fn send(&mut self, path: &str, headers: &str, body: &str) -> (u16, Value, String) {
        let whole = try_request(self.address, "POST", path, headers, body).unwrap();
        let status = whole.split(' ').nth(1).unwrap().parse().unwrap();
        if status >= 400 {
            self.errors.push_str(&whole);
        }
        let json = whole.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str(body).ok());
        (status, json.unwrap_or_default(), whole)
    }

    #[track_caller]
    fn done(&mut self, path: &str, headers: &str, body: &Value) -> (Value, String) {
        let (status, answer, whole) = self.send(path, headers, &body.to_string());
        assert_eq!(status, 200, "{path}: {whole}");
        (answer, whole)
    }

    #[track_caller]
    fn refused(&mut self, path: &str, headers: &str, body: &str) {
        let (status, _, whole) = self.send(path, headers, body);
        assert!((400..500).contains(&status), "{path}: {whole}");
    }

    fn code(&mut self, totp: &Secret, ahead: u64) -> String {
        let step = totp::step_at(SystemClock.now()) + ahead;
        let code: String = totp::code_of_step(totp, step).iter().map(|digit| char::from(*digit)).collect();
        self.secrets.plant_code("code", &code);
        code
    }

    /// Plants a value of an answer.
    #[track_caller]
    fn told(&mut self, answer: &Value, field: &str) -> String {
        let text = answer[field].as_str().unwrap().to_owned();
        self.secrets.plant(field, &text);
        text
    }

    /// Plants every cookie of an answer; their values by name.
    fn cookies(&mut self, answer: &str) -> BTreeMap<String, String> {
        let set = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let pairs = set.filter_map(|line| line.split(';').next()?.split_once('='));
        let cookies: BTreeMap<_, _> = pairs
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in &cookies {
            self.secrets.plant(&format!("cookie {name}"), value);
        }
        cookies
    }

    /// Claims both secrets from a ticket and proves them: password, authenticator, cookies.
    fn enrol(&mut self, ticket: &str, ahead: u64) -> (String, Secret, BTreeMap<String, String>) {
        let (claimed, _) = self.done("/api/generate-password", "", &json!({ "ticket": ticket }));
        let password = self.told(&claimed, "password");
        let ticket = self.told(&claimed, "ticket");
        let (enrolment, _) = self.done("/api/generate-2fa", "", &json!({ "ticket": ticket }));
        let secret = self.told(&enrolment, "secret");
        self.told(&enrolment, "otpauth_uri");
        let ticket = self.told(&enrolment, "ticket");
        let totp = Secret::new(BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
        self.refused("/api/activate", "", &json!({ "ticket": ticket, "code": "12345" }).to_string());
        let wrong = self.code(&totp, 40);
        self.refused("/api/activate", "", &json!({ "ticket": ticket, "code": wrong }).to_string());
        let code = self.code(&totp, ahead);
        let (_, activated) = self.done("/api/activate", "", &json!({ "ticket": ticket, "code": code }));
        let cookies = self.cookies(&activated);
        // Every ticket that was used is refused, and was in a body.
        self.refused("/api/activate", "", &json!({ "ticket": ticket, "code": code }).to_string());
        (password, totp, cookies)
    }

    fn everything(&mut self) {
        let (registered, _) = self.done("/api/register", "", &json!({ "username": NAME }));
        let ticket = self.told(&registered, "ticket");
        self.in_wrong_places(&ticket);
        let (password, totp, _) = self.enrol(&ticket, 0);
        self.mistyped(&password);

        let code = self.code(&totp, 1);
        let body = json!({ "username": NAME, "password": password, "code": code });
        let (_, signed_in) = self.done("/api/authenticate", "", &body);
        let cookies = self.cookies(&signed_in);
        assert_eq!(cookies.len(), 3, "session, device note and forward token: {cookies:?}");
        self.refused("/api/authenticate", "", &body.to_string());
        let all: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", all.join("; "));
        self.done("/api/session", &headers, &json!({}));
        for path in ["/api/verify", "/", "/compte", "/enrolment"] {
            try_request(self.address, "GET", path, &headers, "").unwrap();
        }
        self.refused("/api/renew", &headers, &json!({ "code": code }).to_string());
        // One that comes twice is refused, and another site's too.
        self.refused("/api/session", &format!("{headers}Cookie: {}\r\n", all.join("; ")), "{}");
        self.refused("/api/session", &headers.replace("same-origin", "cross-site"), "{}");
        let (status, ..) = self.send("/api/sign-out", &headers, "{}");
        assert_eq!(status, 204);
        self.refused("/api/session", &headers, "{}");
    }

    /// Secrets where their owner did not mean to put them.
    fn mistyped(&mut self, password: &str) {
        let wrong = "Wr0ng-password-Canary-77";
        self.secrets.plant("wrong password", wrong);
        self.refused(
            "/api/authenticate",
            "",
            &json!({ "username": NAME, "password": wrong, "code": "000000" }).to_string(),
        );
        // A password in the field of the name, also one that could be a name.
        let like_a_name = "my0old0password0canary";
        self.secrets.plant("password typed as a name", like_a_name);
        for typed in [password, like_a_name] {
            let body = json!({ "username": typed, "password": "x".repeat(24), "code": "000000" });
            self.refused("/api/authenticate", "", &body.to_string());
        }
        self.refused("/api/register", "", &json!({ "username": password }).to_string());
        // As its own name, of the wrong type, in broken JSON, too long, in the field of the code.
        for body in [
            json!({ "username": NAME, "password": { "value": password } }).to_string(),
            json!({ "username": NAME, "password": [password] }).to_string(),
            json!({ "username": NAME, "password": password, "code": password }).to_string(),
            json!({ "username": NAME, "password": password.repeat(9) }).to_string(),
            format!("{{\"username\":\"{NAME}\",\"password\":\"{}", password.replace('"', "")),
            format!("username={NAME}&password={}", utf8_percent_encode(password, NON_ALPHANUMERIC)),
            password.repeat(1000),
        ] {
            self.refused("/api/authenticate", "", &body);
        }
        self.refused("/api/activate", "", &json!({ "ticket": password, "code": "123456" }).to_string());
    }

    /// A ticket in a query, and secrets in headers that programs like to log.
    fn in_wrong_places(&mut self, ticket: &str) {
        for path in ["/api/generate-password", "/api/session"] {
            self.refused(&format!("{path}?ticket={ticket}"), "", "{}");
        }
        for path in ["/enrolment", "/_/ready", "/pkg/none.js"] {
            try_request(self.address, "GET", &format!("{path}?ticket={ticket}"), "", "").unwrap();
        }
        for header in [
            "User-Agent",
            "X-Request-Id",
            "X-Call-Id",
            "Traceparent",
            "Tracestate",
            "Referer",
            "Origin",
            "Authorization",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Timeout",
            "Accept-Language",
            "Cookie",
        ] {
            let planted = format!("CanaryIn{}Header0123456789", header.replace('-', ""));
            self.secrets.plant(header, &planted);
            for value in [planted.clone(), format!("Bearer {planted}"), format!("sesame={planted}")] {
                let headers = format!("{header}: {value}\r\n");
                self.send("/api/session", &headers, "{}");
                try_request(self.address, "GET", "/", &headers, "").unwrap();
            }
        }
    }
}

/// `serve` with a log file: a pipe that nobody reads would be full soon.
fn start(world: &World, env: &[(&str, String)], log: &Path) -> Server {
    let serve = world.unthrottled(&["serve"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" serve 2>\"$1\""]).arg(serve.get_program()).arg(log);
    command.env_clear().current_dir(world.folder.path()).stdin(Stdio::null());
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(env.iter().map(|(name, value)| (*name, value)));
    Server::start(command)
}

/// Everything that is done and searched on either database.
struct Canary {
    world: World,
    env: Vec<(&'static str, String)>,
    secrets: Secrets,
    places: Places,
}

impl Canary {
    fn new() -> Self {
        let world = World::new();
        let ring = world.folder.path().join("ring");
        // A port that was free a moment ago: the public address has to be known before the start.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let env = vec![
            // As much as an operator can ask for.
            ("SESAME_LOG", "trace".to_owned()),
            ("SESAME_LOG_FORMAT", "json".to_owned()),
            ("SESAME_KEYS_FILE", ring.to_str().unwrap().to_owned()),
            ("SESAME_LISTEN", format!("127.0.0.1:{port}")),
            ("SESAME_PUBLIC_URL", format!("http://sesame.app.localhost:{port}")),
            ("SESAME_FORWARD_AUTH_DOMAIN", "app.localhost".to_owned()),
            ("SESAME_FORWARD_AUTH_HOSTS", "wiki.app.localhost".to_owned()),
        ];
        Self { world, env, secrets: Secrets::default(), places: Places::default() }
    }

    /// Runs a command of the program; its output is a place, too.
    fn command(&mut self, arguments: &[&str], control: &str) {
        let mut command = self.world.command(arguments);
        command.envs(self.env.iter().map(|(name, value)| (*name, value)));
        let output = command.output().unwrap();
        assert!(output.status.success() || arguments[0] == "doctor", "{arguments:?}: {}", stderr(&output));
        self.places.add(&arguments.join(" "), stdout(&output), control);
        self.places.0.push((format!("{} (stderr)", arguments.join(" ")), output.stderr));
    }

    fn file(&mut self, path: &Path, control: &str) {
        self.places.add(&path.file_name().unwrap().to_string_lossy(), fs::read(path).unwrap(), control);
    }

    /// Lives, and looks at what a running process shows. `while_it_runs` looks at its database.
    fn run(&mut self, while_it_runs: impl FnOnce(&mut Self)) {
        self.command(&["keys", "generate"], "key 1");
        let ring = fs::read_to_string(self.world.folder.path().join("ring")).unwrap();
        let key = ring.split_ascii_whitespace().next_back().unwrap();
        self.secrets.plant("key of the ring", key);
        self.command(&["migrate"], "Migrations applied");
        let log = self.world.folder.path().join("log");
        let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        self.env.push(("SESAME_METRICS_LISTEN", metrics.clone()));
        let server = start(&self.world, &self.env, &log);
        let address = self.env.iter().find(|(name, _)| *name == "SESAME_LISTEN").unwrap().1.clone();
        let mut walk =
            Walk { address: &address, secrets: std::mem::take(&mut self.secrets), errors: String::new() };
        walk.everything();
        let Walk { secrets, errors, .. } = walk;
        self.secrets = secrets;
        self.places.add("error bodies", errors, "invalid_credentials");

        let told = try_request(&metrics, "GET", "/metrics", "", "").unwrap();
        self.places.add("/metrics", told, "sesame_outcomes_total");
        // Only root sees its environment: see `memory.rs`.
        for (file, control) in [("cmdline", "serve"), ("environ", "SESAME_LISTEN"), ("status", "sesame")] {
            if let Ok(content) = fs::read(format!("/proc/{}/{file}", server.id())) {
                self.places.add(&format!("/proc/PID/{file}"), content, control);
            }
        }
        self.command(&["doctor", "--json"], "looked_at");
        self.command(&["config", "check"], "fine");
        self.command(&["keys", "list", "--json"], "fingerprint");
        while_it_runs(self);
        server.stop();
        self.file(&log, "/api/authenticate");
        let log = fs::read_to_string(&log).unwrap();
        assert!(log.contains("\"DEBUG\""), "{}", log.chars().take(3000).collect::<String>());
    }
}

#[test]
fn req_ticket_5_planted_secrets_are_nowhere_around_a_process_on_sqlite() {
    let mut canary = Canary::new();
    let database = canary.world.database();
    fs::create_dir_all(canary.world.data()).unwrap();
    canary.env.push(("DATABASE_URL", format!("sqlite:{}", database.display())));
    canary.run(|canary| {
        let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", database.display()));
        canary.file(&beside("-wal"), NAME);
        canary.file(&beside(""), "SQLite format 3");
        canary.places.0.push(("sesame.db-shm".to_owned(), fs::read(beside("-shm")).unwrap()));
        let copy = canary.world.folder.path().join("copy.db");
        canary.command(&["backup", "--to", copy.to_str().unwrap()], "key ring is not in it");
        canary.file(&copy, NAME);
    });
    canary.file(&database, NAME);
    canary.places.hold_none_of(&canary.secrets);
}

/// Every file of a folder, one after the other.
fn contents(folder: &Path, all: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            contents(&path, all);
        } else {
            // Some go while the server runs.
            all.extend(fs::read(&path).unwrap_or_default());
        }
    }
}

#[test]
fn req_ticket_5_planted_secrets_are_nowhere_around_a_process_on_postgresql() {
    let name = "canary::req_ticket_5_planted_secrets_are_nowhere_around_a_process_on_postgresql";
    let Some(programs) = Cluster::programs() else {
        return database::skip("PostgreSQL", "postgres", name);
    };
    let cluster = Cluster::new(programs);
    let password = "Database-Password-Canary-42";
    cluster.sql("CREATE ROLE sesame LOGIN SUPERUSER");
    cluster.sql("CREATE DATABASE sesame OWNER sesame");
    let url = format!("postgres://sesame:{password}@{}/sesame", cluster.address());
    let mut canary = Canary::new();
    let file = canary.world.folder.path().join("database-url");
    fs::write(&file, &url).unwrap();
    canary.env.push(("DATABASE_URL_FILE", file.to_str().unwrap().to_owned()));
    canary.secrets.plant("database password", password);
    canary.run(|canary| {
        cluster.sql("CHECKPOINT");
        let dump = Command::new("pg_dump").arg(&url).output().unwrap();
        assert!(dump.status.success(), "{}", stderr(&dump));
        canary.places.add("pg_dump", dump.stdout, NAME);
        let mut data = Vec::new();
        contents(&cluster.data().join("pg_wal"), &mut data);
        canary.places.add("PostgreSQL's WAL", data, NAME);
        let mut data = Vec::new();
        contents(&cluster.data().join("base"), &mut data);
        contents(&cluster.data().join("global"), &mut data);
        canary.places.add("PostgreSQL's files", data, NAME);
    });
    canary.places.hold_none_of(&canary.secrets);
}
