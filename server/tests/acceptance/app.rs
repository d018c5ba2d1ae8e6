//! A service of real processes, in the shape that the test program asks for.

use std::{io::Write as _, path::PathBuf, sync::Arc};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use serde_json::Value;
use server::store::{self, DatabaseUrl, Store, StoreOptions};
use tokio::net::TcpListener;

use crate::{
    SHAPE,
    answer::page_request,
    database,
    fake_clock::FakeClock,
    ingress::{self, Workloads},
    process::{Server, World},
    suite::Shape,
};

pub(crate) use crate::answer::{Answer, json_request};

/// The hour at which every test begins.
const START: &str = "2026-11-23T12:00:00Z";

/// The functions that stand beside the web process.
const FUNCTIONS: [&str; 3] = ["generate-password", "generate-2fa", "authenticate-user"];

/// A service and its world.
pub(crate) struct TestApp {
    pub(crate) clock: FakeClock,
    pub(crate) store: Arc<dyn Store>,
    /// Where people come in.
    address: String,
    _servers: Vec<Server>,
    _world: World,
}

/// Runs a test on the shape at hand, or says that it does not.
pub(crate) async fn run<T: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    test: impl FnOnce(TestApp) -> T + Send + 'static,
) {
    let Some(library) = FakeClock::library() else { return skip(name) };
    if SHAPE == Shape::OneBinary {
        test(TestApp::one_binary(library).await).await;
    } else {
        database::on_postgres(name, |database| async move {
            test(TestApp::on_postgres(&database.postgres_url(), library).await).await;
        })
        .await;
    }
}

/// Says that a test does not run: to whoever watches, and to the summary of `make test`.
fn skip(name: &str) {
    let required = std::env::var("SESAME_TEST_REQUIRE").is_ok_and(|levels| levels.contains("faketime"));
    assert!(!required, "SESAME_TEST_REQUIRE asks for libfaketime: install it, or set LIBFAKETIME");
    let line = format!("SKIPPED (no libfaketime): {name}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(log) = std::env::var_os("SESAME_TEST_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    }
}

impl TestApp {
    async fn one_binary(library: PathBuf) -> Self {
        let world = World::new();
        let clock = FakeClock::new(world.folder.path(), START.parse().unwrap(), library);
        let server = start(&world, &clock, &["serve"], &[]);
        let store = open(&DatabaseUrl::sqlite(world.database())).await;
        Self { clock, store, address: server.address.clone(), _servers: vec![server], _world: world }
    }

    async fn on_postgres(url: &str, library: PathBuf) -> Self {
        let world = World::new();
        let clock = FakeClock::new(world.folder.path(), START.parse().unwrap(), library);
        // The address that people type is known before the processes are.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let public_url = format!("http://{address}");
        let keys = world.folder.path().join("ring");
        let env = [
            ("DATABASE_URL", url),
            ("SESAME_KEYS_FILE", keys.to_str().unwrap()),
            ("SESAME_PUBLIC_URL", &public_url),
            ("SESAME_TRUSTED_PROXIES", "127.0.0.0/8"),
            ("SESAME_DRAIN_INTERVAL", "0"),
        ];
        for command in [&["keys", "generate"][..], &["migrate"]] {
            let mut command = world.command(command);
            clock.set(&mut command);
            let output = command.envs(env).output().unwrap();
            assert!(output.status.success(), "{}", crate::process::stderr(&output));
        }
        let mut workloads = Workloads::new();
        let mut servers = vec![start(&world, &clock, &["serve"], &env)];
        workloads.insert("web", servers[0].address.clone());
        for function in FUNCTIONS {
            let server = start(&world, &clock, &["function", function], &env);
            workloads.insert(function, server.address.clone());
            servers.push(server);
        }
        ingress::serve(listener, workloads, SHAPE == Shape::Gateway);
        let store = open(&url.parse().unwrap()).await;
        Self { clock, store, address, _servers: servers, _world: world }
    }

    /// A call of a program: JSON, no cookie.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(json_request(path, body)).await
    }

    /// A call of a page: JSON, a session cookie and what a browser says of itself.
    pub(crate) async fn post_as(&self, session: &str, path: &str, body: &Value) -> Answer {
        self.send(page_request(session, path, body)).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = ingress::send(&self.address, request).await.into_parts();
        let body = to_bytes(body, 16 << 20).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// Starts a process that lives by the clock, and waits until it is ready.
fn start(world: &World, clock: &FakeClock, arguments: &[&str], env: &[(&str, &str)]) -> Server {
    let mut command = world.command(arguments);
    clock.set(&mut command);
    command.envs(env.iter().copied());
    tokio::task::block_in_place(|| Server::start(command))
}

async fn open(url: &DatabaseUrl) -> Arc<dyn Store> {
    store::open(url, StoreOptions::default()).await.unwrap()
}
