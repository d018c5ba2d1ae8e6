//! What the ASVS asks of a service beyond what other tests hold already. docs/security/asvs.md names
//! these tests.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use chrono::{DateTime, Utc};
use domain::{
    service::{policy::Policy, ports::Clock},
    throttle::Bucket,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use server::http::listener::{self, Limits};

use crate::{
    answer::page_request,
    app::{Answer, TestApp, json_request},
    headers::https_app,
    person::Person,
};

const PAGES: [&str; 7] =
    ["/", "/compte", "/compte/nouveau", "/enrolment", "/aide", "/accessibilite", "/confidentialite"];

async fn get_with(app: &TestApp, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    app.send(request).await
}

/// A name, an address and a field are decoded once, and then looked at.
#[tokio::test]
async fn what_is_encoded_twice_is_decoded_once() {
    let app = TestApp::new().await;
    for name in ["%61lice", "&#97;lice", "\\u0061lice", "ali%2563e"] {
        let answer = app.post("/api/register", &json!({ "username": name })).await;
        assert_eq!(answer.code(), "invalid_input", "{name}");
    }
    let mut once = json_request("/api/register", &json!({}));
    *once.body_mut() = Body::from(r#"{"username":"\u0061lice"}"#);
    assert_eq!(app.send(once).await.status, 200, "JSON's own escape is JSON's to read");
    for path in ["/%2561ide", "/pkg%252fsesame.js", "/%252e%252e/Cargo.toml", "/api%252fsession"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_an_address_or_a_header_says_is_encoded_in_the_page() {
    let app = TestApp::new().await;
    let marks = ["\"><script>alert(1)</script>", "javascript:alert(1)//", "'-alert(1)-'"];
    for mark in marks {
        let encoded = utf8_percent_encode(mark, NON_ALPHANUMERIC);
        for path in ["/", "/compte/nouveau", "/nothing-here"] {
            for query in ["retour", "lang", "vers", "x"] {
                let headers = [("cookie", "sesame=x; sesame-lang=\"><b>"), ("accept-language", "\"><i>")];
                let page = get_with(&app, &format!("{path}?{query}={encoded}"), &headers).await.text();
                assert!(!page.contains(mark), "{path} {query}");
                for raw in ["<script>alert", "href=\"javascript:", "\"><b>", "\"><i>"] {
                    assert!(!page.contains(raw), "{path} {query}: {raw}");
                }
            }
        }
    }
    let headers = [("cookie", "sesame=x")];
    let page = get_with(&app, "/?retour=javascript%3Aalert(1)%2F%2F", &headers).await.text();
    assert!(page.contains("/retour?vers=javascript%3Aalert%281%29"), "the way back is a link on the page");
    for address in page.split("retour?vers=").skip(1) {
        let value = address.split(['"', '\'']).next().unwrap();
        assert!(
            value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-._~".contains(&byte)),
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_field_with_a_hostile_name_stays_a_text_in_json() {
    let app = TestApp::new().await;
    for name in ["</script><script>alert(1)</script>", "a\",\"code\":\"internal", "\u{2028}\u{0}\\"] {
        let answer = app.post("/api/register", &json!({ "username": "alice", name: 1 })).await;
        assert_eq!(answer.code(), "invalid_input");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let told = answer.json()["field"].clone();
        assert!(told.is_null() || told == name, "{told}");
    }
}

#[tokio::test]
async fn no_route_takes_a_method_that_it_has_no_use_for() {
    let app = TestApp::new().await;
    let methods = ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "PUT", "PATCH", "DELETE", "get"];
    let others = ["/pkg/sesame.js", "/_/health", "/_/ready", "/compte/donnees", "/csp-report", "/nothing"];
    let api = ["/api/register", "/api/session", "/api/openapi.json"];
    for path in PAGES.into_iter().chain(others).chain(api) {
        for method in methods {
            let request = Request::builder()
                .method(Method::from_bytes(method.as_bytes()).unwrap())
                .uri(path)
                .header("x-canary", "canary-4711")
                .body(Body::empty())
                .unwrap();
            let answer = app.send(request).await;
            assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
            assert!(!answer.text().contains("canary-4711"), "{method} {path} repeats the request");
        }
    }
}

/// Neither a parameter that comes from nowhere nor one that comes twice changes what the API does, and no
/// parameter has it answer as a script.
#[tokio::test]
async fn a_query_changes_no_answer_of_the_api() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    let plain = app.post_as(&session, "/api/session", &json!({})).await;
    assert_eq!(plain.status, 200);
    for query in ["callback=alert", "jsonp=alert&username=bob", "session=x&session=y", "_method=DELETE"] {
        let answer = app.post_as(&session, &format!("/api/session?{query}"), &json!({})).await;
        assert_eq!((answer.status, &answer.body), (plain.status, &plain.body), "{query}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    }
}

#[tokio::test]
async fn a_script_is_the_same_for_everybody() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    let cookie = format!("sesame={session}");
    for path in ["/pkg/sesame.js", "/api/openapi.json"] {
        let of_nobody = app.get(path).await;
        let of_alice = get_with(&app, path, &[("cookie", cookie.as_str())]).await;
        assert_eq!((of_nobody.status.as_u16(), of_alice.status.as_u16()), (200, 200));
        assert_eq!(of_nobody.body, of_alice.body, "{path}");
        assert!(!of_alice.headers.contains_key(header::SET_COOKIE));
    }
}

#[tokio::test]
async fn text_that_is_made_here_says_its_charset_and_every_body_its_type() {
    let app = TestApp::new().await;
    for path in PAGES.into_iter().chain(["/nothing", "/_/health", "/_/ready"]) {
        let answer = app.get(path).await;
        let content_type = answer.headers[header::CONTENT_TYPE].to_str().unwrap().to_lowercase();
        assert!(content_type.starts_with("text/"), "{path}: {content_type}");
        assert!(content_type.ends_with("; charset=utf-8"), "{path}: {content_type}");
    }
    for path in ["/api/openapi.json", "/api/session", "/api/nothing"] {
        assert_eq!(app.get(path).await.headers[header::CONTENT_TYPE], "application/json", "{path}");
    }
    for (path, expected) in [
        ("/pkg/sesame.js", "text/javascript; charset=utf-8"),
        ("/pkg/sesame.css", "text/css; charset=utf-8"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/pkg/sesame.wasm", "application/wasm"),
    ] {
        assert_eq!(app.get(path).await.headers[header::CONTENT_TYPE], expected, "{path}");
    }
    let none = app.post("/api/sign-out", &json!({})).await;
    assert!(none.body.is_empty() && !none.headers.contains_key(header::CONTENT_TYPE));
}

/// No question that only its owner can answer, no hint, no e-mail address.
#[tokio::test]
async fn pages_ask_for_a_name_a_password_and_a_code_and_nothing_else() {
    let app = TestApp::new().await;
    let mut asked = BTreeSet::new();
    for path in PAGES {
        let page = app.get(path).await.text();
        for tag in ["<input", "<select", "<textarea"] {
            for input in page.split(tag).skip(1) {
                let attributes = input.split('>').next().unwrap();
                let name = attributes.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
                asked.insert(name.unwrap_or(attributes).to_owned());
            }
        }
    }
    assert_eq!(asked, BTreeSet::from(["code", "password", "username"].map(str::to_owned)));
}

#[tokio::test]
async fn the_password_field_hides_what_is_typed_and_is_open_to_paste_and_managers() {
    let app = TestApp::new().await;
    let page = app.get("/").await.text();
    let field = page.split("<input").find(|input| input.contains("name=\"password\"")).unwrap();
    let field = field.split('>').next().unwrap();
    for wanted in ["type=\"password\"", "autocomplete=\"current-password\""] {
        assert!(field.contains(wanted), "{field}");
    }
    for hindrance in ["readonly", "maxlength", "autocomplete=\"off\""] {
        assert!(!field.contains(hindrance), "{field}");
    }
    for handler in [" onpaste=", " oncopy=", " ondrop=", " onkeydown="] {
        assert!(!page.contains(handler), "{handler}");
    }
    let code = page.split("<input").find(|input| input.contains("name=\"code\"")).unwrap();
    assert!(code.contains("autocomplete=\"one-time-code\"") && code.contains("inputmode=\"numeric\""));
}

#[tokio::test]
async fn a_fresh_service_has_no_account_and_no_password_that_works() {
    let app = TestApp::new().await;
    assert!(app.store.people(None, 10).await.unwrap().is_empty());
    // The last is what the decoy of a sign-in is called.
    for name in ["admin", "root", "sesame", "test", "operator", "nobody.nowhere"] {
        for password in ["admin", "password", "sesame", name] {
            let body = json!({ "username": name, "password": password });
            assert_eq!(app.post("/api/authenticate", &body).await.code(), "invalid_credentials", "{name}");
        }
    }
}

#[tokio::test]
async fn every_cookie_is_smaller_than_browsers_keep() {
    let app = https_app().await;
    let name = "a".repeat(64);
    let (person, ticket) = Person::to_prove(&app, &name).await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let mut answers = vec![app.post("/api/activate", &body).await, person.sign_in(&app).await];
    answers.push(app.get("/?lang=en").await);
    let mut seen = 0;
    for cookie in answers.iter().flat_map(|answer| answer.headers.get_all(header::SET_COOKIE)) {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert!(pair.len() < 1024, "{} bytes: {pair}", pair.len());
        seen += 1;
    }
    assert_eq!(seen, 5, "a session and a note, twice, and a language");
}

/// Whoever enrols is held to the limits of their network, before any row is written.
#[tokio::test]
async fn names_cannot_be_filled_in_by_one_network() {
    let policy = Policy { register_network: Bucket { burst: 5, per_minute: 1 }, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    let mut admitted = 0;
    for n in 0..20 {
        let answer = app.post("/api/register", &json!({ "username": format!("somebody-{n}") })).await;
        admitted += usize::from(answer.status == 200);
    }
    assert_eq!(admitted, 5);
    assert_eq!(app.store.people(None, 100).await.unwrap().len(), 5);
}

/// A clock that is broken.
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> DateTime<Utc> {
        panic!("canary-4711: the clock is broken, at /secret/path.rs")
    }
}

#[tokio::test]
async fn a_panic_ends_one_request_and_tells_its_caller_nothing() {
    let app = https_app().await;
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let session = app.post("/api/activate", &body).await.cookie("__Host-sesame").unwrap();
    let app = app.rebuilt(|dependencies| dependencies.clock = Arc::new(BrokenClock));
    let cookie = format!("__Host-sesame={session}");
    for _ in 0..2 {
        let answer = get_with(&app, "/compte/donnees", &[("cookie", cookie.as_str())]).await;
        assert_eq!(answer.code(), "internal");
        assert!(!answer.text().contains("canary-4711") && !answer.text().contains("clock"));
        assert!(answer.headers.contains_key("content-security-policy"), "headers come all the same");
        assert_eq!(answer.headers["x-request-id"].len(), 32);
    }
    assert_eq!(app.get("/_/health").await.status, 200, "the process goes on");
    assert_eq!(app.get("/").await.status, 200);
}

/// What the log says while a test listens. The line of a request is written by the thread that serves it,
/// which in these tests is the test's own.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let to = self.clone();
        let lines = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || to.clone());
        tracing::subscriber::set_default(lines.finish())
    }

    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        std::str::from_utf8(&bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines of the request that got this answer.
    fn of(&self, answer: &Answer) -> Vec<Value> {
        let id = answer.headers["x-request-id"].to_str().unwrap();
        self.lines().into_iter().filter(|line| line["span"]["request_id"] == id).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Wrong secrets, no session, somebody else's site, broken input, too many tries, spent tickets, too large a
/// body: each is a line with its status, by the id that the caller saw.
#[tokio::test]
async fn every_refusal_is_a_line_in_the_log() {
    let log = Log::default();
    let _guard = log.listen();
    let policy = Policy { register_network: Bucket { burst: 2, per_minute: 1 }, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    let (person, session) = Person::enrol(&app, "alice").await;
    let mut foreign = page_request(&session, "/api/sign-out", &json!({}));
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    app.post("/api/register", &json!({ "username": "bob" })).await;
    let large = "a".repeat(100_000);
    let refused = [
        (
            401,
            "/api/authenticate",
            app.post("/api/authenticate", &json!({ "username": "alice", "password": "x" })).await,
        ),
        (401, "/api/session", app.post("/api/session", &json!({})).await),
        (403, "/api/sign-out", app.send(foreign).await),
        (400, "/api/activate", app.post("/api/activate", &json!({ "admin": true })).await),
        (429, "/api/register", app.post("/api/register", &json!({ "username": "carol" })).await),
        (410, "/api/generate-password", app.post("/api/generate-password", &json!({ "ticket": "x" })).await),
        (413, "/api/session", app.post("/api/session", &json!({ "x": large })).await),
        (405, "/api/session", app.get("/api/session").await),
    ];
    for (status, path, answer) in refused {
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let lines = log.of(&answer);
        let told = lines.iter().find(|line| line["status"] == status).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(told["span"]["path"], path);
        assert!(told["timestamp"].as_str().unwrap().ends_with('Z'), "UTC");
        assert!(!told.to_string().contains("alice") && !told.to_string().contains(&person.password));
    }
}

#[tokio::test]
async fn every_fault_is_a_warning_or_an_error_in_the_log() {
    let log = Log::default();
    let _guard = log.listen();
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    let broken = TestApp::new().await.rebuilt(|dependencies| {
        dependencies.sesame = app.dependencies.sesame.clone();
        dependencies.clock = Arc::new(BrokenClock);
    });
    let cookie = format!("sesame={session}");
    let panicked = get_with(&broken, "/compte/donnees", &[("cookie", cookie.as_str())]).await;
    app.store.close().await;
    let faults =
        [panicked, app.post("/api/register", &json!({ "username": "bob" })).await, app.get("/_/ready").await];
    for answer in faults {
        assert!(answer.status.is_server_error(), "{}", answer.text());
        let lines = log.of(&answer);
        let grave = |line: &Value| matches!(line["level"].as_str(), Some("WARN" | "ERROR"));
        let why = |line: &Value| line["status"].is_null() && grave(line);
        assert!(lines.iter().any(why), "nothing says why: {lines:#?}");
        assert!(lines.iter().any(|line| line["status"] == answer.status.as_u16() && grave(line)));
    }
}

#[tokio::test]
async fn asking_in_the_name_of_another_session_or_account_is_not_possible() {
    let app = TestApp::new().await;
    let (_, alice) = Person::enrol(&app, "alice").await;
    Person::enrol(&app, "bob").await;
    for body in [json!({ "username": "bob" }), json!({ "account": "bob" }), json!({ "id": 1 })] {
        for path in ["/api/session", "/api/sessions", "/api/sign-out", "/api/revoke-other-sessions"] {
            assert_eq!(app.post_as(&alice, path, &body).await.code(), "invalid_input", "{path} {body}");
        }
    }
    let mut request = page_request(&alice, "/api/session", &json!({}));
    for name in ["x-user-id", "remote-user", "x-forwarded-user", "x-original-user", "authorization"] {
        request.headers_mut().insert(name, "bob".parse().unwrap());
    }
    assert_eq!(app.send(request).await.json()["username"], "alice");
    let mut request = json_request("/api/session", &json!({}));
    request.headers_mut().insert("remote-user", "bob".parse().unwrap());
    assert_eq!(app.send(request).await.code(), "unauthenticated");
}

/// The service behind a real connection, with all that hyper does to a request.
async fn served() -> (TestApp, std::net::SocketAddr) {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = app.router.clone();
    tokio::spawn(listener::run(
        listener,
        router,
        Limits::with_head(Duration::from_secs(5)),
        std::future::pending::<()>(),
    ));
    (app, address)
}

/// Everything that comes back for these bytes until the other side closes.
async fn exchange(address: std::net::SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // What is not answered is closed when the head takes too long.
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    read.await.expect("the connection stays open").unwrap_or_default();
    String::from_utf8(answer).unwrap()
}

/// Two requests are hidden in one where two readers disagree about where the first ends.
#[tokio::test]
async fn a_request_whose_end_is_in_doubt_is_refused_or_read_in_one_way() {
    let (app, address) = served().await;
    let hidden = "POST /api/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                  Content-Length: 22\r\n\r\n{\"username\":\"smuggled\"}";
    let refused = [
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}".to_owned(),
        "Content-Length: 2, 3\r\n\r\n{}".to_owned(),
        "Content-Length: +2\r\n\r\n{}".to_owned(),
        "Content-Length: -1\r\n\r\n{}".to_owned(),
        "Content-Length : 2\r\n\r\n{}".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_owned(),
        format!("Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n{hidden}"),
        " Content-Length: 2\r\n\r\n{}".to_owned(),
        "A: b\rc\r\n\r\n".to_owned(),
    ];
    let head = "POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for rest in refused {
        let answer = exchange(address, &format!("{head}{rest}")).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{rest:?}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 400"), "{rest:?}: {answer}");
    }
    // With both, the length counts for nothing (RFC 9112 section 6.3): what follows the chunks is the next
    // request, or the connection is closed.
    let both = format!(
        "{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n\
         GET /_/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(address, &both).await;
    let statuses: Vec<&str> =
        answer.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert!(matches!(statuses.as_slice(), ["400" | "401"] | ["401", "200"]), "{answer}");
    assert!(app.store.people(None, 10).await.unwrap().is_empty(), "a hidden request was served");
}

/// And whoever reads the answers can tell where each ends.
#[tokio::test]
async fn an_answer_is_as_long_as_it_says() {
    let (_, address) = served().await;
    for (method, path) in [
        ("GET", "/_/health"),
        ("GET", "/pkg/sesame.js"),
        ("GET", "/api/openapi.json"),
        ("GET", "/nothing"),
        ("GET", "/"),
        ("POST", "/api/session"),
        ("POST", "/api/sign-out"),
        ("HEAD", "/_/health"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = exchange(address, &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        let of = |name: &str| {
            head.lines().filter_map(|line| line.strip_prefix(name)).map(str::trim).collect::<Vec<_>>()
        };
        let (lengths, codings) = (of("content-length:"), of("transfer-encoding:"));
        assert!(lengths.len() + codings.len() <= 1, "{method} {path}: {head}");
        if let [length] = lengths.as_slice() {
            let expected = if method == "HEAD" { 0 } else { length.parse().unwrap() };
            assert_eq!(body.len(), expected, "{method} {path}");
        }
        if codings == ["chunked"] {
            assert!(body.ends_with("0\r\n\r\n"), "{method} {path}: {body}");
        }
    }
}
