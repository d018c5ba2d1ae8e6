//! Another application behind a real nginx that asks Sésame who is there, set up by the example of the
//! documentation.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::SecondsFormat;
use domain::wire::Activated;

use crate::{
    database,
    people::Person,
    process::{Server, World},
};

const PATIENCE: Duration = Duration::from_secs(30);
const EXAMPLE: &str = include_str!("../../../docs/operations/examples/nginx-forward-auth.conf");

fn nginx_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

/// A running nginx, stopped at the end.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        // An error means that it had ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The example, with this test's addresses in the place of the world's.
fn configuration(world: &World, port: u16, sesame: &str, wiki: &str) -> String {
    let site = EXAMPLE
        .replace("server 127.0.0.1:3000;", &format!("server {sesame};"))
        .replace("server 127.0.0.1:8000;", &format!("server {wiki};"))
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port};"))
        .replace("server_name wiki.example.com;", "server_name wiki.app.localhost;");
    let site: String =
        site.lines().filter(|line| !line.contains("ssl_certificate")).flat_map(|line| [line, "\n"]).collect();
    let folder = world.folder.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let user = if is_not_root() { "" } else { "user root;\n" };
    format!(
        "daemon off;\nmaster_process off;\n{user}worker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr warn;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n"
    )
}

/// Only root's nginx has a user to change to.
fn is_not_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() != 0)
}

/// The protected application: says who nginx says is there.
fn wiki() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                head.extend(byte);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let told = |name: &str| -> Vec<String> {
                // Whoever folds `_` and `-` sees them as one.
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                let named = lines.filter(|(header, _)| header.replace('_', "-") == name);
                named.map(|(_, value)| value.to_owned()).collect()
            };
            let body = format!("users {:?} until {:?}", told("remote-user"), told("remote-valid-until"));
            // A client that is gone gets no answer.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

fn get(port: u16, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: wiki.app.localhost:{port}\r\nAccept: text/html\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// `name=value` of a cookie that an answer sets.
fn cookie<'a>(answer: &'a str, name: &str) -> &'a str {
    let line =
        answer.lines().find_map(|line| line.strip_prefix("set-cookie: ").filter(|c| c.starts_with(name)));
    line.unwrap_or_else(|| panic!("no {name} in {answer}")).split(';').next().unwrap()
}

#[test]
fn an_application_behind_nginx_is_for_those_who_signed_in() {
    let Some(program) = nginx_program() else {
        return database::skip(
            "nginx",
            "nginx",
            "forward_auth::an_application_behind_nginx_is_for_those_who_signed_in",
        );
    };
    let world = World::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = world.command(&["serve"]);
    command
        .env("SESAME_PUBLIC_URL", format!("http://sesame.app.localhost:{port}"))
        .env("SESAME_FORWARD_AUTH_DOMAIN", "app.localhost")
        .env("SESAME_FORWARD_AUTH_HOSTS", format!("wiki.app.localhost:{port}"));
    let server = Server::start(command);
    let file = world.folder.path().join("nginx.conf");
    fs::write(&file, configuration(&world, port, &server.address, &wiki())).unwrap();
    let nginx = Command::new(program)
        .args(["-p", world.folder.path().to_str().unwrap(), "-c", file.to_str().unwrap()])
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let _nginx = Nginx(nginx);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nginx never listens");
        thread::yield_now();
    }

    let stranger = get(port, "/page?a=b", "Remote-User: alice\r\n");
    assert!(stranger.starts_with("HTTP/1.1 302"), "{stranger}");
    let back = format!("/?retour=http%3A%2F%2Fwiki%2Eapp%2Elocalhost%3A{port}%2Fpage%3Fa%3Db");
    assert!(
        stranger.contains(&format!("Location: http://sesame.app.localhost:{port}{back}\r\n")),
        "{stranger}"
    );

    let (_, activated) = Person::enrol(&server.address, "camille.roux").unwrap();
    let forward = cookie(&activated, "sesame-forward=");
    let claims = "Remote-User: root\r\nRemote_User: root\r\nRemote-Valid-Until: 9999-12-31T23:59:59Z\r\n\
                  Remote_Valid_Until: 9999-12-31T23:59:59Z\r\n";
    let inside = get(port, "/page", &format!("Cookie: {forward}\r\n{claims}"));
    assert!(inside.starts_with("HTTP/1.1 200"), "{inside}");
    let (_, activated_body) = activated.split_once("\r\n\r\n").unwrap();
    let activated_body: Activated = serde_json::from_str(activated_body).unwrap();
    let until = activated_body.valid_until.to_rfc3339_opts(SecondsFormat::Secs, true).to_lowercase();
    let told = format!("users [\"camille.roux\"] until [\"{until}\"]");
    assert!(inside.ends_with(&told), "both are ours alone: {inside}");
    let session = cookie(&activated, "sesame=");
    let by_session = get(port, "/page", &format!("Cookie: {session}\r\n"));
    assert!(by_session.starts_with("HTTP/1.1 302"), "another cookie opens nothing: {by_session}");

    server.stop();
    let without = get(port, "/page", &format!("Cookie: {forward}\r\n"));
    assert!(without.starts_with("HTTP/1.1 500"), "nobody is let in while Sésame is away: {without}");
}
