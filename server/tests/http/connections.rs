//! What a connection may hold, for how long, and how many there may be.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::Uri,
    routing::get,
};
use futures::stream;
use server::http::listener::{self, HEAD_LIMIT, Limits};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use crate::app::TestApp;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// What nothing here runs into unless it says so.
const LIMITS: Limits = Limits { head: PATIENCE, stall: PATIENCE, connections: 8, spare: 1 };

async fn listen(router: Router, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listener::run(listener, router, limits, std::future::pending()));
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything until the connection ends, one way or the other.
fn read_out(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset was cut off; what came before counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = connect(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    read_out(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused_and_never_held() {
    let address = listen(Router::new().route("/", get(async || "served")), LIMITS).await;
    let start = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: ";
    let send = |head: String| {
        let mut stream = connect(address);
        // Whoever is refused early cannot send the rest.
        let _ = stream.write_all(head.as_bytes());
        read_out(stream)
    };
    let fill = |bytes: usize| "a".repeat(bytes - start.len());
    let longest = send(format!("{start}{}\r\n\r\n", fill(HEAD_LIMIT - 4)));
    assert!(longest.starts_with("HTTP/1.1 200"), "{longest}");
    // No more than is read, so that the answer is not lost with what is not.
    let too_long = send(format!("{start}{}", fill(HEAD_LIMIT)));
    assert!(too_long.starts_with("HTTP/1.1 431"), "{too_long}");
    let whole = send(format!("{start}{}\r\n\r\n", fill(100_000)));
    assert!(whole.is_empty() || whole.starts_with("HTTP/1.1 431"), "{whole}");
}

/// A route whose answer never ends, and what is dropped with that answer.
fn endless() -> (Router, oneshot::Receiver<()>) {
    let (held, dropped) = oneshot::channel::<()>();
    let held = Arc::new(Mutex::new(Some(held)));
    let answer = move || {
        let held = held.lock().unwrap().take();
        let chunk = move || {
            let _with_the_answer = &held;
            Ok::<_, io::Error>(Bytes::from_static(&[0; 16 * 1024]))
        };
        std::future::ready(Body::from_stream(stream::repeat_with(chunk)))
    };
    (Router::new().route("/", get(answer)), dropped)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_reads_is_cut_off_and_their_answer_is_dropped() {
    let (router, dropped) = endless();
    let address = listen(router, Limits { stall: Duration::from_millis(100), ..LIMITS }).await;
    let mut stalled = connect(address);
    stalled.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(timeout(PATIENCE, dropped).await.expect("still held").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_keeps_reading_is_not_cut_off_however_long_it_takes() {
    let (router, _dropped) = endless();
    let stall = Duration::from_millis(200);
    let address = listen(router, Limits { stall, ..LIMITS }).await;
    let mut reader = connect(address);
    reader.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (begun, mut buffer) = (Instant::now(), [0; 4096]);
    while begun.elapsed() < stall * 3 {
        assert!(reader.read(&mut buffer).unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_seats_are_taken_probes_are_answered_and_everything_else_is_refused_at_once() {
    let app = TestApp::new().await;
    let address = listen(app.router.clone(), Limits { connections: 1, spare: 1, ..LIMITS }).await;
    let mut first = connect(address);
    first.write_all(b"GET /_/health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut status = [0; 15];
    first.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK", "it stays, and has the seat");
    for path in ["/", "/api/openapi.json", "/_/nothing"] {
        let refused = ask(address, path);
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        for part in ["\r\nretry-after: 1\r\n", "\r\nx-content-type-options: nosniff\r\n", "\"unavailable\""] {
            assert!(refused.contains(part), "{refused}");
        }
    }
    for path in ["/_/health", "/_/ready"] {
        let probed = ask(address, path);
        assert!(probed.starts_with("HTTP/1.1 200"), "{probed}");
    }
    drop(first);
    let begun = Instant::now();
    while !ask(address, "/").starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < PATIENCE, "the seat is never free again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_spare_seats_a_connection_waits_and_is_served_when_one_leaves() {
    const AT_WORK: usize = 100;
    let served = Arc::new(Mutex::new(Vec::new()));
    let serve = {
        let served = served.clone();
        move |uri: Uri| {
            served.lock().unwrap().push(uri.path().to_owned());
            std::future::ready("served")
        }
    };
    let router = Router::new().fallback(serve);
    let address = listen(router, Limits { connections: 1, spare: 0, ..LIMITS }).await;
    let mut first = connect(address);
    let mut second = connect(address);
    second.write_all(b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    // Time enough for the second one, were there a seat for it.
    for _ in 0..AT_WORK {
        first.write_all(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"served") {
            let mut byte = [0];
            first.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
    }
    drop(first);
    assert!(read_out(second).ends_with("served"));
    let served = served.lock().unwrap();
    assert_eq!(served.iter().position(|path| path == "/second"), Some(AT_WORK));
}
