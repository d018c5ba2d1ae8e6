//! A PostgreSQL server of a test's own, that it may stop, start and exhaust; and a proxy before it that
//! holds, delays and cuts connections.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::process::stderr;

/// Connections of all clients together: few, so that a test can take all of them.
const CONNECTIONS: u32 = 24;

/// A server that listens on loopback and lets everybody in.
pub(crate) struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Where `initdb` and `pg_ctl` are; `scripts/with-postgres` tells.
    pub(crate) fn programs() -> Option<PathBuf> {
        std::env::var_os("PG_BIN").map(PathBuf::from).filter(|bin| bin.join("initdb").is_file())
    }

    pub(crate) fn new(bin: PathBuf) -> Self {
        // Short, as the lock file's name is.
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, bin, port };
        if Self::is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap();
            assert!(owned.success());
        }
        cluster.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        cluster.start();
        cluster
    }

    fn is_root() -> bool {
        std::fs::metadata("/proc/self").unwrap().uid() == 0
    }

    #[track_caller]
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        // Neither runs as root.
        let mut command = if Self::is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.folder.path().join("data")).args(arguments);
        // A server inherits what it may write to, and a pipe would be waited for until it ends.
        let status = command.current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(status.status().unwrap().success(), "{arguments:?}");
    }

    pub(crate) fn start(&self) {
        // Durable: what was acknowledged has to be there after an immediate stop.
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections={CONNECTIONS} \
             -c log_min_messages=fatal",
            self.port
        );
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-w", "-t", "60", "-l", log.to_str().unwrap(), "-o", &options, "start"]);
    }

    /// Stops it as a crash would: nobody is told, nothing is written first.
    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["-w", "-m", "immediate", "stop"]);
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs SQL as its superuser.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> String {
        let url = format!("postgres://postgres@{}/postgres", self.address());
        let arguments =
            [&url, "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "-c", sql];
        let output = Command::new("psql").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may have been stopped by the test.
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("kill").args(["-s", "QUIT", pid]).status();
        }
    }
}

/// What the proxy does with what clients send.
#[derive(Clone, Debug)]
enum Mode {
    Pass,
    /// Every piece waits for so long.
    Delay(Duration),
    /// Pieces wait until another mode is set.
    Hold,
    /// The connection ends at the nth `COMMIT` from now, which the server gets or does not get.
    CutAtCommit {
        nth: usize,
        delivered: bool,
    },
}

/// A TCP proxy.
pub(crate) struct Proxy {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    /// Both ends of each connection, and whether it is cut off for ever.
    connections: Vec<Link>,
    /// Pieces that came from clients.
    pieces: usize,
}

#[derive(Clone)]
struct Link(Arc<(TcpStream, TcpStream, Mutex<bool>)>);

impl Proxy {
    pub(crate) fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Mutex::new(State { mode: Mode::Pass, connections: Vec::new(), pieces: 0 });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let proxy = Self { address, shared: shared.clone() };
        // Ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming() {
                // Refused like the server's own refusal: the connection closes.
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&upstream)) else { continue };
                let link = Link(Arc::new((client, server, Mutex::new(false))));
                shared.state.lock().unwrap().connections.push(link.clone());
                let (there, back) = (link.clone(), link);
                let towards = shared.clone();
                thread::spawn(move || towards.carry(&there, true));
                let from = shared.clone();
                thread::spawn(move || from.carry(&back, false));
            }
        });
        proxy
    }

    fn set(&self, mode: Mode) {
        self.shared.state.lock().unwrap().mode = mode;
        self.shared.changed.notify_all();
    }

    pub(crate) fn pass(&self) {
        self.set(Mode::Pass);
    }

    pub(crate) fn delay(&self, by: Duration) {
        self.set(Mode::Delay(by));
    }

    pub(crate) fn hold(&self) {
        self.set(Mode::Hold);
    }

    /// Nothing will ever come through the connections of now, and neither end is told; new ones pass.
    pub(crate) fn forget_connections(&self) {
        for link in self.shared.state.lock().unwrap().connections.drain(..) {
            *link.0.2.lock().unwrap() = true;
        }
        self.pass();
    }

    pub(crate) fn cut(&self) {
        for link in self.shared.state.lock().unwrap().connections.drain(..) {
            link.close();
        }
    }

    pub(crate) fn cut_at_commit(&self, nth: usize, delivered: bool) {
        self.set(Mode::CutAtCommit { nth, delivered });
    }

    /// How many pieces clients have sent.
    pub(crate) fn pieces(&self) -> usize {
        self.shared.state.lock().unwrap().pieces
    }

    /// Whether the cut that was asked for has happened.
    pub(crate) fn has_cut(&self) -> bool {
        !matches!(self.shared.state.lock().unwrap().mode, Mode::CutAtCommit { .. })
    }
}

impl Link {
    fn close(&self) {
        // One that is closed already is what is wanted.
        let _ = self.0.0.shutdown(Shutdown::Both);
        let _ = self.0.1.shutdown(Shutdown::Both);
    }
}

/// What becomes of a piece.
enum Fate {
    Forward,
    Cut { delivered: bool },
    Forget,
}

impl Shared {
    /// Carries what one end sends to the other, until either is gone.
    fn carry(&self, link: &Link, towards_server: bool) {
        let (client, server, _) = &*link.0;
        let (mut from, mut to) = if towards_server { (client, server) } else { (server, client) };
        let mut piece = [0; 16 * 1024];
        while let Ok(length) = from.read(&mut piece) {
            if length == 0 {
                break;
            }
            match self.fate(link, towards_server, &piece[..length]) {
                Fate::Forward => {
                    if to.write_all(&piece[..length]).is_err() {
                        break;
                    }
                }
                Fate::Cut { delivered } => {
                    if delivered {
                        // The client is gone first, so that no answer reaches it.
                        let _ = client.shutdown(Shutdown::Both);
                        let _ = to.write_all(&piece[..length]);
                    }
                    break;
                }
                Fate::Forget => return,
            }
        }
        link.close();
    }

    fn fate(&self, link: &Link, towards_server: bool, piece: &[u8]) -> Fate {
        let mut state = self.state.lock().unwrap();
        state.pieces += usize::from(towards_server);
        loop {
            if *link.0.2.lock().unwrap() {
                return Fate::Forget;
            }
            match state.mode.clone() {
                Mode::Hold => state = self.changed.wait(state).unwrap(),
                Mode::Delay(by) if towards_server => {
                    drop(state);
                    thread::sleep(by);
                    return Fate::Forward;
                }
                Mode::CutAtCommit { nth, delivered }
                    if towards_server && piece.windows(6).any(|word| word == b"COMMIT") =>
                {
                    state.mode = match nth {
                        1 => Mode::Pass,
                        _ => Mode::CutAtCommit { nth: nth - 1, delivered },
                    };
                    return if nth == 1 { Fate::Cut { delivered } } else { Fate::Forward };
                }
                _ => return Fate::Forward,
            }
        }
    }
}
