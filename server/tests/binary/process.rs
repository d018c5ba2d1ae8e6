//! A `sesame` process in a folder of its own, with an environment of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::database::Database;

/// A folder with a data directory to be, and a site.
pub(crate) struct World {
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        fs::write(folder.path().join("site/pkg/sesame.js"), "").unwrap();
        Self { folder }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.data().join("keys")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("sesame.db")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sesame"));
        command
            .args(arguments)
            .env_clear()
            // cargo-llvm-cov collects what the process ran.
            .envs(std::env::vars().filter(|(name, _)| name == "LLVM_PROFILE_FILE"))
            .env("SESAME_DATA_DIR", self.data())
            .env("SESAME_SITE_DIR", self.folder.path().join("site"))
            .env("SESAME_LISTEN", "127.0.0.1:0")
            .env("SESAME_METRICS_LISTEN", "127.0.0.1:0")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// The same without throttles that a load would run into.
    pub(crate) fn unthrottled(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        for bucket in ["REGISTER", "SIGN_IN", "TICKET"] {
            for setting in ["BURST", "PER_MINUTE"] {
                command.env(format!("SESAME_{bucket}_{setting}"), "60000");
            }
        }
        command
    }

    /// Runs to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs SQL in the file, behind the program's back.
    pub(crate) fn execute(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.database());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let mut database = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        });
    }

    /// Starts `serve` and waits for its address.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self.command(&["serve"]))
    }
}

/// A running `sesame serve`.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("Sésame is ready: http://") else {
            let mut log = String::new();
            child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
            panic!("not ready: {line:?}\n{log}");
        };
        Self { address: address.to_owned(), child }
    }

    /// One request on a connection of its own; the whole answer.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> String {
        Self::request_to(&self.address, method, path, body)
    }

    /// The same, of another of its addresses.
    pub(crate) fn request_to(address: &str, method: &str, path: &str, body: &str) -> String {
        try_request(address, method, path, "", body).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Limits the size of the files that the process writes, in bytes.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let pid = self.child.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    }

    /// Waits for the end: how it came.
    pub(crate) fn end_status(mut self) -> ExitStatus {
        let mut log = Vec::new();
        self.child.stderr.as_mut().unwrap().read_to_end(&mut log).unwrap();
        self.child.wait().unwrap()
    }

    /// Waits for the end: exit code and log.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }

    pub(crate) fn stop(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.end()
    }
}

/// A test's database as the program is told of it.
pub(crate) fn database_url(database: &Database) -> String {
    if database.is_sqlite() {
        format!("sqlite:{}", database.file().display())
    } else {
        database.postgres_url()
    }
}

/// Stops the clients however a test ends: a failure must not wait for them for ever.
pub(crate) struct StopAtTheEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// One request with further `headers` to whoever listens at `address`; the whole answer, as far as it
/// came.
pub(crate) fn try_request(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever the test left running; an error means that it had ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking()
            && let Some(stderr) = self.child.stderr.as_mut()
        {
            // What it said may tell why.
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            // Not `eprint!`: the acceptance tests, which share this file, print nothing.
            let told = format!("the log of {}:\n{log}\n", self.address);
            let _ = std::io::stderr().write_all(told.as_bytes());
        }
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).unwrap().mode() & 0o777
}
