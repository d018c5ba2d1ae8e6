//! `sesame health`: asks a running Sésame whether it is ready, for probes and `helm test`.

use std::{process::ExitCode, time::Duration};

use axum::{
    body::Body,
    http::{Request, Uri, header},
};
use clap::{Arg, ArgMatches, Command};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{complain, runtime, say};

const DEFAULT_URL: &str = "http://127.0.0.1:3000/_/ready";
/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Exit code of "not healthy".
const NOT_HEALTHY: u8 = 3;

pub(super) fn command() -> Command {
    Command::new("health").about("Ask a running Sésame whether it is ready; exit code 3 if not").arg(
        Arg::new("url")
            .long("url")
            .default_value(DEFAULT_URL)
            .help("Plain http address of a health route, such as http://HOST:PORT/_/health"),
    )
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let url: Uri = matches.get_one::<String>("url").map_or(DEFAULT_URL, String::as_str).parse()?;
    let asked = runtime()?.block_on(async { tokio::time::timeout(PATIENCE, ask(&url)).await });
    match asked {
        Ok(Ok(200)) => {
            say("OK");
            Ok(ExitCode::SUCCESS)
        }
        Ok(Ok(status)) => Ok(not_healthy(&format!("{url} answered {status}."))),
        Ok(Err(error)) => Ok(not_healthy(&format!("{url} cannot be reached: {error}."))),
        Err(_) => Ok(not_healthy(&format!("{url} did not answer within {} s.", PATIENCE.as_secs()))),
    }
}

fn not_healthy(reason: &str) -> ExitCode {
    complain(reason);
    ExitCode::from(NOT_HEALTHY)
}

async fn ask(url: &Uri) -> anyhow::Result<u16> {
    anyhow::ensure!(url.scheme_str() == Some("http"), "only plain http addresses are asked");
    let authority = url.authority().ok_or_else(|| anyhow::anyhow!("the address names no host"))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(header::HOST, authority.as_str()).body(Body::empty())?;
    let status = sender.send_request(request).await?.status().as_u16();
    driver.abort();
    Ok(status)
}
