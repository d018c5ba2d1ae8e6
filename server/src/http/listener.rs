//! Taking connections, with limits on what one may hold and for how long: without them, whoever sends
//! one byte a minute, or never reads, keeps a connection and its buffers for ever.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use super::seats::{Room, Seat, Seats};

/// How long to wait when no connection can be taken, because the process has no file left.
const BREATH: Duration = Duration::from_millis(500);
/// Bytes of the longest head of a request: what nginx passes on at most.
pub const HEAD_LIMIT: usize = 32 * 1024;
/// Bytes that are buffered of a connection, each way.
const BUFFER: usize = 64 * 1024;
/// How long a client may take nothing of its answer.
const STALL: Duration = Duration::from_secs(30);
/// Connections that are served at once. With both buffers full they hold 32 MiB: what a pod of 128 MiB
/// has left beside the program and, in one half of it, its hashes.
const CONNECTIONS: usize = 256;
/// Connections beyond them, for probes and refusals, which take no time.
const SPARE: usize = 32;
/// How long the head of a request may take there. A probe is sent in one piece.
const SPARE_HEAD: Duration = Duration::from_secs(1);

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the head of a request may take, from the answer before it.
    pub head: Duration,
    /// How long a client may take nothing of its answer.
    pub stall: Duration,
    /// How many connections are served at once.
    pub connections: usize,
    /// How many more are taken, to answer probes and to refuse everything else.
    pub spare: usize,
}

impl Limits {
    /// The usual ones, with the time that the head of a request may take.
    #[must_use]
    pub const fn with_head(head: Duration) -> Self {
        Self { head, stall: STALL, connections: CONNECTIONS, spare: SPARE }
    }
}

/// On a request for which there is no room ([`Room::None`]).
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowded;

/// Serves `router` until `stop`, then takes no more connections and waits for those at work.
pub async fn run(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let seats = Seats::new(limits.connections, limits.spare);
    tokio::pin!(stop);
    loop {
        let accept = async { (seats.take().await, listener.accept().await) };
        let (seat, accepted) = tokio::select! {
            accepted = accept => match accepted {
                (seat, Ok(accepted)) => (seat, accepted),
                (_, Err(error)) => {
                    await_files(&error).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let room = seats.room();
        let http = protocol(limits, room);
        serve_connection(&http, &graceful, limits.stall, accepted, (seat, room), router.clone());
    }
    drop(listener);
    graceful.shutdown().await;
}

fn protocol(limits: Limits, room: Room) -> http1::Builder {
    let mut http = http1::Builder::new();
    let head = if room == Room::None { limits.head.min(SPARE_HEAD) } else { limits.head };
    http.timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_header_size(HEAD_LIMIT)
        .max_buf_size(BUFFER)
        .keep_alive(room == Room::Plenty);
    http
}

fn serve_connection(
    http: &http1::Builder,
    graceful: &GracefulShutdown,
    stall: Duration,
    (stream, peer): (TcpStream, SocketAddr),
    (seat, room): (Seat, Room),
    router: Router,
) {
    // Small answers leave at once. An error means that the peer is gone, which is found out below.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        if room == Room::None {
            request.extensions_mut().insert(Crowded);
        }
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(stall));
    let connection = graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(seat);
    });
}

async fn await_files(error: &io::Error) {
    let gone = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !gone {
        tracing::error!(%error, "cannot take a connection");
        tokio::time::sleep(BREATH).await;
    }
}
